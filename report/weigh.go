package report

import (
	"math"
	"path"
	"slices"
	"strings"

	"deskready/checks"
)

// An answer is whether a bound is kept.
type answer int

const (
	no   answer = iota
	open        // the figure does not tell
	yes
)

// judge holds the rule against one measurement, by its value. What the value leaves open is no fail: a lower bound that
// does not reach the mark, or a shortfall within the error of measuring, is unknown. Nor is it more than it is: a value
// that keeps what is required by less than that error is a warning, and so is a lower bound that is not known to be what
// is preferred.
func (r Rule) judge(m checks.Measurement) Finding {
	if m.Missing != nil {
		return r.unknown(m)
	}
	if m.Unit != r.Unit || math.IsNaN(m.Value) || math.IsInf(m.Value, 0) {
		// Not ours to convert or to guess: a report that speaks another unit says nothing to this rule.
		m.Missing = &checks.Problem{Code: checks.CodeInternal, Detail: "measured in another unit", Side: checks.SideTool}
		return r.unknown(m)
	}
	f := r.finding(m)
	if r.Unit == checks.Text {
		f.Text = &m.Text
	} else {
		f.Measured, f.Within, f.AtLeast = &m.Value, m.Within, m.AtLeast
		f.Margin = r.Require.margin(m.Value)
	}
	near := r.Require.near(m)
	switch required, preferred := r.Require.kept(m), r.Prefer.kept(m); {
	case required == no && near:
		return f.leftOpen(CodeTooClose, checks.SideLine)
	case required == no:
		f.Outcome = Fail
	case required == open, r.Require.IsZero() && preferred == open:
		return f.leftOpen(CodeAtLeast, checks.SideTool)
	case preferred != yes || near:
		f.Outcome = Warn
	default:
		f.Outcome = Pass
		return f
	}
	f.Remedy = r.Metric + ".remedy"
	return f
}

// leftOpen is the finding where there is a figure that does not decide.
func (f Finding) leftOpen(code, side string) Finding {
	f.Outcome, f.Remedy = Unknown, "problem."+code
	f.Missing = &checks.Problem{Code: code, Side: side}
	return f
}

// kept says whether the bound is kept by a measurement of its own unit.
func (b Bound) kept(m checks.Measurement) answer {
	switch holds := b.holds(m.Value); {
	case m.Unit == checks.Text && b.holdsText(m.Text):
		return yes
	case m.Unit == checks.Text:
		return no
	case !m.AtLeast && holds, m.AtLeast && holds && b.Max == nil:
		return yes
	case !m.AtLeast, b.Max != nil && m.Value > *b.Max: // the true value is higher still
		return no
	}
	return open
}

// near says whether the confidence interval of the measurement reaches an end of the bound.
func (b Bound) near(m checks.Measurement) bool {
	if m.Within <= 0 || m.AtLeast || m.Unit == checks.Text || m.Unit == checks.Truth {
		return false
	}
	const grain = 1e-9 // decimal figures, in binary: 0.031 - 0.03 is a little more than 0.001
	within := func(at *float64) bool { return at != nil && math.Abs(m.Value-*at) <= m.Within*(1+grain) }
	return within(b.Min) || within(b.Max)
}

func (b Bound) holds(v float64) bool {
	return (b.Min == nil || v >= *b.Min) && (b.Max == nil || v <= *b.Max)
}

func (b Bound) holdsText(text string) bool {
	in := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, text) })
	}
	return (len(b.OneOf) == 0 || in(b.OneOf)) && !in(b.NoneOf)
}

// margin is the room to the nearest bound.
func (b Bound) margin(v float64) *float64 {
	if b.Min == nil && b.Max == nil {
		return nil
	}
	room := math.Inf(1)
	if b.Min != nil {
		room = v - *b.Min
	}
	if b.Max != nil {
		room = min(room, *b.Max-v)
	}
	room, err := checks.Round(room, 6)
	if err != nil {
		return nil
	}
	return &room
}

// matches is membership: equality without regard to case, or a glob (path.Match without the meaning of "/").
func matches(pattern, text string) bool {
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	if pattern == text {
		return true
	}
	noSlash := strings.NewReplacer("/", "\x00").Replace
	ok, err := path.Match(noSlash(pattern), noSlash(text))
	return err == nil && ok
}
