package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"deskready/checks"
	"deskready/report/render"
)

// checkOptions are what check was asked for.
type checkOptions struct {
	invite, policy, collector string
	roles                     []string
	only, skip                []string
	format, out, name, lang   string
	device                    string
	yes, noSend, noPage       bool
	resume, plain             bool
	facts                     string // the folder that raw facts are written to
	lineOptions
}

func (w *world) checkCommand() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Measure this computer, line and headset, judge, sign and send",
		Long: `Measures this computer, its line, headset and browsers, holds the figures against a policy, and leaves a signed report.

With an invite, the employer's policy inside it counts and the report is sent to the employer. Without one, the policy
"home" counts (or --policy) and nothing is sent. What is read is shown and asked about before anything is read; --yes
answers beforehand. With --name the report is confirmed and signed; without, a draft is left for "deskready sign".

Exit codes: 0 ready, 10 not ready, 11 undecided, 12 judged but not delivered (kept; "deskready send" delivers it),
2 usage, 3 cannot read, 20 to 26 the invite was refused, 130 interrupted (what was measured is kept; --resume goes on).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return w.check(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.invite, "invite", "", "the employer's invite: a `FILE` or its link")
	f.StringVar(&o.policy, "policy", "", "without an invite: the policy's `NAME` or file (default home)")
	f.StringSliceVar(&o.roles, "role", nil, "without an invite: overlays of the policy, such as a role or an accommodation")
	f.StringVar(&o.collector, "collector", "", "with an invite: another address (`URL`) of the same collector")
	f.StringSliceVar(&o.only, "only", nil, "only these checks (`a,b`), or \"failed\": those that failed last time")
	f.StringSliceVar(&o.skip, "skip", nil, "leave out these checks (`a,b`)")
	f.StringVar(&o.format, "format", "text", "what standard output gets: "+strings.Join(formats(), ", "))
	f.StringVar(&o.out, "out", "", "where to write the sealed report (`FILE`); default: RUN.deskready.json here")
	f.StringVar(&o.name, "name", "", "confirm and sign the report with this full `NAME`")
	f.StringVar(&o.device, "device", "", "measure the microphone of this `NAME` (see deskready devices); default: the one that programs get")
	f.StringVar(&o.lang, "lang", "", languageHelp())
	f.BoolVar(&o.yes, "yes", false, "agree beforehand to everything that is read (see deskready data)")
	f.BoolVar(&o.noSend, "no-send", false, "keep the report here")
	f.BoolVar(&o.noPage, "no-page", false, "do not leave a page (HTML) beside the report")
	f.BoolVar(&o.resume, "resume", false, "go on with the run that was interrupted")
	f.BoolVar(&o.plain, "plain", false, "plain lines, for screen readers and logs")
	f.StringVar(&o.facts, "record", "", "write the raw facts of this computer, without names and serial numbers, to a new folder (`DIR`), for support")
	o.lineOptions.flags(f)
	return cmd
}

func formats() []string {
	var names []string
	for name := range render.Formats {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (w *world) look(plain bool) render.Look {
	plain = plain || w.env("NO_COLOR") != "" && !w.answers || w.env("TERM") == "dumb"
	return render.Look{
		Width:  w.width(),
		Colour: w.answers && !plain && w.env("NO_COLOR") == "",
		Plain:  plain,
	}
}

// validate refuses what contradicts itself, before anything is done.
func (o checkOptions) validate() error {
	switch {
	case render.Formats[o.format] == nil:
		return usage("formats are "+strings.Join(formats(), ", "), "--format %s: there is no such format", o.format)
	case o.invite != "" && (o.policy != "" || len(o.roles) > 0):
		return usage("leave out --policy and --role: the invite carries the employer's policy", "--invite and --policy or --role do not go together")
	case o.collector != "" && o.invite == "":
		return usage("add --invite FILE", "--collector goes with an invite")
	case o.resume && len(o.only) > 0:
		return usage("use one of them", "--resume and --only do not go together")
	case o.name != "" && !goodName(o.name):
		return errName
	}
	if err := o.lineOptions.validate(); err != nil {
		return err
	}
	return o.validateLinks()
}

func (o checkOptions) validateLinks() error {
	switch {
	case o.collector != "" && !isLink(o.collector):
		return usage("write it like https://desk.example.com", "--collector %s is no address", o.collector)
	case strings.Contains(o.invite, ":/") && !isLink(o.invite) || strings.HasPrefix(o.invite, "javascript:"):
		return usage("a link starts with https://; a file is given by its name", "--invite %s is neither a link nor a file", o.invite)
	}
	return nil
}

const maxName = 200

var errName = usage("write your first and last name, in at most 200 letters", "this is no name that can be signed with") // read only

// goodName is one that is shown everywhere as it was written.
func goodName(name string) bool {
	name = strings.TrimSpace(name)
	return name != "" && checks.Clean(name, maxName) == name
}

// probeOut finds out before anything is measured whether the report will have a place.
func (j *journey) probeOut(context.Context) error {
	if j.out == "" {
		return nil
	}
	special := strings.HasPrefix(j.out, "/dev/") || strings.HasPrefix(j.out, "/proc/")
	if info, err := os.Stat(j.out); special || err == nil && !info.Mode().IsRegular() {
		return usage("name a file; standard output gets the answer by itself", "--out %s is there and is no file", j.out)
	}
	if info, err := os.Stat(filepath.Dir(j.out)); err != nil || !info.IsDir() {
		return usage("make the folder first, or name another", "--out %s lies in a folder that is not there", j.out)
	}
	return nil
}

// check is the journey of a hire.
func (w *world) check(ctx context.Context, o checkOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	j := &journey{world: w, checkOptions: o}
	for _, step := range []func(context.Context) error{
		j.openBook, j.probeOut, j.probeFacts, j.openInvite, j.openPolicy, j.openState, j.openRecord, j.openKey, j.choose, j.askConsent, j.chooseDevice, j.openRun,
	} {
		if err := step(ctx); err != nil {
			j.close()
			return err
		}
	}
	defer j.close()
	// From here on a verdict is printed, whatever happens.
	j.measure(ctx)
	j.witness(ctx)
	j.judge()
	failed := j.leave(ctx)
	if err := j.finish(); err != nil {
		return err
	}
	if failed != nil {
		return j.after(failed)
	}
	return j.exit(ctx)
}

// after tells what went wrong once the verdict is on standard output, which has room for one document alone.
func (j *journey) after(failed error) error {
	f := asFault(failed)
	j.tell(f)
	return exit(f.exit)
}

// choose holds --only and --skip against the list of checks. What is left out stays in the list: its metrics are
// missing for that reason, so that a policy's rule about them is unknown, not forgotten.
func (j *journey) choose(context.Context) error {
	names := func() []string {
		var names []string
		for _, c := range j.catalogue {
			names = append(names, c.Name)
		}
		return names
	}()
	for _, name := range slices.Concat(j.only, j.skip) {
		if !slices.Contains(names, name) && (name != "failed" || slices.Contains(j.skip, name)) {
			return usage("checks are "+strings.Join(names, ", "), "there is no check %q", name)
		}
	}
	if slices.Contains(j.only, "failed") {
		failed, err := j.previousFailed()
		if err != nil {
			return err
		}
		j.only = append(slices.DeleteFunc(j.only, func(name string) bool { return name == "failed" }), failed...)
		j.kept = j.previous.Results
		// What is not measured again is as old as it is: the report says so.
		j.record.Began, j.record.Spent = j.previous.Began, j.previous.Spent
	}
	for _, c := range j.catalogue {
		left := slices.Contains(j.skip, c.Name) || len(j.only) > 0 && !slices.Contains(j.only, c.Name) || !wanted(c.Name, j.pol)
		j.leftOut[c.Name] = left
	}
	return nil
}

// catalogueMetrics are the metrics of all checks, which policies are linted against.
func catalogueMetrics(list []checks.Check) []checks.Metric {
	var metrics []checks.Metric
	for _, c := range list {
		metrics = append(metrics, c.Metrics...)
	}
	return metrics
}

// notice is something that the person should know beside the steps, wherever he is told.
func (j *journey) notice(text string) {
	j.say("%s", text)
	if j.page != nil {
		j.page.Note(text)
	}
}

// say tells the person something on standard error, broken at words where that is a terminal.
func (w *world) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !w.terminal {
		fmt.Fprintln(w.stderr, text)
		return
	}
	for _, line := range strings.Split(text, "\n") {
		bare := strings.TrimLeft(line, " -")
		indent := strings.Repeat(" ", len(line)-len(bare))
		for i, part := range render.Wrap(bare, w.width()-len(indent)-1) {
			if i == 0 {
				part = line[:len(indent)] + part
			} else {
				part = indent + part
			}
			fmt.Fprintln(w.stderr, part)
		}
	}
}
