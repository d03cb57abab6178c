package main

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/audio"
	"deskready/checks/browser"
	"deskready/checks/office"
	"deskready/report"
	"deskready/report/collector"
)

// openState takes the run's place on this computer, and finds the run before it.
func (j *journey) openState(context.Context) error {
	s, err := openState(j.world.state)
	if errors.Is(err, errBusy) {
		return &fault{exit: exitUnexpected, code: "busy", what: err.Error(), hint: "wait until it has ended, or close it"}
	}
	if err != nil {
		return &fault{exit: exitUnexpected, code: "state", what: "keeping the run: " + err.Error(), hint: "make room on the disk, or set DESKREADY_STATE to a folder that is yours"}
	}
	j.state = s
	j.previous = s.load()
	return nil
}

// openRecord begins the record of this run, or goes on with that of the run before.
func (j *journey) openRecord(context.Context) error {
	j.record = runRecord{Same: j.same(), Began: j.now().UTC().Truncate(time.Second)}
	if !j.resume {
		return nil
	}
	if !j.interrupted() {
		return usage("start anew, without --resume", "there is no interrupted run under this invite, policy and program version to go on with")
	}
	j.record = *j.previous
	j.kept = j.previous.Results
	return nil
}

// interrupted says whether the run before was this one, and did not come to its end.
func (j *journey) interrupted() bool {
	return j.previous != nil && !j.previous.Ended && j.previous.Same == j.same()
}

// same names what must not change in the middle of a run.
func (j *journey) same() string {
	return report.Digest([]byte(strings.Join([]string{string(j.sealed), string(j.compiled), j.version, j.commit}, "\x00")))
}

// previousFailed are the checks of the last run that are worth repeating.
func (j *journey) previousFailed() ([]string, error) {
	switch {
	case j.previous == nil || !j.previous.Ended || j.previous.Same != j.record.Same:
		return nil, usage("run deskready check once without --only", "there is no earlier run under this invite, policy and program version whose failed checks could be repeated")
	case len(j.previous.Failed) == 0:
		return nil, usage("run deskready check without --only to measure everything again", "nothing failed in the last run")
	}
	return j.previous.Failed, nil
}

// openRun asks the collector for a run: its nonce says that this report was made now, its ticket lets the line be
// measured to the office. Without a connection the run goes on with the invite's own nonce, and says so.
func (j *journey) openRun(ctx context.Context) error {
	j.record.Run, j.record.Nonce, j.record.Offline = j.random(), "", false
	if j.inv == nil {
		return nil
	}
	j.record.Nonce, j.record.Offline = j.inv.Nonce, true
	if j.noSend {
		return nil
	}
	j.say("%s", j.book.Text("cmd.connecting", "employer", j.inv.Employer))
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c := collector.Client{Base: j.collector, HTTP: j.client, Key: j.key}
	err := c.Enrol(ctx, *j.inv)
	var run collector.Run
	if err == nil {
		run, err = c.Begin(ctx, *j.inv)
	}
	if err != nil {
		return j.withoutCollector(err)
	}
	j.record.Run, j.record.Nonce, j.record.Offline = run.ID, run.Nonce, false
	j.record.Attempt, j.record.Previous = run.Attempt, run.Previous
	j.record.ticket = j.ticketOf(run)
	j.setClock(run.Now)
	return nil
}

// clockOff is from where a computer's clock is worth a word.
const clockOff = 2 * time.Minute

// setClock goes by the collector's clock: many hires' clocks are wrong, and a report from tomorrow is not believed.
func (j *journey) setClock(collector time.Time) {
	j.offset = collector.Sub(j.world.now())
	if j.offset.Abs() > clockOff {
		j.notice(j.book.Text("cmd.clock", "time", collector.Local().Format("2006-01-02 15:04")))
	}
	if len(j.kept) == 0 { // a run that goes on began when it began
		j.record.Began = collector.UTC().Truncate(time.Second)
	}
}

// withoutCollector goes on where the collector cannot be reached, and stops where it refuses: measuring for a report
// that will never be taken would waste the hire's time.
func (j *journey) withoutCollector(err error) error {
	if f := refusedFault(err); f != nil {
		return f
	}
	if later := (*collector.LaterError)(nil); errors.As(err, &later) && later.Reason == collector.ReasonRuns {
		return &fault{exit: exitUndelivered, code: string(later.Reason), what: "this invite was used too often today", hint: "try again tomorrow, or ask the employer for a new invite"}
	}
	if j.world.now().Before(j.inv.Issued.Add(-24 * time.Hour)) { // nobody is there to set it by, and nobody would believe it
		return &fault{
			exit: 22, code: "clock", what: "the clock of this computer says " + j.world.now().Format(time.DateOnly) + ", and the invite was made after that",
			hint: "set the clock of this computer, and run the same command again",
		}
	}
	j.notice(j.book.Text("cmd.offline", "why", j.why(err)))
	j.unreached = &office.Ticket{Base: j.collector, Token: "unreached"}
	if u, err := url.Parse(j.collector); err == nil {
		j.unreached.Media = net.JoinHostPort(u.Hostname(), strconv.Itoa(place{URL: j.collector}.port()))
	}
	return nil
}

func (j *journey) random() string {
	id := make([]byte, 16)
	_, _ = io.ReadFull(j.rand, id) // crypto/rand cannot fail
	return hex.EncodeToString(id)
}

// options joins the checks to this run.
func (j *journey) options() all.Options {
	o := all.Options{
		Audio: audio.Options{
			Child:  j.soundChild,
			Env:    j.env,
			Device: j.device,
		},
		System:    j.system(),
		Browser:   browser.Options{Home: j.home, Now: j.now, Env: j.env, Probe: j.probe, Ask: j.asker()},
		Workspace: j.workspace(),
	}
	o.Audio.Ask = j.asker()
	j.joinLine(&o)
	return o
}

// measure runs what is to be run, keeps each result as it comes, and repeats what the policy wants repeated.
func (j *journey) measure(ctx context.Context) {
	j.record.Results = nil
	var list []checks.Check
	for _, c := range j.list(j.options()) {
		if kept := j.keptOf(c.Name); len(kept) > 0 && !slices.Contains(j.only, c.Name) {
			j.record.Results = append(j.record.Results, kept...)
			continue
		}
		list = append(list, j.asChosen(c))
	}
	j.run(ctx, list)
	for ctx.Err() == nil {
		again := j.again(ctx)
		if len(again) == 0 {
			break
		}
		j.notice(j.book.Text("cmd.again"))
		j.run(ctx, again)
	}
	j.inOrder()
	j.tellSoak()
	if j.facts != "" {
		j.say("%s", j.book.Text("cmd.recorded", "folder", j.facts))
	}
}

// keptOf is what an earlier part of this run measured by a check, all its attempts.
func (j *journey) keptOf(check string) []checks.Result {
	var kept []checks.Result
	for _, r := range j.kept {
		if r.Check == check {
			kept = append(kept, r)
		}
	}
	return kept
}

// asChosen is a check as the hire and the command line will have it.
func (j *journey) asChosen(c checks.Check) checks.Check {
	switch {
	case j.leftOut[c.Name]:
		return checks.LeftOut(c)
	case j.refused[c.Name]:
		return checks.Refused(c)
	}
	return c
}

// again are the checks that the policy wants measured once more: one bad moment of a line should not cost a job. None is
// repeated more often than the policy says. What the collector saw counts here as it will in the end.
func (j *journey) again(ctx context.Context) []checks.Check {
	if j.pol.Retry.Of == 0 {
		return nil
	}
	results := j.record.Results
	if j.record.ticket != nil {
		if _, seen, err := j.askWitness(ctx); err == nil { // in the end it is asked again
			results = besides(results, seen.Measurements)
		}
	}
	names := together(j.pol.Again(results), j.pol.Retry)
	var list []checks.Check
	for _, c := range j.list(j.options()) {
		of := attempts(j.record.Results, c.Name) < j.pol.Retry.Of
		if of && slices.Contains(names, c.Name) && !j.leftOut[c.Name] && !j.refused[c.Name] {
			list = append(list, c)
		}
	}
	return list
}

// together adds the test call to the load that it is measured under, and the other way round, where the policy repeats
// both. One that it does not repeat would have to pass each time: a second time could only harm.
func together(names []string, t report.Retry) []string {
	pair := []string{"call", "bandwidth"}
	if !slices.ContainsFunc(pair, func(name string) bool { return slices.Contains(names, name) }) {
		return names
	}
	for _, name := range pair {
		if slices.Contains(t.Checks, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// run measures a list, and numbers what was measured before.
func (j *journey) run(ctx context.Context, list []checks.Check) {
	began, spent := j.now(), j.record.Spent
	tell, end := j.watch(slices.DeleteFunc(slices.Clone(list), func(c checks.Check) bool {
		return j.leftOut[c.Name] || j.refused[c.Name]
	}))
	for result := range checks.Run(ctx, j.now, list, tell) {
		if before := attempts(j.record.Results, result.Check); before > 0 {
			result.Attempt = before + 1
		}
		j.record.Results = append(j.record.Results, result)
		j.record.Spent = spent + j.now().Sub(began).Seconds()
		j.keep(false)
	}
	end()
}

// watch shows a list of checks at work until the function it returns is called.
func (j *journey) watch(list []checks.Check) (tell checks.Progress, end func()) {
	if j.page != nil {
		j.page.Watch(stages(list))
		return j.page.Tell, func() {}
	}
	m := newMeter(j.world, j.book, j.plain, list)
	j.tellAsk = m
	return m.tell, m.end
}

// asker puts the questions of checks; nil: there is nobody who could answer.
func (j *journey) asker() checks.Ask {
	switch {
	case j.page != nil:
		return j.page.Ask
	case j.asks && !j.yes:
		return j.ask
	}
	return nil
}

func attempts(results []checks.Result, check string) int {
	n := 0
	for _, r := range results {
		if r.Check == check {
			n++
		}
	}
	return n
}

// keep writes down what was measured. A run that cannot be kept can still be finished.
func (j *journey) keep(ended bool) {
	r := j.record
	r.Ended = ended
	r.Results = finished(r.Results)
	if err := j.state.save(r); err != nil {
		j.notice(j.book.Text("cmd.not_kept", "why", err.Error()))
	}
}

// inOrder sorts the results as the checks are listed: reports of one machine can be laid side by side.
func (j *journey) inOrder() {
	place := func(r checks.Result) int {
		return slices.IndexFunc(j.catalogue, func(c checks.Check) bool { return c.Name == r.Check })
	}
	slices.SortStableFunc(j.record.Results, func(a, b checks.Result) int { return place(a) - place(b) })
}

// failedChecks are those that "--only failed" repeats.
func failedChecks(findings []report.Finding) []string {
	var names []string
	for _, f := range findings {
		name, _, _ := strings.Cut(f.Metric, ".")
		if (f.Outcome == report.Fail || f.Outcome == report.Unknown) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
