package verify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"deskready/checks"
	"deskready/report"
	"deskready/report/seal"
)

func TestTrust(t *testing.T) {
	s := newScene(t)
	s.trust.Keys[0].NotBefore, s.trust.Keys[0].NotAfter = now, now.Add(time.Hour)
	data, err := s.trust.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseTrust(data)
	if err != nil || back.Collector != s.invite.Collector || len(back.Keys) != 1 || back.Keys[0].ID != s.collector.Public().ID() {
		t.Fatalf("%+v, %v", back, err)
	}
	for _, c := range []struct {
		use  string
		at   time.Time
		want int
	}{
		{UseInvite, now.Add(-time.Second), 0},
		{UseInvite, now, 1},
		{UseInvite, now.Add(time.Hour), 1},
		{UseInvite, now.Add(time.Hour + time.Second), 0},
		{UseLog, now, 0},
	} {
		if got := back.keys(c.use, c.at); len(got) != c.want {
			t.Errorf("%s at %s: %d keys, want %d", c.use, c.at, len(got), c.want)
		}
	}
	for name, change := range map[string][2]string{
		"another version": {`"version": 1`, `"version": 2`},
		"another id":      {`"id": "SHA256:`, `"id": "SHA256:A`},
		"unknown use":     {`"witness"`, `"everything"`},
		"no PEM":          {`BEGIN PUBLIC`, `BEGIN CERTIFICATE`},
		"unknown key":     {`"collector"`, `"more": 1, "collector"`},
		"no keys":         {`"keys": [`, `"keys": [], "x": [`},
		"twice":           {`"version": 1`, `"version": 1, "version": 1`},
	} {
		bad := strings.Replace(string(data), change[0], change[1], 1)
		if bad == string(data) {
			t.Fatalf("%s: nothing changed in %s", name, data)
		}
		if _, err := ParseTrust([]byte(bad)); err == nil {
			t.Errorf("%s: parsed", name)
		}
	}
	if _, err := ParseTrust([]byte(`{"version":1,"collector":"https://a.example","keys":[]}`)); !errors.Is(err, seal.ErrMalformed) {
		t.Errorf("no keys: %v", err)
	}
}

func TestInvite(t *testing.T) {
	s := newScene(t)
	file, err := SealInvite(s.invite, s.collector)
	if err != nil {
		t.Fatal(err)
	}
	for _, trust := range []*Trust{nil, &s.trust} {
		i, err := Invite(file, now, trust)
		if err != nil || i.ID != "inv_1" || i.Key != s.collector.Public().PEM() || report.Digest(i.Policy.Compiled) != i.Policy.Digest {
			t.Fatalf("%+v, %v", i, err)
		}
	}
	if i, err := Invite(file, s.invite.Expires.Add(time.Second), nil); !errors.Is(err, ErrExpired) || i.ID != "inv_1" {
		t.Errorf("expired: %q, %v", i.ID, err)
	}
	if _, err := Invite(file, time.Time{}, nil); err != nil {
		t.Errorf("no time given: %v", err)
	}
	own := must(SealInvite(s.invite, key(t, 5)))
	if _, err := Invite(own, now, nil); err != nil {
		t.Errorf("another collector's: %v", err)
	}
	promising := func(days string) []byte {
		return must(seal.Seal(s.collector, report.InviteType, bytes.Replace(unverified(t, file), []byte(`"version":1`), []byte(`"version":1,"keep":`+days), 1)))
	}
	for days, want := range map[string]int{"365": 365, "3650": report.MaxKeep, "0": 0} {
		if i, err := Invite(promising(days), now, &s.trust); err != nil || i.Keep != want {
			t.Errorf("kept for %s days: %d, %v", days, i.Keep, err)
		}
	}
	for _, c := range []struct {
		name  string
		file  []byte
		trust *Trust
		want  error
		exit  int
	}{
		{"not of the trusted collector", own, &s.trust, seal.ErrUntrusted, 20},
		{"edited", edit(t, file, `"inv_1"`, `"inv_2"`), nil, seal.ErrSignature, 20},
		{"key swapped", bytes.ReplaceAll(own, []byte(key(t, 5).Public().ID()), []byte(s.collector.Public().ID())), nil, seal.ErrUntrusted, 20},
		{"another kind", must(seal.Seal(s.collector, report.WitnessType, unverified(t, file))), nil, seal.ErrMalformed, 21},
		{"another version", must(seal.Seal(s.collector, report.InviteType, bytes.Replace(unverified(t, file), []byte(`"version":1`), []byte(`"version":7`), 1))), nil, seal.ErrMalformed, 21},
		{"policy swapped", must(seal.Seal(s.collector, report.InviteType, bytes.Replace(unverified(t, file), []byte(s.invite.Policy.Digest), []byte(report.Digest(nil)), 1))), nil, errPolicy, 23},
		{"kept for less than nothing", promising("-1"), nil, seal.ErrMalformed, 21},
		{"kept for ages", promising("3651"), nil, seal.ErrMalformed, 21},
		{"kept for more than a number holds", promising("99999999999999999999"), nil, seal.ErrMalformed, 21},
		{"kept for endless", promising("1e400"), nil, seal.ErrMalformed, 21},
		{"kept for a part of a day", promising("0.5"), nil, seal.ErrMalformed, 21},
		{"kept for a text", promising(`"365"`), nil, seal.ErrMalformed, 21},
		{"kept for nothing that can be read", promising("null,\"keep\":1"), nil, seal.ErrMalformed, 21},
		{"huge", append(bytes.Clone(file), bytes.Repeat([]byte(" "), report.MaxInvite)...), nil, seal.ErrMalformed, 21},
		{"nothing", nil, nil, seal.ErrMalformed, 21},
	} {
		i, err := Invite(c.file, now, c.trust)
		if !errors.Is(err, c.want) || i.ID != "" {
			t.Errorf("%s: %q, %v", c.name, i.ID, err)
		} else if got := Because(err).Exit(); got != c.exit {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.exit)
		}
	}
}

func TestSealInviteRefuses(t *testing.T) {
	for name, change := range map[string]func(*report.Invite){
		"kept too long":  func(i *report.Invite) { i.Keep = report.MaxKeep + 1 },
		"kept too short": func(i *report.Invite) { i.Keep = -1 },
		"no id":          func(i *report.Invite) { i.ID = "" },
		"no token":       func(i *report.Invite) { i.Token = "" },
		"no nonce":       func(i *report.Invite) { i.Nonce = "" },
		"no time":        func(i *report.Invite) { i.Expires = i.Issued },
		"no address":     func(i *report.Invite) { i.Collector = "ready.example.com" },
		"a file":         func(i *report.Invite) { i.Collector = "file:///etc/passwd" },
		"no policy":      func(i *report.Invite) { i.Policy.Compiled = nil },
		"wrong digest":   func(i *report.Invite) { i.Policy.Digest = report.Digest(nil) },
		"wrong name":     func(i *report.Invite) { i.Policy.Name = "chat" },
		"no invite any":  func(i *report.Invite) { i.For = strings.Repeat("x", report.MaxInvite) },
	} {
		s := newScene(t)
		change(&s.invite)
		if file, err := SealInvite(s.invite, s.collector); err == nil {
			t.Errorf("%s: sealed to %d bytes", name, len(file))
		}
	}
}

func TestRequest(t *testing.T) {
	s := newScene(t)
	audience := s.invite.Collector
	asked := Request{Action: Enrol, Invite: "inv_1", Token: "token", Audience: audience, At: now}
	body, err := SealRequest(asked, s.hire)
	if err != nil {
		t.Fatal(err)
	}
	r, k, err := OpenRequest(body, Enrol, audience)
	if err != nil || !k.Equal(s.hire.Public()) || r.Token != "token" || r.Key != k.PEM() || !r.At.Equal(now) {
		t.Fatalf("%+v, %v", r, err)
	}
	again := func(change string, with string) []byte {
		payload := unverified(t, body)
		if !bytes.Contains(payload, []byte(change)) {
			t.Fatalf("%s is not in %s", change, payload)
		}
		return must(seal.Seal(s.hire, report.RequestType, bytes.Replace(payload, []byte(change), []byte(with), 1)))
	}
	for _, c := range []struct {
		name             string
		body             []byte
		action, audience string
		want             error
	}{
		{"another action", body, StartRun, audience, ErrAudience},
		{"another collector", body, Enrol, "https://other.example.com", ErrAudience},
		{"edited", edit(t, body, "token", "tokem"), Enrol, audience, seal.ErrMalformed},
		{"token edited", edit(t, body, `"token":"token"`, `"token":"other"`), Enrol, audience, seal.ErrSignature},
		{"another's key", must(seal.Seal(key(t, 3), report.RequestType, unverified(t, body))), Enrol, audience, seal.ErrUntrusted},
		{"another kind", must(seal.Seal(s.hire, report.InviteType, unverified(t, body))), Enrol, audience, seal.ErrMalformed},
		{"key twice", again(`"invite":"inv_1"`, `"invite":"inv_2","invite":"inv_1"`), Enrol, audience, seal.ErrMalformed},
		{"huge", append(bytes.Clone(body), bytes.Repeat([]byte(" "), maxRequest)...), Enrol, audience, seal.ErrMalformed},
	} {
		r, k, err := OpenRequest(c.body, c.action, c.audience)
		if !errors.Is(err, c.want) || r.Invite != "" || !k.IsZero() {
			t.Errorf("%s: %+v, %v", c.name, r, err)
		}
	}
	var version *report.VersionError
	if _, _, err := OpenRequest(again(`"version":1`, `"version":2`), Enrol, audience); !errors.As(err, &version) {
		t.Errorf("another version: %v", err)
	}
	if _, err := SealRequest(Request{Action: Enrol}, s.hire); err == nil {
		t.Error("sealed a request to nobody")
	}
}

func TestWitness(t *testing.T) {
	s := newScene(t)
	w := Witness{Invite: "inv_1", Nonce: "n", Collector: s.invite.Collector, At: now, Measurements: witnessed()}
	file := must(SealWitness(w, s.collector))
	back, err := OpenWitness(file, s.collector.Public())
	if err != nil || back.Nonce != "n" || len(back.Measurements) != 1 || back.Measurements[0].Value != 0.002 {
		t.Fatalf("%+v, %v", back, err)
	}
	if _, err := OpenWitness(file, s.hire.Public()); !errors.Is(err, seal.ErrUntrusted) {
		t.Errorf("another key: %v", err)
	}
	w.Measurements[0].By = checks.ByTool
	if _, err := SealWitness(w, s.collector); err == nil {
		t.Error("sealed what the collector did not measure")
	}
	if _, err := SealWitness(Witness{}, s.collector); err == nil {
		t.Error("sealed a witness of nothing")
	}
}

func TestReceipt(t *testing.T) {
	s := newScene(t)
	file := s.seal(t, s.report)
	receipt := s.receipt(t, file, nil)
	r, err := Receipt(receipt, file, s.collector.Public())
	if err != nil || r.Run != "run_1" || r.Assurance != report.A1 || r.Payload != File(file, Options{}).PayloadDigest {
		t.Fatalf("%+v, %v", r, err)
	}
	// Wrapped anew it is the same report, and not the same file.
	if _, err := Receipt(receipt, append(bytes.Clone(file), '\n'), s.collector.Public()); !errors.Is(err, ErrOtherFile) {
		t.Errorf("wrapped anew: %v", err)
	}
	if _, err := Receipt(receipt, file, s.hire.Public()); !errors.Is(err, seal.ErrUntrusted) {
		t.Errorf("another key: %v", err)
	}
	if _, err := SealReceipt(file, report.Receipt{Run: "r", Created: now, Verdict: "good", Assurance: report.A1, Verifier: report.Verifier{ID: "v"}}, s.collector); err == nil {
		t.Error("sealed an unknown verdict")
	}
	if _, err := SealReceipt([]byte("{}"), r, s.collector); err == nil {
		t.Error("sealed a receipt for nothing")
	}
}

// A hire whose key lives in hardware has ECDSA on P-256.
func TestP256(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t)
	if s.hire, err = seal.KeyOf(private); err != nil {
		t.Fatal(err)
	}
	file := s.seal(t, s.report)
	if o := File(file, with(s.options(), s.receipt(t, file, nil))); o.Code != 0 || o.Assurance != report.A1 {
		t.Errorf("code %d, %v", o.Code, o.Reasons)
	}
}

// What is sealed keeps the schemas that are published.
func TestSealedKeepsSchema(t *testing.T) {
	s := newScene(t)
	file := s.seal(t, s.report)
	predicate := func(file []byte) []byte {
		st, err := seal.DecodeStatement(unverified(t, file))
		if err != nil {
			t.Fatal(err)
		}
		return st.Predicate
	}
	for name, document := range map[string][]byte{
		"report":  predicate(file),
		"receipt": predicate(s.receipt(t, file, nil)),
		"invite":  unverified(t, s.report.Invite.Sealed),
		"policy":  s.report.Policy.Compiled,
	} {
		data, _ := report.Schema(name)
		of, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource(name, of); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.MustCompile(name).Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var wrapper struct {
		Envelope struct{ Payload string } `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(file, &wrapper); err != nil {
		t.Fatal(err)
	}
	if payload, err := base64.StdEncoding.DecodeString(wrapper.Envelope.Payload); err != nil || !bytes.Equal(payload, unverified(t, file)) {
		t.Errorf("a plain reader reads another payload: %v", err)
	}
}
