package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"deskready/checks/all"
	"deskready/checks/system"
	"deskready/checks/words"
)

func (w *world) dataCommand() *cobra.Command {
	var forget bool
	var lang string
	cmd := &cobra.Command{
		Use: "data", Short: "Say all that is read and sent, and what is kept here", Args: cobra.NoArgs,
		Long: `Says what each check reads on this computer and what it brings into the report, where the program keeps what, and what
is sent to whom. Nothing is read to say this. With --forget, runs and queued reports that are kept here are deleted.`,
		RunE: func(*cobra.Command, []string) error {
			b, err := w.book(lang, w.list(all.Options{}))
			if err != nil {
				return err
			}
			if forget {
				return w.forget(b)
			}
			w.printData(b)
			return nil
		},
	}
	cmd.Flags().BoolVar(&forget, "forget", false, "delete what is kept of runs, and reports that were not delivered")
	cmd.Flags().StringVar(&lang, "lang", "", languageHelp())
	return cmd
}

func (w *world) printData(b words.Book) {
	p := func(format string, args ...any) { fmt.Fprintf(w.stdout, format+"\n", args...) }
	p("%s\n", b.Text("cmd.data.read"))
	for _, c := range w.list(all.Options{}) {
		p("%s", b.Text(c.Name+".title"))
		for _, key := range c.Reads {
			p("  - %s", b.Text(key))
		}
		p("  %s", b.Text("cmd.data.into"))
		for _, m := range c.Metrics {
			p("    %s: %s", m.ID, b.Text(m.ID+".title"))
		}
		p("")
	}
	p("%s\n", b.Text("cmd.promise"))
	p("%s\n", b.Text("cmd.data.sent"))
	p("%s", b.Text("cmd.data.kept"))
	p("  %s", b.Text("cmd.data.keys", "folder", w.keyFolder()))
	p("  %s", b.Text("cmd.data.state", "folder", w.state))
}

// forget deletes what runs left, by name: nothing else that may lie there is ours to delete. Keys have their own command.
func (w *world) forget(b words.Book) error {
	s, err := openState(w.state)
	if err != nil {
		return &fault{exit: exitUnexpected, code: "busy", what: "deleting what is kept: " + err.Error(), hint: "wait until the run has ended"}
	}
	defer s.close()
	for _, pattern := range []string{"run.json", "queue/*.json", "refused/*.json", "*.receipt.json", system.TrialFile} {
		files, err := filepath.Glob(filepath.Join(w.state, filepath.FromSlash(pattern)))
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				return err
			}
			fmt.Fprintln(w.stdout, b.Text("cmd.data.deleted", "file", f))
		}
	}
	return nil
}
