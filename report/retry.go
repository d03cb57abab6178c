package report

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"deskready/checks"
)

// mostAttempts is how often a check may be measured in one run.
const mostAttempts = 5

// A Retry says that a bad minute of a line is not the line: a rule of one of these checks fails only where so many of
// the attempts fail it that Pass of Of cannot keep it any more.
type Retry struct {
	Pass   int      `json:"pass"`
	Of     int      `json:"of"`
	Checks []string `json:"checks"`
}

// IsZero says whether nothing is repeated.
func (t Retry) IsZero() bool { return t.Pass == 0 && t.Of == 0 && len(t.Checks) == 0 }

func (t Retry) sane() error {
	switch {
	case t.IsZero():
		return nil
	case t.Pass < 1 || t.Pass > t.Of || t.Of > mostAttempts:
		return fmt.Errorf("retry: %d of %d attempts; pass is at least 1, of at least pass and at most %d", t.Pass, t.Of, mostAttempts)
	case len(t.Checks) == 0:
		return errors.New("retry names no checks: say which are measured again, such as checks: [bandwidth, call]")
	}
	return nil
}

func (t Retry) covers(metric string) bool {
	return len(t.Checks) > 0 && slices.Contains(t.Checks, checkOf(metric))
}

// checkOf is the name of the check that measures a metric.
func checkOf(metric string) string {
	name, _, _ := strings.Cut(metric, ".")
	return name
}

// A Try is one attempt of several at the same thing.
type Try struct {
	Attempt   int             `json:"attempt"`
	Outcome   Outcome         `json:"outcome"` // of this attempt alone
	Measured  *float64        `json:"measured,omitzero"`
	Text      *string         `json:"text,omitzero"`
	Within    float64         `json:"within,omitzero"`
	AtLeast   bool            `json:"at_least,omitzero"`
	By        string          `json:"by,omitzero"`
	Witnessed *Figure         `json:"witnessed,omitzero"`
	Missing   *checks.Problem `json:"missing,omitzero"`
}

// try is a rule held against one attempt.
type try struct {
	attempt int
	held
}

// holdOver holds the rule against each attempt by itself, and then decides for each subject over all of them. Each
// figure is an attempt: who signs a report writes the numbers of the attempts himself, and must gain nothing by putting
// several bad ones under one number.
func (r Rule) holdOver(t Retry, results []checks.Result) []held {
	of := map[int][]checks.Result{}
	var attempts []int
	for _, result := range results {
		n := max(result.Attempt, 1)
		if of[n] == nil {
			attempts = append(attempts, n)
		}
		of[n] = append(of[n], result)
	}
	slices.Sort(attempts)
	tries := map[string][]try{}
	var order []string
	for _, n := range attempts {
		for _, h := range r.hold(of[n]) {
			if tries[h.subject] == nil {
				order = append(order, h.subject)
			}
			tries[h.subject] = append(tries[h.subject], try{n, h})
		}
	}
	var list []held
	for _, s := range order {
		figures := func(t try) bool { return !t.missing }
		h := held{subject: s, missing: !slices.ContainsFunc(tries[s], figures), finding: t.decide(tries[s])}
		if s == "" && h.missing && len(order) > 1 {
			continue // why nothing was known in one attempt, where another knew
		}
		list = append(list, h)
	}
	return list
}

// decide makes one finding of all attempts at one thing:
//   - fail, where more attempts failed than may;
//   - what the middle one of those that kept the rule is, where Pass of them did, or where none speaks against it: what
//     was kept the first time needs no second;
//   - else unknown: for want of attempts, or where all were made, for what kept one of them from being known.
//
// The figure shown is that of the middle one of those that decided, of two the worse.
//
// Once the collector has seen the rule broken, good attempts that it has not seen settle nothing: whoever signs a report
// can add as many of them as he likes.
func (t Retry) decide(tries []try) Finding {
	contested := slices.ContainsFunc(tries, func(one try) bool { return one.contested })
	var kept, failed, doubted, unknown, unseen []Finding
	for _, one := range tries {
		switch f := one.finding; {
		case f.kept() && contested && !one.seen:
			unseen = append(unseen, f.leftOpen(CodeAttempts, checks.SideUnknown))
		case f.kept():
			kept = append(kept, f)
		case f.Outcome == Fail:
			failed = append(failed, f)
		default:
			unknown = append(unknown, f)
			if f.Missing.Code == CodeTooClose || f.Missing.Code == CodeDisputed {
				doubted = append(doubted, f)
			}
		}
	}
	var f Finding
	switch {
	case len(failed) > t.Of-t.Pass:
		f = middle(failed)
	case len(kept) >= t.Pass, len(kept) > 0 && len(failed)+len(doubted) == 0:
		f = middle(kept)
	case len(kept)+len(failed) == 0 || len(tries) >= t.Of:
		f = unsettled(slices.Concat(unseen, unknown))
	default:
		f = middle(slices.Concat(kept, failed)).leftOpen(CodeAttempts, checks.SideUnknown)
	}
	if len(tries) > 1 {
		f.Attempts = told(tries)
	}
	return f
}

// unsettled is the last of those that are not known, if possible one with a figure.
func unsettled(list []Finding) Finding {
	for _, f := range slices.Backward(list) {
		if f.Measured != nil || f.Text != nil {
			return f
		}
	}
	return list[len(list)-1]
}

// middle is the median by outcome and margin; of an even number the worse of the two.
func middle(list []Finding) Finding {
	list = slices.Clone(list)
	rank := func(f Finding) int { return slices.Index([]Outcome{Fail, Warn, Pass}, f.Outcome) }
	slices.SortStableFunc(list, func(a, b Finding) int {
		by := cmp.Compare(rank(a), rank(b))
		if by == 0 && a.Margin != nil && b.Margin != nil {
			by = cmp.Compare(*a.Margin, *b.Margin)
		}
		return by
	})
	return list[(len(list)-1)/2]
}

func told(tries []try) []Try {
	list := make([]Try, len(tries))
	for i, one := range tries {
		f := one.finding
		list[i] = Try{
			Attempt: one.attempt, Outcome: f.Outcome, Measured: f.Measured, Text: f.Text, Within: f.Within, AtLeast: f.AtLeast,
			By: f.By, Witnessed: f.Witnessed, Missing: f.Missing,
		}
	}
	return list
}

// Again names the checks, in the order of the policy's Retry, that should be measured once more: there are attempts
// left, and something required is still open that another attempt may settle, for it failed, fell short by a hair, was
// disputed, or was lost to the line.
func (p Policy) Again(results []checks.Result) []string {
	findings := p.Judge(results)
	var names []string
	for _, name := range p.Retry.Checks {
		made := 0
		for _, result := range results {
			if result.Check == name {
				made = max(made+1, result.Attempt)
			}
		}
		settles := func(f Finding) bool { return checkOf(f.Metric) == name && f.Required() && f.open() }
		if made > 0 && made < p.Retry.Of && slices.ContainsFunc(findings, settles) {
			names = append(names, name)
		}
	}
	return names
}

func (f Finding) open() bool {
	if f.Outcome != Unknown || f.Missing == nil {
		return false
	}
	switch f.Missing.Code {
	case CodeAttempts, CodeTooClose, CodeDisputed:
		return true
	}
	return f.Missing.Side == checks.SideLine
}
