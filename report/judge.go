package report

import (
	"slices"

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
	Within   float64         `json:"within,omitzero"`   // of Measured: half the width of its 95 % confidence interval
	AtLeast  bool            `json:"at_least,omitzero"` // the true value is Measured or more
	Require  Bound           `json:"require,omitzero"`
	Prefer   Bound           `json:"prefer,omitzero"`
	Margin   *float64        `json:"margin,omitzero"` // to the nearest required bound, in Unit; negative: by how much it falls short
	By       string          `json:"by,omitzero"`
	Group    string          `json:"group,omitzero"`
	Why      string          `json:"why,omitzero"`
	Remedy   string          `json:"remedy,omitzero"`  // key of what the hire can do; set where the outcome is not a pass
	Missing  *checks.Problem `json:"missing,omitzero"` // why the outcome is unknown
	// Witnessed is the collector's figure beside one's own, where the two differ by more than two honest ends do.
	Witnessed *Figure `json:"witnessed,omitzero"`
	Attempts  []Try   `json:"attempts,omitzero"` // each time it was measured, where that was more than once under a Retry
}

// Codes of problems that judging itself finds: there is a figure, and it does not decide.
const (
	CodeAtLeast  = "at_least"  // measuring ended before it could tell whether there is enough
	CodeTooClose = "too_close" // short of the bound by less than the measuring errs
	CodeDisputed = "disputed"  // the hire's side and the collector measured differently, and one of the two would fail
	CodeAttempts = "attempts"  // measured too seldom for N of M
)

// Required says whether the verdict hangs on this finding.
func (f Finding) Required() bool { return !f.Require.IsZero() }

// Judge holds each rule against what was measured, and gives each rule at least one finding, in the order of the rules.
//
// A rule without a subject and without a group is held against every subject that was measured: each must keep it. The
// rules of one group must hold together for one subject: the one that keeps them best is reported. A rule that asks for
// a witness sees only figures of the collector; other rules see the tool's, or the collector's where there is no other.
// Where both have one and the two differ by more than measuring does, neither is taken to fail or to save anybody
// (CodeDisputed). A rule of a check that the policy's Retry names is decided over all attempts.
func (p Policy) Judge(results []checks.Result) []Finding {
	var findings []Finding
	seen := map[string]bool{}
	for _, r := range p.Rules {
		switch {
		case r.Group == "":
			findings = append(findings, p.judgeAll(r, results)...)
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

// held is a rule held against one thing that was measured, or could not be.
type held struct {
	subject   string
	missing   bool // there was no figure, only a reason
	seen      bool // the collector has a figure of it
	contested bool // by the collector's figure, what is required is not kept
	finding   Finding
}

// hold gives one finding for each thing measured.
func (p Policy) hold(r Rule, results []checks.Result) []held {
	if p.Retry.covers(r.Metric) {
		return r.holdOver(p.Retry, results)
	}
	return r.hold(results)
}

func (r Rule) hold(results []checks.Result) []held {
	found, others := r.measured(results)
	office := map[string][]checks.Measurement{}
	for _, m := range others {
		office[m.Subject] = append(office[m.Subject], m)
	}
	list := make([]held, len(found))
	for i, m := range found {
		seen := office[m.Subject]
		own := r.judge(m)
		f := r.compare(own, m, seen)
		fails := func(m checks.Measurement) bool { return r.judge(m).Outcome == Fail }
		list[i] = held{
			subject: m.Subject, missing: m.Missing != nil, finding: f,
			seen:      m.By == checks.ByCollector || len(seen) > 0,
			contested: own.kept() && !f.kept() || slices.ContainsFunc(seen, fails),
		}
	}
	return list
}

// judgeAll gives one finding for each subject measured, or one without a measurement.
func (p Policy) judgeAll(r Rule, results []checks.Result) []Finding {
	list := p.hold(r, results)
	if len(list) == 0 {
		return []Finding{r.absent()}
	}
	findings := make([]Finding, len(list))
	for i, h := range list {
		findings[i] = h.finding
	}
	return findings
}

// judgeGroup finds the subject that keeps the rules of a group best; ties go to the first in the order measured.
func (p Policy) judgeGroup(group string, results []checks.Result) []Finding {
	var rules []Rule
	var found [][]held // of each rule
	for _, r := range p.Rules {
		if r.Group == group {
			rules = append(rules, r)
			found = append(found, p.hold(r, results))
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
func subjects(found [][]held) []string {
	var list []string
	nameless := false
	seen := map[string]bool{}
	for _, of := range found {
		for _, h := range of {
			if h.missing && h.subject == "" {
				nameless = true
			} else if !seen[h.subject] {
				seen[h.subject] = true
				list = append(list, h.subject)
			}
		}
	}
	if len(list) == 0 && nameless {
		list = append(list, "")
	}
	return list
}

func judgeSubject(rules []Rule, found [][]held, subject string) []Finding {
	var findings []Finding
	for i, r := range rules {
		of := func(s string) func(held) bool {
			return func(h held) bool { return h.subject == s && (s == subject || h.missing) }
		}
		at := slices.IndexFunc(found[i], of(subject))
		if at < 0 {
			at = slices.IndexFunc(found[i], of("")) // why the metric is not known of any
		}
		f := r.absent()
		if at >= 0 {
			f = found[i][at].finding
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

// measured is what the rule speaks of: the values if there are any, else the reasons why there are none. Beside it stand
// the collector's figures.
func (r Rule) measured(results []checks.Result) (out, others []checks.Measurement) {
	own, others, missing, reasons := r.sorted(results)
	known := map[string]bool{}
	for _, m := range own {
		known[m.Subject] = true
	}
	out = own
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
	return out, others
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
