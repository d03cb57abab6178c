package render

import (
	"strings"
	"testing"

	"deskready/checks"
	"deskready/report"
)

// What a finding bears beside its figure is told, cleaned, and no more is claimed of it than is sure.
func TestFurtherFigures(t *testing.T) {
	v := func(f float64) *float64 { return &f }
	text := func(s string) *string { return &s }
	least := report.Bound{Min: v(10e6)}
	for _, c := range []struct {
		name    string
		f       report.Finding
		seen    []checks.Measurement
		level   report.Assurance
		figure  string
		beside  string
		tries   string
		diamond bool
	}{
		{name: "a lower bound", figure: "at least 8 Mbit/s",
			f: report.Finding{Unit: checks.BitsPerSecond, Outcome: report.Unknown, Measured: v(8e6), AtLeast: true, Require: least}},
		{name: "an interval that decides", figure: "9.5 ± 0.6 Mbit/s",
			f: report.Finding{Unit: checks.BitsPerSecond, Outcome: report.Unknown, Measured: v(9.5e6), Within: 0.6e6, Require: least}},
		{name: "an interval that does not", figure: "12 Mbit/s",
			f: report.Finding{Unit: checks.BitsPerSecond, Outcome: report.Warn, Measured: v(12e6), Within: 0.6e6, Require: least}},
		{name: "a fail is a fail", figure: "9.5 Mbit/s",
			f: report.Finding{Unit: checks.BitsPerSecond, Outcome: report.Fail, Measured: v(9.5e6), Within: 0.6e6, Require: least}},
		{name: "an estimate has one decimal", figure: "4.3 of 4.5 (estimate)",
			f: report.Finding{Unit: checks.MOS, Outcome: report.Pass, Measured: v(4.28), Require: report.Bound{Min: v(3.6)}}},
		{name: "or as many as tell it from its bound", figure: "3.58 of 4.5 (estimate)",
			f: report.Finding{Unit: checks.MOS, Outcome: report.Fail, Measured: v(3.58), Require: report.Bound{Min: v(3.6)}}},
		{name: "seen too", figure: "12 Mbit/s", beside: "Seen by the office too: 11.9 Mbit/s", level: report.A2, diamond: true,
			f:    report.Finding{Metric: "a.b", Unit: checks.BitsPerSecond, Outcome: report.Pass, Measured: v(12e6), By: "tool"},
			seen: []checks.Measurement{{Metric: "a.b", Unit: checks.BitsPerSecond, Value: 11.9e6, By: "collector"}}},
		{name: "not confirmed", figure: "12 Mbit/s", beside: "The file says that the office saw it too: 11.9 Mbit/s; this is not confirmed", level: report.A1,
			f:    report.Finding{Metric: "a.b", Unit: checks.BitsPerSecond, Outcome: report.Pass, Measured: v(12e6), By: "tool"},
			seen: []checks.Measurement{{Metric: "a.b", Unit: checks.BitsPerSecond, Value: 11.9e6, By: "collector"}}},
		{name: "of something else", figure: "12 Mbit/s", level: report.A2,
			f: report.Finding{Metric: "a.b", Subject: "x", Unit: checks.BitsPerSecond, Outcome: report.Pass, Measured: v(12e6), By: "tool"},
			seen: []checks.Measurement{{Metric: "a.b", Unit: checks.BitsPerSecond, Value: 1, By: "collector"}, {Metric: "a.b", Subject: "x", Unit: checks.Bytes, By: "collector"},
				{Metric: "a.b", Subject: "x", Unit: checks.BitsPerSecond, By: "collector", Missing: &checks.Problem{Code: "timeout"}}}},
		{name: "the collector's own", figure: "12 Mbit/s", level: report.A2,
			f:    report.Finding{Metric: "a.b", Unit: checks.BitsPerSecond, Outcome: report.Pass, Measured: v(12e6), By: "collector"},
			seen: []checks.Measurement{{Metric: "a.b", Unit: checks.BitsPerSecond, Value: 12e6, By: "collector"}}},
		{name: "disputed", figure: "50 Mbit/s", beside: "The office measured something else: at least 5 Mbit/s", level: report.A2, diamond: true,
			f: report.Finding{Unit: checks.BitsPerSecond, Outcome: report.Unknown, Measured: v(50e6), Witnessed: &report.Figure{Value: v(5e6), AtLeast: true}}},
		{name: "disputed by a text", figure: "udp", beside: "The file says that the office measured something else: tcp; this is not confirmed",
			f: report.Finding{Unit: checks.Text, Outcome: report.Unknown, Text: text("udp"), Witnessed: &report.Figure{Text: text("t\x1bcp")}}},
		{name: "attempts", figure: "12 Mbit/s", tries: "Measured 4 times: 5 Mbit/s (fail), not measured (unknown), at least 12 Mbit/s (unknown), a[31mb (warning)",
			f: report.Finding{Unit: checks.BitsPerSecond, Outcome: report.Pass, Measured: v(12e6), Attempts: []report.Try{
				{Attempt: 1, Outcome: report.Fail, Measured: v(5e6)}, {Attempt: 2, Outcome: report.Unknown},
				{Attempt: 3, Outcome: "splendid", Measured: v(12e6), AtLeast: true}, {Attempt: 4, Outcome: report.Warn, Text: text("a\x1b[31mb")}}}},
	} {
		w := look(open(t, "en"), report.Report{Assurance: c.level, Findings: []report.Finding{c.f}, Results: []checks.Result{{Check: "a", Measurements: c.seen}}})
		p := w.Points[0]
		plain := func(s string) string { return strings.ReplaceAll(s, nbsp, " ") }
		if plain(p.Figure) != c.figure || plain(p.Beside) != c.beside || plain(p.Tries) != c.tries || p.Sealed != c.diamond {
			t.Errorf("%s: %q, %q, %q, diamond %v", c.name, p.Figure, p.Beside, p.Tries, p.Sealed)
		}
	}
}
