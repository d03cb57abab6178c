package main

import (
	"math"
	"strings"
)

// A tally counts how findings came out against what the line is.
type tally struct {
	right, falseFail, falsePass, undecided, near int
}

func (t tally) add(o tally) tally {
	return tally{t.right + o.right, t.falseFail + o.falseFail, t.falsePass + o.falsePass, t.undecided + o.undecided, t.near + o.near}
}

// nearMark is how close to a bound a truth is too close to count, as a share of the bound.
const nearMark = 0.10

// truth is what a metric must come to on the line. iperf is what iperf3 reached there with eight connections, for lines
// whose loss decides the rate.
func truth(metric string, l line, iperf row) (want float64, known bool) {
	rate := func(of func() (float64, bool), reached *float64) (float64, bool) {
		if want, known := of(); known {
			return want, true
		}
		if reached != nil {
			return *reached, true
		}
		return 0, false
	}
	switch metric {
	case "bandwidth.download":
		return rate(l.download, iperf.Download)
	case "bandwidth.upload":
		return rate(l.upload, iperf.Upload)
	case "bandwidth.rtt":
		return l.RTT.Seconds(), true
	case "call.loss_up", "call.loss_down":
		return l.Loss / 100, true
	}
	return 0, false
}

// judge holds the findings of a row against the line. A warning is no fail, and no pass of what must fail.
func judge(r row, iperf row) (t tally) {
	if r.Said == nil {
		return t
	}
	l := r.line()
	for _, f := range r.Said.Findings {
		if want, known := truth(f.Metric, l, iperf); known {
			t = t.add(f.against(want))
		}
	}
	return t.add(judgeCall(r.Said.Findings, l.call))
}

func (f finding) against(want float64) (t tally) {
	min, max := f.Require.Min, f.Require.Max
	if min == nil && max == nil {
		return t
	}
	for _, bound := range []*float64{min, max} {
		if bound != nil && math.Abs(want-*bound) <= nearMark*math.Abs(*bound) {
			return tally{near: 1}
		}
	}
	bad := min != nil && want < *min || max != nil && want > *max
	switch {
	case f.Outcome == "unknown":
		return tally{undecided: 1}
	case f.Outcome == "fail" && !bad:
		return tally{falseFail: 1}
	case f.Outcome != "fail" && bad:
		return tally{falsePass: 1}
	}
	return tally{right: 1}
}

// judgeCall looks at all that is said of the call: of a bad one something must fail or warn, of a good one nothing may
// fail.
func judgeCall(findings []finding, call string) tally {
	seen := map[string]int{}
	for _, f := range findings {
		if strings.HasPrefix(f.Metric, "call.") {
			seen[f.Outcome]++
		}
	}
	switch {
	case call == "" || len(seen) == 0 || len(seen) == 1 && seen["unknown"] > 0 && call == "good":
		return tally{}
	case call == "good" && seen["fail"] > 0:
		return tally{falseFail: 1}
	case call == "bad" && seen["fail"]+seen["warn"] == 0 && seen["unknown"] > 0:
		return tally{undecided: 1}
	case call == "bad" && seen["fail"]+seen["warn"] == 0:
		return tally{falsePass: 1}
	}
	return tally{right: 1}
}
