package verify

import (
	"bytes"
	"testing"
	"time"

	"deskready/checks"
	"deskready/report"
	"deskready/report/seal"
)

// now is when all tests take place.
var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) // read only

// scene is a collector, a hire, an invite and a report that fit each other.
type scene struct {
	collector, hire seal.Key
	policy          report.Policy
	invite          report.Invite
	trust           Trust
	report          report.Report
}

func key(t testing.TB, seed byte) seal.Key {
	t.Helper()
	k, err := seal.NewKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func number(v float64) *float64 { return &v }

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{collector: key(t, 1), hire: key(t, 2)}
	s.policy = report.Policy{Name: "voice", Rules: []report.Rule{
		{Metric: "bandwidth.download", Unit: checks.BitsPerSecond, Require: report.Bound{Min: number(10e6)}, Prefer: report.Bound{Min: number(50e6)}},
		{Metric: "call.loss_up", Unit: checks.Ratio, Require: report.Bound{Max: number(0.01)}, Witness: true},
		{Metric: "audio.headset", Unit: checks.Truth, Require: report.Bound{Min: number(1)}},
		{Metric: "browser.installed", Unit: checks.Text, Prefer: report.Bound{OneOf: []string{"12*"}}, Group: "browser"},
	}}
	s.invite = report.Invite{
		ID: "inv_1", For: "Ana Pérez", Employer: "Example Ltd", Policy: ref(t, s.policy), Collector: "https://ready.example.com",
		Token: "token", Nonce: "offline-nonce", Issued: now.Add(-time.Hour), Expires: now.Add(time.Hour),
	}
	s.trust = Trust{Version: 1, Collector: s.invite.Collector, Keys: []TrustedKey{{
		ID: s.collector.Public().ID(), PEM: s.collector.Public().PEM(), Use: []string{UseInvite, UseWitness, UseReceipt},
	}}}
	s.report = s.draft(t)
	return s
}

func ref(t testing.TB, p report.Policy) report.PolicyRef {
	t.Helper()
	compiled, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return report.PolicyRef{Name: p.Name, Digest: report.Digest(compiled), Compiled: compiled}
}

// witnessed are the collector's figures of the run.
func witnessed() []checks.Measurement {
	return []checks.Measurement{{Metric: "call.loss_up", Value: 0.002, Unit: checks.Ratio, By: checks.ByCollector}}
}

func (s *scene) draft(t testing.TB) report.Report {
	t.Helper()
	invite, err := SealInvite(s.invite, s.collector)
	if err != nil {
		t.Fatal(err)
	}
	witness, err := SealWitness(Witness{
		Invite: s.invite.ID, Nonce: "run-nonce", Collector: s.invite.Collector, At: now, Measurements: witnessed(),
	}, s.collector)
	if err != nil {
		t.Fatal(err)
	}
	r := report.Report{
		Version: report.Version,
		Policy:  s.invite.Policy,
		Invite:  &report.InviteRef{ID: s.invite.ID, For: s.invite.For, Sealed: invite},
		Run:     "run_1", Tool: report.Tool{Version: "0.1.0", OS: "linux", Arch: "amd64"},
		Began: now.Add(-5 * time.Minute), Seconds: 120,
		Machine: map[string]string{"os": "Debian 13", "cpu": "8 cores"},
		Results: []checks.Result{
			{Check: "bandwidth", Seconds: 20, Measurements: []checks.Measurement{
				{Metric: "bandwidth.download", Value: 94.3e6, Unit: checks.BitsPerSecond, By: checks.ByTool, Samples: []float64{93e6, 95e6}},
			}},
			{Check: "call", Seconds: 30, Measurements: witnessed()},
			{Check: "audio", Seconds: 10, Measurements: []checks.Measurement{
				{Metric: "audio.headset", Value: 1, Unit: checks.Truth, By: checks.ByHire},
				{Metric: "audio.snr", Unit: checks.Decibel, By: checks.ByTool, Missing: &checks.Problem{Code: "denied", Side: "hire"}},
			}},
			{Check: "browser", Seconds: 1, Measurements: []checks.Measurement{
				{Metric: "browser.installed", Subject: "firefox", Text: "128.0", Unit: checks.Text, By: checks.ByTool},
			}},
		},
		Consent:   []report.Consent{{Check: "audio", Granted: true}},
		Confirmed: &report.Confirmed{Name: "Ana Pérez", At: now, TextDigest: report.Digest([]byte("I confirm")), Lang: "es"},
		Nonce:     "run-nonce", Audience: s.invite.Collector, Attempt: 1, Witness: witness,
	}
	return s.judged(t, r)
}

// judged fills in what an honest program fills in.
func (s *scene) judged(t testing.TB, r report.Report) report.Report {
	t.Helper()
	p, err := report.DecodePolicy(r.Policy.Compiled)
	if err != nil {
		t.Fatal(err)
	}
	r.Findings = p.Judge(r.Results)
	r.Verdict = report.Decide(r.Findings)
	return r
}

func (s *scene) seal(t testing.TB, r report.Report) []byte {
	t.Helper()
	file, err := Seal(r, s.hire)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func (s *scene) options() Options {
	return Options{Trust: &s.trust, Now: func() time.Time { return now }}
}

// forge seals whatever it is given, as a patched program would: nothing is checked, judged or filled in.
func forge(t testing.TB, r report.Report, k seal.Key) []byte {
	t.Helper()
	about := r.Policy.Compiled
	if r.Invite != nil {
		about = r.Invite.Sealed
	}
	r.Key = k.Public().PEM()
	return forgeAbout(t, r, k, about, report.PredicateType)
}

func forgeAbout(t testing.TB, r report.Report, k seal.Key, about []byte, kind string) []byte {
	t.Helper()
	predicate, err := encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return forgeJSON(t, predicate, k, about, kind)
}

func forgeJSON(t testing.TB, predicate []byte, k seal.Key, about []byte, kind string) []byte {
	t.Helper()
	payload, err := seal.Statement{
		Subject: []seal.Subject{subject("x", report.Digest(about))}, PredicateType: kind, Predicate: predicate,
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	file, err := seal.Seal(k, seal.InToto, payload)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// receipt is the collector's answer to a file.
func (s *scene) receipt(t testing.TB, file []byte, change func(*report.Receipt)) []byte {
	t.Helper()
	r := report.Receipt{
		Verifier: report.Verifier{ID: s.invite.Collector + "/deskready/v1"}, Created: now, Properties: []string{"DESKREADY_SIGNATURE_VALID"},
		Invite: s.invite.ID, Run: s.report.Run, Verdict: s.report.Verdict, Assurance: report.A1,
	}
	if change != nil {
		change(&r)
	}
	sealed, err := SealReceipt(file, r, s.collector)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}
