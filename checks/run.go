package checks

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// grace is how long a check that was told to stop may take to hand over what it has. It keeps Ctrl-C under a second.
const grace = 500 * time.Millisecond

// errLimit is the cause by which a check's context ends at its limit.
var errLimit = errors.New("limit reached")

// Run runs the list and yields each result as it comes: checks that do not disturb each other side by side, then those
// marked Alone one after another. Every declared metric gets an answer: a value, or why there is none. A check that
// hangs, panics or brings back what is no number becomes missing measurements with a reason, and the run goes on.
// When ctx ends, what was measured is still yielded, and the rest is missing with code "interrupted".
//
// tell hears one event at a time, and none once the sequence has ended.
func Run(ctx context.Context, now func() time.Time, list []Check, tell Progress) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		ear := &ear{tell: tell}
		defer ear.close()
		tell := ear.hear
		var together, alone []Check
		for _, c := range list {
			if c.Alone {
				alone = append(alone, c)
			} else {
				together = append(together, c)
			}
		}
		results := make(chan Result, len(together))
		for _, c := range together {
			go func() { results <- measure(ctx, now, c, tell) }()
		}
		for range together {
			if !yield(<-results) {
				return
			}
		}
		for _, c := range alone {
			if !yield(measure(ctx, now, c, tell)) {
				return
			}
		}
	}
}

// brought is what came out of a check's own function.
type brought struct {
	measurements []Measurement
	err          error
}

func measure(ctx context.Context, now func() time.Time, c Check, tell Progress) Result {
	began := now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := newLimit(c.Limit, func() { cancel(errLimit) })
	defer limit.stop()
	ctx = context.WithValue(ctx, limitKey{}, limit)

	voice := newVoice(c.Name, tell)
	defer voice.hush()
	done := make(chan brought, 1)
	if ctx.Err() == nil {
		go func() { done <- call(ctx, c, voice.say) }()
	} else {
		done <- brought{} // not begun: there is nothing to wait for
	}
	b := await(ctx, done)
	return Result{
		Check:        c.Name,
		Seconds:      roundSpan(now().Sub(began)),
		Measurements: complete(c, b),
	}
}

// await waits for the check, and a moment longer once its context has ended.
func await(ctx context.Context, done <-chan brought) brought {
	var b brought
	select {
	case b = <-done:
	case <-ctx.Done():
		select {
		case b = <-done:
		case <-time.After(grace):
		}
	}
	if ctx.Err() == nil {
		return b
	}
	// What a check says of its own end, when it was told to end, is noise: the cause is known here. It speaks only of
	// what was not measured.
	b.err = &Problem{Code: CodeInterrupted, Side: SideHire}
	if errors.Is(context.Cause(ctx), errLimit) {
		b.err = &Problem{Code: CodeTimeout, Side: SideUnknown}
	}
	return b
}

func call(ctx context.Context, c Check, say Progress) (b brought) {
	defer func() {
		if p := recover(); p != nil {
			b = brought{err: &Problem{Code: CodeInternal, Detail: where(p), Side: SideTool}}
		}
	}()
	m, err := c.Measure(ctx, say)
	return brought{m, err}
}

// where names the panic and the function it came from: enough for support, without a trace for the hire. It is called
// while the panic is on the stack.
func where(p any) string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	place, panicked := "", false
	for more := true; more && place == ""; {
		var f runtime.Frame
		f, more = frames.Next()
		panicked = panicked || f.Function == "runtime.gopanic"
		if panicked && !strings.HasPrefix(f.Function, "runtime.") {
			place = fmt.Sprintf(" in %s, line %d", f.Function, f.Line)
		}
	}
	return impersonal(fmt.Sprintf("panic: %v", p), 300) + place
}

// personal are words that may name a file, an address, a host or an account: errors of the operating system are full of
// them, and reports hold none.
var personal = regexp.MustCompile(`\S*(?:[/\\@]|[0-9]\.[0-9]+\.[0-9]|[\w-]\.[A-Za-z]|:[0-9A-Fa-f]*:|[\w-]:[0-9])\S*`)

// impersonal is the text of an error that nobody wrote for a report.
func impersonal(text string, limit int) string {
	return Clean(personal.ReplaceAllString(Clean(text, 10*limit), "[...]"), limit)
}

// complete holds what a check brought back against what it declares, in the order it declares it.
func complete(c Check, b brought) []Measurement {
	var why *Problem
	if !errors.As(b.err, &why) {
		why = &Problem{Code: CodeInternal, Detail: "not measured", Side: SideTool}
		if b.err != nil {
			why.Detail = impersonal(b.err.Error(), 300)
		}
	}
	var out []Measurement
	for _, m := range c.Metrics {
		found := false
		for _, got := range b.measurements {
			if got.Metric == m.ID {
				out = append(out, sound(m, got))
				found = true
			}
		}
		if !found {
			out = append(out, m.Missing("", why))
		}
	}
	for _, got := range b.measurements {
		if !slices.ContainsFunc(c.Metrics, func(m Metric) bool { return m.ID == got.Metric }) {
			p := &Problem{Code: CodeInternal, Detail: "the check does not declare this metric", Side: SideTool}
			m := Metric{ID: Clean(got.Metric, 100), Unit: got.Unit}
			out = append(out, m.Missing(Clean(got.Subject, 200), p))
		}
	}
	return out
}

// sound makes a measurement fit for a report: its metric's unit, finite and rounded, texts clean and in the vocabulary.
func sound(m Metric, got Measurement) Measurement {
	got.Unit = m.Unit
	got.Subject = Clean(got.Subject, 200)
	if got.By == "" {
		got.By = ByTool
	}
	if got.Missing != nil {
		p := *got.Missing
		p.Detail = Clean(p.Detail, 300)
		return Measurement{Metric: got.Metric, Subject: got.Subject, Unit: got.Unit, By: got.By, Missing: &p}
	}
	wrong := func(detail string) Measurement {
		return m.Missing(got.Subject, &Problem{Code: CodeInternal, Detail: detail, Side: SideTool})
	}
	if m.Unit == Text {
		got.Text, got.Value, got.Samples, got.Within, got.AtLeast = Clean(got.Text, 200), 0, nil, 0, false
		if got.Text == "" {
			return wrong("an empty text") // a name of nothing would be held against policies as if it were one
		}
		if m.Values != nil && !slices.Contains(m.Values, got.Text) {
			return wrong(fmt.Sprintf("%q is not in the vocabulary", got.Text))
		}
		return got
	}
	v, err := Round(got.Value, m.Decimals)
	if err != nil {
		return wrong(err.Error())
	}
	got.Value, got.Text = v, ""
	if got.Within, err = Round(max(got.Within, 0), m.Decimals); err != nil {
		return wrong("interval: " + err.Error())
	}
	got.Samples = soundSamples(got.Samples, m.Decimals)
	return got
}

func soundSamples(samples []float64, decimals int) []float64 {
	var out []float64
	for _, s := range samples[:min(len(samples), MaxSamples)] {
		if v, err := Round(s, decimals); err == nil {
			out = append(out, v)
		}
	}
	return out
}

func roundSpan(d time.Duration) float64 {
	v, _ := Round(max(d, 0).Seconds(), 3) // a span is finite
	return v
}

// voice lets a check speak until Run has its result: a check that was abandoned is heard no more.
type voice struct {
	mu    sync.Mutex
	check string
	tell  Progress
}

func newVoice(check string, tell Progress) *voice { return &voice{check: check, tell: tell} }

func (v *voice) say(e Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tell != nil {
		e.Check, e.Ended = v.check, false
		v.tell(e)
	}
}

// hush says that the check has ended, and that is the last word.
func (v *voice) hush() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tell(Event{Check: v.check, Done: 1, Ended: true})
	v.tell = nil
}

// ear hears all the checks of a run, one after another, until the run is over.
type ear struct {
	mu   sync.Mutex
	tell Progress
}

func (e *ear) hear(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tell != nil {
		e.tell(event)
	}
}

func (e *ear) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tell = nil
}

// limit is a timer that can stand still.
type limit struct {
	mu    sync.Mutex
	timer *time.Timer
	until time.Time
	held  int // how many questions are open
	left  time.Duration
}

type limitKey struct{}

func newLimit(d time.Duration, end func()) *limit {
	return &limit{timer: time.AfterFunc(d, end), until: time.Now().Add(d)}
}

func (l *limit) stop() { l.timer.Stop() }

// standStill holds the limit that governs ctx, until the function it returns is called.
func standStill(ctx context.Context) (resume func()) {
	l, ok := ctx.Value(limitKey{}).(*limit)
	if !ok {
		return func() {}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held++; l.held == 1 {
		l.timer.Stop()
		l.left = time.Until(l.until)
	}
	return l.goOn
}

func (l *limit) goOn() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held--; l.held == 0 {
		l.until = time.Now().Add(l.left)
		l.timer.Reset(l.left)
	}
}
