package render

import (
	"math"
	"strings"
	"testing"

	"deskready/checks"
	"deskready/report"
)

// bounded is a view in which a metric must reach a value.
func bounded(t *testing.T, m checks.Measurement, least float64) view {
	t.Helper()
	return look(open(t, "en"), report.Report{
		Results:  []checks.Result{{Check: "a", Measurements: []checks.Measurement{m}}},
		Findings: []report.Finding{{Metric: m.Metric, Outcome: report.Pass, Measured: &m.Value, Unit: m.Unit, Require: report.Bound{Min: &least}}},
	})
}

// TestLevelsRiseFromTheFoot: a level in dB has no zero to rise from, and is taken ten times a second.
func TestLevelsRiseFromTheFoot(t *testing.T) {
	m := checks.Measurement{Metric: "a.b", Unit: checks.DBov, Value: -26, Samples: []float64{-70, -30, -70, -30}}
	p, ok := bounded(t, m, -40).plot(m)
	if !ok || p.From != "0" || p.To != "0.4" || !strings.HasSuffix(p.Area, "L1000 1000L0 1000Z") || p.Need == nil || p.Mark != nil {
		t.Errorf("%v %+v", ok, p)
	}
	if first, last := p.Grid[0].Label, p.Grid[len(p.Grid)-1].Label; first != "-70"+nbsp+"dBov" || last != "-30"+nbsp+"dBov" {
		t.Errorf("from %s to %s", first, last)
	}
}

// TestSpectrum: what is read off a spectrum in Hz has samples in dBFS, and its bound stands upright.
func TestSpectrum(t *testing.T) {
	m := checks.Measurement{Metric: "a.b", Unit: checks.Hertz, Value: 8000, AtLeast: true, Samples: make([]float64, 22)}
	for i := range m.Samples {
		m.Samples[i] = -40 - float64(i)
	}
	for at, x := range map[float64]string{100: "0", 800: "42.86", 12800: "100", 50: "", 20000: "", -1: "", math.Inf(1): ""} {
		p, ok := bounded(t, m, at).plot(m)
		if !ok || p.Need != nil || (p.Mark == nil) != (x == "") || p.Mark != nil && p.Mark.X != x {
			t.Errorf("%v Hz: %v %+v", at, ok, p)
		}
		for _, said := range []string{"100 Hz", "12.8 kHz", "-40 dBFS", "at least 8 kHz"} {
			if !strings.Contains(strings.ReplaceAll(p.Label, nbsp, " "), said) {
				t.Errorf("%q does not say %s", p.Label, said)
			}
		}
	}
	m.Samples = []float64{math.NaN(), 1, math.Inf(-1)}
	if _, ok := bounded(t, m, 100).plot(m); ok {
		t.Error("a spectrum of what are no numbers")
	}
}
