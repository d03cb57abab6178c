package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/words"
	"deskready/report"
	"deskready/report/policies"
	"deskready/report/render"
)

func (w *world) policyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "What is good enough: list, show and lint policies"}
	var roles []string
	var format string
	list := &cobra.Command{
		Use: "list", Short: "List the policies that are shipped", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return w.listPolicies() },
	}
	profiles := &cobra.Command{
		Use: "profiles", Short: "List the platforms whose endpoints a policy may name", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return w.listProfiles() },
	}
	show := &cobra.Command{
		Use: "show NAME", Short: "Show a policy's rules in words, or compiled as JSON", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return w.showPolicy(args[0], roles, format) },
	}
	show.Flags().StringSliceVar(&roles, "role", nil, "overlays to lay over it")
	show.Flags().StringVar(&format, "format", "text", "json, text")
	lint := &cobra.Command{
		Use: "lint FILE", Short: "Hold a policy against what is measured: unknown metrics, wrong units, impossible bounds", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := loadPolicy(args[0], catalogueMetrics(w.list(all.Options{})), nil)
			if err != nil {
				f := asFault(err)
				if f.code == "bad_policy" {
					f.hint = "mend these lines and lint it again; deskready data lists what is measured"
				}
				return f
			}
			compiled, err := p.Compile()
			if err != nil {
				return err
			}
			fmt.Fprintf(w.stdout, "%s: %d rules, %s\n", args[0], len(p.Rules), report.Digest(compiled))
			return nil
		},
	}
	cmd.AddCommand(list, profiles, show, lint)
	return cmd
}

func (w *world) listPolicies() error {
	for _, name := range policies.Names() {
		p, err := policies.Load(name, catalogueMetrics(w.list(all.Options{})))
		if err != nil {
			return err
		}
		fmt.Fprintf(w.stdout, "%-14s %s\n", name, p.Title)
	}
	return nil
}

// listProfiles lists what the endpoints of a policy may name: what platforms' own pages say must be reached, and when that
// was read.
func (w *world) listProfiles() error {
	list, err := policies.Profiles()
	if err != nil {
		return err
	}
	for _, p := range list {
		fmt.Fprintf(w.stdout, "%-16s %s, read %s, %d endpoints\n", p.Name, p.Title, p.Read, len(p.Endpoints))
		if regions := p.Regions(); len(regions) > 0 {
			fmt.Fprintf(w.stdout, "%-16s regions: %s\n", "", strings.Join(regions, " "))
		}
		for _, more := range p.Elsewhere {
			fmt.Fprintf(w.stdout, "%-16s not tried: %s\n", "", more)
		}
	}
	return nil
}

func (w *world) showPolicy(name string, roles []string, format string) error {
	p, err := loadPolicy(name, catalogueMetrics(w.list(all.Options{})), roles)
	if err != nil {
		return err
	}
	switch format {
	case "json":
		compiled, err := p.Compile()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(w.stdout, string(compiled))
		return err
	case "text":
		b, err := w.book("", w.list(all.Options{}))
		if err != nil {
			return err
		}
		fmt.Fprintf(w.stdout, "%s: %s\n\n", p.Name, p.Title)
		for _, r := range p.Rules {
			w.printRule(b, r)
		}
		return nil
	default:
		return usage("formats are json, text", "--format %s: there is no such format", format)
	}
}

func (w *world) printRule(b words.Book, r report.Rule) {
	fmt.Fprintf(w.stdout, "%s (%s)\n", b.Text(r.Metric+".title"), r.Metric)
	for _, bound := range []struct {
		key string
		of  report.Bound
	}{{"cmd.policy.require", r.Require}, {"cmd.policy.prefer", r.Prefer}} {
		if !bound.of.IsZero() {
			fmt.Fprintf(w.stdout, "  %s %s\n", b.Text(bound.key), boundText(b, bound.of, r.Unit))
		}
	}
	if r.Why != "" {
		fmt.Fprintf(w.stdout, "  %s\n", r.Why)
	}
}

func boundText(b words.Book, of report.Bound, unit checks.Unit) string {
	var parts []string
	if of.Min != nil {
		parts = append(parts, "≥ "+render.Quantity(b, *of.Min, unit))
	}
	if of.Max != nil && (of.Min == nil || *of.Max != *of.Min) {
		parts = append(parts, "≤ "+render.Quantity(b, *of.Max, unit))
	}
	if len(of.OneOf) > 0 {
		parts = append(parts, strings.Join(of.OneOf, " | "))
	}
	if len(of.NoneOf) > 0 {
		parts = append(parts, b.Text("cmd.policy.none_of", "list", strings.Join(of.NoneOf, " | ")))
	}
	return strings.Join(parts, ", ")
}
