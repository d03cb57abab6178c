package bandwidth

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

func TestGrades(t *testing.T) {
	ms := func(m checks.Metric, n float64) checks.Measurement { return m.Of("", n/1000) }
	none := func(m checks.Metric) checks.Measurement { return m.Missing("", errMute) }
	for _, c := range []struct {
		idle     float64
		down, up checks.Measurement
		want     string // empty: missing
	}{
		{20, ms(rttDown, 24.9), ms(rttUp, 20), "a_plus"},
		{20, ms(rttDown, 15), ms(rttUp, 12), "a_plus"},
		{20, ms(rttDown, 25), ms(rttUp, 20), "a"},
		{20, ms(rttDown, 21), ms(rttUp, 51), "b"},
		{20, ms(rttDown, 80.1), ms(rttUp, 51), "c"},
		{20, ms(rttDown, 21), ms(rttUp, 221), "d"},
		{20, ms(rttDown, 420.1), ms(rttUp, 20), "f"},
		{20, ms(rttDown, 900), none(rttUp), "f"},
		{20, ms(rttDown, 21), none(rttUp), ""},
		{20, none(rttDown), ms(rttUp, 21), ""},
	} {
		got := bloated(ms(rtt, c.idle), c.down, c.up)
		if (got.Missing == nil) != (c.want != "") || got.Text != c.want {
			t.Errorf("idle %g, %g down, %g up: %q (%v), want %q", c.idle, c.down.Value, c.up.Value, got.Text, got.Missing, c.want)
		}
	}
}

func TestResponsiveness(t *testing.T) {
	began := time.Now()
	b := idleBeside(Options{})
	d := passed{outcome: outcome{began: began, to: began.Add(4 * time.Second)}}
	u := passed{outcome: outcome{began: began.Add(5 * time.Second), to: began.Add(9 * time.Second)}, up: true}
	if m := b.responsiveness([]passed{d, u}); m.Missing == nil {
		t.Errorf("without a probe: %+v", m)
	}
	b.foreign = []newcomer{{began.Add(time.Second), 0.1}, {began.Add(2 * time.Second), 0.1}, {began.Add(6 * time.Second), 0.2}}
	for _, c := range []struct {
		down, up []float64
		want     float64
	}{
		{nil, nil, 300},
		{[]float64{0.01, 0.01}, nil, 300},               // the upload is the worse one
		{nil, []float64{0.3, 0.3}, 250},                 // half of 300, half of 200
		{nil, []float64{0.3}, 300},                      // one is none
		{[]float64{0.6, 0.6}, []float64{0.1, 0.1}, 350}, // (600 + 100) / 2 against (300 + 600) / 2
	} {
		d.selves, u.selves = c.down, c.up
		if got := b.responsiveness([]passed{d, u}); math.Abs(got.Value-c.want) > 1e-6 {
			t.Errorf("self %v and %v: %g, want %g", c.down, c.up, got.Value, c.want)
		}
	}
	if got := trimmed(slices.Concat(slices.Repeat([]float64{1}, 19), []float64{100})); got != 1 {
		t.Errorf("the slowest twentieth counts: %g", got)
	}
}

// TestOtherTraffic holds what the interface counted against what was ours.
func TestOtherTraffic(t *testing.T) {
	began := time.Now()
	const rate = 10e6
	for name, c := range map[string]struct {
		rest, down float64 // bit/s over the interface towards us, idle and during the download
		off        bool    // no counters
		want       float64
		within     float64
	}{
		"none":                 {0, rate * 1.03, false, 0, 0},
		"all headers":          {0, rate * 1.045, false, 0, 0},
		"a film before":        {5e6, rate * 1.03, false, 0.5, 0.01},
		"a film during":        {0, rate * 1.3, false, 0.25, 0.03},
		"more than the line's": {30e6, rate, false, 1, 0},
		"no counters":          {0, 0, true, 0, 0},
	} {
		b := idleBeside(Options{})
		count := 0.0
		for i := range 20 {
			at := began.Add(time.Duration(i) * entryEach)
			b.ledger.entries = append(b.ledger.entries, entry{at: at, down: uint64(count), seen: !c.off})
			if i < 4 {
				count += c.rest / 8 * entryEach.Seconds()
			} else {
				count += c.down / 8 * entryEach.Seconds()
			}
		}
		d := passed{outcome: outcome{measurement: download.Of("", rate), from: began.Add(2 * time.Second), to: began.Add(9 * time.Second)}}
		got := b.otherTraffic(began, began.Add(2*time.Second), false, []passed{d})
		if (got.Missing != nil) != c.off || math.Abs(got.Value-c.want) > c.within {
			t.Errorf("%s: %+v, want %g", name, got, c.want)
		}
	}
}

// TestBeside: what runs beside is told of each phase in order and ends with the check.
func TestBeside(t *testing.T) {
	t.Parallel()
	o := newOffice(t, &Office{})
	var mu sync.Mutex
	var told []string
	ended := make(chan struct{})
	o.Beside = func(ctx context.Context) func(string) {
		context.AfterFunc(ctx, func() { close(ended) })
		return func(name string) {
			mu.Lock()
			told = append(told, name)
			mu.Unlock()
		}
	}
	run(t.Context(), t, o, nil)
	mu.Lock()
	if got := strings.Join(told, ","); got != "download,upload," {
		t.Errorf("told %q", got)
	}
	mu.Unlock()
	select {
	case <-ended:
	case <-time.After(time.Second):
		t.Error("what runs beside was not ended")
	}
}

// TestBesideThatHangs: a call that does not come about holds nothing up for long.
func TestBesideThatHangs(t *testing.T) {
	t.Parallel()
	o := newOffice(t, &Office{})
	o.Beside = func(ctx context.Context) func(string) {
		<-ctx.Done()
		return nil
	}
	began := time.Now()
	got := run(t.Context(), t, o, nil)
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("took %v", took)
	}
	for _, id := range everything {
		if got[id].Missing != nil {
			t.Errorf("%s: %v", id, got[id].Missing)
		}
	}
}

// TestLowData: on the wire of a fast line too there are no more bytes than said, and the figures are lower bounds.
func TestLowData(t *testing.T) {
	t.Parallel()
	o := newOffice(t, &Office{})
	var w wire
	o.Transport = &http.Transport{}
	o.Transport.DialContext = w.counting(dropping(nil, time.Second), onWire)
	o.LowData = true
	got := run(t.Context(), t, o, nil)
	for _, id := range everything[:2] {
		if m := got[id]; m.Missing != nil || !m.AtLeast {
			t.Errorf("%s: %+v", id, m)
		}
	}
	if sum := w.up.Load() + w.down.Load(); sum > 4.6e6 || sum < 3e6 {
		t.Errorf("%d bytes", sum)
	}
}

// TestSpentMidway: a ticket that is used up in the middle of a picture is the reason, and not the line.
func TestSpentMidway(t *testing.T) {
	t.Parallel()
	end := &Office{Secret: someSecret(), Now: time.Now}
	o := newOffice(t, end)
	o.Ticket.Token = end.Secret.Issue("r", time.Now().Add(time.Minute), office.Caps{Bytes: 40 << 20, Seconds: 60})
	o.Patience = 3 * time.Second // other tests keep this computer busy
	faulty(t, o, office.CodeSpent, checks.SideOffice, everything[:2], 15*time.Second)
}
