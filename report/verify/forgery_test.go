package verify

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/report"
	"deskready/report/seal"
)

// forgeries are what a cheat, a mishap or a bug could make of a good report. Each builds real files.
var forgeries = []struct {
	name   string
	make   func(t testing.TB, s *scene) ([]byte, Options)
	reason string
	code   int
}{ // read only
	{"verdict edited in the file", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Results[0].Measurements[0].Value = 1e6
		file := s.seal(t, s.judged(t, s.report))
		return edit(t, file, `"verdict":"not_ready"`, `"verdict":"ready"`), s.options()
	}, BadSignature, 20},
	{"measurement edited in the file", func(t testing.TB, s *scene) ([]byte, Options) {
		return edit(t, s.seal(t, s.report), `94300000`, `99300000`), s.options()
	}, BadSignature, 20},
	{"edited and signed again by another key", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Results[0].Measurements[0].Value = 99e6
		s.report.Key = s.hire.Public().PEM()
		return forgeAbout(t, s.judged(t, s.report), key(t, 3), s.report.Invite.Sealed, report.PredicateType), s.options()
	}, UntrustedKey, 20},
	{"another key under the hire's key id", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Key = s.hire.Public().PEM()
		file := forgeAbout(t, s.report, key(t, 3), s.report.Invite.Sealed, report.PredicateType)
		return bytes.ReplaceAll(file, []byte(key(t, 3).Public().ID()), []byte(s.hire.Public().ID())), s.options()
	}, BadSignature, 20},
	{"key id of another key", func(t testing.TB, s *scene) ([]byte, Options) {
		return bytes.ReplaceAll(s.seal(t, s.report), []byte(s.hire.Public().ID()), []byte(key(t, 3).Public().ID())), s.options()
	}, UntrustedKey, 20},
	{"another invite swapped in", func(t testing.TB, s *scene) ([]byte, Options) {
		other := *s
		other.invite.ID, other.invite.For = "inv_2", "Eva"
		r := s.report
		r.Invite = other.draft(t).Invite
		r.Key = s.hire.Public().PEM()
		return forgeAbout(t, r, s.hire, s.report.Invite.Sealed, report.PredicateType), s.options()
	}, OtherSubject, 23},
	{"named after another invite", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Invite.ID = "inv_2"
		return forge(t, s.report, s.hire), s.options()
	}, OtherInvite, 23},
	{"named after another hire", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Invite.For = "Eva"
		return forge(t, s.report, s.hire), s.options()
	}, OtherInvite, 23},
	{"an invite of his own making", func(t testing.TB, s *scene) ([]byte, Options) {
		s.collector = key(t, 3)
		return forge(t, s.draft(t), s.hire), s.options()
	}, UntrustedKey, 20},
	{"an invite with an edited policy", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Invite.Sealed = edit(t, s.report.Invite.Sealed, `"id":"inv_1"`, `"id":"inv_9"`)
		return forge(t, s.report, s.hire), s.options()
	}, BadSignature, 20},
	{"an easier policy", func(t testing.TB, s *scene) ([]byte, Options) {
		s.policy.Rules = s.policy.Rules[:1]
		s.policy.Rules[0].Require.Min = number(1)
		s.report.Policy = ref(t, s.policy)
		return forge(t, s.judged(t, s.report), s.hire), s.options()
	}, OtherPolicy, 23},
	{"an easier policy under the digest of the other", func(t testing.TB, s *scene) ([]byte, Options) {
		s.policy.Rules = s.policy.Rules[:1]
		easy := ref(t, s.policy)
		s.report.Policy.Compiled = easy.Compiled
		return forge(t, s.judged(t, s.report), s.hire), s.options()
	}, OtherPolicy, 23},
	{"a policy under another name", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Policy.Name = "strict-voice"
		return forge(t, s.report, s.hire), s.options()
	}, OtherPolicy, 23},
	{"verdict altered before signing", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Results[0].Measurements[0].Value = 1e6
		r := s.judged(t, s.report)
		r.Verdict = report.Ready
		return forge(t, r, s.hire), s.options()
	}, WrongVerdict, 24},
	{"findings altered before signing", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Findings[0].Measured = number(200e6)
		return forge(t, s.report, s.hire), s.options()
	}, WrongFindings, 24},
	{"a finding left out", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Findings = s.report.Findings[1:]
		return forge(t, s.report, s.hire), s.options()
	}, WrongFindings, 24},
	{"a finding with another remedy", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Findings[0].Remedy = "buy from me"
		return forge(t, s.report, s.hire), s.options()
	}, WrongFindings, 24},
	{"the collector's figure made up", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Witness = nil
		return forge(t, s.report, s.hire), s.options()
	}, NotWitnessed, 20},
	{"the collector's figure improved", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Results[1].Measurements[0].Value = 0
		return forge(t, s.judged(t, s.report), s.hire), s.options()
	}, NotWitnessed, 20},
	{"the collector's figure left out", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Results = slices.Delete(s.report.Results, 1, 2)
		return forge(t, s.judged(t, s.report), s.hire), s.options()
	}, NotWitnessed, 20},
	{"the witness of another run", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Nonce = "run-nonce-2"
		return forge(t, s.report, s.hire), s.options()
	}, OtherNonce, 23},
	{"a witness of his own making", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Witness = must(SealWitness(Witness{
			Invite: "inv_1", Nonce: "run-nonce", Collector: s.invite.Collector, At: now, Measurements: witnessed(),
		}, s.hire))
		return forge(t, s.report, s.hire), s.options()
	}, UntrustedKey, 20},
	{"made after the invite had ended", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Began = s.invite.Expires.Add(-119 * time.Second)
		return s.seal(t, s.report), Options{Trust: &s.trust, Now: func() time.Time { return now.Add(24 * time.Hour) }}
	}, Expired, 22},
	{"made in the future", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Began = now.Add(11 * time.Minute)
		return s.seal(t, s.report), s.options()
	}, WrongTime, 22},
	{"made before there was an invite", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Began = s.invite.Issued.Add(-25 * time.Hour)
		return s.seal(t, s.report), s.options()
	}, WrongTime, 22},
	{"a run of minus an hour", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Seconds = -3600
		return forge(t, s.report, s.hire), s.options()
	}, WrongTime, 22},
	{"a run of a million years", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Seconds = 3e13
		return forge(t, s.report, s.hire), s.options()
	}, WrongTime, 22},
	{"for another collector", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Audience = "https://other.example.com"
		return forge(t, s.report, s.hire), s.options()
	}, OtherAudience, 23},
	{"another audience expected", func(t testing.TB, s *scene) ([]byte, Options) {
		o := s.options()
		o.Audience = "https://other.example.com"
		return s.seal(t, s.report), o
	}, OtherAudience, 23},
	{"another invite expected", func(t testing.TB, s *scene) ([]byte, Options) {
		o := s.options()
		o.Invite = "inv_2"
		return s.seal(t, s.report), o
	}, OtherInvite, 23},
	{"another run expected", func(t testing.TB, s *scene) ([]byte, Options) {
		o := s.options()
		o.Nonce = "run-nonce-2"
		return s.seal(t, s.report), o
	}, OtherNonce, 23},
	{"offline with a nonce of his own", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Offline = true
		return forge(t, s.report, s.hire), s.options()
	}, OtherNonce, 23},
	{"no nonce", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Nonce = ""
		return forge(t, s.report, s.hire), s.options()
	}, OtherNonce, 23},
	{"receipt of another report", func(t testing.TB, s *scene) ([]byte, Options) {
		file := s.seal(t, s.report)
		s.report.Run = "run_2"
		return file, with(s.options(), s.receipt(t, s.seal(t, s.report), nil))
	}, WrongReceipt, 25},
	{"receipt of his own making", func(t testing.TB, s *scene) ([]byte, Options) {
		file := s.seal(t, s.report)
		s.collector = s.hire
		return file, with(s.options(), s.receipt(t, file, nil))
	}, WrongReceipt, 25},
	{"receipt edited", func(t testing.TB, s *scene) ([]byte, Options) {
		file := s.seal(t, s.report)
		return file, with(s.options(), edit(t, s.receipt(t, file, nil), `"A1"`, `"A2"`))
	}, WrongReceipt, 25},
	{"receipt for another verdict", func(t testing.TB, s *scene) ([]byte, Options) {
		file := s.seal(t, s.report)
		return file, with(s.options(), s.receipt(t, file, func(r *report.Receipt) { r.Verdict = report.NotReady }))
	}, WrongReceipt, 25},
	{"receipt that is none", func(t testing.TB, s *scene) ([]byte, Options) {
		file := s.seal(t, s.report)
		return file, with(s.options(), file)
	}, WrongReceipt, 25},
	{"receipt that is empty", func(t testing.TB, s *scene) ([]byte, Options) {
		return s.seal(t, s.report), with(s.options(), []byte{})
	}, WrongReceipt, 25},
	{"receipt by a key for other things", func(t testing.TB, s *scene) ([]byte, Options) {
		file := s.seal(t, s.report)
		s.trust.Keys[0].Use = []string{UseInvite, UseWitness}
		return file, with(s.options(), s.receipt(t, file, nil))
	}, WrongReceipt, 25},
	{"receipt by a key that had ended", func(t testing.TB, s *scene) ([]byte, Options) {
		file := s.seal(t, s.report)
		s.trust.Keys[0].NotAfter = now.Add(time.Minute)
		return file, with(s.options(), s.receipt(t, file, func(r *report.Receipt) { r.Created = now.Add(2 * time.Minute) }))
	}, WrongReceipt, 25},
	{"invite by a key that had not begun", func(t testing.TB, s *scene) ([]byte, Options) {
		s.trust.Keys[0].NotBefore = now
		return s.seal(t, s.report), s.options()
	}, UntrustedKey, 20},
	{"own assurance signed", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Assurance = report.A2
		return forge(t, s.report, s.hire), s.options()
	}, Malformed, 21},
	{"figures by nobody known", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Results[1].Measurements[0].By = "Collector"
		return forge(t, s.judged(t, s.report), s.hire), s.options()
	}, Malformed, 21},
	{"a key twice", func(t testing.TB, s *scene) ([]byte, Options) {
		return s.forgeText(t, `"verdict":"ready"`, `"verdict":"not_ready","verdict":"ready"`), s.options()
	}, Malformed, 21},
	{"a key in another case", func(t testing.TB, s *scene) ([]byte, Options) {
		return s.forgeText(t, `"verdict":`, `"Verdict":`), s.options()
	}, Malformed, 21},
	{"an unknown key", func(t testing.TB, s *scene) ([]byte, Options) {
		return s.forgeText(t, `"verdict":`, `"waived":true,"verdict":`), s.options()
	}, Malformed, 21},
	{"unknown version of the predicate", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Key = s.hire.Public().PEM()
		return forgeAbout(t, s.report, s.hire, s.report.Invite.Sealed, "https://deskready.example/readiness/v9"), s.options()
	}, OtherVersion, 21},
	{"unknown version of the report", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Version = 2
		return forge(t, s.report, s.hire), s.options()
	}, OtherVersion, 21},
	{"an invite sold as a report", func(t testing.TB, s *scene) ([]byte, Options) {
		return s.report.Invite.Sealed, s.options()
	}, Malformed, 21},
	{"two signatures", func(t testing.TB, s *scene) ([]byte, Options) {
		file := string(s.seal(t, s.report))
		one := file[strings.Index(file, `"signatures":[`)+len(`"signatures":[`) : strings.Index(file, `]}}`)]
		return []byte(strings.Replace(file, one, one+","+one, 1)), s.options()
	}, Malformed, 21},
	{"truncated", func(t testing.TB, s *scene) ([]byte, Options) {
		file := s.seal(t, s.report)
		return file[:len(file)/2], s.options()
	}, Malformed, 21},
	{"empty", func(t testing.TB, s *scene) ([]byte, Options) { return nil, s.options() }, Malformed, 21},
	{"huge", func(t testing.TB, s *scene) ([]byte, Options) {
		return append(s.seal(t, s.report), bytes.Repeat([]byte(" "), seal.MaxFile)...), s.options()
	}, Malformed, 21},
	{"too many measurements", func(t testing.TB, s *scene) ([]byte, Options) {
		for range maxMeasurements {
			s.report.Results[0].Measurements = append(s.report.Results[0].Measurements, s.report.Results[0].Measurements[0])
		}
		return forge(t, s.report, s.hire), s.options()
	}, Malformed, 21},
	{"too much to judge", func(t testing.TB, s *scene) ([]byte, Options) {
		for range 500 {
			s.report.Results[0].Measurements = append(s.report.Results[0].Measurements, s.report.Results[2].Measurements[1])
			s.policy.Rules = append(s.policy.Rules, s.policy.Rules[2])
		}
		s.report.Policy = ref(t, s.policy)
		return forge(t, s.report, s.hire), s.options()
	}, Malformed, 21},
	{"an attempt before the first", func(t testing.TB, s *scene) ([]byte, Options) {
		s.report.Results[0].Attempt = -1
		return forge(t, s.report, s.hire), s.options()
	}, Malformed, 21},
	{"a policy that nothing can keep", func(t testing.TB, s *scene) ([]byte, Options) {
		s.policy.Rules[0].Require.Max = number(1)
		s.report.Policy = ref(t, s.policy)
		return forge(t, s.report, s.hire), s.options()
	}, Malformed, 21},
}

func must(file []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return file
}

// edit changes the payload of a sealed file and leaves the signature.
func edit(t testing.TB, file []byte, old, new string) []byte {
	t.Helper()
	e, err := seal.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	was := e.Unverified()
	if !bytes.Contains(was, []byte(old)) {
		t.Fatalf("%s is not in %s", old, was)
	}
	is := bytes.Replace(was, []byte(old), []byte(new), 1)
	return bytes.Replace(file, []byte(base64.StdEncoding.EncodeToString(was)), []byte(base64.StdEncoding.EncodeToString(is)), 1)
}

// forgeText changes the text of the predicate and signs it, as the hire himself could.
func (s *scene) forgeText(t testing.TB, old, new string) []byte {
	t.Helper()
	s.report.Key = s.hire.Public().PEM()
	predicate, err := encode(s.report)
	if err != nil {
		t.Fatal(err)
	}
	// The statement's encoder would refuse it, so the change is made in the bytes that are signed.
	var payload []byte
	e, err := seal.Read(forgeJSON(t, predicate, s.hire, s.report.Invite.Sealed, report.PredicateType))
	if err != nil {
		t.Fatal(err)
	}
	if payload = e.Unverified(); !bytes.Contains(payload, []byte(old)) {
		t.Fatalf("%s is not in %s", old, payload)
	}
	return must(seal.Seal(s.hire, seal.InToto, bytes.Replace(payload, []byte(old), []byte(new), 1)))
}

func TestForgeries(t *testing.T) {
	for _, c := range forgeries {
		t.Run(c.name, func(t *testing.T) {
			file, o := c.make(t, newScene(t))
			got := File(file, o)
			if got.Code != c.code || len(got.Reasons) == 0 || got.Reasons[0].Code != c.reason {
				t.Fatalf("code %d, reasons %v, want %d, %s", got.Code, got.Reasons, c.code, c.reason)
			}
			if got.Report.Run != "" || got.Verdict != "" || got.Findings != nil || got.Invite != nil || got.Receipt != nil || got.Assurance != "" {
				t.Errorf("not valid, and still shown: %+v", got)
			}
		})
	}
}
