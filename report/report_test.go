package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/report/strict"
)

// whole is a report with every key there is.
func whole(t testing.TB) Report {
	t.Helper()
	p := exampleFor(t)
	data := compiledBytes(t, p)
	series := checks.Metric{ID: "line.rtt", Unit: checks.Seconds}.Of("", 0.02)
	series.Samples = []float64{0.02, 0.021}
	results := []checks.Result{
		{Check: "line", Seconds: 14.25, Measurements: []checks.Measurement{
			down.Of("", 94e6), by("collector", down.Of("", 93e6)), series, kind.Named("", "wifi"),
			{Metric: "future.metric", Subject: "x", Value: 0, Unit: "lux", By: "tool"},
		}},
		{Check: "sound", Seconds: 0.5, Measurements: []checks.Measurement{
			checks.Metric{ID: "sound.headset", Unit: checks.Truth}.Missing("", problem("denied")),
		}},
	}
	findings := p.Judge(results)
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	delivered := true
	return Report{
		Version: Version, Verdict: Decide(findings), State: "pending",
		Policy: PolicyRef{Name: p.Name, Digest: Digest(data), Compiled: data},
		Invite: &InviteRef{ID: "I1", For: "Ana Pérez", Sealed: []byte("sealed")},
		Run:    "R1", Tool: Tool{Version: "1.0.0", Commit: "abc", OS: "linux", Arch: "amd64"},
		Began: noon, Seconds: 14.75, Machine: map[string]string{"os": "Debian 12"}, Results: results, Findings: findings,
		Consent:   []Consent{{Check: "line", Granted: true}, {Check: "sound"}},
		Confirmed: &Confirmed{Name: "Ana Pérez", At: noon, TextDigest: Digest(nil), Lang: "es"},
		Nonce:     "N", Audience: "https://office.example", Attempt: 2, Previous: Digest([]byte("x")), Offline: true,
		Key: "PEM", Witness: []byte("witness"), Assurance: A1, Files: &Files{Report: "r.json"}, Delivered: &delivered,
	}
}

func TestReportRoundTrip(t *testing.T) {
	for name, r := range map[string]Report{
		"whole": whole(t), "bare": whole(t).Bare(), "signable": whole(t).Signable(),
		"least": {Version: Version, Results: []checks.Result{}, Findings: []Finding{}},
	} {
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("null")) {
			t.Errorf("%s: absent keys are left out, never null: %s", name, data)
		}
		back, err := Decode(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(back, r) {
			t.Errorf("%s came back as\n%+v, was\n%+v", name, back, r)
		}
	}
}

// TestOldReportStays opens a report as it was first written. It must open, and be judged the same, for ever.
func TestOldReportStays(t *testing.T) {
	data, err := os.ReadFile("testdata/report.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if Digest(r.Policy.Compiled) != r.Policy.Digest {
		t.Errorf("policy %s has digest %s", r.Policy.Digest, Digest(r.Policy.Compiled))
	}
	p, err := DecodePolicy(r.Policy.Compiled)
	if err != nil {
		t.Fatal(err)
	}
	findings := p.Judge(r.Results)
	if !reflect.DeepEqual(findings, r.Findings) {
		t.Errorf("judged again:\n%q, was\n%q", lines(findings), lines(r.Findings))
	}
	if got := Decide(findings); got != r.Verdict || got != Undecided {
		t.Errorf("%s, was %s", got, r.Verdict)
	}
}

func TestBareAndSignable(t *testing.T) {
	r := whole(t)
	bare := r.Bare()
	if bare.Key != "" || bare.Witness != nil || bare.Policy.Compiled != nil || bare.Invite.Sealed != nil {
		t.Errorf("shown to people: %+v", bare)
	}
	if bare.Invite.For == "" || bare.Policy.Digest == "" || bare.Assurance != A1 {
		t.Errorf("lost: %+v", bare)
	}
	if r.Invite.Sealed == nil || r.Policy.Compiled == nil {
		t.Error("the report itself was stripped")
	}
	signable := r.Signable()
	if signable.Assurance != "" || signable.Files != nil || signable.Delivered != nil || signable.State != "" {
		t.Errorf("a hire would assert: %+v", signable)
	}
	if signable.Key == "" || signable.Policy.Compiled == nil || signable.Invite.Sealed == nil {
		t.Errorf("a stranger could not verify: %+v", signable)
	}
	if none := (Report{}).Bare(); none.Invite != nil {
		t.Errorf("%+v", none)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good, err := json.Marshal(whole(t))
	if err != nil {
		t.Fatal(err)
	}
	swap := func(old, new string) string {
		out := strings.Replace(string(good), old, new, 1)
		if out == string(good) {
			t.Fatalf("there is no %s in %s", old, good)
		}
		return out
	}
	for _, c := range []struct{ name, data, want string }{
		{"nothing", ``, "too early"},
		{"version 2", swap(`"version":1`, `"version":2`), "version 2"},
		{"no version", swap(`"version":1,`, ``), "version 0"},
		{"unknown key", swap(`"run":`, `"score":9,"run":`), "score"},
		{"key twice", swap(`"run":`, `"run":"R0","run":`), "twice"},
		{"wrong case", swap(`"verdict":`, `"Verdict":`), "Verdict"},
		{"unknown key of a measurement", swap(`"by":"tool"`, `"by":"tool","pass":true`), "pass"},
		{"value and text", swap(`"value":94000000`, `"value":94000000,"text":"fast"`), "does not belong there"},
		{"no value", swap(`"value":94000000,`, ``), "does not belong there"},
		{"cut", string(good[:len(good)-1]), "too early"},
		{"more", string(good) + "{}", "reading the report"},
		{"no time", swap(`"2026-11-21T12:00:00Z"`, `"yesterday"`), "reading the report"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode([]byte(c.data))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if _, err := Decode(bytes.Repeat([]byte(" "), strict.Default.Bytes+1)); !errors.Is(err, strict.ErrTooLarge) {
		t.Errorf("%v, want over the limit", err)
	}
}

func TestDecodeInvite(t *testing.T) {
	i := Invite{Version: Version, ID: "I1", For: "Ana", Policy: PolicyRef{Name: "a", Digest: "d", Compiled: []byte("{}")}, Expires: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	data, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := DecodeInvite(data); err != nil || !reflect.DeepEqual(back, i) {
		t.Errorf("%+v, %v", back, err)
	}
	var wrong *VersionError
	if _, err := DecodeInvite(bytes.Replace(data, []byte(`"version":1`), []byte(`"version":7`), 1)); !errors.As(err, &wrong) || wrong.Got != 7 {
		t.Errorf("%v", err)
	}
	if _, err := DecodeInvite(bytes.Repeat([]byte(" "), MaxInvite+1)); !errors.Is(err, strict.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if _, err := DecodeInvite([]byte(`{"version":1,"role":"admin"}`)); err == nil {
		t.Error("an unknown key was read")
	}
}

func FuzzDecode(f *testing.F) {
	for _, r := range []Report{whole(f), whole(f).Bare()} {
		data, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"version":1,"verdict":"ready","policy":{"name":"a","digest":""},"run":"","tool":{"version":"","os":"","arch":""},"began":"2026-11-21T12:00:00+01:00","seconds":0,"results":[],"findings":[]}`))
	p := exampleFor(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Decode(data)
		if err != nil {
			return
		}
		Decide(p.Judge(r.Results))
		Decide(r.Findings)
		first, err := json.Marshal(r)
		if err != nil {
			return // a time zone that JSON cannot say
		}
		back, err := Decode(first)
		if errors.Is(err, strict.ErrTooLarge) {
			return // escapes made it longer
		}
		if err != nil {
			t.Fatalf("what was read is refused: %v\n%s", err, first)
		}
		if second, err := json.Marshal(back); err != nil || !bytes.Equal(first, second) {
			t.Errorf("written twice: %v\n%s\n%s", err, first, second)
		}
	})
}
