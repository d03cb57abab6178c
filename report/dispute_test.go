package report

import (
	"reflect"
	"slices"
	"testing"

	"deskready/checks"
)

var (
	rtt   = checks.Metric{ID: "line.rtt", Unit: checks.Seconds}
	mos   = checks.Metric{ID: "line.mos", Unit: checks.MOS}
	burst = checks.Metric{ID: "line.burst", Unit: checks.Count}
)

func TestDiffer(t *testing.T) {
	for _, c := range []struct {
		name        string
		own, office checks.Measurement
		want        bool
	}{
		{"the same", down.Of("", 10), down.Of("", 10), false},
		{"15 % more", down.Of("", 115), down.Of("", 100), false},
		{"over 15 % more", down.Of("", 115.1), down.Of("", 100), true},
		{"over 15 % less", down.Of("", 84.9), down.Of("", 100), true},
		{"15 % is of the collector's", down.Of("", 100), down.Of("", 86.9), true},
		{"where it saw nothing, anything differs", down.Of("", 1), down.Of("", 0), true},
		{"nothing on both sides", down.Of("", 0), down.Of("", 0), false},
		{"a millisecond of three", rtt.Of("", 0.004), rtt.Of("", 0.003), false},
		{"just under 5 ms", rtt.Of("", 0.0149), rtt.Of("", 0.01), false},
		{"6 ms of ten", rtt.Of("", 0.016), rtt.Of("", 0.01), true},
		{"6 ms of a hundred", rtt.Of("", 0.106), rtt.Of("", 0.1), false},
		{"a tenth of a percent more lost", share.Of("", 0.002), share.Of("", 0.001), false},
		{"two points more lost", share.Of("", 0.03), share.Of("", 0.01), true},
		{"two points of fifty", share.Of("", 0.52), share.Of("", 0.5), false},
		{"half a MOS", mos.Of("", 4), mos.Of("", 3.5), false},
		{"more than half a MOS", mos.Of("", 4.01), mos.Of("", 3.5), true},
		{"15 % of a MOS say nothing", mos.Of("", 2.4), mos.Of("", 2), false},
		{"counts", burst.Of("", 12), burst.Of("", 10), true},
		{"a truth", mic.True("", true), mic.True("", false), true},
		{"the same truth", mic.True("", true), mic.True("", true), false},
		{"a text", kind.Named("", "udp"), kind.Named("", "turn-tcp"), true},
		{"the same text", kind.Named("", "UDP"), kind.Named("", "udp"), false},
		{"at least less than it saw", atLeast(down.Of("", 10)), down.Of("", 100), false},
		{"at least more than it saw", atLeast(down.Of("", 120)), down.Of("", 100), true},
		{"less than it saw at least", down.Of("", 80), atLeast(down.Of("", 100)), true},
		{"more than it saw at least", down.Of("", 800), atLeast(down.Of("", 100)), false},
		{"both at least", atLeast(down.Of("", 800)), atLeast(down.Of("", 1)), false},
	} {
		if got := differ(c.own, c.office); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestDisputed(t *testing.T) {
	both := rule(down, least(10), least(25))
	office := func(v float64) checks.Measurement { return by("collector", down.Of("", v)) }
	for _, c := range []struct {
		name     string
		rules    []Rule
		measured []checks.Measurement
		want     []string
		seen     []float64 // by the collector, where marked; zero where not
		verdict  Verdict
	}{
		{"both keep it", []Rule{both}, []checks.Measurement{down.Of("", 50), office(40)}, []string{"line.down pass 50"}, []float64{40}, Ready},
		{"so little apart that nothing is said", []Rule{both}, []checks.Measurement{down.Of("", 10.1), office(9.9)}, []string{"line.down warn 10.1"}, []float64{0}, Ready},
		{"both fail", []Rule{both}, []checks.Measurement{down.Of("", 5), office(2)}, []string{"line.down fail 5"}, []float64{2}, NotReady},
		{"ten times as fast as was seen", []Rule{both}, []checks.Measurement{down.Of("", 50), office(5)}, []string{"line.down unknown disputed"}, []float64{5}, Undecided},
		{"much slower than was seen", []Rule{both}, []checks.Measurement{down.Of("", 5), office(50)}, []string{"line.down unknown disputed"}, []float64{50}, Undecided},
		{"one of them only what is required", []Rule{both}, []checks.Measurement{down.Of("", 50), office(12)}, []string{"line.down warn 50"}, []float64{12}, Ready},
		{"and the other way round", []Rule{both}, []checks.Measurement{down.Of("", 12), office(50)}, []string{"line.down warn 12"}, []float64{50}, Ready},
		{"the second sight counts too", []Rule{both}, []checks.Measurement{down.Of("", 50), office(49), office(5)}, []string{"line.down unknown disputed"}, []float64{5}, Undecided},
		{"in any order", []Rule{both}, []checks.Measurement{down.Of("", 50), office(5), office(40)}, []string{"line.down unknown disputed"}, []float64{5}, Undecided},
		{"of two sights that decide alike, the first is told", []Rule{both}, []checks.Measurement{down.Of("", 50), office(42), office(35)}, []string{"line.down pass 50"}, []float64{42}, Ready},
		{"and where neither lessens it", []Rule{both}, []checks.Measurement{down.Of("", 12), office(30), office(40)}, []string{"line.down warn 12"}, []float64{30}, Ready},
		{"of two, the one that disputes it", []Rule{both}, []checks.Measurement{down.Of("", 50), office(42), office(5)}, []string{"line.down unknown disputed"}, []float64{5}, Undecided},
		{"the collector does not dispute itself", []Rule{both}, []checks.Measurement{office(50), office(5)}, []string{"line.down pass 50"}, []float64{0}, Ready},
		{"it saw too little to tell", []Rule{both}, []checks.Measurement{down.Of("", 5), atLeast(office(9))}, []string{"line.down unknown disputed"}, []float64{9}, Undecided},
		{"one's own tells too little", []Rule{both}, []checks.Measurement{within(3, down.Of("", 8)), office(3)}, []string{"line.down unknown too_close"}, []float64{3}, Undecided},
		{"a missing figure is in no dispute", []Rule{both}, []checks.Measurement{down.Missing("", problem("timeout")), office(5)}, []string{"line.down fail 5"}, []float64{0}, NotReady},
		{"nor is one in another unit", []Rule{both}, []checks.Measurement{down.Of("", 50), by("collector", checks.Measurement{Metric: down.ID, Unit: checks.Bytes, Value: 1})}, []string{"line.down pass 50"}, []float64{0}, Ready},
		{"a lie does not save one from the witness", []Rule{both, witnessed(both)}, []checks.Measurement{down.Of("", 50), office(5)}, []string{"line.down unknown disputed", "line.down fail 5"}, []float64{5, 0}, NotReady},
		{"nor does it make the witness doubt", []Rule{witnessed(both)}, []checks.Measurement{down.Of("", 5), office(50)}, []string{"line.down pass 50"}, []float64{0}, Ready},
		{"only what is preferred", []Rule{rule(down, Bound{}, least(25))}, []checks.Measurement{down.Of("", 50), office(5)}, []string{"line.down warn 50"}, []float64{5}, Undecided},
	} {
		findings := Policy{Rules: c.rules}.Judge(brought(c.measured...))
		if got := lines(findings); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
			continue
		}
		for i, f := range findings {
			if f.Witnessed == nil != (c.seen[i] == 0) || f.Witnessed != nil && *f.Witnessed.Value != c.seen[i] {
				t.Errorf("%s: witnessed %+v, want %v", c.name, f.Witnessed, c.seen[i])
			}
		}
		if got := Decide(findings); got != c.verdict {
			t.Errorf("%s: %s, want %s", c.name, got, c.verdict)
		}
	}
}

// A disputed finding shows both figures, and nothing of it says which is right.
func TestDisputedShowsBoth(t *testing.T) {
	r := rule(kind, oneOf("udp"), Bound{})
	f := Policy{Rules: []Rule{r}}.Judge(brought(kind.Named("", "udp"), by("collector", kind.Named("", "turn-tls"))))[0]
	tls := "turn-tls"
	if f.Outcome != Unknown || f.Text == nil || *f.Text != "udp" || !reflect.DeepEqual(f.Witnessed, &Figure{Text: &tls}) {
		t.Errorf("%+v", f)
	}
	if f.Missing.Code != CodeDisputed || f.Missing.Side != checks.SideUnknown || f.Remedy != "problem.disputed" {
		t.Errorf("%+v", f)
	}
}

// Figures of another subject, or of another attempt under a Retry, are in no dispute with each other.
func TestDisputeIsOverOneThing(t *testing.T) {
	r := rule(down, least(10), Bound{})
	findings := Policy{Rules: []Rule{r}}.Judge(brought(down.Of("a", 50), by("collector", down.Of("b", 5))))
	if got, want := lines(findings), []string{"line.down(a) pass 50", "line.down(b) fail 5"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	p := Policy{Rules: []Rule{r}, Retry: Retry{Pass: 1, Of: 2, Checks: []string{"line"}}}
	p.Retry = Retry{Pass: 2, Of: 3, Checks: []string{"line"}}
	findings = p.Judge([]checks.Result{ // a dispute speaks against a line: one good attempt does not settle it
		{Check: "line", Measurements: []checks.Measurement{down.Of("", 50), by("collector", down.Of("", 5))}},
		{Check: "line", Attempt: 2, Measurements: []checks.Measurement{down.Of("", 50), by("collector", down.Of("", 50))}},
	})
	if got, want := lines(findings), []string{"line.down unknown attempts"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	p.Retry = Retry{Pass: 1, Of: 2, Checks: []string{"line"}}
	findings = p.Judge([]checks.Result{
		{Check: "line", Measurements: []checks.Measurement{down.Of("", 5), by("collector", down.Of("", 5))}},
		{Check: "line", Attempt: 2, Measurements: []checks.Measurement{down.Of("", 50), by("collector", down.Of("", 50))}},
	})
	if got, want := lines(findings), []string{"line.down pass 50"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A rule that asks for no witness is no way round one: where the collector contests an attempt, those that it has not
// seen, which the hire may add as he likes, do not outvote it.
func TestUnseenAttemptsOutvoteNobody(t *testing.T) {
	p := Policy{Rules: []Rule{rule(down, least(10), Bound{})}, Retry: twoOfThree()}
	office := func(v float64) checks.Measurement { return by("collector", down.Of("", v)) }
	list := func(m ...checks.Measurement) []checks.Measurement { return m }
	good := down.Of("", 50)
	for _, c := range []struct {
		name     string
		attempts [][]checks.Measurement
		want     string
		verdict  Verdict
	}{
		{"added", [][]checks.Measurement{list(good, office(5)), list(good), list(good)}, "line.down unknown disputed", Undecided},
		{"and put first", [][]checks.Measurement{list(good), list(good), list(good, office(5))}, "line.down unknown disputed", Undecided},
		{"the collector's put elsewhere", [][]checks.Measurement{list(good), list(office(5)), list(good)}, "line.down unknown attempts", Undecided},
		{"one's own called lost", [][]checks.Measurement{list(down.Missing("", problem("timeout")), office(5)), list(good), list(good)}, "line.down unknown attempts", Undecided},
		{"seen twice", [][]checks.Measurement{list(good, office(5)), list(good, office(48)), list(good, office(51))}, "line.down pass 50", Ready},
		{"seen once, well", [][]checks.Measurement{list(good, office(49)), list(good), list(good)}, "line.down pass 50", Ready},
		{"seen never", [][]checks.Measurement{list(down.Of("", 5)), list(good), list(good)}, "line.down pass 50", Ready},
		{"better than one says", [][]checks.Measurement{list(down.Of("", 5), office(50)), list(good), list(good)}, "line.down pass 50", Ready},
		{"both bad at first", [][]checks.Measurement{list(down.Of("", 5), office(5)), list(good), list(good)}, "line.down unknown attempts", Undecided},
		{"and seen good again", [][]checks.Measurement{list(down.Of("", 5), office(5)), list(good, office(49)), list(good, office(49))}, "line.down pass 50", Ready},
	} {
		findings := p.Judge(attempts(c.attempts...))
		if got := lines(findings); !slices.Equal(got, []string{c.want}) || Decide(findings) != c.verdict {
			t.Errorf("%s: %q, %s; want %s", c.name, got, Decide(findings), c.want)
		}
	}
}
