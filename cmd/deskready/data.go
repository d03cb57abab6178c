package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"deskready/checks/system"
	"deskready/checks/words"
)

func (w *world) dataCommand() *cobra.Command {
	var forget bool
	var o checkOptions
	cmd := &cobra.Command{
		Use: "data", Short: "Say all that is read and sent, and what is kept here", Args: cobra.NoArgs,
		Long: `Says what each check reads on this computer and what it brings into the report, where the program keeps what, and what
is sent to whom, and every address that is contacted. Nothing of this computer is read to say this. With --invite or
--policy it is said for that invite or policy. With --forget, runs and queued reports that are kept here are deleted.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := (checkOptions{format: "text", invite: o.invite, policy: o.policy}).validate(); err != nil {
				return err
			}
			j := &journey{world: w, checkOptions: o}
			if err := j.openBook(cmd.Context()); err != nil {
				return err
			}
			if forget {
				return w.forget(j.book)
			}
			if err := inTurn(cmd.Context(), j.openInvite, j.openPolicy); err != nil {
				return err
			}
			j.printData()
			return nil
		},
	}
	cmd.Flags().StringVar(&o.invite, "invite", "", "the employer's invite: a `FILE` or its link")
	cmd.Flags().StringVar(&o.policy, "policy", "", "without an invite: the policy's `NAME` or file (default home)")
	cmd.Flags().BoolVar(&forget, "forget", false, "delete what is kept of runs, and reports that were not delivered")
	cmd.Flags().StringVar(&o.lang, "lang", "", languageHelp())
	return cmd
}

// printData says each metric below what it comes from.
func (j *journey) printData() {
	b := j.book
	p := func(format string, args ...any) { fmt.Fprintf(j.stdout, format+"\n", args...) }
	p("%s\n", b.Text("cmd.data.read"))
	for _, c := range j.toBeRun() {
		p("%s", b.Text(c.Name+".title"))
		for _, key := range c.Reads {
			p("  - %s", b.Text(key))
		}
		for _, key := range j.otherwise(c) {
			p("  - %s %s", b.Text("cmd.otherwise"), b.Text(key))
		}
		p("  %s", b.Text("cmd.data.into"))
		for _, m := range c.Metrics {
			p("    %s: %s (%s)", m.ID, b.Text(m.ID+".title"), m.Unit)
		}
		p("")
	}
	p("%s\n", b.Text("cmd.promise"))
	p("%s", b.Text("cmd.data.contacted"))
	for _, line := range j.contacts() {
		p("  %s", line)
	}
	p("\n%s\n", b.Text("cmd.data.sent"))
	if j.inv != nil {
		p("%s\n", j.keeps())
	}
	p("%s", b.Text("cmd.data.kept"))
	p("  %s", b.Text("cmd.data.keys", "folder", j.keyFolder()))
	p("  %s", b.Text("cmd.data.state", "folder", j.world.state))
	p("  %s", b.Text("cmd.data.reports"))
}

// contacts are all addresses that a run speaks to, in the order in which it does.
func (j *journey) contacts() []string {
	b := j.book
	list := []string{b.Text("cmd.data.contact.page")}
	if j.inv != nil {
		list = append(list, b.Text("cmd.data.contact.collector", "url", j.collector, "employer", j.inv.Employer))
	}
	list = append(list, b.Text("cmd.data.contact.resolver"), b.Text("cmd.data.contact.gateway"), b.Text("cmd.data.contact.public"))
	for _, e := range j.pol.Endpoints {
		list = append(list, b.Text("cmd.data.contact.endpoint", "at", fmt.Sprintf("%s:%d/%s", e.Host, e.Port, e.Proto)))
	}
	return list
}

// forget deletes what runs left, by name: nothing else that may lie there is ours to delete. Keys have their own command.
func (w *world) forget(b words.Book) error {
	s, err := openState(w.state)
	if err != nil {
		return &fault{exit: exitUnexpected, code: "busy", what: "deleting what is kept: " + err.Error(), hint: "wait until the run has ended"}
	}
	defer s.close()
	for _, pattern := range []string{"run.json", "invite.json", "page.json", "queue/*.json", "refused/*.json", "*.receipt.json", system.TrialFile} {
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
