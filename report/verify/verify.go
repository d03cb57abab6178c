// Package verify makes signed reports and opens them: everything that can be checked is checked, and what the figures
// say is judged again. It reads no clock, no file and no network, so the hire's program, a recruiter's and the
// collector all come to the same answer.
package verify

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"deskready/checks"
	"deskready/report"
	"deskready/report/seal"
)

// Options are what the reader of a report holds it against. The zero value asks only whether it is whole.
type Options struct {
	Trust    *Trust           // the collector's keys: without, nobody knows whose invite and receipt are
	Receipt  []byte           // the file of the receipt, if there is one
	Now      func() time.Time // nil: times are not held against the present
	Audience string           // expected, if not empty
	Nonce    string           // expected, if not empty
	Invite   string           // expected id, if not empty
}

// What File could not check: part of the honesty.
const (
	NoTrust      = "trust"      // whose keys sealed invite, witness and receipt
	NoReceipt    = "receipt"    // whether the collector has this report
	NoEnrolment  = "enrolment"  // whether the hire's key is the one that the collector enrolled
	NoNonce      = "nonce"      // whether the run was begun with the collector, once
	NoTime       = "time"       // the present
	NoRevocation = "revocation" // whether invite or report were withdrawn since
)

// Opened is what is known of a report file. Where Reasons is not empty the report is not valid, and Report, Verdict,
// Findings, Invite and Receipt are empty: nothing can be shown by mistake.
type Opened struct {
	Report        report.Report
	Verdict       report.Verdict   // recomputed
	Findings      []report.Finding // recomputed
	Assurance     report.Assurance
	KeyID         string // of the key that signed; empty where no signature was verified
	FileDigest    string
	PayloadDigest string // the identity of the report, whatever its wrapping
	Invite        *report.Invite
	Receipt       *report.Receipt
	Code          int // exit code: 0 ready, 10 not ready, 11 undecided, 20 to 25 not valid
	Reasons       []Reason
	NotChecked    []string
}

// File opens a report file. The signature comes first; after it every check is made, so that Reasons tells all.
func File(file []byte, o Options) Opened {
	v := opening{o: o, Opened: Opened{FileDigest: report.Digest(file)}}
	if err := v.open(file); err != nil {
		v.refuse(Because(err))
		return v.close()
	}
	policy, err := openPolicy(v.Report.Policy)
	if err == nil {
		err = bearable(policy, v.Report.Results)
	}
	if err != nil {
		v.refuse(Because(err))
		return v.close()
	}
	v.checkInvite()
	v.checkExpected()
	v.checkTimes()
	v.judge(policy)
	v.checkWitness()
	v.checkReceipt()
	return v.close()
}

// opening is a report file at work.
type opening struct {
	o Options
	Opened
	subject     string // digest of what the signature is about
	isWitnessed bool   // there is a witness, and it is whole
}

func (v *opening) refuse(reasons ...Reason) { v.Reasons = append(v.Reasons, reasons...) }

func (v *opening) close() Opened {
	out := v.Opened
	if len(out.Reasons) > 0 {
		slices.SortStableFunc(out.Reasons, moreSerious)
		return Opened{
			KeyID: out.KeyID, FileDigest: out.FileDigest, PayloadDigest: out.PayloadDigest,
			Code: out.Reasons[0].Exit(), Reasons: out.Reasons, NotChecked: out.NotChecked,
		}
	}
	switch out.Verdict {
	case report.Ready:
		out.Code = 0
	case report.NotReady:
		out.Code = 10
	default:
		out.Code = 11
	}
	out.NotChecked = append(out.NotChecked, NoRevocation)
	return out
}

// open verifies the signature by the key inside, and that alone.
func (v *opening) open(file []byte) error {
	e, err := seal.Read(file)
	if err != nil {
		return err
	}
	v.PayloadDigest = e.PayloadDigest()
	if e.PayloadType() != seal.InToto {
		return malformed("it holds %.80q, which is no report", e.PayloadType())
	}
	s, r, err := readReport(e.Unverified())
	if err != nil {
		return err
	}
	key, err := ownKey(e, r.Key)
	if err != nil {
		return err
	}
	if _, err := e.Open(seal.InToto, key); err != nil {
		return err
	}
	v.KeyID, v.Report, v.subject = key.ID(), r, "sha256:"+s.Subject[0].Digest["sha256"]
	return nil
}

// errPredicate is about a statement of another kind or version.
var errPredicate = errors.New("unknown kind of statement")

func readReport(payload []byte) (seal.Statement, report.Report, error) {
	s, err := seal.DecodeStatement(payload)
	if err != nil {
		return seal.Statement{}, report.Report{}, err
	}
	if s.PredicateType != report.PredicateType {
		return seal.Statement{}, report.Report{}, fmt.Errorf("%w: %.80q, this program knows %q", errPredicate, s.PredicateType, report.PredicateType)
	}
	r, err := report.Decode(s.Predicate)
	if err != nil {
		return seal.Statement{}, report.Report{}, asMalformed(err)
	}
	return s, r, checkShape(r)
}

// The limits of what is judged. They keep the work of judging far under a second, whatever a stranger signed.
const (
	maxResults      = 64
	maxMeasurements = 1024
	maxWork         = 100_000 // rules times measurements
)

// checkShape refuses what the JSON allows and no program of ours writes.
func checkShape(r report.Report) error {
	switch {
	case r.Assurance != "" || r.Files != nil || r.Delivered != nil || r.State != "":
		return malformed("assurance, files, delivered and state are the reader's to say, and were signed")
	case r.Run == "":
		return malformed("a report names its run")
	case r.Invite != nil && (r.Invite.ID == "" || len(r.Invite.Sealed) == 0):
		return malformed("the invite is not inside")
	case r.Invite == nil && r.Witness != nil:
		return malformed("a witness goes with an invite")
	case len(r.Results) > maxResults:
		return malformed("%d results, %d allowed", len(r.Results), maxResults)
	}
	return checkMeasurements(r.Results)
}

func checkMeasurements(results []checks.Result) error {
	count := 0
	for _, result := range results {
		count += len(result.Measurements)
		if result.Attempt < 0 || result.Attempt > maxResults {
			return malformed("attempt %d of %.80q", result.Attempt, result.Check)
		}
		for _, m := range result.Measurements {
			if len(m.Samples) > checks.MaxSamples {
				return malformed("%d samples of %.80q, %d allowed", len(m.Samples), m.Metric, checks.MaxSamples)
			}
			if !slices.Contains([]string{checks.ByTool, checks.ByCollector, checks.ByBrowser, checks.ByHire}, m.By) {
				return malformed("%.80q was measured by %.40q, and nobody knows who that is", m.Metric, m.By)
			}
		}
	}
	if count > maxMeasurements {
		return malformed("%d measurements, %d allowed", count, maxMeasurements)
	}
	return nil
}

func bearable(p report.Policy, results []checks.Result) error {
	count := 0
	for _, r := range results {
		count += len(r.Measurements)
	}
	if work := count * len(p.Rules); work > maxWork {
		return malformed("%d rules for %d measurements are too many to judge", len(p.Rules), count)
	}
	return nil
}

// judge holds what the report says of itself against what its figures say.
func (v *opening) judge(p report.Policy) {
	v.Findings = p.Judge(v.Report.Results)
	v.Verdict = report.Decide(v.Findings)
	if v.Verdict != v.Report.Verdict {
		v.refuse(Reason{WrongVerdict, fmt.Sprintf("it says %.40q, its figures give %q", v.Report.Verdict, v.Verdict)})
	}
	same, err := sameJSON(v.Findings, v.Report.Findings)
	if err != nil || !same {
		v.refuse(Reason{WrongFindings, "the findings inside are not those that its figures and its policy give"})
	}
}

// sameJSON compares what would be read, so that it does not matter in which way something is absent.
func sameJSON(a, b any) (bool, error) {
	as, err := encode(a)
	if err != nil {
		return false, err
	}
	bs, err := encode(b)
	return bytes.Equal(as, bs), err
}

// encode is how reports are written: lists are never null, and text that is no UTF-8 is made so rather than refused,
// for a broken device name must not keep a hire from sending.
func encode(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
}
