package render

import (
	"math"
	"slices"
	"strings"

	"deskready/checks"
	"deskready/report"
)

// estimated is how many digits of a MOS people are shown: it is an estimate, and a second decimal would claim more.
const estimated = 2

// figure says how much was measured, as people read it.
func (v view) figure(metric string, u checks.Unit, of report.Figure, digits int) string {
	b := v.book
	switch {
	case of.Text != nil:
		return called(b, metric, *of.Text)
	case of.Value == nil:
		return ""
	}
	text := quantity(b, *of.Value, u, digits)
	switch {
	case of.AtLeast:
		text = strings.ReplaceAll(b.Text("bound.min", "v", text), " ", nbsp)
	case of.Within > 0 && u != checks.Days && u != checks.Truth:
		text = spread(b, *of.Value, of.Within, u, digits)
	}
	return text
}

// whole is a figure with what people must know of its unit.
func (v view) whole(u checks.Unit, figure string) string {
	if u == checks.MOS && figure != "" {
		return v.book.Text("unit.mos", "v", figure)
	}
	return figure
}

// measured is the figure of a finding. How far it may err is only said where it decides: elsewhere it would be one more
// number to wonder about.
func (v view) measured(f report.Finding) (text string, digits int) {
	of := report.Figure{Value: f.Measured, Text: f.Text, AtLeast: f.AtLeast}
	if f.Measured == nil {
		return v.figure(f.Metric, f.Unit, of, significant), significant
	}
	if near(f) {
		of.Within = f.Within
	}
	digits = apart(v.book, *f.Measured, f.Unit, f.Require, f.Prefer)
	return v.whole(f.Unit, v.figure(f.Metric, f.Unit, of, digits)), digits
}

// near says whether a finding's outcome comes from how far its figure may err.
func near(f report.Finding) bool {
	reached := func(at *float64) bool { return at != nil && math.Abs(*f.Measured-*at) <= f.Within*(1+1e-9) }
	return f.Within > 0 && (f.Outcome == report.Unknown || f.Outcome == report.Warn) && (reached(f.Require.Min) || reached(f.Require.Max))
}

// beside says what the collector measured of the same thing: where it differs, from the finding; else, so that people see
// that two ends agree, from the measurements.
func (v view) beside(f report.Finding) (text string, diamond bool) {
	if f.By == checks.ByCollector || f.Measured == nil && f.Text == nil {
		return "", false
	}
	of := f.Witnessed
	if of == nil {
		of = v.seen(f)
	}
	if of == nil {
		return "", false
	}
	key := "label.seen"
	if f.Witnessed != nil {
		key = "label.saw"
	}
	if _, diamond = v.who("by.", checks.ByCollector); !diamond {
		key += ".claimed"
	}
	digits := significant
	if of.Value != nil && f.Measured != nil {
		digits = apart(v.book, *of.Value, f.Unit, report.Bound{Min: f.Measured}, f.Require)
	}
	return v.book.Text(key, "v", v.whole(f.Unit, v.figure(f.Metric, f.Unit, *of, digits))), diamond
}

// seen is the collector's only figure of what a finding is about. Of several nobody could tell which stands beside it.
func (v view) seen(f report.Finding) *report.Figure {
	if len(f.Attempts) > 0 {
		return nil
	}
	var found *report.Figure
	for _, result := range v.report.Results {
		for _, m := range result.Measurements {
			if m.Metric != f.Metric || m.Subject != f.Subject || m.By != checks.ByCollector || m.Missing != nil || m.Unit != f.Unit {
				continue
			}
			if found != nil {
				return nil
			}
			found = &report.Figure{AtLeast: m.AtLeast}
			if m.Unit == checks.Text {
				found.Text = &m.Text
			} else {
				found.Value = &m.Value
			}
		}
	}
	return found
}

// tries says what came of each attempt.
func (v view) tries(f report.Finding, digits int) string {
	if len(f.Attempts) == 0 {
		return ""
	}
	list := make([]string, 0, len(f.Attempts))
	for _, t := range f.Attempts {
		figure := v.figure(f.Metric, f.Unit, report.Figure{Value: t.Measured, Text: t.Text, AtLeast: t.AtLeast}, digits)
		if figure == "" {
			figure = lower(v.book.Text("label.missing"))
		}
		outcome := t.Outcome
		if !slices.Contains(outcomes(), outcome) {
			outcome = report.Unknown
		}
		list = append(list, v.book.Text("label.try", "v", figure, "outcome", lower(v.outcome(outcome))))
	}
	return v.book.Text("label.tries", "n", itoa(len(list)), "list", series(v.book, list))
}

// mixed says whether the attempts came to different things.
func mixed(list []report.Try) bool {
	return slices.ContainsFunc(list, func(t report.Try) bool { return t.Outcome != list[0].Outcome })
}

func outcomes() []report.Outcome {
	return []report.Outcome{report.Pass, report.Warn, report.Fail, report.Unknown}
}
