//go:build !linux

package audio

import "os/exec"

// serverOf: sound is part of the system here.
func serverOf(func(string) string) (server string, cookies []string) { return "", nil }

// choose: the child finds the microphone by its name here.
func choose(*exec.Cmd, string) {}
