package main

import "strings"

// A tally counts how findings came out against what the line is.
type tally struct {
	right, falseFail, falsePass, undecided, near int
}

func (t tally) add(o tally) tally {
	return tally{t.right + o.right, t.falseFail + o.falseFail, t.falsePass + o.falsePass, t.undecided + o.undecided, t.near + o.near}
}

// nearMark is how close to a bound a truth is too close to count, as a share of the bound.
const nearMark = 0.10

// A reach is what a metric must come to on a line, between low and high.
type reach struct{ low, high float64 }

// truth is what a metric must come to on the line. Where loss decides the rate, how much TCP carries depends on its
// congestion control: it is anything from what iperf3 reached there with eight connections to all that is not lost.
func truth(metric string, l line, iperf row) (want reach, known bool) {
	rate := func(mbits float64, of func() (float64, bool), reached *float64) (reach, bool) {
		if want, known := of(); known {
			return reach{want, want}, true
		}
		most := mbits * 1e6 * payload * (1 - l.Loss/100)
		if reached == nil || most == 0 {
			return reach{}, false
		}
		return reach{min(*reached, most), most}, true
	}
	switch metric {
	case "bandwidth.download":
		return rate(l.Down, l.download, iperf.Download)
	case "bandwidth.upload":
		return rate(l.Up, l.upload, iperf.Upload)
	case "bandwidth.rtt":
		return reach{l.RTT.Seconds(), l.RTT.Seconds()}, true
	case "call.loss_up", "call.loss_down":
		return reach{l.Loss / 100, l.Loss / 100}, true
	}
	return reach{}, false
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

func (f finding) against(want reach) (t tally) {
	least, most := f.Require.Min, f.Require.Max
	if least == nil && most == nil {
		return t
	}
	for _, bound := range []*float64{least, most} {
		if bound != nil && want.low <= *bound*(1+nearMark) && want.high >= *bound*(1-nearMark) {
			return tally{near: 1}
		}
	}
	bad := least != nil && want.high < *least || most != nil && want.low > *most
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
