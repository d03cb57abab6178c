package verify

import (
	"bytes"
	"encoding/base64"
	"testing"

	"deskready/report"
	"deskready/report/seal"
	"deskready/report/seal/sealtest"
)

// No altered report, and no report with an altered receipt, is valid: not when the file is altered, and not when the
// payload is altered inside the file and the signature is kept.
func TestNoMutantIsValid(t *testing.T) {
	s := newScene(t)
	file := s.seal(t, s.report)
	receipt := s.receipt(t, file, nil)
	whole := with(s.options(), receipt)
	if o := File(file, whole); o.Code != 0 || o.Assurance != report.A1 {
		t.Fatalf("the original is not valid: %v", o.Reasons)
	}
	mutants := noMutant(t, file, whole)
	try := func(what string, file []byte, o Options) {
		mutants++
		refused(t, what, file, o)
	}
	i := 0
	for what, mutant := range sealtest.Bytes(file) {
		if i++; i%12 == 0 { // 12 and the 11 mutants a byte have no common divisor: every way of altering comes by
			try("file: "+what, mutant, whole)
		}
	}
	inside := unverified(t, receipt)
	for what, mutant := range sealtest.Fields(receipt) {
		try("receipt: "+what, file, with(whole, mutant))
	}
	for what, mutant := range sealtest.Fields(inside) {
		try("receipt's payload: "+what, file, with(whole, rewrap(receipt, inside, mutant)))
	}
	t.Logf("%d mutants, none valid", mutants)
	if mutants < 10000 {
		t.Errorf("%d mutants, 10000 promised", mutants)
	}
}

// noMutant alters each field of the file, and of the payload inside while the signature is kept.
func noMutant(t *testing.T, file []byte, o Options) (mutants int) {
	t.Helper()
	for what, mutant := range sealtest.Fields(file) {
		mutants++
		refused(t, "file: "+what, mutant, o)
	}
	payload := unverified(t, file)
	for what, mutant := range sealtest.Fields(payload) {
		mutants++
		refused(t, "payload: "+what, rewrap(file, payload, mutant), o)
	}
	return mutants
}

func refused(t *testing.T, what string, file []byte, o Options) {
	t.Helper()
	if got := File(file, o); got.Code < 20 || got.Report.Run != "" {
		t.Errorf("%s: code %d, assurance %s", what, got.Code, got.Assurance)
	}
}

// The hire holds the key: whatever he alters and signs again must be refused, or say nothing other than its figures and
// the policy of the invite give.
func TestSignedMutantsMeanWhatTheySay(t *testing.T) {
	s := newScene(t)
	file := s.seal(t, s.report)
	payload := unverified(t, file)
	valid, mutants := 0, 0
	for what, mutant := range sealtest.Fields(payload) {
		mutants++
		again, err := seal.Seal(s.hire, seal.InToto, mutant)
		if err != nil {
			t.Fatal(err)
		}
		o := File(again, s.options())
		if o.Code >= 20 {
			continue
		}
		valid++
		findings := s.policy.Judge(o.Report.Results)
		if o.Verdict != report.Decide(findings) || o.Report.Verdict != o.Verdict || o.Assurance != report.A0 || o.Invite.ID != s.invite.ID {
			t.Errorf("%s: verdict %s, assurance %s", what, o.Verdict, o.Assurance)
		}
		// The collector's figures are the collector's, whatever was done.
		if got := o.Report.Results; len(got) < 2 || len(got[1].Measurements) != 1 || got[1].Measurements[0].Value != 0.002 {
			t.Errorf("%s: another witness", what)
		}
	}
	t.Logf("%d of %d mutants that the hire signed are valid", valid, mutants)
	if valid == 0 || valid > mutants/2 {
		t.Errorf("%d of %d mutants are valid: the test tries nothing", valid, mutants)
	}
}

func unverified(t testing.TB, file []byte) []byte {
	t.Helper()
	e, err := seal.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return e.Unverified()
}

func rewrap(file, was, is []byte) []byte {
	return bytes.Replace(file, []byte(base64.StdEncoding.EncodeToString(was)), []byte(base64.StdEncoding.EncodeToString(is)), 1)
}

// FuzzFile: whatever comes in, the answer is a verdict of a file that verifies, or a reason and nothing to show.
func FuzzFile(f *testing.F) {
	s := newScene(f)
	file := s.seal(f, s.report)
	receipt := s.receipt(f, file, nil)
	f.Add(file, receipt)
	f.Add(file, []byte(nil))
	f.Add(s.report.Invite.Sealed, receipt)
	f.Add(receipt, file)
	f.Add([]byte("{}"), []byte("{}"))
	good := report.Digest(unverified(f, file))
	f.Fuzz(func(t *testing.T, file, receipt []byte) {
		o := s.options()
		o.Receipt = receipt
		got := File(file, o)
		switch {
		case len(got.Reasons) > 0:
			if got.Code < 20 || got.Report.Run != "" || got.Verdict != "" {
				t.Fatalf("not valid, and still shown: %+v", got)
			}
		case got.PayloadDigest != good:
			t.Fatalf("valid, and nobody signed it: %+v", got)
		}
	})
}

// FuzzPayload lets the hire sign anything: it never panics, and never passes as more than self-reported.
func FuzzPayload(f *testing.F) {
	s := newScene(f)
	f.Add(unverified(f, s.seal(f, s.report)))
	f.Add([]byte(`{"_type":"https://in-toto.io/Statement/v1"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		file, err := seal.Seal(s.hire, seal.InToto, payload)
		if err != nil {
			return
		}
		got := File(file, s.options())
		if len(got.Reasons) == 0 && (got.Assurance != report.A0 || got.Verdict != report.Decide(s.policy.Judge(got.Report.Results))) {
			t.Fatalf("%+v", got)
		}
	})
}

func BenchmarkFile(b *testing.B) {
	s := newScene(b)
	file := s.seal(b, s.report)
	o := with(s.options(), s.receipt(b, file, nil))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if got := File(file, o); got.Code != 0 {
			b.Fatal(got.Reasons)
		}
	}
}
