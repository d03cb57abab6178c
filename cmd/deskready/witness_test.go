package main

import (
	"testing"

	"deskready/checks"
)

func TestWitnessKeepsEachAttempt(t *testing.T) {
	rate := checks.Metric{ID: "bandwidth.upload", Unit: checks.BitsPerSecond}
	mos := checks.Metric{ID: "call.mos", Unit: checks.MOS, Decimals: 2}
	loaded := checks.Metric{ID: "call.mos_loaded", Unit: checks.MOS, Decimals: 2}
	w := &witnesses{metrics: []checks.Metric{rate, mos, loaded}}
	see := func(m checks.Metric, v float64) { w.record("run", []checks.Measurement{m.Of("", v)}) }
	see(rate, 3e6) // a busy computer
	see(rate, 5e6) // the same attempt, measured again
	see(loaded, 3)
	see(mos, 4)
	see(rate, 2e6) // another attempt
	see(loaded, 3.5)
	see(mos, 2)
	see(mos, 4.4) // until it suits
	w.record("other", []checks.Measurement{mos.Of("", 1)})
	want := []float64{5e6, 3, 4, 2e6, 3.5, 2, 4.4}
	got := w.of("run")
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, m := range got {
		if m.Value != want[i] || m.By != checks.ByCollector {
			t.Errorf("%d: %s %v by %s, want %v", i, m.Metric, m.Value, m.By, want[i])
		}
	}
	results := []checks.Result{{Check: "bandwidth"}, {Check: "call"}, {Check: "call", Attempt: 2}}
	for n, at := range map[int]int{0: 1, 1: 2, 2: 2} {
		if r := nthOf(results, "call.mos", n); r != &results[at] {
			t.Errorf("figure %d is put elsewhere", n)
		}
	}
	if nthOf(results, "path.isp", 0) != nil {
		t.Error("a check that was not run has a figure")
	}
}

// TestWitnessWithoutCalls: where no call can be made, measuring both directions again is another attempt. One direction
// alone is a busy computer's second try.
func TestWitnessWithoutCalls(t *testing.T) {
	down := checks.Metric{ID: "bandwidth.download", Unit: checks.BitsPerSecond}
	up := checks.Metric{ID: "bandwidth.upload", Unit: checks.BitsPerSecond}
	w := &witnesses{metrics: []checks.Metric{down, up}}
	see := func(m ...checks.Measurement) { w.record("run", m) }
	see(down.Of("", 5), up.Of("", 1))
	see(up.Of("", 2))
	see(down.Of("", 9), up.Of("", 3))
	see(down.Of("", 4))
	want := []float64{5, 2, 9, 3}
	got := w.of("run")
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, m := range got {
		if m.Value != want[i] {
			t.Errorf("%d: %v, want %v", i, m.Value, want[i])
		}
	}
}

// TestNoWitnessIsChosen: who makes calls again and again until one suits him has all of them told, and what is beyond the
// limit is not kept.
func TestNoWitnessIsChosen(t *testing.T) {
	mos := checks.Metric{ID: "call.mos", Unit: checks.MOS, Decimals: 2}
	loaded := checks.Metric{ID: "call.mos_loaded", Unit: checks.MOS, Decimals: 2}
	rate := checks.Metric{ID: "bandwidth.upload", Unit: checks.BitsPerSecond}
	w := &witnesses{metrics: []checks.Metric{mos, loaded, rate}}
	for i := range 2 * maxAttempts {
		w.record("run", []checks.Measurement{loaded.Of("", 1+float64(i)/10)})
	}
	w.record("run", []checks.Measurement{mos.Of("", 2), rate.Of("", 1e6)})
	w.record("run", []checks.Measurement{mos.Of("", 4), rate.Of("", 9e6)})
	want := []float64{1, 1.1, 1.2, 1.3, 1.4, 2, 1e6}
	got := w.of("run")
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, m := range got {
		if m.Value != want[i] {
			t.Errorf("%d: %v, want %v", i, m.Value, want[i])
		}
	}
}

// TestWitnessIsBounded: whoever measures on and on takes no more room.
func TestWitnessIsBounded(t *testing.T) {
	mos := checks.Metric{ID: "call.mos", Unit: checks.MOS, Decimals: 2}
	w := &witnesses{metrics: []checks.Metric{mos}}
	for range 100 {
		w.record("run", []checks.Measurement{mos.Of("", 2)})
	}
	for i := range 2 * maxWitnessed {
		w.record(string(rune(i+1000)), []checks.Measurement{mos.Of("", 2)})
	}
	if len(w.runs) > maxWitnessed || len(w.of("run")) != 0 {
		t.Errorf("%d runs are kept", len(w.runs))
	}
}
