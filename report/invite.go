package report

import (
	"fmt"
	"time"

	"deskready/report/strict"
)

// Payload types of what is sealed, beside the in-toto statements of reports and receipts.
const (
	InviteType  = "application/vnd.deskready.invite+json"
	RequestType = "application/vnd.deskready.request+json" // from the hire's program to the collector
	WitnessType = "application/vnd.deskready.witness+json"
)

// ReceiptPredicate is the in-toto Simple Verification Result that a receipt is.
const ReceiptPredicate = "https://in-toto.io/attestation/svr/v0.1"

// MaxInvite is how large a sealed invite may be: it travels inside each report.
const MaxInvite = 128 << 10

// MaxKeep is for how many days an invite may promise that a report is kept: ten years. Whoever keeps it for longer
// promises no end.
const MaxKeep = 3650

// An Invite binds a hire, a policy and the first key that answers. The collector seals it.
type Invite struct {
	Version   int       `json:"version"`
	ID        string    `json:"id"`
	For       string    `json:"for"`      // the hire's name, as the recruiter wrote it
	Employer  string    `json:"employer"` // who asks, shown before anything is read
	Policy    PolicyRef `json:"policy"`   // with Compiled
	Collector string    `json:"collector"`
	Key       string    `json:"key"`          // the collector's public key, PEM: who seals receipts
	Pin       string    `json:"pin,omitzero"` // "sha256:" and hex of the TLS key, where the collector made its own certificate
	Token     string    `json:"token"`        // enrols one key, once
	Nonce     string    `json:"nonce"`        // for a run without a connection
	Issued    time.Time `json:"issued"`
	Expires   time.Time `json:"expires"`
	Keep      int       `json:"keep,omitzero"` // whole days, each of 24 hours, from the receipt of a report until it is erased; 0: no date is promised
}

// KeptUntil is when a report that is received at a time will be erased; zero: no date is promised.
func (i Invite) KeptUntil(received time.Time) time.Time {
	if i.Keep <= 0 {
		return time.Time{}
	}
	return received.Add(time.Duration(i.Keep) * 24 * time.Hour)
}

// DecodeInvite reads the payload of a sealed invite strictly.
func DecodeInvite(data []byte) (Invite, error) {
	var i Invite
	limits := strict.Default
	limits.Bytes = MaxInvite
	if err := strict.Decode(data, &i, limits); err != nil {
		return Invite{}, fmt.Errorf("reading the invite: %w", err)
	}
	if i.Version != Version {
		return Invite{}, &VersionError{Of: "invite", Got: i.Version, Known: Version}
	}
	return i, nil
}

// A Receipt is the predicate of the collector's answer to a report (in-toto SVR v0.1), with what deskready adds.
type Receipt struct {
	Verifier   Verifier  `json:"verifier"`
	Created    time.Time `json:"timeCreated"`
	Properties []string  `json:"properties"`
	Invite     string    `json:"deskready_invite"`
	Run        string    `json:"deskready_run"`
	Verdict    Verdict   `json:"deskready_verdict"`
	Assurance  Assurance `json:"deskready_assurance"`
	Payload    string    `json:"deskready_payload"` // digest of the report's signed payload, which no re-wrapping changes
}

// A Verifier is who gave a receipt.
type Verifier struct {
	ID string `json:"id"`
}
