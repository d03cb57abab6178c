package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/report/collector"
)

const maxDays = int(collector.MaxTTL / (24 * time.Hour))

type inviteOptions struct {
	data, forWhom, policy, out string
	roles                      []string
	days                       int
}

func (w *world) inviteCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "invite", Short: "Invite hires: on the computer where the collector's data folder is"}
	var o inviteOptions
	create := &cobra.Command{
		Use: "create", Short: "Make a signed invite for one hire, with the policy in it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return w.createInvite(cmd, o) },
	}
	f := create.Flags()
	f.StringVar(&o.forWhom, "for", "", "the hire's full `NAME`")
	f.StringVar(&o.policy, "policy", "voice-agent", "policy by `NAME` or file")
	f.StringSliceVar(&o.roles, "role", nil, "overlays of the policy, such as a role or an accommodation")
	f.IntVar(&o.days, "days", 7, "days until it expires")
	f.StringVar(&o.out, "out", "", "where to write the invite (`FILE`); default: standard output")
	list := &cobra.Command{
		Use: "list", Short: "List invites and how they stand", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return w.listInvites(cmd, o.data) },
	}
	revoke := &cobra.Command{
		Use: "revoke ID", Short: "Take an invite back", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return w.revokeInvite(cmd, o.data, args[0]) },
	}
	cmd.PersistentFlags().StringVar(&o.data, "data", "", "the collector's data folder (`DIR`)")
	cmd.AddCommand(create, list, revoke)
	return cmd
}

func (w *world) createInvite(cmd *cobra.Command, o inviteOptions) error {
	name := checks.Clean(o.forWhom, 200)
	if name == "" {
		return usage("add --for \"Full Name\"", "an invite is for somebody")
	}
	if o.days < 1 || o.days > maxDays {
		return usage(fmt.Sprintf("--days takes 1 to %d", maxDays), "an invite that lasts %d days", o.days)
	}
	store, dir, err := w.openStore(cmd.Context(), o.data)
	if err != nil {
		return err
	}
	defer store.Close()
	p, err := collectorPolicy(dir, o.policy, catalogueMetrics(w.list(all.Options{})), o.roles)
	if err != nil {
		return err
	}
	at, err := readPlace(dir)
	if err != nil {
		return &fault{exit: exitUnreadable, code: "unreadable", what: "the collector's address in " + dir + " cannot be read", hint: "start deskready serve --data " + dir + " once: it writes it again"}
	}
	id, sealed, err := store.Invite(cmd.Context(), collector.NewInvite{
		For: name, Policy: p, Employer: at.Employer, Collector: at.URL, Pin: at.Pin, TTL: time.Duration(o.days) * 24 * time.Hour,
		Keep: at.keep(),
	})
	if err != nil {
		return err
	}
	if o.out == "" {
		_, err = w.stdout.Write(sealed)
		return err
	}
	if err := writeFile(o.out, sealed); err != nil {
		return unwritable(err)
	}
	fmt.Fprintln(w.stdout, id, o.out)
	return nil
}

func (w *world) listInvites(cmd *cobra.Command, data string) error {
	store, _, err := w.openStore(cmd.Context(), data)
	if err != nil {
		return err
	}
	defer store.Close()
	t := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
	const page = 200
	for q := (collector.Query{Limit: page}); ; q.Offset += page {
		rows, err := store.Invites(cmd.Context(), q)
		if err != nil {
			return err
		}
		for _, r := range rows {
			fmt.Fprintln(t, strings.Join([]string{r.ID, cmp.Or(checks.Clean(r.Person, 60), "-"), string(r.State), r.Expires.UTC().Format(time.DateOnly)}, "\t"))
		}
		if len(rows) < page {
			return t.Flush()
		}
	}
}

func (w *world) revokeInvite(cmd *cobra.Command, data, id string) error {
	store, _, err := w.openStore(cmd.Context(), data)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Revoke(cmd.Context(), id); err != nil {
		return &fault{exit: exitUsage, code: "usage", what: "revoking " + id + ": " + err.Error(), hint: "deskready invite list shows the ids"}
	}
	return nil
}
