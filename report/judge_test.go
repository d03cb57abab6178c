package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"deskready/checks"
)

func at(v float64) *float64 { return &v }

func least(v float64) Bound        { return Bound{Min: &v} }
func most(v float64) Bound         { return Bound{Max: &v} }
func oneOf(texts ...string) Bound  { return Bound{OneOf: texts} }
func noneOf(texts ...string) Bound { return Bound{NoneOf: texts} }
func problem(code string) *checks.Problem {
	return &checks.Problem{Code: code, Side: checks.SideHire}
}

var (
	down    = checks.Metric{ID: "line.down", Unit: checks.BitsPerSecond}
	kind    = checks.Metric{ID: "line.kind", Unit: checks.Text}
	age     = checks.Metric{ID: "web.age", Unit: checks.Days}
	mic     = checks.Metric{ID: "web.mic", Unit: checks.Truth}
	reached = checks.Metric{ID: "path.endpoint", Unit: checks.Truth}
)

// brought puts measurements into results of two checks, as they might come.
func brought(measurements ...checks.Measurement) []checks.Result {
	half := len(measurements) / 2
	return []checks.Result{{Check: "a", Measurements: measurements[:half]}, {Check: "b", Measurements: measurements[half:]}}
}

func by(who string, m checks.Measurement) checks.Measurement {
	m.By = who
	return m
}

// line is a finding in short: metric, subject, outcome, what was measured or why not.
func line(f Finding) string {
	what := ""
	switch {
	case f.Missing != nil:
		what = f.Missing.Code
	case f.Text != nil:
		what = *f.Text
	case f.Measured != nil:
		what = fmt.Sprint(*f.Measured)
	}
	subject := f.Subject
	if subject != "" {
		subject = "(" + subject + ")"
	}
	return fmt.Sprintf("%s%s %s %s", f.Metric, subject, f.Outcome, what)
}

func lines(findings []Finding) []string {
	out := make([]string, len(findings))
	for i, f := range findings {
		out[i] = line(f)
	}
	return out
}

func rule(m checks.Metric, require, prefer Bound) Rule {
	return Rule{Metric: m.ID, Unit: m.Unit, Require: require, Prefer: prefer}
}

func of(subject string, r Rule) Rule {
	r.Subject = subject
	return r
}

func witnessed(r Rule) Rule {
	r.Witness = true
	return r
}

func TestJudgeOneRule(t *testing.T) {
	between := Bound{Min: at(10), Max: at(20)}
	for _, c := range []struct {
		name     string
		rule     Rule
		measured []checks.Measurement
		want     []string
		verdict  Verdict
	}{
		{"pass", rule(down, least(10), least(20)), []checks.Measurement{down.Of("", 25)}, []string{"line.down pass 25"}, Ready},
		{"at the preferred bound", rule(down, least(10), least(20)), []checks.Measurement{down.Of("", 20)}, []string{"line.down pass 20"}, Ready},
		{"warn", rule(down, least(10), least(20)), []checks.Measurement{down.Of("", 15)}, []string{"line.down warn 15"}, Ready},
		{"at the required bound", rule(down, least(10), least(20)), []checks.Measurement{down.Of("", 10)}, []string{"line.down warn 10"}, Ready},
		{"fail", rule(down, least(10), least(20)), []checks.Measurement{down.Of("", 9.99)}, []string{"line.down fail 9.99"}, NotReady},
		{"zero is a value", rule(down, most(0), Bound{}), []checks.Measurement{down.Of("", 0)}, []string{"line.down pass 0"}, Ready},
		{"zero can fail", rule(down, least(1), Bound{}), []checks.Measurement{down.Of("", 0)}, []string{"line.down fail 0"}, NotReady},
		{"too much", rule(down, between, Bound{}), []checks.Measurement{down.Of("", 21)}, []string{"line.down fail 21"}, NotReady},
		{"preferred only", rule(down, Bound{}, least(20)), []checks.Measurement{down.Of("", 1)}, []string{"line.down warn 1"}, Undecided},
		{"preferred only, missing", rule(down, Bound{}, least(20)), nil, []string{"line.down unknown not_run"}, Undecided},

		{"nothing measured", rule(down, least(10), Bound{}), nil, []string{"line.down unknown not_run"}, Undecided},
		{"another metric", rule(down, least(10), Bound{}), []checks.Measurement{age.Of("", 99)}, []string{"line.down unknown not_run"}, Undecided},
		{"missing", rule(down, least(10), Bound{}), []checks.Measurement{down.Missing("", problem("denied"))}, []string{"line.down unknown denied"}, Undecided},
		{"another unit", rule(down, least(10), Bound{}), []checks.Measurement{{Metric: down.ID, Unit: checks.Bytes, Value: 99, By: "tool"}}, []string{"line.down unknown internal"}, Undecided},
		{"a text for a number", rule(down, least(10), Bound{}), []checks.Measurement{{Metric: down.ID, Unit: checks.Text, Text: "99", By: "tool"}}, []string{"line.down unknown internal"}, Undecided},
		{"no number", rule(down, least(10), Bound{}), []checks.Measurement{down.Of("", math.NaN())}, []string{"line.down unknown internal"}, Undecided},
		{"infinite", rule(down, least(10), Bound{}), []checks.Measurement{down.Of("", math.Inf(1))}, []string{"line.down unknown internal"}, Undecided},

		{"one of", rule(kind, oneOf("wired", "wifi"), oneOf("wired")), []checks.Measurement{kind.Named("", "wifi")}, []string{"line.kind warn wifi"}, Ready},
		{"one of, other case", rule(kind, oneOf("Wired"), Bound{}), []checks.Measurement{kind.Named("", "wIRED")}, []string{"line.kind pass wIRED"}, Ready},
		{"one of, none", rule(kind, oneOf("wired"), Bound{}), []checks.Measurement{kind.Named("", "wired2")}, []string{"line.kind fail wired2"}, NotReady},
		{"none of", rule(kind, noneOf("cell*"), Bound{}), []checks.Measurement{kind.Named("", "Cellular")}, []string{"line.kind fail Cellular"}, NotReady},
		{"none of, other", rule(kind, noneOf("cell*"), Bound{}), []checks.Measurement{kind.Named("", "wired")}, []string{"line.kind pass wired"}, Ready},
		{"none of what is one of", rule(kind, Bound{OneOf: []string{"w*"}, NoneOf: []string{"wifi"}}, Bound{}), []checks.Measurement{kind.Named("", "wifi")}, []string{"line.kind fail wifi"}, NotReady},
		{"a glob goes over slashes", rule(kind, oneOf("a*c"), Bound{}), []checks.Measurement{kind.Named("", "a/b/c")}, []string{"line.kind pass a/b/c"}, Ready},

		{"every subject counts", rule(reached, least(1), Bound{}), []checks.Measurement{reached.True("a:1", true), reached.True("b:1", false)}, []string{"path.endpoint(a:1) pass 1", "path.endpoint(b:1) fail 0"}, NotReady},
		{"an unknown subject is not covered", rule(reached, least(1), Bound{}), []checks.Measurement{reached.True("a:1", true), reached.Missing("b:1", problem("timeout"))}, []string{"path.endpoint(a:1) pass 1", "path.endpoint(b:1) unknown timeout"}, Undecided},
		{"one subject", of("a:1", rule(reached, least(1), Bound{})), []checks.Measurement{reached.True("b:1", false), reached.True("a:1", true)}, []string{"path.endpoint(a:1) pass 1"}, Ready},
		{"subjects by pattern", of("*/udp", rule(reached, least(1), Bound{})), []checks.Measurement{reached.True("a:1/udp", true), reached.True("a:1/tcp", false)}, []string{"path.endpoint(a:1/udp) pass 1"}, Ready},
		{"that subject was not measured", of("c:1", rule(reached, least(1), Bound{})), []checks.Measurement{reached.True("a:1", true)}, []string{"path.endpoint(c:1) unknown not_run"}, Undecided},
		{"why none was", of("c:1", rule(reached, least(1), Bound{})), []checks.Measurement{reached.Missing("", problem("denied"))}, []string{"path.endpoint(c:1) unknown denied"}, Undecided},

		{"the collector fills in", rule(down, least(10), Bound{}), []checks.Measurement{by("collector", down.Of("", 12))}, []string{"line.down pass 12"}, Ready},
		{"the collector fills in for what is missing", rule(down, least(10), Bound{}), []checks.Measurement{down.Missing("", problem("timeout")), by("collector", down.Of("", 12))}, []string{"line.down pass 12"}, Ready},
		{"one's own goes first", rule(down, least(10), Bound{}), []checks.Measurement{by("collector", down.Of("", 9.6)), down.Of("", 11)}, []string{"line.down pass 11"}, Ready},
		{"one's own goes first, by subject", rule(reached, least(1), Bound{}), []checks.Measurement{by("collector", reached.True("a", true)), reached.True("a", true), by("collector", reached.True("b", false))}, []string{"path.endpoint(a) pass 1", "path.endpoint(b) fail 0"}, NotReady},
		{"witness", witnessed(rule(down, least(10), Bound{})), []checks.Measurement{down.Of("", 8), by("collector", down.Of("", 12))}, []string{"line.down pass 12"}, Ready},
		{"witness is needed", witnessed(rule(down, least(10), Bound{})), []checks.Measurement{down.Of("", 12), by("hire", down.Of("", 12)), by("browser", down.Of("", 12))}, []string{"line.down unknown no_collector"}, Undecided},
		{"witness has a reason", witnessed(rule(down, least(10), Bound{})), []checks.Measurement{down.Of("", 12), by("collector", down.Missing("", problem("timeout")))}, []string{"line.down unknown timeout"}, Undecided},
		{"witness of what was refused", witnessed(rule(down, least(10), Bound{})), []checks.Measurement{down.Missing("", problem("denied"))}, []string{"line.down unknown denied"}, Undecided},
		{"one reason is enough", rule(down, least(10), Bound{}), []checks.Measurement{down.Missing("", problem("denied")), by("collector", down.Missing("", problem("timeout")))}, []string{"line.down unknown denied"}, Undecided},
	} {
		t.Run(c.name, func(t *testing.T) {
			findings := Policy{Rules: []Rule{c.rule}}.Judge(brought(c.measured...))
			if got := lines(findings); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if got := Decide(findings); got != c.verdict {
				t.Errorf("%s, want %s", got, c.verdict)
			}
		})
	}
}

func TestJudgeGroup(t *testing.T) {
	young, hears := rule(age, most(60), most(30)), rule(mic, least(1), Bound{})
	young.Group, hears.Group = "browser", "browser"
	both := []Rule{young, hears}
	for _, c := range []struct {
		name     string
		rules    []Rule
		measured []checks.Measurement
		want     []string
		verdict  Verdict
	}{
		{"one keeps all", both, []checks.Measurement{age.Of("old", 400), age.Of("new", 10), mic.True("old", true), mic.True("new", true)}, []string{"web.age(new) pass 10", "web.mic(new) pass 1"}, Ready},
		{"none keeps all", both, []checks.Measurement{age.Of("old", 400), age.Of("new", 10), mic.True("old", true), mic.True("new", false)}, []string{"web.age(old) fail 400", "web.mic(old) pass 1"}, NotReady},
		{"a tie goes to the first", both, []checks.Measurement{age.Of("one", 10), age.Of("two", 10), mic.True("two", true), mic.True("one", true)}, []string{"web.age(one) pass 10", "web.mic(one) pass 1"}, Ready},
		{"a pass is better than a warning", both, []checks.Measurement{age.Of("one", 40), age.Of("two", 10), mic.True("one", true), mic.True("two", true)}, []string{"web.age(two) pass 10", "web.mic(two) pass 1"}, Ready},
		{"a warning is better than a question", both, []checks.Measurement{age.Of("one", 10), age.Of("two", 40), mic.True("two", true)}, []string{"web.age(two) warn 40", "web.mic(two) pass 1"}, Ready},
		{"a question is better than a fail", both, []checks.Measurement{age.Of("one", 99), age.Of("two", 10), mic.True("one", true)}, []string{"web.age(two) pass 10", "web.mic(two) unknown not_run"}, Undecided},
		{"all fail, whatever is not known", both, []checks.Measurement{age.Of("one", 99), age.Of("two", 98), mic.Missing("", problem("timeout"))}, []string{"web.age(one) fail 99", "web.mic(one) unknown timeout"}, NotReady},
		{"why it is not known", both, []checks.Measurement{age.Of("one", 9), mic.Missing("", problem("timeout"))}, []string{"web.age(one) pass 9", "web.mic(one) unknown timeout"}, Undecided},
		{"one that could not be measured", both, []checks.Measurement{age.Of("one", 99), age.Missing("two", problem("absent")), mic.True("one", true)}, []string{"web.age(two) unknown absent", "web.mic(two) unknown not_run"}, Undecided},
		{"nothing is known", both, nil, []string{"web.age unknown not_run", "web.mic unknown not_run"}, Undecided},
		{"why nothing is known", both, []checks.Measurement{age.Missing("", problem("denied")), mic.Missing("", problem("denied"))}, []string{"web.age unknown denied", "web.mic unknown denied"}, Undecided},
		{"without subjects", both, []checks.Measurement{age.Of("", 10), mic.True("", true)}, []string{"web.age pass 10", "web.mic pass 1"}, Ready},
		{"what no rule names does not count", []Rule{young}, []checks.Measurement{age.Of("one", 10), mic.True("one", false)}, []string{"web.age(one) pass 10"}, Ready},
		{"the collector does not outvote", both, []checks.Measurement{by("collector", age.Of("one", 59)), age.Of("one", 62), mic.True("one", true)}, []string{"web.age(one) fail 62", "web.mic(one) pass 1"}, NotReady},
		{"disputed for one subject", both, []checks.Measurement{by("collector", age.Of("one", 10)), age.Of("one", 99), mic.True("one", true)}, []string{"web.age(one) unknown disputed", "web.mic(one) pass 1"}, Undecided},
	} {
		t.Run(c.name, func(t *testing.T) {
			findings := Policy{Rules: c.rules}.Judge(brought(c.measured...))
			if got := lines(findings); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if got := Decide(findings); got != c.verdict {
				t.Errorf("%s, want %s", got, c.verdict)
			}
		})
	}
}

func TestJudgeKeepsTheOrderOfRules(t *testing.T) {
	grouped := func(m checks.Metric, group string) Rule {
		r := rule(m, least(1), Bound{})
		r.Group = group
		return r
	}
	p := Policy{Rules: []Rule{grouped(down, ""), grouped(age, "one"), grouped(kind, ""), grouped(mic, "two"), grouped(reached, "one")}}
	var got []string
	for _, f := range p.Judge(nil) {
		got = append(got, f.Metric)
	}
	if want := []string{"line.down", "web.age", "path.endpoint", "line.kind", "web.mic"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v: a group stands where its first rule does", got, want)
	}
}

func TestFindingSaysAll(t *testing.T) {
	r := Rule{Metric: down.ID, Unit: down.Unit, Require: Bound{Min: at(10), Max: at(100)}, Prefer: least(20), Why: "because"}
	for _, c := range []struct {
		m      checks.Measurement
		margin *float64
		remedy string
	}{
		{down.Of("x", 30), at(20), ""},
		{down.Of("x", 95), at(5), ""},
		{down.Of("x", 12.5), at(2.5), "line.down.remedy"},
		{down.Of("x", 7), at(-3), "line.down.remedy"},
		{down.Of("x", 104), at(-4), "line.down.remedy"},
		{by("hire", down.Of("x", 30)), at(20), ""},
		{down.Missing("x", problem("denied")), nil, "problem.denied"},
		{down.Missing("x", problem("muted")), nil, "problem.muted"},
	} {
		f := Policy{Rules: []Rule{r}}.Judge(brought(c.m))[0]
		if !reflect.DeepEqual(f.Margin, c.margin) {
			t.Errorf("%s: margin %v, want %v", line(f), f.Margin, c.margin)
		}
		if f.Remedy != c.remedy || f.Why != "because" || f.Subject != "x" || f.By != c.m.By || f.Unit != down.Unit {
			t.Errorf("%+v", f)
		}
		if !reflect.DeepEqual(f.Require, r.Require) || !reflect.DeepEqual(f.Prefer, r.Prefer) {
			t.Errorf("%s: bounds %+v and %+v", line(f), f.Require, f.Prefer)
		}
	}
}

func TestDecide(t *testing.T) {
	f := func(o Outcome, required bool) Finding {
		out := Finding{Outcome: o}
		if required {
			out.Require = least(1)
		}
		return out
	}
	for _, c := range []struct {
		name     string
		findings []Finding
		want     Verdict
	}{
		{"none", nil, Undecided},
		{"only preferred", []Finding{f(Pass, false), f(Warn, false)}, Undecided},
		{"pass", []Finding{f(Pass, true)}, Ready},
		{"warn", []Finding{f(Pass, true), f(Warn, true)}, Ready},
		{"fail", []Finding{f(Pass, true), f(Fail, true)}, NotReady},
		{"unknown", []Finding{f(Pass, true), f(Unknown, true)}, Undecided},
		{"a fail outranks what is unknown", []Finding{f(Unknown, true), f(Fail, true)}, NotReady},
		{"preferred and unknown", []Finding{f(Pass, true), f(Unknown, false), f(Warn, false)}, Ready},
		{"an outcome of another program", []Finding{f(Pass, true), f("great", true)}, Undecided},
		{"no outcome", []Finding{f("", true)}, Undecided},
	} {
		if got := Decide(c.findings); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestJudgeIsQuick holds that a report full of subjects, as large as one may be, costs no minutes.
func TestJudgeIsQuick(t *testing.T) {
	var many []checks.Measurement
	for i := range 2000 {
		who := []string{"tool", "collector"}[i%2]
		many = append(many, by(who, age.Of(fmt.Sprint("subject ", i), 10)), by(who, mic.True(fmt.Sprint("subject ", i), false)))
	}
	young, hears := rule(age, most(60), Bound{}), rule(mic, least(1), Bound{})
	young.Group, hears.Group = "browser", "browser"
	p := Policy{Rules: []Rule{young, hears, rule(age, most(60), Bound{})}}
	began := time.Now()
	if got := len(p.Judge(brought(many...))); got != 2002 {
		t.Errorf("%d findings, want 2 of the group and one for each subject", got)
	}
	if took := time.Since(began); took > 3*time.Second { // three times what it may take; it takes milliseconds
		t.Errorf("took %v for 4000 measurements", took)
	}
}

// goodness orders outcomes: a better value must not go down.
func goodness(v Verdict) int { return slices.Index([]Verdict{NotReady, Undecided, Ready}, v) }

// random makes a policy and results from a seed: few metrics and subjects, so that they meet.
func random(rng *rand.Rand) (Policy, []checks.Result) {
	metrics := []checks.Metric{down, age, mic, kind}
	subjects := []string{"", "one", "two"}
	var p Policy
	for range 1 + rng.IntN(6) {
		m := metrics[rng.IntN(len(metrics))]
		r := Rule{Metric: m.ID, Unit: m.Unit, Group: []string{"", "", "g", "h"}[rng.IntN(4)], Witness: rng.IntN(5) == 0, Subject: []string{"", "", "one", "t*"}[rng.IntN(4)]}
		bound := func() Bound {
			switch {
			case rng.IntN(3) == 0:
				return Bound{}
			case m.Unit == checks.Text:
				return oneOf("good*")
			}
			return least(float64(rng.IntN(10))) // for all of them, more is better here
		}
		r.Require, r.Prefer = bound(), bound()
		p.Rules = append(p.Rules, r)
	}
	if rng.IntN(2) == 0 {
		p.Retry = Retry{Pass: 1 + rng.IntN(3), Of: 3, Checks: []string{"line", "web"}[rng.IntN(2):]}
	}
	var list []checks.Measurement
	for range rng.IntN(12) {
		m := metrics[rng.IntN(len(metrics))]
		got := m.Of(subjects[rng.IntN(3)], float64(rng.IntN(12)))
		if m.Unit != checks.Text && rng.IntN(3) == 0 {
			got.Within, got.AtLeast = float64(rng.IntN(4)), rng.IntN(3) == 0
		}
		switch {
		case rng.IntN(5) == 0:
			got = m.Missing(got.Subject, problem("timeout"))
		case m.Unit == checks.Text:
			got = m.Named(got.Subject, []string{"good", "bad"}[rng.IntN(2)])
		case rng.IntN(20) == 0:
			got.Unit = checks.MOS
		}
		list = append(list, by([]string{"tool", "tool", "collector", "hire"}[rng.IntN(4)], got))
	}
	results := brought(list...)
	if rng.IntN(2) == 0 {
		results[1].Attempt = 1 + rng.IntN(3)
	}
	return p, results
}

// FuzzJudge holds what must be true of any policy and any results: judging is total and deterministic, leaves what it is
// given alone, speaks of each rule, fails nobody for what was not measured or is only preferred, and never thinks worse
// of a better value.
func FuzzJudge(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 0))
		p, results := random(rng)
		before := fmt.Sprintf("%+v %+v", p, results)
		findings := p.Judge(results)
		if again := p.Judge(results); !reflect.DeepEqual(findings, again) {
			t.Fatalf("judged twice:\n%q\n%q", lines(findings), lines(again))
		}
		if after := fmt.Sprintf("%+v %+v", p, results); after != before {
			t.Fatal("judging changed what it judged")
		}
		for _, r := range p.Rules {
			if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Metric == r.Metric && f.Group == r.Group }) {
				t.Errorf("no finding for %+v", r)
			}
		}
		for _, f := range findings {
			consistent(t, f)
		}
		better(t, rng, p, results, Decide(findings))
	})
}

func consistent(t *testing.T, f Finding) {
	t.Helper()
	known := f.Measured != nil || f.Text != nil
	switch f.Outcome {
	case Unknown:
		ours := f.Missing != nil && slices.Contains([]string{CodeAtLeast, CodeTooClose, CodeDisputed, CodeAttempts}, f.Missing.Code)
		if known != ours || f.Missing == nil || f.Remedy != "problem."+f.Missing.Code {
			t.Errorf("unknown, and %+v", f)
		}
		if f.Missing != nil && f.Missing.Code == CodeDisputed && f.Witnessed == nil {
			t.Errorf("disputed by nobody: %+v", f)
		}
	case Fail:
		if !known || !f.Required() || f.Remedy == "" {
			t.Errorf("failed, and %+v", f)
		}
	case Warn, Pass:
		if !known || f.Missing != nil || (f.Outcome == Pass) != (f.Remedy == "") {
			t.Errorf("%s, and %+v", f.Outcome, f)
		}
	default:
		t.Errorf("outcome %q", f.Outcome)
	}
}

// better raises one value, and wants no worse a verdict. A figure that the collector saw too is left alone: one's own that
// is too good to be true is not believed.
func better(t *testing.T, rng *rand.Rand, p Policy, results []checks.Result, was Verdict) {
	t.Helper()
	var all []*checks.Measurement
	for i := range results {
		for j := range results[i].Measurements {
			all = append(all, &results[i].Measurements[j])
		}
	}
	if len(all) == 0 {
		return
	}
	m := all[rng.IntN(len(all))]
	twice := func(o *checks.Measurement) bool {
		return o.Metric == m.Metric && (o.By == checks.ByCollector) != (m.By == checks.ByCollector)
	}
	switch {
	case m.Missing != nil, slices.ContainsFunc(all, twice):
		return
	case m.Unit == checks.Text:
		m.Text = "good enough"
	default:
		m.Value += float64(1 + rng.IntN(5))
	}
	if got := Decide(p.Judge(results)); goodness(got) < goodness(was) {
		t.Errorf("%s became %s by a better %s", was, got, m.Metric)
	}
}
