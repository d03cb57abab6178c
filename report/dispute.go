package report

import (
	"math"
	"strings"

	"deskready/checks"
)

// A Figure is what somebody else measured of the same thing: Value, or Text where the unit is text.
type Figure struct {
	Value   *float64 `json:"value,omitzero"`
	Text    *string  `json:"text,omitzero"`
	Within  float64  `json:"within,omitzero"`
	AtLeast bool     `json:"at_least,omitzero"`
}

// By how much two honest ends of one line may differ: each counts at its own end and by its own clock.
const (
	apartShare   = 0.15  // of the collector's figure
	apartSeconds = 0.005 // times differ by at least this, besides
	apartRatio   = 0.01  // ratios by at least this, besides
	apartMOS     = 0.5   // of a scale that ends at 4.5: the share says nothing there
)

// compare holds a finding by one's own figure against the collector's figures of the same thing.
//
// Where they differ, the finding bears the collector's figure. Where moreover one of the two fails the rule or leaves it
// open, and the other does not, nobody knows: neither a fail nor a pass is made of it. Where both keep what is required,
// and only one what is preferred, the lesser outcome stands.
func (r Rule) compare(f Finding, own checks.Measurement, office []checks.Measurement) Finding {
	if own.Missing != nil || own.By == checks.ByCollector || own.Unit != r.Unit {
		return f
	}
	for _, m := range office {
		if m.Unit != r.Unit || !differ(own, m) {
			continue
		}
		by := r.judge(m)
		first := f.Witnessed == nil
		switch {
		case f.Outcome == Unknown || f.Outcome == by.Outcome:
		case f.kept() && by.kept():
			first = first || by.Outcome == Warn
			f.Outcome, f.Remedy = Warn, r.Metric+".remedy"
		default:
			f, first = f.leftOpen(CodeDisputed, checks.SideUnknown), true
		}
		if first {
			f.Witnessed = figure(m)
		}
	}
	return f
}

// kept says whether what is required is kept.
func (f Finding) kept() bool { return f.Outcome == Pass || f.Outcome == Warn }

func figure(m checks.Measurement) *Figure {
	if m.Unit == checks.Text {
		return &Figure{Text: &m.Text}
	}
	return &Figure{Value: &m.Value, Within: m.Within, AtLeast: m.AtLeast}
}

// differ says whether one's own figure and the collector's, of one unit, are further apart than measuring explains. What
// is only known to be at least so much differs from what is less, and from nothing else.
func differ(own, office checks.Measurement) bool {
	least := 0.0
	switch own.Unit {
	case checks.Text:
		return !strings.EqualFold(own.Text, office.Text)
	case checks.Truth:
		return own.Value != office.Value
	case checks.MOS:
		return apart(own, office) > apartMOS
	case checks.Seconds:
		least = apartSeconds
	case checks.Ratio:
		least = apartRatio
	}
	by := apart(own, office)
	return by > apartShare*math.Abs(office.Value) && by >= least
}

// apart is by how much the two cannot both be true.
func apart(own, office checks.Measurement) float64 {
	by := own.Value - office.Value
	switch {
	case own.AtLeast && office.AtLeast:
		return 0
	case own.AtLeast:
		return max(by, 0)
	case office.AtLeast:
		return max(-by, 0)
	}
	return math.Abs(by)
}
