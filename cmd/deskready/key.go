package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"deskready/checks/all"
	"deskready/report/seal"
)

func (w *world) keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "The keys that sign this computer's reports, one for each employer"}
	var pem bool
	show := &cobra.Command{
		Use: "show", Short: "Print the fingerprints (or, with --pem, the public keys)", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return w.showKeys(pem) },
	}
	show.Flags().BoolVar(&pem, "pem", false, "the public keys, as PEM")
	forget := &cobra.Command{
		Use: "forget [FINGERPRINT]", Short: "Delete a key, or all", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return w.forgetKeys(args) },
	}
	cmd.AddCommand(show, forget)
	return cmd
}

func (w *world) keyFiles() ([]string, error) {
	return filepath.Glob(filepath.Join(w.keyFolder(), "*.pem"))
}

func (w *world) showKeys(pem bool) error {
	files, err := w.keyFiles()
	if err != nil {
		return err
	}
	if len(files) == 0 {
		b, err := w.book("", w.list(all.Options{}))
		if err != nil {
			return err
		}
		w.say("%s", b.Text("cmd.no_keys"))
	}
	for _, f := range files {
		key, err := seal.LoadKey(f)
		if err != nil {
			return &fault{exit: exitUnreadable, code: "key", what: f + ": " + err.Error(), hint: "deskready key forget removes it; the next run makes a new one"}
		}
		if pem {
			fmt.Fprint(w.stdout, key.Public().PEM())
		} else {
			fmt.Fprintln(w.stdout, key.Public().ID(), f)
		}
	}
	return nil
}

func (w *world) forgetKeys(args []string) error {
	files, err := w.keyFiles()
	if err != nil {
		return err
	}
	found := false
	for _, f := range files {
		if len(args) == 1 {
			key, err := seal.LoadKey(f)
			if err != nil || key.Public().ID() != args[0] {
				continue
			}
		}
		if err := os.Remove(f); err != nil {
			return err
		}
		found = true
		fmt.Fprintln(w.stdout, f)
	}
	if !found && len(args) == 1 {
		return usage("deskready key show lists them", "there is no key %s", args[0])
	}
	return nil
}
