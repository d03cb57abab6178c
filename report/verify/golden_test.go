package verify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"deskready/report"
	"deskready/report/seal"
)

var update = flag.Bool("update", false, "write the golden files that are missing; those that are there are never changed")

// expectation is what a golden case must come to, for ever, in this and in any other implementation.
type expectation struct {
	Now        time.Time        `json:"now"`
	Audience   string           `json:"audience,omitzero"`
	Invite     string           `json:"invite,omitzero"`
	Nonce      string           `json:"nonce,omitzero"`
	Code       int              `json:"code"`
	Reason     string           `json:"reason,omitzero"`
	Verdict    report.Verdict   `json:"verdict,omitzero"`
	Assurance  report.Assurance `json:"assurance,omitzero"`
	NotChecked []string         `json:"not_checked,omitempty"`
}

func (e expectation) options() Options {
	return Options{Now: func() time.Time { return e.Now }, Audience: e.Audience, Invite: e.Invite, Nonce: e.Nonce}
}

func (e expectation) same(o expectation) bool {
	return e.Code == o.Code && e.Reason == o.Reason && e.Verdict == o.Verdict && e.Assurance == o.Assurance && slices.Equal(e.NotChecked, o.NotChecked)
}

func outcome(o Opened) expectation {
	e := expectation{Code: o.Code, Verdict: o.Verdict, Assurance: o.Assurance}
	if len(o.Reasons) > 0 {
		e.Reason = o.Reasons[0].Code
	} else {
		e.NotChecked = o.NotChecked
	}
	return e
}

// TestGolden opens every file that a version of this program ever sealed.
func TestGolden(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	folders, err := filepath.Glob("testdata/v*/*")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[int]bool{}
	for _, folder := range folders {
		t.Run(filepath.ToSlash(folder), func(t *testing.T) {
			var want expectation
			if err := json.Unmarshal(read(t, folder, "expect.json"), &want); err != nil {
				t.Fatal(err)
			}
			o := want.options()
			o.Receipt = read(t, folder, "receipt.json")
			if data := read(t, folder, "trust.json"); data != nil {
				trust, err := ParseTrust(data)
				if err != nil {
					t.Fatal(err)
				}
				o.Trust = &trust
			}
			opened := File(read(t, folder, "report.deskready.json"), o)
			codes[want.Code] = true
			if got := outcome(opened); !got.same(want) {
				t.Errorf("%+v, want %+v; reasons %v", got, want, opened.Reasons)
			}
		})
	}
	for _, code := range []int{0, 10, 11, 20, 21, 22, 23, 24, 25} {
		if !codes[code] {
			t.Errorf("no golden file has the exit code %d", code)
		}
	}
}

func read(t *testing.T, folder, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return data
}

// writeGolden makes the cases of the format as it is now.
func writeGolden(t *testing.T) {
	const version = "v0"
	self := func(r *report.Report) {
		r.Invite, r.Witness, r.Nonce, r.Audience = nil, nil, "", ""
		r.Results = slices.Delete(r.Results, 1, 2)
	}
	offline := func(r *report.Report) {
		r.Offline, r.Nonce, r.Witness = true, "offline-nonce", nil
		r.Results = slices.Delete(r.Results, 1, 2)
	}
	slow := func(r *report.Report) { r.Results[0].Measurements[0].Value = 1e6 }
	same := func(*report.Report) {}
	for _, c := range []struct {
		name   string
		change func(*report.Report)
		trust  bool
		level  report.Assurance // of the receipt
	}{
		{"ready", same, true, ""},
		{"ready-receipt", same, true, report.A1},
		{"ready-witnessed", same, true, report.A2},
		{"ready-no-trust", same, false, ""},
		{"not-ready", slow, true, report.A1},
		{"undecided-offline", offline, true, ""},
		{"self-run", self, false, ""},
	} {
		s := newScene(t)
		c.change(&s.report)
		s.report = s.judged(t, s.report)
		file := s.seal(t, s.report)
		o := Options{Now: s.options().Now}
		if c.trust {
			o.Trust = &s.trust
		}
		if c.level != "" {
			o.Receipt = s.receipt(t, file, func(r *report.Receipt) { r.Assurance = c.level })
		}
		save(t, filepath.Join("testdata", version, c.name), file, o)
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t)
	if s.hire, err = seal.KeyOf(private); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join("testdata", version, "ready-p256"), s.seal(t, s.report), s.options())
	reasons := map[string]bool{}
	for _, f := range forgeries {
		file, o := f.make(t, newScene(t))
		if reasons[f.reason] || len(file) > 32<<10 {
			continue
		}
		reasons[f.reason] = true
		save(t, filepath.Join("testdata", version, "forged-"+f.reason), file, o)
	}
}

func save(t *testing.T, folder string, file []byte, o Options) {
	t.Helper()
	if _, err := os.Stat(folder); err == nil {
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	e := outcome(File(file, o))
	e.Now, e.Audience, e.Invite, e.Nonce = o.Now(), o.Audience, o.Invite, o.Nonce
	expect, err := json.Marshal(e, jsontext.WithIndent("  "))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"report.deskready.json": file, "expect.json": append(expect, '\n')}
	if o.Receipt != nil {
		files["receipt.json"] = o.Receipt
	}
	if o.Trust != nil {
		if files["trust.json"], err = o.Trust.Encode(); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The keys of the golden files are fixed: 32 times the byte 1 for the collector, 2 for the hire.
func TestGoldenKeys(t *testing.T) {
	o := File(read(t, "testdata/v0/ready", "report.deskready.json"), Options{})
	if o.KeyID != key(t, 2).Public().ID() || o.Invite == nil || o.Invite.Key != key(t, 1).Public().PEM() {
		t.Errorf("signed by %s", o.KeyID)
	}
	var k seal.Key
	if !k.IsZero() || key(t, 2).IsZero() {
		t.Error("a zero key is one, or a real key is none")
	}
}
