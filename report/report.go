// Package report is the judging half: what a report holds, how a policy is read, and how the one is judged by the
// other. It measures nothing, and judging is pure: no clock, no input or output, no catalogue, so that an old report is
// judged the same for ever.
package report

import (
	"fmt"
	"time"

	"deskready/checks"
	"deskready/report/strict"
)

// Version of the readable report. A reader that meets another refuses it (exit code 21).
const Version = 1

// PredicateType names the format of the signed report, in the in-toto Statement that carries it. The name is reserved:
// nobody can own or hijack the domain.
const PredicateType = "https://deskready.example/readiness/v0"

// A Report is one run on one machine. It is the document that is shown, stored and signed; the parts that only a
// verifier needs (Key and the exact bytes in Policy, Invite and Witness) are there in the signed form alone.
type Report struct {
	Version   int               `json:"version"`
	Verdict   Verdict           `json:"verdict"`
	State     string            `json:"state,omitzero"` // "pending": not signed yet
	Policy    PolicyRef         `json:"policy"`
	Invite    *InviteRef        `json:"invite,omitzero"`
	Run       string            `json:"run"`
	Tool      Tool              `json:"tool"`
	Began     time.Time         `json:"began"`
	Seconds   float64           `json:"seconds"`
	Machine   map[string]string `json:"machine,omitzero"` // facts nobody judges
	Results   []checks.Result   `json:"results"`
	Findings  []Finding         `json:"findings"`
	Consent   []Consent         `json:"consent,omitzero"`
	Confirmed *Confirmed        `json:"confirmed,omitzero"`
	Nonce     string            `json:"nonce,omitzero"`
	Audience  string            `json:"audience,omitzero"` // the collector that the report is for
	Attempt   int               `json:"attempt,omitzero"`
	Previous  string            `json:"previous,omitzero"` // digest of the report file before this one under the invite
	Offline   bool              `json:"offline,omitzero"`  // the nonce is the invite's, not one of the collector's for this run
	Key       string            `json:"key,omitzero"`      // the hire's public key, PEM
	Witness   []byte            `json:"witness,omitzero"`  // sealed by the collector
	Assurance Assurance         `json:"assurance,omitzero"`
	Files     *Files            `json:"files,omitzero"`
	Delivered *bool             `json:"delivered,omitzero"`
}

// A PolicyRef says by which policy a report was judged.
type PolicyRef struct {
	Name     string `json:"name"`
	Digest   string `json:"digest"`            // "sha256:" and hex, of Compiled
	Compiled []byte `json:"compiled,omitzero"` // the exact bytes; in the signed form alone
}

// An InviteRef says under which invite a report was made.
type InviteRef struct {
	ID     string `json:"id"`
	For    string `json:"for,omitzero"`
	Sealed []byte `json:"sealed,omitzero"` // the exact bytes of the invite file; in the signed form alone
}

// A Tool says which program made a report.
type Tool struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitzero"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// A Consent is what the hire answered about one check, before anything was read.
type Consent struct {
	Check   string `json:"check"`
	Granted bool   `json:"granted"`
}

// Confirmed is the hire's electronic signature: a typed name under a text.
type Confirmed struct {
	Name       string    `json:"name"`
	At         time.Time `json:"at"`
	TextDigest string    `json:"text_digest"` // "sha256:" and hex, of the text that was confirmed
	Lang       string    `json:"lang"`
}

// Assurance is how far a report can be believed. It is the reader's finding and never signed: a hire cannot assert his
// own level.
type Assurance string

// The levels.
const (
	A0 Assurance = "A0" // self-reported: untouched since signing, nothing else
	A1 Assurance = "A1" // invite-bound: enrolled key, one-time nonce, fresh, verdict recomputed by the collector
	A2 Assurance = "A2" // network-witnessed: the collector measured data rates of the run itself
)

// Files says where a run left what it made.
type Files struct {
	Report  string `json:"report,omitzero"`
	Draft   string `json:"draft,omitzero"`
	Receipt string `json:"receipt,omitzero"`
	HTML    string `json:"html,omitzero"`
}

// Bare is the report without what only a verifier needs, as it is shown to people and scripts.
func (r Report) Bare() Report {
	r.Key, r.Witness, r.Policy.Compiled = "", nil, nil
	if r.Results == nil {
		r.Results = []checks.Result{} // an empty list, not null
	}
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	if r.Invite != nil {
		ref := *r.Invite
		ref.Sealed = nil
		r.Invite = &ref
	}
	return r
}

// Signable is the report without what only its reader may say.
func (r Report) Signable() Report {
	r.Assurance, r.Files, r.Delivered, r.State = "", nil, nil, ""
	return r
}

// Decode reads a report strictly. Metrics it does not know are kept, keys it does not know are refused.
func Decode(data []byte) (Report, error) {
	var r Report
	if err := strict.Decode(data, &r, strict.Default); err != nil {
		return Report{}, fmt.Errorf("reading the report: %w", err)
	}
	if r.Version != Version {
		return Report{}, &VersionError{Of: "report", Got: r.Version, Known: Version}
	}
	return r, nil
}

// A VersionError is about a document of a version this program does not know.
type VersionError struct {
	Of         string
	Got, Known int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has version %d, this program knows version %d", e.Of, e.Got, e.Known)
}
