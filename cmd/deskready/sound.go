package main

import (
	"context"
	"os/exec"

	"github.com/spf13/cobra"

	"deskready/checks/audio"
)

const soundChildName = "sound-child"

// soundChild starts this program again to hold the sound library, which may hang for ever and cannot be cancelled.
func (w *world) soundChild(ctx context.Context) *exec.Cmd { return w.self(ctx, soundChildName) }

func (w *world) soundCommand() *cobra.Command {
	return &cobra.Command{
		Use: soundChildName, Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return audio.RunChild(w.stdin, w.stdout) },
	}
}
