package report

import (
	"slices"
	"testing"

	"deskready/checks"
)

var share = checks.Metric{ID: "line.loss", Unit: checks.Ratio}

// atLeast says that the true value is this much or more.
func atLeast(m checks.Measurement) checks.Measurement {
	m.AtLeast = true
	return m
}

func within(by float64, m checks.Measurement) checks.Measurement {
	m.Within = by
	return m
}

// what judging one figure by one rule must give, and how the verdict stands by it.
type weighed struct {
	name     string
	rule     Rule
	measured checks.Measurement
	want     string
	verdict  Verdict
}

func (c weighed) hold(t *testing.T) {
	t.Helper()
	findings := Policy{Rules: []Rule{c.rule}}.Judge(brought(c.measured))
	if got := lines(findings); !slices.Equal(got, []string{c.want}) {
		t.Errorf("%s: got %q, want %q", c.name, got, c.want)
	}
	if got := Decide(findings); got != c.verdict {
		t.Errorf("%s: %s, want %s", c.name, got, c.verdict)
	}
}

// What is known to be at least so much keeps what it reaches, fails what it exceeds, and leaves the rest open.
func TestLowerBounds(t *testing.T) {
	both := rule(down, least(10), least(25))
	for _, c := range []weighed{
		{"more than is preferred", both, atLeast(down.Of("", 30)), "line.down pass 30", Ready},
		{"at the preferred bound", both, atLeast(down.Of("", 25)), "line.down pass 25", Ready},
		{"what is required is certain, what is preferred is not", both, atLeast(down.Of("", 12)), "line.down warn 12", Ready},
		{"at the required bound", both, atLeast(down.Of("", 10)), "line.down warn 10", Ready},
		{"short of it", both, atLeast(down.Of("", 9)), "line.down unknown at_least", Undecided},
		{"nothing at all", both, atLeast(down.Of("", 0)), "line.down unknown at_least", Undecided},
		{"under a limit", rule(down, most(10), Bound{}), atLeast(down.Of("", 9)), "line.down unknown at_least", Undecided},
		{"at a limit", rule(down, most(10), Bound{}), atLeast(down.Of("", 10)), "line.down unknown at_least", Undecided},
		{"over a limit it is for certain", rule(down, most(10), Bound{}), atLeast(down.Of("", 11)), "line.down fail 11", NotReady},
		{"within a range", rule(down, Bound{Min: at(1), Max: at(10)}, Bound{}), atLeast(down.Of("", 5)), "line.down unknown at_least", Undecided},
		{"only preferred, short of it", rule(down, Bound{}, least(25)), atLeast(down.Of("", 9)), "line.down unknown at_least", Undecided},
		{"only preferred, reached", rule(down, Bound{}, least(25)), atLeast(down.Of("", 26)), "line.down pass 26", Undecided},
		{"preferred under a limit, required reached", rule(down, least(10), most(90)), atLeast(down.Of("", 50)), "line.down warn 50", Ready},
		{"required under a limit, preferred over it", rule(down, most(90), most(50)), atLeast(down.Of("", 60)), "line.down unknown at_least", Undecided},
		{"a lower bound has no interval", both, within(21, atLeast(down.Of("", 30))), "line.down pass 30", Ready},
		{"a witness may say it too", witnessed(both), by("collector", atLeast(down.Of("", 12))), "line.down warn 12", Ready},
		{"and leave it open", witnessed(both), by("collector", atLeast(down.Of("", 9))), "line.down unknown at_least", Undecided},
	} {
		c.hold(t)
	}
}

func TestIntervals(t *testing.T) {
	both, loss := rule(down, least(10), least(25)), rule(share, most(0.03), most(0.01))
	for _, c := range []weighed{
		{"far from any bound", both, within(1, down.Of("", 30)), "line.down pass 30", Ready},
		{"a fail by more than measuring errs", both, within(0.4, down.Of("", 9.5)), "line.down fail 9.5", NotReady},
		{"a fail by less", both, within(0.6, down.Of("", 9.5)), "line.down unknown too_close", Undecided},
		{"by just as much", both, within(0.5, down.Of("", 9.5)), "line.down unknown too_close", Undecided},
		{"a pass by less than measuring errs", rule(down, least(10), Bound{}), within(0.6, down.Of("", 10.5)), "line.down warn 10.5", Ready},
		{"a pass by more", rule(down, least(10), Bound{}), within(0.4, down.Of("", 10.5)), "line.down pass 10.5", Ready},
		{"what is preferred goes by the value", both, within(2, down.Of("", 26)), "line.down pass 26", Ready},
		{"and is only preferred", both, within(2, down.Of("", 24)), "line.down warn 24", Ready},
		{"only preferred: no fail, no doubt", rule(down, Bound{}, least(25)), within(2, down.Of("", 24)), "line.down warn 24", Undecided},
		{"a limit, over it by less", loss, within(0.001, share.Of("", 0.031)), "line.loss unknown too_close", Undecided},
		{"a limit, over it by more", loss, within(0.0009, share.Of("", 0.031)), "line.loss fail 0.031", NotReady},
		{"a limit, under it by less", loss, within(0.002, share.Of("", 0.029)), "line.loss warn 0.029", Ready},
		{"a truth has no interval", rule(mic, least(1), Bound{}), within(1, mic.True("", false)), "web.mic fail 0", NotReady},
		{"a witness's fail", witnessed(both), by("collector", within(0.6, down.Of("", 9.5))), "line.down unknown too_close", Undecided},
	} {
		c.hold(t)
	}
}

// A figure that does not decide is shown all the same, with what it would have to be.
func TestWhatIsOpenIsShown(t *testing.T) {
	for code, m := range map[string]checks.Measurement{
		CodeAtLeast:  atLeast(down.Of("", 9)),
		CodeTooClose: within(2, down.Of("", 9)),
	} {
		f := Policy{Rules: []Rule{rule(down, least(10), least(25))}}.Judge(brought(m))[0]
		if f.Measured == nil || *f.Measured != 9 || f.Margin == nil || *f.Margin != -1 || f.AtLeast != m.AtLeast || f.Within != m.Within {
			t.Errorf("%s: %+v", code, f)
		}
		if f.Missing == nil || f.Missing.Code != code || f.Remedy != "problem."+code || f.By != "tool" {
			t.Errorf("%s: %+v", code, f)
		}
	}
}
