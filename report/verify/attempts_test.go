package verify

import (
	"slices"
	"testing"

	"deskready/checks"
	"deskready/report"
)

func rate(by string, v float64) checks.Measurement {
	return checks.Measurement{Metric: "bandwidth.download", Value: v, Unit: checks.BitsPerSecond, By: by}
}

// tried is a scene in which the line was measured three times, by both ends, under a policy that asks for two of three by
// the collector's own figures. The first time it failed; the third time the two ends differed.
func tried(t testing.TB) *scene {
	s := newScene(t)
	s.policy.Retry = report.Retry{Pass: 2, Of: 3, Checks: []string{"bandwidth", "call"}}
	s.policy.Rules = append(s.policy.Rules, s.policy.Rules[0])
	s.policy.Rules[len(s.policy.Rules)-1].Witness = true
	s.invite.Policy = ref(t, s.policy)
	s.report = s.draft(t)
	const tool, office = checks.ByTool, checks.ByCollector
	seen := slices.Concat([]checks.Measurement{rate(office, 5e6), rate(office, 60e6), rate(office, 70e6)}, witnessed())
	s.report.Results[0].Measurements = []checks.Measurement{rate(tool, 5.1e6), rate(office, 5e6)}
	s.report.Results = append(s.report.Results,
		checks.Result{Check: "bandwidth", Attempt: 2, Seconds: 9, Measurements: []checks.Measurement{rate(tool, 61e6), rate(office, 60e6)}},
		checks.Result{Check: "bandwidth", Attempt: 3, Seconds: 9, Measurements: []checks.Measurement{rate(tool, 95e6), rate(office, 70e6)}})
	s.report.Witness = must(SealWitness(Witness{
		Invite: s.invite.ID, Nonce: "run-nonce", Collector: s.invite.Collector, At: now, Measurements: seen,
	}, s.collector))
	s.report = s.judged(t, s.report)
	return s
}

func TestAttemptsAreVerified(t *testing.T) {
	s := tried(t)
	o := File(s.seal(t, s.report), s.options())
	if o.Code != 0 || o.Verdict != report.Ready {
		t.Fatalf("code %d, %v", o.Code, o.Reasons)
	}
	if f := o.Findings[0]; len(f.Attempts) != 3 || *f.Measured != 61e6 || f.Attempts[2].Witnessed == nil || *f.Attempts[2].Witnessed.Value != 70e6 {
		t.Errorf("%+v", f)
	}
	if f := o.Findings[len(o.Findings)-1]; len(f.Attempts) != 3 || *f.Measured != 60e6 || f.By != checks.ByCollector {
		t.Errorf("%+v", f)
	}
}

// The hire holds the key: he signs whatever he likes. None of it may pass for what the figures of both ends give.
func TestForgedAttempts(t *testing.T) {
	for name, c := range map[string]struct {
		forge  func(s *scene)
		judge  bool // the findings are made to fit what was forged
		reason string
	}{
		"verdict of an attempt":       {func(s *scene) { s.report.Findings[0].Attempts[0].Outcome = report.Pass }, false, WrongFindings},
		"figure of an attempt":        {func(s *scene) { s.report.Findings[0].Attempts[0].Measured = number(50e6) }, false, WrongFindings},
		"an attempt left unsaid":      {func(s *scene) { s.report.Findings[0].Attempts = s.report.Findings[0].Attempts[1:] }, false, WrongFindings},
		"the collector's left unsaid": {func(s *scene) { s.report.Findings[0].Attempts[2].Witnessed = nil }, false, WrongFindings},
		"the collector's altered":     {func(s *scene) { s.report.Findings[0].Attempts[2].Witnessed.Value = number(95e6) }, false, WrongFindings},
		"surer than it was":           {func(s *scene) { s.report.Findings[0].AtLeast = true }, false, WrongFindings},
		"an attempt left out":         {func(s *scene) { s.report.Results = s.report.Results[1:] }, true, NotWitnessed},
		"a witness of one attempt improved": {func(s *scene) {
			s.report.Results[0].Measurements[1].Value = 50e6
		}, true, NotWitnessed},
		"a witness said to be at least": {func(s *scene) {
			s.report.Results[0].Measurements[1].AtLeast = true
		}, true, NotWitnessed},
		"a witness said to be vague": {func(s *scene) {
			s.report.Results[0].Measurements[1].Within = 9e6
		}, true, NotWitnessed},
		"a good attempt twice": {func(s *scene) {
			s.report.Results = append(s.report.Results, s.report.Results[len(s.report.Results)-1])
		}, true, NotWitnessed},
		"another attempt's number": {func(s *scene) { s.report.Results[0].Attempt = 4 }, false, WrongFindings},
	} {
		s := tried(t)
		c.forge(s)
		if c.judge {
			s.report = s.judged(t, s.report)
		}
		o := File(forge(t, s.report, s.hire), s.options())
		if !slices.ContainsFunc(o.Reasons, func(r Reason) bool { return r.Code == c.reason }) || o.Verdict != "" {
			t.Errorf("%s: code %d, reasons %v, want %s", name, o.Code, o.Reasons, c.reason)
		}
	}
}

// Whatever numbers he gives the attempts, and whatever he claims beside them, a line that the collector saw fail twice
// gets no pass.
func TestALyingClientGetsNoPass(t *testing.T) {
	const tool, office = checks.ByTool, checks.ByCollector
	for numbers := range 4 * 4 * 4 {
		s := tried(t)
		var results []checks.Result
		seen := witnessed()
		for i, v := range []float64{5e6, 4e6, 60e6} {
			seen = append(seen, rate(office, v))
			results = append(results, checks.Result{Check: "bandwidth", Attempt: numbers >> (2 * i) % 4,
				Measurements: []checks.Measurement{rate(tool, 500e6), rate(office, v)}})
		}
		s.report.Results = append(results, s.report.Results[1:4]...)
		s.report.Witness = must(SealWitness(Witness{
			Invite: s.invite.ID, Nonce: "run-nonce", Collector: s.invite.Collector, At: now, Measurements: seen,
		}, s.collector))
		s.report = s.judged(t, s.report)
		if o := File(s.seal(t, s.report), s.options()); o.Code == 0 || o.Verdict == report.Ready {
			t.Fatalf("numbered %d: %s, %v", numbers, o.Verdict, o.Reasons)
		}
	}
}

// A mutant of a file with attempts and disputed figures is as invalid as any.
func TestNoMutantOfAttemptsIsValid(t *testing.T) {
	s := tried(t)
	noMutant(t, s.seal(t, s.report), s.options())
}
