package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"deskready/report/collector"
)

func (w *world) backupCommand() *cobra.Command {
	var data, out string
	cmd := &cobra.Command{
		Use: "backup", Short: "Copy the data folder into one file, also while the collector is serving", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if out == "" {
				return usage("add --out FILE", "a backup needs a file")
			}
			store, _, err := w.openStore(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer store.Close()
			f, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return unwritable(withoutTemp(err, out))
			}
			if err = store.Backup(cmd.Context(), f); err == nil {
				err = f.Sync()
			}
			if closed := f.Close(); err == nil {
				err = closed
			}
			if err != nil {
				_ = os.Remove(out) // half a backup is none; the first error counts
				return unwritable(withoutTemp(err, out))
			}
			fmt.Fprintln(w.stdout, out)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the collector's data folder (`DIR`)")
	cmd.Flags().StringVar(&out, "out", "", "the backup (`FILE`); holds the collector's private keys")
	return cmd
}

func (w *world) restoreCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use: "restore BACKUP", Short: "Bring a backup back, into a folder that is empty or not there", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := w.dataFolder(data)
			if err != nil {
				return err
			}
			f, err := os.Open(args[0])
			if err != nil {
				return unreadable(args[0], err)
			}
			defer f.Close()
			if err := collector.Restore(cmd.Context(), f, dir); err != nil {
				return &fault{exit: exitUnreadable, code: "backup", what: "restoring " + args[0] + ": " + err.Error(), hint: "restore into an empty folder: --data DIR"}
			}
			fmt.Fprintln(w.stdout, dir)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the folder (`DIR`) to restore into")
	return cmd
}

func (w *world) adminLinkCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use: "admin-link", Short: "Print a new one-time link for an administrator who lost the password", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, dir, err := w.openStore(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer store.Close()
			at, err := readPlace(dir)
			if err != nil {
				return &fault{exit: exitUnreadable, code: "unreadable", what: "the collector's address in " + dir + " cannot be read", hint: "start deskready serve --data " + dir + " once: it writes it again"}
			}
			return w.adminLink(cmd.Context(), store, at)
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the collector's data folder (`DIR`)")
	return cmd
}
