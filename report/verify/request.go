package verify

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"deskready/report"
	"deskready/report/seal"
	"deskready/report/strict"
)

// maxRequest bounds a sealed request.
const maxRequest = 16 << 10

// What the hire's program asks of a collector.
const (
	Enrol      = "enrol"   // bind Key to Invite, by Token, once
	StartRun   = "run"     // begin a run: the answer holds its nonce
	GetWitness = "witness" // what the collector saw of the run with Nonce
)

// A Request is what the hire's program asks of a collector. It is sealed by the hire's key: holding the link alone is
// not enough, and a request to one collector is none to another.
type Request struct {
	Version  int       `json:"version"`
	Action   string    `json:"action"`
	Invite   string    `json:"invite"`
	Token    string    `json:"token,omitzero"` // to enrol
	Key      string    `json:"key"`            // the hire's public key, PEM
	Audience string    `json:"audience"`       // the collector's URL
	At       time.Time `json:"at"`             // by the hire's clock, which may be wrong
	Nonce    string    `json:"nonce,omitzero"`
}

// SealRequest makes the body of a request.
func SealRequest(r Request, k seal.Key) ([]byte, error) {
	r.Version, r.Key = report.Version, k.Public().PEM()
	if r.Action == "" || r.Invite == "" || r.Audience == "" {
		return nil, fmt.Errorf("sealing a request: %w", malformed("it needs action, invite and audience"))
	}
	payload, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("sealing a request: %w", err)
	}
	return seal.Seal(k, report.RequestType, payload)
}

// OpenRequest opens a request for this action and this audience. It must be sealed by the key that it names; the caller
// then holds that key (the second value) against the one enrolled. ErrAudience is about another action or audience.
func OpenRequest(body []byte, action, audience string) (Request, seal.Public, error) {
	r, key, err := openRequest(body)
	if err == nil && (r.Action != action || r.Audience != audience) {
		err = fmt.Errorf("%w: %.40q to %.200q", ErrAudience, r.Action, r.Audience)
	}
	if err != nil {
		return Request{}, seal.Public{}, fmt.Errorf("opening a request: %w", err)
	}
	return r, key, nil
}

func openRequest(body []byte) (Request, seal.Public, error) {
	if len(body) > maxRequest {
		return Request{}, seal.Public{}, malformed("%d bytes, %d allowed", len(body), maxRequest)
	}
	e, err := seal.Read(body)
	if err != nil {
		return Request{}, seal.Public{}, err
	}
	var r Request
	if err := strict.Decode(e.Unverified(), &r, strict.Default); err != nil {
		return Request{}, seal.Public{}, asMalformed(err)
	}
	if r.Version != report.Version {
		return Request{}, seal.Public{}, &report.VersionError{Of: "request", Got: r.Version, Known: report.Version}
	}
	key, err := ownKey(e, r.Key)
	if err != nil {
		return Request{}, seal.Public{}, err
	}
	if _, err := e.Open(report.RequestType, key); err != nil {
		return Request{}, seal.Public{}, err
	}
	return r, key, nil
}
