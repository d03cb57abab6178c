package main

import (
	"github.com/spf13/cobra"

	"deskready/report"
)

func (w *world) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema NAME", Short: "Print the JSON Schema of report, policy, invite or receipt", Args: cobra.ExactArgs(1),
		ValidArgs: []string{"report", "policy", "invite", "receipt"},
		RunE: func(_ *cobra.Command, args []string) error {
			data, ok := report.Schema(args[0])
			if !ok {
				return usage("schemas are report, policy, invite, receipt", "there is no schema %q", args[0])
			}
			_, err := w.stdout.Write(data)
			return err
		},
	}
}
