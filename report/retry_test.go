package report

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"deskready/checks"
)

// twoOfThree is the usual Retry.
func twoOfThree() Retry { return Retry{Pass: 2, Of: 3, Checks: []string{"line", "web"}} }

// attempts are results of one check, one for each list of measurements.
func attempts(lists ...[]checks.Measurement) []checks.Result {
	var results []checks.Result
	for i, list := range lists {
		r := checks.Result{Check: "line", Measurements: list}
		if i > 0 {
			r.Attempt = i + 1
		}
		results = append(results, r)
	}
	return results
}

// rates are attempts of one figure each, from a line such as "12 8 ? 9~": "?" could not be measured for a reason of the
// line, "!" for another; "~" is a figure with an interval of 2, "+" a lower bound.
func rates(text string) []checks.Result {
	var lists [][]checks.Measurement
	for _, word := range strings.Fields(text) {
		m := down.Of("", 0)
		switch {
		case word == "?":
			m = down.Missing("", &checks.Problem{Code: "connection_lost", Side: checks.SideLine})
		case word == "!":
			m = down.Missing("", &checks.Problem{Code: "denied", Side: checks.SideHire})
		default:
			_, _ = fmt.Sscan(strings.TrimRight(word, "~+"), &m.Value)
			m.AtLeast = strings.HasSuffix(word, "+")
			if strings.HasSuffix(word, "~") {
				m.Within = 2
			}
		}
		lists = append(lists, []checks.Measurement{m})
	}
	return attempts(lists...)
}

func TestAttempts(t *testing.T) {
	for _, c := range []struct {
		rates   string
		want    string
		verdict Verdict
		again   bool
	}{
		{"30", "line.down pass 30", Ready, false}, // nothing to repeat
		{"12", "line.down warn 12", Ready, false},
		{"5", "line.down unknown attempts", Undecided, true}, // one bad minute is not the line
		{"9~", "line.down unknown too_close", Undecided, true},
		{"9+", "line.down unknown at_least", Undecided, false}, // the same again would tell no more
		{"?", "line.down unknown connection_lost", Undecided, true},
		{"!", "line.down unknown denied", Undecided, false},
		{"5 30", "line.down unknown attempts", Undecided, true},
		{"30 5", "line.down unknown attempts", Undecided, true},
		{"5 5", "line.down fail 5", NotReady, false}, // two of three cannot be had any more
		{"5 30 30", "line.down pass 30", Ready, false},
		{"5 12 30", "line.down warn 12", Ready, false}, // of two the worse
		{"30 5 12", "line.down warn 12", Ready, false},
		{"5 30 4", "line.down fail 4", NotReady, false}, // the worse of two
		{"30 30 5", "line.down pass 30", Ready, false},
		{"12 30 40", "line.down pass 30", Ready, false}, // the middle one
		{"30 ?", "line.down pass 30", Ready, false},     // what was kept, and nothing speaks against it
		{"? 30", "line.down pass 30", Ready, false},
		{"5 ?", "line.down unknown attempts", Undecided, true},
		{"? ? ?", "line.down unknown connection_lost", Undecided, false},
		{"5 ? 30", "line.down unknown connection_lost", Undecided, false}, // all made, and still open
		{"9~ 30", "line.down unknown attempts", Undecided, true},          // short by a hair is no pass: it wants two
		{"9~ 30 30", "line.down pass 30", Ready, false},
		{"9~ 9~ 30", "line.down unknown too_close", Undecided, false},
		{"5 9~ 5", "line.down fail 5", NotReady, false},
		{"30 30 5 5 5", "line.down fail 5", NotReady, false}, // more than there may be help nobody
		{"5 5 5 30 30 30", "line.down fail 5", NotReady, false},
	} {
		p := Policy{Rules: []Rule{rule(down, least(10), least(25))}, Retry: twoOfThree()}
		results := rates(c.rates)
		findings := p.Judge(results)
		if got := lines(findings); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: got %q, want %q", c.rates, got, c.want)
		}
		if got := Decide(findings); got != c.verdict {
			t.Errorf("%s: %s, want %s", c.rates, got, c.verdict)
		}
		if got := p.Again(results); (len(got) == 1 && got[0] == "line") != c.again || len(got) > 1 {
			t.Errorf("%s: again %v, want %v", c.rates, got, c.again)
		}
		if n := len(strings.Fields(c.rates)); n > 1 && len(findings[0].Attempts) != n || n == 1 && findings[0].Attempts != nil {
			t.Errorf("%s: %d attempts are told of", c.rates, len(findings[0].Attempts))
		}
	}
}

// Without a Retry, or for a check that it does not name, every figure must keep the rule.
func TestAttemptsWithoutRetry(t *testing.T) {
	for _, retry := range []Retry{{}, {Pass: 2, Of: 3, Checks: []string{"web"}}} {
		p := Policy{Rules: []Rule{rule(down, least(10), Bound{})}, Retry: retry}
		got := lines(p.Judge(rates("5 30 30")))
		if want := []string{"line.down fail 5", "line.down pass 30", "line.down pass 30"}; !slices.Equal(got, want) {
			t.Errorf("%+v: %q, want %q", retry, got, want)
		}
		if again := p.Again(rates("5")); len(again) > 0 {
			t.Errorf("%+v: again %v", retry, again)
		}
	}
}

// No numbering of the attempts makes a pass of what the collector saw, and none a fail.
func TestNumbersOfAttemptsHelpNobody(t *testing.T) {
	p := Policy{Rules: []Rule{witnessed(rule(down, least(10), Bound{}))}, Retry: twoOfThree()}
	for _, c := range []struct {
		seen []float64
		pass bool
	}{{[]float64{5, 5, 30, 30}, false}, {[]float64{5, 5, 5, 30}, false}, {[]float64{5, 30, 30}, true}, {[]float64{5, 30}, false}} {
		total := 1
		for range c.seen {
			total *= 4
		}
		for n := range total { // every way to number them from 0 to 3
			var results []checks.Result
			for i, rest := 0, n; i < len(c.seen); i, rest = i+1, rest/4 {
				m := by("collector", down.Of("", c.seen[i]))
				results = append(results, checks.Result{Check: "line", Attempt: rest % 4, Measurements: []checks.Measurement{m}})
			}
			if got := Decide(p.Judge(results)); (got == Ready) != c.pass || c.pass && got == NotReady {
				t.Fatalf("%v numbered %d: %s", c.seen, n, got)
			}
		}
	}
}

func TestAttemptsAreTold(t *testing.T) {
	office := func(v float64) checks.Measurement { return by("collector", down.Of("", v)) }
	p := Policy{Rules: []Rule{rule(down, least(10), Bound{})}, Retry: twoOfThree()}
	f := p.Judge(attempts(
		[]checks.Measurement{within(0.5, down.Of("", 5))},
		[]checks.Measurement{down.Of("", 30), office(6)},
		[]checks.Measurement{atLeast(down.Of("", 31))},
	))[0]
	six := 6.0
	want := []Try{
		{Attempt: 1, Outcome: Fail, Measured: at(5), Within: 0.5, By: "tool"},
		{Attempt: 2, Outcome: Unknown, Measured: at(30), By: "tool", Witnessed: &Figure{Value: &six},
			Missing: &checks.Problem{Code: CodeDisputed, Side: checks.SideUnknown}},
		{Attempt: 3, Outcome: Pass, Measured: at(31), AtLeast: true, By: "tool"},
	}
	if !reflect.DeepEqual(f.Attempts, want) {
		t.Errorf("%+v", f.Attempts)
	}
	if line(f) != "line.down unknown disputed" { // one kept, one failed, one nobody knows, and none is left
		t.Error(line(f))
	}
}

// Each subject has its own attempts, and a group holds together over them.
func TestAttemptsBySubject(t *testing.T) {
	young, hears := rule(age, most(60), Bound{}), rule(mic, least(1), Bound{})
	young.Group, hears.Group = "browser", "browser"
	p := Policy{Rules: []Rule{young, hears}, Retry: twoOfThree()}
	got := lines(p.Judge(attempts(
		[]checks.Measurement{age.Of("one", 99), age.Of("two", 99), mic.True("one", true), mic.True("two", true)},
		[]checks.Measurement{age.Missing("", problem("timeout")), mic.Missing("", problem("timeout"))},
		[]checks.Measurement{age.Of("one", 99), age.Of("two", 10), mic.True("one", true)},
	)))
	if want := []string{"web.age(two) unknown attempts", "web.mic(two) pass 1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	p = Policy{Rules: []Rule{rule(age, most(60), Bound{})}, Retry: twoOfThree()}
	got = lines(p.Judge(attempts(
		[]checks.Measurement{age.Of("one", 10), age.Of("two", 99)},
		[]checks.Measurement{age.Missing("", problem("timeout"))},
		[]checks.Measurement{age.Of("one", 10), age.Of("two", 99)},
	)))
	if want := []string{"web.age(one) pass 10", "web.age(two) fail 99"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What was not measured at all, is only preferred, or hangs on the collector, is not measured again.
func TestAgainOnlyWhereItHelps(t *testing.T) {
	for name, c := range map[string]struct {
		rule    Rule
		results []checks.Result
	}{
		"not measured":         {rule(down, least(10), Bound{}), nil},
		"another check's":      {rule(down, least(10), Bound{}), []checks.Result{{Check: "web", Measurements: []checks.Measurement{down.Of("", 1)}}}},
		"only preferred":       {rule(down, Bound{}, least(10)), rates("5")},
		"preferred and lost":   {rule(down, Bound{}, least(10)), rates("?")},
		"the collector is out": {witnessed(rule(down, least(10), Bound{})), rates("5")},
		"numbered as the last": {rule(down, least(10), Bound{}), []checks.Result{{Check: "line", Attempt: 3, Measurements: []checks.Measurement{down.Of("", 1)}}}},
	} {
		p := Policy{Rules: []Rule{c.rule}, Retry: twoOfThree()}
		if got := p.Again(c.results); len(got) > 0 {
			t.Errorf("%s: again %v", name, got)
		}
	}
	seen := attempts([]checks.Measurement{down.Of("", 50), by("collector", down.Of("", 5))})
	p := Policy{Rules: []Rule{witnessed(rule(down, least(10), Bound{}))}, Retry: twoOfThree()}
	if got := p.Again(seen); !slices.Equal(got, []string{"line"}) {
		t.Errorf("seen by the collector: again %v", got)
	}
}
