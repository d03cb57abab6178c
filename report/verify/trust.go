package verify

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"deskready/report"
	"deskready/report/seal"
	"deskready/report/strict"
)

// What a collector's key may seal.
const (
	UseInvite  = "invite"
	UseWitness = "witness"
	UseReceipt = "receipt"
	UseLog     = "log"
)

// maxTrust bounds a trust file: keys change some times in ten years, not a hundred.
const (
	maxTrust     = 256 << 10
	maxTrustKeys = 64
)

// Trust is a collector's public keys (trust.json), as its users hold them.
type Trust struct {
	Version   int          `json:"version"`
	Collector string       `json:"collector"` // its public URL
	Keys      []TrustedKey `json:"keys"`
}

// A TrustedKey is one key of a collector: what it may seal, and in which time. A time of zero leaves that end open.
type TrustedKey struct {
	ID        string    `json:"id"` // fingerprint of PEM
	PEM       string    `json:"pem"`
	Use       []string  `json:"use"`
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
}

// ParseTrust reads trust.json strictly.
func ParseTrust(data []byte) (Trust, error) {
	var t Trust
	limits := strict.Default
	limits.Bytes = maxTrust
	if err := strict.Decode(data, &t, limits); err != nil {
		return Trust{}, fmt.Errorf("reading the trusted keys: %w: %w", seal.ErrMalformed, err)
	}
	if err := t.check(); err != nil {
		return Trust{}, fmt.Errorf("reading the trusted keys: %w", err)
	}
	return t, nil
}

// Encode gives the bytes of trust.json.
func (t Trust) Encode() ([]byte, error) {
	t.Version = report.Version
	if err := t.check(); err != nil {
		return nil, err
	}
	return json.Marshal(t, jsontext.WithIndent("  "))
}

func (t Trust) check() error {
	if t.Version != report.Version {
		return &report.VersionError{Of: "trust file", Got: t.Version, Known: report.Version}
	}
	if n := len(t.Keys); n == 0 || n > maxTrustKeys {
		return fmt.Errorf("%w: %d keys, 1 to %d are allowed", seal.ErrMalformed, n, maxTrustKeys)
	}
	for _, k := range t.Keys {
		p, err := seal.ParsePublic([]byte(k.PEM))
		if err != nil {
			return fmt.Errorf("key %.80q: %w", k.ID, err)
		}
		if p.ID() != k.ID {
			return fmt.Errorf("%w: key %.80q is %s by its bytes", seal.ErrMalformed, k.ID, p.ID())
		}
		for _, use := range k.Use {
			if !slices.Contains([]string{UseInvite, UseWitness, UseReceipt, UseLog}, use) {
				return fmt.Errorf("%w: key %s has the unknown use %.40q", seal.ErrMalformed, k.ID, use)
			}
		}
	}
	return nil
}

// keys are those that may seal such a document at such a time. A key that does not parse trusts nothing.
func (t Trust) keys(use string, at time.Time) []seal.Public {
	var found []seal.Public
	for _, k := range t.Keys {
		if !slices.Contains(k.Use, use) || at.Before(k.NotBefore) || !k.NotAfter.IsZero() && at.After(k.NotAfter) {
			continue
		}
		if p, err := seal.ParsePublic([]byte(k.PEM)); err == nil {
			found = append(found, p)
		}
	}
	return found
}
