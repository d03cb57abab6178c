package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"deskready/report"
	"deskready/report/seal"
	"deskready/report/strict"
)

// maxReceipt bounds the file of a receipt.
const maxReceipt = 64 << 10

// Errors about documents that are whole, and for something else.
var (
	ErrAudience  = errors.New("meant for something else")
	ErrOtherFile = errors.New("the receipt is for another report")
)

// SealReceipt makes the file of a receipt for a report file, whose bytes must be those stored.
func SealReceipt(file []byte, r report.Receipt, k seal.Key) ([]byte, error) {
	e, err := seal.Read(file)
	if err != nil {
		return nil, fmt.Errorf("sealing the receipt: %w", err)
	}
	r.Payload = e.PayloadDigest()
	if err := checkReceipt(r); err != nil {
		return nil, fmt.Errorf("sealing the receipt: %w", err)
	}
	predicate, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("sealing the receipt: %w", err)
	}
	payload, err := seal.Statement{
		Subject:       []seal.Subject{subject(r.Run+".deskready.json", report.Digest(file))},
		PredicateType: report.ReceiptPredicate,
		Predicate:     predicate,
	}.Encode()
	if err != nil {
		return nil, fmt.Errorf("sealing the receipt: %w", err)
	}
	return seal.Seal(k, seal.InToto, payload)
}

// Receipt opens a receipt that one of the keys sealed for exactly this report file. Errors are those of package seal,
// and ErrOtherFile.
func Receipt(receipt, file []byte, trusted ...seal.Public) (report.Receipt, error) {
	e, err := seal.Read(file)
	if err != nil {
		return report.Receipt{}, fmt.Errorf("opening the receipt: the report: %w", err)
	}
	return openReceipt(receipt, report.Digest(file), e.PayloadDigest(), func(time.Time) []seal.Public { return trusted })
}

// openReceipt asks which keys are trusted at the time that the receipt bears.
func openReceipt(receipt []byte, file, payload string, trusted func(at time.Time) []seal.Public) (report.Receipt, error) {
	r, err := readReceipt(receipt, file, payload, trusted)
	if err != nil {
		return report.Receipt{}, fmt.Errorf("opening the receipt: %w", err)
	}
	return r, nil
}

func readReceipt(receipt []byte, file, payload string, trusted func(at time.Time) []seal.Public) (report.Receipt, error) {
	if len(receipt) > maxReceipt {
		return report.Receipt{}, malformed("%d bytes, %d allowed", len(receipt), maxReceipt)
	}
	e, err := seal.Read(receipt)
	if err != nil {
		return report.Receipt{}, err
	}
	s, err := seal.DecodeStatement(e.Unverified())
	if err != nil {
		return report.Receipt{}, err
	}
	if s.PredicateType != report.ReceiptPredicate {
		return report.Receipt{}, malformed("it says %.80q, which is no receipt", s.PredicateType)
	}
	var r report.Receipt
	if err := strict.Decode(s.Predicate, &r, strict.Default); err != nil {
		return report.Receipt{}, asMalformed(err)
	}
	if "sha256:"+s.Subject[0].Digest["sha256"] != file || r.Payload != payload {
		return report.Receipt{}, ErrOtherFile
	}
	if _, err := e.Open(seal.InToto, trusted(r.Created)...); err != nil {
		return report.Receipt{}, err
	}
	if err := checkReceipt(r); err != nil {
		return report.Receipt{}, err
	}
	return r, nil
}

func checkReceipt(r report.Receipt) error {
	switch {
	case r.Verifier.ID == "" || r.Run == "" || r.Created.IsZero():
		return malformed("a receipt says who gave it, for which run, and when")
	case !slices.Contains([]report.Verdict{report.Ready, report.NotReady, report.Undecided}, r.Verdict):
		return malformed("verdict %.40q", r.Verdict)
	case !slices.Contains([]report.Assurance{report.A0, report.A1, report.A2}, r.Assurance):
		return malformed("assurance %.40q", r.Assurance)
	}
	return nil
}

// subject is a subject by a digest as package report writes it.
func subject(name, digest string) seal.Subject {
	return seal.Subject{Name: name, Digest: map[string]string{"sha256": strings.TrimPrefix(digest, "sha256:")}}
}
