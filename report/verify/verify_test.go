package verify

import (
	"slices"
	"strings"
	"testing"

	"deskready/checks"
	"deskready/report"
	"deskready/report/seal"
)

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*report.Report)
		verdict report.Verdict
		code    int
	}{
		{"ready", func(*report.Report) {}, report.Ready, 0},
		{"a preference missed", func(r *report.Report) { r.Results[0].Measurements[0].Value = 20e6 }, report.Ready, 0},
		{"a requirement missed", func(r *report.Report) { r.Results[0].Measurements[0].Value = 9.99e6 }, report.NotReady, 10},
		{"not measured", func(r *report.Report) { r.Results = r.Results[1:] }, report.Undecided, 11},
		{"not witnessed", func(r *report.Report) { r.Results, r.Witness = slices.Delete(r.Results, 1, 2), nil }, report.Undecided, 11},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			c.change(&s.report)
			s.report = s.judged(t, s.report)
			file := s.seal(t, s.report)
			o := File(file, s.options())
			if o.Code != c.code || o.Verdict != c.verdict || len(o.Reasons) > 0 {
				t.Fatalf("code %d, verdict %s, reasons %v", o.Code, o.Verdict, o.Reasons)
			}
			if o.Report.Verdict != c.verdict || len(o.Findings) == 0 || o.KeyID != s.hire.Public().ID() || o.Invite.ID != "inv_1" {
				t.Errorf("opened %+v", o)
			}
			if o.FileDigest != report.Digest(file) || o.PayloadDigest == o.FileDigest {
				t.Errorf("digests %s and %s", o.FileDigest, o.PayloadDigest)
			}
		})
	}
}

func TestAssurance(t *testing.T) {
	s := newScene(t)
	file := s.seal(t, s.report)
	unwitnessed := s.report
	unwitnessed.Results, unwitnessed.Witness = slices.Delete(slices.Clone(s.report.Results), 1, 2), nil
	unwitnessed = s.judged(t, unwitnessed)
	bare := s.seal(t, unwitnessed)
	level := func(a report.Assurance) func(*report.Receipt) {
		return func(r *report.Receipt) { r.Assurance = a }
	}
	undecided := func(r *report.Receipt) { r.Assurance, r.Verdict = report.A2, report.Undecided }
	newer := s.trust // the collector's key of today is another than that of the invite
	newer.Keys = append(slices.Clone(newer.Keys), TrustedKey{ID: key(t, 8).Public().ID(), PEM: key(t, 8).Public().PEM(), Use: []string{UseReceipt}})
	for _, c := range []struct {
		name    string
		file    []byte
		options Options
		want    report.Assurance
		open    []string
	}{
		{"no receipt", file, s.options(), report.A0, []string{NoReceipt, NoEnrolment, NoNonce, NoRevocation}},
		{"A1", file, with(s.options(), s.receipt(t, file, nil)), report.A1, []string{NoRevocation}},
		{"A0", file, with(s.options(), s.receipt(t, file, level(report.A0))), report.A0, []string{NoRevocation}},
		{"A2", file, with(s.options(), s.receipt(t, file, level(report.A2))), report.A2, []string{NoRevocation}},
		{"A2 without a witness", bare, with(s.options(), s.receipt(t, bare, undecided)), report.A1, []string{NoRevocation}},
		{"no trust", file, Options{Receipt: s.receipt(t, file, nil)}, report.A0, []string{NoTrust, NoTime, NoRevocation}},
		{"no trust, another key", file, Options{Receipt: (&scene{collector: key(t, 8), invite: s.invite, report: s.report}).receipt(t, file, nil)},
			report.A0, []string{NoTrust, NoTime, NoReceipt, NoEnrolment, NoNonce, NoRevocation}},
		{"a newer key", file, Options{Trust: &newer, Now: s.options().Now, Receipt: (&scene{collector: key(t, 8), invite: s.invite, report: s.report}).receipt(t, file, nil)},
			report.A1, []string{NoRevocation}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := File(c.file, c.options)
			if len(o.Reasons) > 0 || o.Assurance != c.want || !slices.Equal(o.NotChecked, c.open) {
				t.Errorf("assurance %s, not checked %v, reasons %v; want %s, %v", o.Assurance, o.NotChecked, o.Reasons, c.want, c.open)
			}
		})
	}
}

func with(o Options, receipt []byte) Options {
	o.Receipt = receipt
	return o
}

// A run without an invite is whole and self-reported, and no answer to any collector.
func TestSelfRun(t *testing.T) {
	s := newScene(t)
	r := s.report
	r.Invite, r.Witness, r.Nonce, r.Audience = nil, nil, "", ""
	r.Results = slices.Delete(slices.Clone(r.Results), 1, 2)
	r = s.judged(t, r)
	file := s.seal(t, r)
	if o := File(file, Options{}); o.Code != 11 || o.Assurance != report.A0 || !slices.Equal(o.NotChecked, []string{NoTrust, NoTime, NoReceipt, NoRevocation}) {
		t.Errorf("code %d, %v, not checked %v", o.Code, o.Reasons, o.NotChecked)
	}
	if o := File(file, s.options()); o.Code != 23 || o.Reasons[0].Code != OtherInvite {
		t.Errorf("with trust: code %d, %v", o.Code, o.Reasons)
	}
}

// Seal refuses what would not open again, so that a fault of ours is found where it can be mended.
func TestSealRefuses(t *testing.T) {
	for name, change := range map[string]func(*report.Report){
		"another verdict":     func(r *report.Report) { r.Verdict = report.NotReady },
		"findings forgotten":  func(r *report.Report) { r.Findings = nil },
		"no compiled policy":  func(r *report.Report) { r.Policy.Compiled = nil },
		"no sealed invite":    func(r *report.Report) { r.Invite.Sealed = nil },
		"another policy":      func(r *report.Report) { r.Policy.Digest = report.Digest(nil) },
		"audience forgotten":  func(r *report.Report) { r.Audience = "" },
		"run forgotten":       func(r *report.Report) { r.Run = "" },
		"witness forgotten":   func(r *report.Report) { r.Witness = nil },
		"witness of no form":  func(r *report.Report) { r.Witness = []byte("{}") },
		"more than fits":      func(r *report.Report) { r.Machine["x"] = strings.Repeat("x", seal.MaxFile) },
		"someone we know not": func(r *report.Report) { r.Results[0].Measurements[0].By = "" },
	} {
		s := newScene(t)
		change(&s.report)
		if file, err := Seal(s.report, s.hire); err == nil {
			t.Errorf("%s: sealed to %d bytes", name, len(file))
		}
	}
	s := newScene(t)
	if _, err := Seal(s.report, seal.Key{}); err == nil {
		t.Error("sealed without a key")
	}
}

// What only a reader may say does not get into the file, and broken text does not keep a hire from sending.
func TestSealCleans(t *testing.T) {
	s := newScene(t)
	yes := true
	s.report.Assurance, s.report.Delivered, s.report.State = report.A2, &yes, "pending"
	s.report.Files = &report.Files{Report: "a"}
	s.report.Machine["sound"] = "Head\xffset"
	s.report.Results[3].Measurements[0].Text = "12\xff8"
	s.report = s.judged(t, s.report)
	o := File(s.seal(t, s.report), s.options())
	if o.Code != 0 || o.Report.Machine["sound"] != "Head\ufffdset" || o.Report.Results[3].Measurements[0].Text != "12\ufffd8" {
		t.Errorf("%d, %v, %v", o.Code, o.Reasons, o.Report.Machine)
	}
}

func TestMeasurementsSurvive(t *testing.T) {
	s := newScene(t)
	o := File(s.seal(t, s.report), s.options())
	if same, err := sameJSON(o.Report.Results, s.report.Results); err != nil || !same {
		t.Errorf("%v: %+v", err, o.Report.Results)
	}
	if m := o.Report.Results[2].Measurements[1]; m.Missing == nil || m.Missing.Code != checks.CodeDenied {
		t.Errorf("%+v", m)
	}
}
