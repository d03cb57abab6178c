package system

import (
	"context"
	"time"

	"deskready/checks"
)

// cpuTimes are seconds since the start of the computer, summed over the processor.
type cpuTimes struct{ busy, all float64 }

// How long the load is watched. Applications in the background come in bursts shorter than a second; the system counts
// its time in ticks of up to 16 ms, so shorter steps than these would show its grain.
const (
	loadSpan = time.Second
	loadStep = 100 * time.Millisecond
)

// What of the check is done when the computer has been watched, and how long it is then tried.
const (
	watchShare = 0.4
	trialSpan  = 1200 * time.Millisecond
)

func (m machine) ofLoad(ctx context.Context, tell checks.Progress) []checks.Measurement {
	type load struct {
		value   float64
		samples []float64
	}
	got, err := guarded(ctx, loadSpan+answerIn, func(ctx context.Context) (l load, err error) {
		l.value, l.samples, err = m.load(ctx, tell)
		return l, err
	})
	if err != nil {
		return []checks.Measurement{cpuBusy.Missing("", problem(err))}
	}
	busy := cpuBusy.Of("", got.value)
	busy.Samples = got.samples
	return []checks.Measurement{busy}
}

// load is the share of the processor's time that was in use over loadSpan, and over each loadStep of it. Time that a
// virtual machine's host took away (steal) counts as used: it cannot be had.
func (m machine) load(ctx context.Context, tell checks.Progress) (float64, []float64, error) {
	first, err := m.times(ctx)
	if err != nil {
		return 0, nil, err
	}
	ticker := time.NewTicker(loadStep)
	defer ticker.Stop()
	const steps = int(loadSpan / loadStep)
	var samples []float64
	last, live := first, 0.0
	for i := range steps {
		select {
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		case <-ticker.C:
		}
		next, err := m.times(ctx)
		if err != nil {
			return 0, nil, err
		}
		if share, ok := last.share(next); ok {
			samples = append(samples, share)
			last, live = next, share
		}
		tell(checks.Event{
			Step: "system.step.load", Done: watchShare * float64(i+1) / float64(steps),
			Left:   loadSpan - time.Duration(i+1)*loadStep + trialSpan,
			Metric: cpuBusy.ID, Value: live,
		})
	}
	value, ok := first.share(last)
	if !ok {
		return 0, nil, unreadable("the clock of the processor stands still")
	}
	return value, samples, nil
}

// share is what of the time between the two was in use.
func (t cpuTimes) share(later cpuTimes) (float64, bool) {
	all := later.all - t.all
	if !(all > 0) { // not a number, too
		return 0, false
	}
	return min(max((later.busy-t.busy)/all, 0), 1), true
}
