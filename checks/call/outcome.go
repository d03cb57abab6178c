package call

import (
	"slices"

	"deskready/checks"
	"deskready/checks/office"
)

var (
	mos       = checks.Metric{ID: "call.mos", Unit: checks.MOS, Better: checks.Higher, Decimals: 2}
	mosLoaded = checks.Metric{ID: "call.mos_loaded", Unit: checks.MOS, Better: checks.Higher, Decimals: 2}
	rFactor   = checks.Metric{ID: "call.r_factor", Unit: checks.Count, Better: checks.Higher, Decimals: 1}
	rtt       = checks.Metric{ID: "call.rtt", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
	setup     = checks.Metric{ID: "call.setup", Unit: checks.Seconds, Better: checks.Lower, Decimals: 3}
	path      = checks.Metric{ID: "call.path", Unit: checks.Text, Values: []string{byUDP, byTurnUDP, byTurnTCP, byTurnTLS}}
	soakBad   = checks.Metric{ID: "call.soak_bad", Unit: checks.Ratio, Better: checks.Lower, Decimals: 4}
	soakGaps  = checks.Metric{ID: "call.soak_gaps", Unit: checks.Count, Better: checks.Lower}
	soakWorst = checks.Metric{ID: "call.soak_worst", Unit: checks.MOS, Better: checks.Higher, Decimals: 2}

	bothWays = []kind{
		{"loss", checks.Ratio, 5, true, func(q quality) (float64, float64) { return q.loss, q.lossWithin }},
		{"late", checks.Ratio, 5, true, func(q quality) (float64, float64) { return q.late, q.lateWithin }},
		{"reorder", checks.Ratio, 5, false, func(q quality) (float64, float64) { return q.reorder, 0 }},
		{"burst", checks.Count, 0, false, func(q quality) (float64, float64) { return float64(q.hole), 0 }},
		{"jitter", checks.Seconds, 5, false, func(q quality) (float64, float64) { return q.jitter, 0 }},
	}
) // read only

// A kind is a figure that each direction has.
type kind struct {
	name     string
	unit     checks.Unit
	decimals int
	loaded   bool // and under load too
	of       func(quality) (value, within float64)
}

func (k kind) metric(suffix string) checks.Metric {
	return checks.Metric{ID: "call." + k.name + suffix, Unit: k.unit, Better: checks.Lower, Decimals: k.decimals}
}

func metrics() []checks.Metric {
	list := []checks.Metric{mos, mosLoaded, rFactor, rtt, setup, path}
	for _, k := range bothWays {
		list = append(list, k.metric("_up"), k.metric("_down"))
	}
	for _, k := range bothWays {
		if k.loaded {
			list = append(list, k.metric("_loaded_up"), k.metric("_loaded_down"))
		}
	}
	return append(list, soakBad, soakGaps, soakWorst)
}

// sides are both directions of one stage.
type sides struct{ up, down stretch }

// judgedSides are their figures.
type judgedSides struct{ up, down quality }

func (s sides) judge() judgedSides { return judgedSides{s.up.quality(), s.down.quality()} }

// leastPackets of a stage say something of it: a second and a half.
const leastPackets = 75

// CodeBusyComputer: the hire's computer was too busy to say anything of the line.
const CodeBusyComputer = "call_busy_computer"

// fault is why a direction says nothing of the line. hireSends tells which of its ends is the hire's.
func (q quality) fault(hireSends bool) *checks.Problem {
	switch {
	case q.why == whyBusy && (q.sender >= q.receiver) == hireSends:
		return &checks.Problem{Code: CodeBusyComputer, Side: checks.SideHire}
	case q.why == whyBusy:
		return &checks.Problem{Code: office.CodeBusy, Side: checks.SideOffice}
	case q.why == whyGarbled:
		return garbled("packets")
	case q.why != "", q.sent < leastPackets:
		return &checks.Problem{Code: checks.CodeNotRun, Detail: "too few packets", Side: checks.SideUnknown}
	case !q.rated:
		return &checks.Problem{Code: checks.CodeTimeout, Detail: "no round trip", Side: checks.SideLine}
	}
	return nil
}

// deciding is the direction with the lower estimate, or why there is none.
func (j judgedSides) deciding() (quality, *checks.Problem) {
	if p := j.up.fault(true); p != nil {
		return quality{}, p
	}
	if p := j.down.fault(false); p != nil {
		return quality{}, p
	}
	return worse(j.up, j.down), nil
}

// A teller makes measurements of what one end saw.
type teller struct {
	by  string
	out []checks.Measurement
}

func (t *teller) add(m checks.Metric, value, within float64, p *checks.Problem) {
	value, err := checks.Round(value, m.Decimals)
	if err != nil && p == nil {
		p = &checks.Problem{Code: checks.CodeInternal, Detail: err.Error(), Side: checks.SideTool}
	}
	one := m.Of("", value)
	if one.Within = within; p != nil {
		one = m.Missing("", p)
	}
	one.By = t.by
	t.out = append(t.out, one)
}

// quiet tells of the call on the idle line.
func (t *teller) quiet(s sides) {
	j := s.judge()
	q, p := j.deciding()
	t.add(mos, q.mos, 0, p)
	t.add(rFactor, q.r, 0, p)
	trips := slices.Sorted(slices.Values(s.down.rtts))
	if len(trips) > 0 {
		t.add(rtt, trips[len(trips)/2], 0, nil)
	} else {
		t.add(rtt, 0, 0, &checks.Problem{Code: checks.CodeTimeout, Detail: "no round trip", Side: checks.SideLine})
	}
	t.each(j.up, "_up", j.up.fault(true), false)
	t.each(j.down, "_down", j.down.fault(false), false)
}

// each tells a direction's figures. What came back at all is known without a round trip; times need something that came.
func (t *teller) each(q quality, suffix string, p *checks.Problem, loaded bool) {
	if p != nil && p.Code == checks.CodeTimeout {
		p = nil
	}
	for _, k := range bothWays {
		if loaded && !k.loaded {
			continue
		}
		why := p
		if why == nil && !q.timed && k.name != "loss" && k.name != "burst" {
			why = &checks.Problem{Code: checks.CodeTimeout, Detail: "nothing arrived", Side: checks.SideLine}
		}
		value, within := k.of(q)
		t.add(k.metric(suffix), value, within, why)
	}
}

// loaded tells of the call while the line was full: of both phases the worse one, and of one alone nothing, for the other may be
// the one that kills calls.
func (t *teller) loaded(seen map[stage]sides) {
	down, up := seen[download].judge(), seen[upload].judge()
	a, p := down.deciding()
	b, q := up.deciding()
	if p == nil {
		p = q
	}
	t.add(mosLoaded, min(a.mos, b.mos), 0, p)
	t.each(worst(down.up, up.up), "_loaded_up", p, true)
	t.each(worst(down.down, up.down), "_loaded_down", p, true)
}

// worst takes from each of two phases what was worse in it.
func worst(a, b quality) quality {
	out := a
	if b.loss > a.loss {
		out.loss, out.lossWithin = b.loss, b.lossWithin
	}
	if b.late > a.late {
		out.late, out.lateWithin = b.late, b.lateWithin
	}
	out.timed = a.timed && b.timed
	return out
}

// unloaded says why there are no figures under load.
func (t *teller) unloaded(p *checks.Problem) {
	t.add(mosLoaded, 0, 0, p)
	for _, k := range bothWays {
		if k.loaded {
			t.add(k.metric("_loaded_up"), 0, 0, p)
			t.add(k.metric("_loaded_down"), 0, 0, p)
		}
	}
}

// long tells of a long call: its windows, and of all of it together what the sums of the windows say.
func (t *teller) long(up, down soak) {
	var p *checks.Problem
	if up.windows == 0 || down.windows == 0 {
		p = &checks.Problem{Code: checks.CodeNotRun, Detail: "no window was measured", Side: checks.SideUnknown}
	}
	t.add(soakBad, max(up.share(), down.share()), 0, p)
	t.add(soakGaps, float64(max(up.gaps, down.gaps)), 0, p)
	lowest := min(up.worst.mos, down.worst.mos)
	t.add(soakWorst, lowest, 0, p)
	if p == nil {
		series := up.mos
		if down.worst.mos < up.worst.mos {
			series = down.mos
		}
		worst := &t.out[len(t.out)-1]
		for _, v := range series {
			v, _ = checks.Round(v, soakWorst.Decimals) // finite
			worst.Samples = append(worst.Samples, v)
		}
	}
}
