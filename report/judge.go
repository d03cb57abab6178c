package report

import (
	"math"
	"path"
	"slices"
	"strings"

	"deskready/checks"
)

// An Outcome is how one rule stands against what was measured.
type Outcome string

// The outcomes. Unknown is neither a pass nor a fail: what could not be measured is not bad, and not good either.
const (
	Pass    Outcome = "pass"
	Warn    Outcome = "warn" // good enough, not as good as preferred
	Fail    Outcome = "fail"
	Unknown Outcome = "unknown"
)

// A Verdict is the answer of a whole report.
type Verdict string

// The verdicts.
const (
	Ready     Verdict = "ready"
	NotReady  Verdict = "not_ready"
	Undecided Verdict = "undecided"
)

// A Finding is one rule held against one measurement.
type Finding struct {
	Metric   string          `json:"metric"`
	Subject  string          `json:"subject,omitzero"`
	Outcome  Outcome         `json:"outcome"`
	Unit     checks.Unit     `json:"unit"`
	Measured *float64        `json:"measured,omitzero"`
	Text     *string         `json:"text,omitzero"`
	Require  Bound           `json:"require,omitzero"`
	Prefer   Bound           `json:"prefer,omitzero"`
	Margin   *float64        `json:"margin,omitzero"` // to the nearest required bound, in Unit; negative: by how much it falls short
	By       string          `json:"by,omitzero"`
	Group    string          `json:"group,omitzero"`
	Why      string          `json:"why,omitzero"`
	Remedy   string          `json:"remedy,omitzero"`  // key of what the hire can do; set where the outcome is not a pass
	Missing  *checks.Problem `json:"missing,omitzero"` // why the outcome is unknown
}

// Required says whether the verdict hangs on this finding.
func (f Finding) Required() bool { return !f.Require.IsZero() }

// Judge holds each rule against what was measured, and gives each rule at least one finding, in the order of the rules.
//
// A rule without a subject and without a group is held against every subject that was measured: each must keep it. The
// rules of one group must hold together for one subject: the one that keeps them best is reported. A rule that asks for
// a witness sees only figures of the collector; other rules see the tool's, or the collector's where there is no other.
func (p Policy) Judge(results []checks.Result) []Finding {
	var findings []Finding
	seen := map[string]bool{}
	for _, r := range p.Rules {
		switch {
		case r.Group == "":
			findings = append(findings, r.judgeAll(results)...)
		case !seen[r.Group]:
			seen[r.Group] = true
			findings = append(findings, p.judgeGroup(r.Group, results)...)
		}
	}
	return findings
}

// Decide makes one verdict: any required fail is not ready; any required unknown, or nothing required at all, is
// undecided; else ready.
func Decide(findings []Finding) Verdict {
	required, unknown := false, false
	for _, f := range findings {
		if !f.Required() {
			continue
		}
		required = true
		switch f.Outcome {
		case Fail:
			return NotReady
		case Pass, Warn:
		default: // also what no version of this program ever wrote
			unknown = true
		}
	}
	if unknown || !required {
		return Undecided
	}
	return Ready
}

// judgeAll gives one finding for each subject measured, or one without a measurement.
func (r Rule) judgeAll(results []checks.Result) []Finding {
	found := r.measured(results)
	if len(found) == 0 {
		return []Finding{r.absent()}
	}
	findings := make([]Finding, len(found))
	for i, m := range found {
		findings[i] = r.judge(m)
	}
	return findings
}

// judgeGroup finds the subject that keeps the rules of a group best; ties go to the first in the order measured.
func (p Policy) judgeGroup(group string, results []checks.Result) []Finding {
	var rules []Rule
	var found [][]checks.Measurement // of each rule
	for _, r := range p.Rules {
		if r.Group == group {
			rules = append(rules, r)
			found = append(found, r.measured(results))
		}
	}
	var best []Finding
	for _, s := range subjects(found) {
		if of := judgeSubject(rules, found, s); best == nil || slices.Compare(blemishes(of), blemishes(best)) < 0 {
			best = of
		}
	}
	if best == nil {
		for _, r := range rules {
			best = append(best, r.absent())
		}
	}
	return best
}

// subjects lists what a group's rules could hold for, in the order measured. A reason without a subject says why
// something is not known of any; it is a candidate only where nothing else is.
func subjects(found [][]checks.Measurement) []string {
	var list []string
	nameless := false
	seen := map[string]bool{}
	for _, measurements := range found {
		for _, m := range measurements {
			if m.Missing != nil && m.Subject == "" {
				nameless = true
			} else if !seen[m.Subject] {
				seen[m.Subject] = true
				list = append(list, m.Subject)
			}
		}
	}
	if len(list) == 0 && nameless {
		list = append(list, "")
	}
	return list
}

func judgeSubject(rules []Rule, found [][]checks.Measurement, subject string) []Finding {
	var findings []Finding
	for i, r := range rules {
		of := func(s string) func(checks.Measurement) bool {
			return func(m checks.Measurement) bool { return m.Subject == s && (s == subject || m.Missing != nil) }
		}
		at := slices.IndexFunc(found[i], of(subject))
		if at < 0 {
			at = slices.IndexFunc(found[i], of("")) // why the metric is not known of any
		}
		f := r.absent()
		if at >= 0 {
			f = r.judge(found[i][at])
		}
		f.Subject = subject
		findings = append(findings, f)
	}
	return findings
}

// blemishes order candidates of a group: fewest fails, then required unknowns, then others.
func blemishes(findings []Finding) []int {
	count := []int{0, 0, 0}
	for _, f := range findings {
		switch {
		case f.Outcome == Fail:
			count[0]++
		case f.Outcome == Unknown && f.Required():
			count[1]++
		case f.Outcome != Pass:
			count[2]++
		}
	}
	return count
}

// measured is what the rule speaks of: the values if there are any, else the reasons why there are none.
func (r Rule) measured(results []checks.Result) []checks.Measurement {
	own, others, missing, reasons := r.sorted(results)
	known := map[string]bool{}
	for _, m := range own {
		known[m.Subject] = true
	}
	out := own
	add := func(more []checks.Measurement, nameless bool) {
		for _, m := range more {
			if !known[m.Subject] && (m.Subject != "" || nameless) {
				known[m.Subject] = true
				out = append(out, m)
			}
		}
	}
	add(others, true) // only where the hire's side has no figure of its own for this subject
	// Every subject counts: one that could not be measured is not covered by another that could.
	add(missing, r.Group != "" || len(out) == 0)
	if len(out) == 0 {
		add(reasons, true) // what kept the hire's side from measuring kept the collector from seeing it
	}
	return out
}

// sorted tells values that count from the collector's that stand in, and reasons that count from the hire's side's.
func (r Rule) sorted(results []checks.Result) (own, others, missing, reasons []checks.Measurement) {
	for _, result := range results {
		for _, m := range result.Measurements {
			witnessed := m.By == checks.ByCollector
			switch {
			case m.Metric != r.Metric || !r.about(m):
			case m.Missing != nil && r.Witness && !witnessed:
				reasons = append(reasons, m)
			case m.Missing != nil:
				missing = append(missing, m)
			case witnessed && !r.Witness:
				others = append(others, m)
			case witnessed || !r.Witness:
				own = append(own, m)
			}
		}
	}
	return own, others, missing, reasons
}

// about says whether a measurement is of what the rule speaks of. A reason without a subject is one for all of them.
func (r Rule) about(m checks.Measurement) bool {
	return r.Subject == "" || matches(r.Subject, m.Subject) || m.Subject == "" && m.Missing != nil
}

// absent is the finding of a rule that nothing was measured for.
func (r Rule) absent() Finding {
	code := checks.CodeNotRun
	if r.Witness {
		code = checks.CodeNoCollector
	}
	return r.unknown(checks.Measurement{
		Subject: r.Subject,
		Missing: &checks.Problem{Code: code, Side: checks.SideUnknown},
	})
}

func (r Rule) unknown(m checks.Measurement) Finding {
	f := r.finding(m)
	if f.Subject == "" {
		f.Subject = r.Subject
	}
	f.Outcome, f.Missing = Unknown, m.Missing
	f.Remedy = "problem." + m.Missing.Code
	return f
}

func (r Rule) finding(m checks.Measurement) Finding {
	return Finding{
		Metric: r.Metric, Subject: m.Subject, Unit: r.Unit,
		Require: r.Require, Prefer: r.Prefer, Group: r.Group, Why: r.Why, By: m.By,
	}
}

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
	var keeps func(Bound) bool
	if r.Unit == checks.Text {
		f.Text = &m.Text
		keeps = func(b Bound) bool { return b.holdsText(m.Text) }
	} else {
		f.Measured = &m.Value
		f.Margin = r.Require.margin(m.Value)
		keeps = func(b Bound) bool { return b.holds(m.Value) }
	}
	switch {
	case !keeps(r.Require):
		f.Outcome = Fail
	case !keeps(r.Prefer):
		f.Outcome = Warn
	default:
		f.Outcome = Pass
		return f
	}
	f.Remedy = r.Metric + ".remedy"
	return f
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
