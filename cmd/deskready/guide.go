package main

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"deskready/checks"
	"deskready/report"
	"deskready/report/guide"
)

func (w *world) guideCommand() *cobra.Command {
	o := checkOptions{format: "text"}
	var noBrowser bool
	cmd := &cobra.Command{
		Use:   "deskready",
		Short: "Check that this computer, line and headset are ready for work",
		Long: `Without a command, deskready opens a page in your browser that leads through the whole check: what is read, the
measurements, the result, your signature and the sending. The page is served on this computer alone. "deskready check" does
the same in the terminal.

Exit codes are those of deskready check.`,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if noBrowser {
				w.open = nil
			}
			return w.guide(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.invite, "invite", "", "the employer's invite: a `FILE` or its link")
	f.StringVar(&o.policy, "policy", "", "without an invite: the policy's `NAME` or file (default home)")
	f.StringSliceVar(&o.roles, "role", nil, "without an invite: overlays of the policy, such as a role or an accommodation")
	f.StringVar(&o.collector, "collector", "", "with an invite: another address (`URL`) of the same collector")
	f.StringVar(&o.out, "out", "", "where to write the sealed report (`FILE`); default: RUN.deskready.json here")
	f.StringVar(&o.lang, "lang", "", "language to begin in, such as en or es")
	f.BoolVar(&o.noSend, "no-send", false, "keep the report here")
	f.BoolVar(&noBrowser, "no-browser", false, "open no browser: only print the address of the page")
	o.lineOptions.flags(f)
	return cmd
}

// guide is the journey of a hire on a page. Measuring again what failed is a second run, as in the terminal.
func (w *world) guide(ctx context.Context, o checkOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	if link := w.elsewhere(ctx); link != "" {
		w.showLink(link)
		return nil
	}
	s, err := w.openStand(ctx, o)
	if err != nil {
		return err
	}
	defer s.close()
	j := &journey{world: w, checkOptions: o, page: s.page, probe: s.probe}
	for {
		again, err := j.onPage(s.ctx)
		if !again {
			return s.outcome(err)
		}
		j = &journey{world: w, checkOptions: j.checkOptions, page: s.page, probe: s.probe, given: j.sealed}
		j.only, j.resume = []string{"failed"}, false
	}
}

// onPage leads through one run. It says whether the person wants what failed to be measured again.
func (j *journey) onPage(ctx context.Context) (again bool, err error) {
	defer j.close()
	for _, step := range []func(context.Context) error{
		j.openBook, j.probeOut, j.welcome, j.openRecord, j.openKey, j.choose, j.askConsent, j.connect, j.openRun,
	} {
		if err := step(ctx); err != nil {
			return false, j.failOnPage(ctx, err)
		}
	}
	j.measure(ctx)
	j.page.Busy("judging")
	j.witness(ctx)
	j.judge()
	if ctx.Err() == nil {
		d, err := j.page.Decide(ctx, j.outcome())
		if err == nil && d.Again {
			j.record.Failed = failedChecks(j.report.Findings)
			j.keep(true)
			return true, nil
		}
		j.name, j.seen, j.book = d.Name, true, j.page.Texts()
	}
	return false, j.leaveOnPage(ctx)
}

func (j *journey) leaveOnPage(ctx context.Context) error {
	if j.inv != nil && !j.noSend && j.name != "" {
		j.page.Busy("sending")
	} else {
		j.page.Busy("signing")
	}
	if err := j.leave(ctx); err != nil {
		return j.failOnPage(ctx, err)
	}
	if j.report.Confirmed == nil {
		j.keep(false) // it goes on with the signature
	}
	j.shown = true
	j.say("%s", j.book.Text("cmd.result", "verdict", j.book.Text("verdict."+string(j.report.Verdict))))
	if err := j.finish(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		again, err := j.page.End(ctx, j.ending())
		if err != nil {
			return err
		}
		if !again {
			break
		}
		j.page.Busy("sending")
		j.deliver(ctx, j.signed)
	}
	return j.exit(ctx)
}

// failOnPage shows what made the run impossible, before it ends the program as everywhere else.
func (j *journey) failOnPage(ctx context.Context, err error) error {
	if errors.Is(err, guide.ErrNobody) {
		return &fault{exit: exitInterrupted, code: "nobody", what: "nobody answered on the page", hint: "start deskready again: it goes on where you were"}
	}
	if ctx.Err() == nil {
		j.tell(asFault(err))
		if shown := j.page.Fail(ctx, troubleOf(err)); shown != nil {
			return shown
		}
		return exit(asFault(err).exit)
	}
	return err
}

func troubleOf(err error) guide.Trouble {
	f := asFault(err)
	return guide.Trouble{Code: f.code, What: f.what, Hint: f.hint}
}

// welcome opens what the check is about, and takes an invite from the page where the command line gave none.
func (j *journey) welcome(ctx context.Context) error {
	if j.only != nil { // the same, once more
		return inTurn(ctx, j.openInvite, j.openPolicy, j.openState)
	}
	if err := j.openState(ctx); err != nil {
		return err
	}
	j.sendWaiting(ctx)
	j.recall(ctx)
	var wrong guide.Trouble
	for {
		if err := j.openSubject(ctx); err != nil {
			wrong = troubleOf(err)
			if j.policy != "" {
				return err
			}
			j.forgetInvite()
			if err := j.openPolicy(ctx); err != nil {
				return err
			}
		}
		s, err := j.page.Welcome(ctx, j.about(wrong))
		if err != nil {
			return err
		}
		j.book, wrong = j.page.Texts(), guide.Trouble{}
		if s.Began {
			j.resume, j.lowData = s.Go, j.lowData || s.LowData
			j.remember()
			return nil
		}
		j.forgetInvite()
		j.invite, j.given = s.Link, s.File
		if len(s.File) == 0 {
			j.given = nil
		}
	}
}

// sendWaiting delivers what an earlier run could not: whoever never opens a terminal starts the program again.
func (j *journey) sendWaiting(ctx context.Context) {
	names, err := j.queue()
	if err != nil || len(names) == 0 || j.noSend {
		return
	}
	j.page.Busy("waiting")
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, name := range names {
		if err := j.sendEntry(ctx, j.book, name, ""); err == nil {
			j.page.Note(j.book.Text("cmd.sent_late"))
		}
	}
}

func inTurn(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openSubject opens the invite and the policy.
func (j *journey) openSubject(ctx context.Context) error {
	if isLink(j.invite) {
		j.page.Busy("invite")
	}
	return inTurn(ctx, j.openInvite, j.openPolicy)
}

func (j *journey) forgetInvite() {
	j.invite, j.given, j.sealed, j.inv = "", nil, nil, nil
}

// inviteFile keeps the invite of the last run, so that a second double click finds what the first was about.
func (j *journey) inviteFile() string { return filepath.Join(j.world.state, "invite.json") }

func (j *journey) remember() {
	if j.sealed == nil {
		_ = os.Remove(j.inviteFile()) // most often there is none
		return
	}
	if err := writeFile(j.inviteFile(), j.sealed); err != nil {
		j.notice(j.book.Text("cmd.not_kept", "why", err.Error()))
	}
}

// recall takes the invite of the last run where none was given. One that no longer holds is not worth a word.
func (j *journey) recall(ctx context.Context) {
	if j.invite != "" || j.policy != "" {
		return
	}
	file, err := readFile(j.inviteFile(), report.MaxInvite)
	if err != nil {
		return
	}
	j.given = file
	if j.openInvite(ctx) != nil { // nothing is fetched
		j.forgetInvite()
	}
}

func (j *journey) about(wrong guide.Trouble) guide.About {
	a := guide.About{Trouble: wrong, Minutes: minutes(j.catalogue), Megabytes: mostMegabytes, LowMegabytes: lowMegabytes}
	if j.lowData {
		a.Megabytes, a.LowMegabytes = lowMegabytes, 0
	}
	if j.inv != nil {
		a.Employer, a.Person, a.Until = j.inv.Employer, j.inv.For, j.inv.Expires.Local().Format("2006-01-02 15:04")
	}
	if j.interrupted() {
		a.Begun = j.previous.Began.Local().Format("2006-01-02 15:04")
	}
	return a
}

// What a run moves over the line at most: both directions of the speed test, and the test call. See checks/bandwidth.
const (
	mostMegabytes = 130
	lowMegabytes  = 6
)

// typical is what each check takes on an ordinary computer and line, for the time left on the page. A check that is not
// here says itself how far it is.
func typical(check string) time.Duration {
	return map[string]time.Duration{
		"system": 3 * time.Second, "browser": 25 * time.Second, "audio": 15 * time.Second,
		"workspace": 15 * time.Second, "path": 8 * time.Second, "bandwidth": 25 * time.Second, "call": 25 * time.Second,
	}[check]
}

// reading is what a person takes for the pages themselves.
const reading = time.Minute

func minutes(list []checks.Check) int {
	var sum time.Duration
	for _, c := range list {
		sum += typical(c.Name)
	}
	return int((sum + reading + time.Minute - 1) / time.Minute)
}

func stages(list []checks.Check) []guide.Stage {
	var out []guide.Stage
	for _, alone := range []bool{false, true} { // in the order in which they run
		for _, c := range list {
			if c.Alone == alone {
				out = append(out, guide.Stage{Check: c.Name, Metrics: c.Metrics, Typical: typical(c.Name)})
			}
		}
	}
	return out
}

func (j *journey) askOnPage(ctx context.Context) error {
	q := guide.Request{List: j.concerns()}
	if j.inv != nil && !j.noSend {
		q.Employer, q.Keeps = j.inv.Employer, day(j.inv.KeptUntil(j.now()))
	}
	refused, err := j.page.Consent(ctx, q)
	j.refused, j.book = refused, j.page.Texts()
	return err
}

func (j *journey) connect(context.Context) error {
	if j.inv != nil && !j.noSend {
		j.page.Busy("connecting", "employer", j.inv.Employer)
	}
	return nil
}

func (j *journey) outcome() guide.Outcome {
	shown := j.report
	shown.State = "pending"
	o := guide.Outcome{
		Report: shown, Confirm: j.confirmText, GoodName: goodName,
		Date: j.now().Add(j.offset).Local().Format(time.DateOnly),
	}
	if j.inv != nil && !j.noSend {
		o.Employer = j.inv.Employer
	}
	o.Again = slices.DeleteFunc(failedChecks(j.report.Findings), func(name string) bool { return slices.Contains(j.skip, name) })
	return o
}

func (j *journey) ending() guide.Ending {
	e := guide.Ending{Verdict: j.report.Verdict, Signed: j.report.Confirmed != nil, Delivered: j.delivered}
	if j.refusal != nil {
		e.Refused = troubleOf(j.refusal)
	}
	if j.inv != nil && !j.noSend {
		e.Employer = j.inv.Employer
	}
	if e.Sent() {
		e.Keeps = day(j.keptUntil)
	}
	for _, f := range []guide.File{
		{Name: "page", Path: j.files.HTML, Kind: mime.TypeByExtension(".html")}, {Name: "report", Path: j.files.Report, Kind: "application/json"},
		{Name: "receipt", Path: j.files.Receipt, Kind: "application/json"}, {Name: "draft", Path: j.files.Draft, Kind: "application/json"},
	} {
		if f.Path == "" {
			continue
		}
		if abs, err := filepath.Abs(f.Path); err == nil {
			f.Path = abs
		}
		e.Files = append(e.Files, f)
	}
	return e
}

// showLink says where the page is, in a line that scripts can read, and opens it where that can be done.
func (w *world) showLink(link string) {
	fmt.Fprintln(w.stderr, "page:", link)
	if w.open == nil {
		return
	}
	go func() {
		// It may say that it opened and have not, or keep the browser for as long as that runs: only the page itself
		// tells whether it was opened.
		_ = w.open(link)
	}()
}
