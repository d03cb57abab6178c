package verify

import (
	"errors"
	"slices"

	"deskready/report"
	"deskready/report/seal"
)

// A Reason is why a document is not valid.
type Reason struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitzero"` // for support
}

// Codes of reasons, the most serious first.
const (
	Malformed     = "malformed" // not a sealed document of this kind, or its parts contradict the format
	OtherVersion  = "version"   // of a version that this program does not know
	BadSignature  = "signature" // changed after it was signed
	UntrustedKey  = "untrusted" // sealed by a key that is not the one named, or not trusted
	NotWitnessed  = "witness"   // figures said to be the collector's that it did not seal, or sealed otherwise
	OtherSubject  = "subject"   // the signature is about another invite or policy than the one inside
	OtherInvite   = "invite"    // under another invite than expected, or under none
	OtherAudience = "audience"  // for another collector
	OtherNonce    = "nonce"     // of another run
	OtherPolicy   = "policy"    // another policy than the one named
	Expired       = "expired"   // made after the invite had ended
	WrongTime     = "time"      // made at a time that cannot be
	WrongVerdict  = "verdict"   // the verdict inside is not what its figures give
	WrongFindings = "findings"  // the findings inside are not what its figures give
	WrongReceipt  = "receipt"   // the receipt is for another report, or not the collector's
)

// codes is the order of seriousness.
func codes() []string {
	return []string{
		Malformed, OtherVersion, BadSignature, UntrustedKey, NotWitnessed, OtherSubject, OtherInvite, OtherAudience,
		OtherNonce, OtherPolicy, Expired, WrongTime, WrongVerdict, WrongFindings, WrongReceipt,
	}
}

func moreSerious(a, b Reason) int {
	return slices.Index(codes(), a.Code) - slices.Index(codes(), b.Code)
}

// Exit is the exit code of the command line for this reason.
func (r Reason) Exit() int {
	switch r.Code {
	case Malformed, OtherVersion:
		return 21
	case BadSignature, UntrustedKey, NotWitnessed:
		return 20
	case OtherSubject, OtherInvite, OtherAudience, OtherNonce, OtherPolicy:
		return 23
	case Expired, WrongTime:
		return 22
	case WrongVerdict, WrongFindings:
		return 24
	case WrongReceipt:
		return 25
	}
	return 1
}

// Because is the reason that an error of this package speaks of. Any other error is a document that cannot be used.
func Because(err error) Reason {
	var version *report.VersionError
	code := Malformed
	switch {
	case errors.As(err, &version), errors.Is(err, errPredicate):
		code = OtherVersion
	case errors.Is(err, seal.ErrSignature):
		code = BadSignature
	case errors.Is(err, seal.ErrUntrusted):
		code = UntrustedKey
	case errors.Is(err, errPolicy):
		code = OtherPolicy
	case errors.Is(err, ErrAudience):
		code = OtherAudience
	case errors.Is(err, ErrExpired):
		code = Expired
	case errors.Is(err, ErrOtherFile):
		code = WrongReceipt
	}
	return Reason{Code: code, Detail: err.Error()}
}
