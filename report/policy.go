package report

import (
	"crypto/sha256"
	"encoding/hex"
	stdjson "encoding/json"
	"errors"
	"fmt"

	"deskready/checks"
	"deskready/report/strict"
)

// MaxPolicy is how large a compiled policy may be: it travels inside each report.
const MaxPolicy = 64 << 10

// A Policy is what is good enough, as data. People write YAML (ParsePolicy); what is digested, sent and judged by is
// the compiled JSON, whose units and bounds need no catalogue.
type Policy struct {
	Version int      `json:"version"`
	Name    string   `json:"name"`
	Title   string   `json:"title,omitzero"`
	Roles   []string `json:"roles,omitzero"` // overlays that were laid over it
	Rules   []Rule   `json:"rules"`
	Waived  []Waiver `json:"waived,omitzero"`
}

// A Rule is what one metric must keep, and would better keep.
type Rule struct {
	Metric  string      `json:"metric"`
	Subject string      `json:"subject,omitzero"` // glob; empty: whatever was measured
	Unit    checks.Unit `json:"unit"`
	Require Bound       `json:"require,omitzero"`
	Prefer  Bound       `json:"prefer,omitzero"`
	Group   string      `json:"group,omitzero"`   // rules of one group hold together for one subject
	Witness bool        `json:"witness,omitzero"` // only the collector's own figure counts
	Why     string      `json:"why,omitzero"`
}

// A Bound is a closed range of numbers, or membership of texts (case-insensitive globs). Its zero value holds for all.
type Bound struct {
	Min    *float64 `json:"min,omitzero"`
	Max    *float64 `json:"max,omitzero"`
	OneOf  []string `json:"one_of,omitzero"`
	NoneOf []string `json:"none_of,omitzero"`
}

// IsZero says whether the bound bounds nothing.
func (b Bound) IsZero() bool {
	return b.Min == nil && b.Max == nil && len(b.OneOf) == 0 && len(b.NoneOf) == 0
}

// A Waiver is a rule that an overlay took away, and why.
type Waiver struct {
	Metric  string `json:"metric"`
	Subject string `json:"subject,omitzero"`
	Role    string `json:"role"`
	Reason  string `json:"reason"`
}

// Compile gives the bytes that are digested, embedded and judged by.
func (p Policy) Compile() ([]byte, error) {
	p.Version = Version
	data, err := stdjson.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("compiling policy %s: %w", p.Name, err)
	}
	if len(data) > MaxPolicy {
		return nil, fmt.Errorf("policy %s is %d bytes compiled, %d allowed", p.Name, len(data), MaxPolicy)
	}
	return data, nil
}

// DecodePolicy reads a compiled policy strictly.
func DecodePolicy(compiled []byte) (Policy, error) {
	var p Policy
	limits := strict.Default
	limits.Bytes = MaxPolicy
	if err := strict.Decode(compiled, &p, limits); err != nil {
		return Policy{}, fmt.Errorf("reading the compiled policy: %w", err)
	}
	if p.Version != Version {
		return Policy{}, &VersionError{Of: "policy", Got: p.Version, Known: Version}
	}
	for _, r := range p.Rules {
		if err := r.sane(); err != nil {
			return Policy{}, fmt.Errorf("policy %s, rule for %s: %w", p.Name, r.Metric, err)
		}
	}
	return p, nil
}

// Digest names exact bytes: "sha256:" and hex.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// sane refuses bounds that nothing, or anything, could keep.
func (r Rule) sane() error {
	if r.Metric == "" || r.Unit == "" {
		return errors.New("metric and unit must be named")
	}
	if r.Require.IsZero() && r.Prefer.IsZero() {
		return errors.New("neither require nor prefer says anything")
	}
	for _, b := range []Bound{r.Require, r.Prefer} {
		texts := len(b.OneOf)+len(b.NoneOf) > 0
		numbers := b.Min != nil || b.Max != nil
		switch {
		case texts && r.Unit != checks.Text:
			return fmt.Errorf("one_of and none_of go with texts, and the unit is %s", r.Unit)
		case numbers && r.Unit == checks.Text:
			return errors.New("min and max go with numbers, and this metric is a text")
		case b.Min != nil && b.Max != nil && *b.Min > *b.Max:
			return fmt.Errorf("min %v is above max %v: nothing can keep that", *b.Min, *b.Max)
		case r.Unit == checks.Truth && (b.Min != nil && *b.Min > 1 || b.Max != nil && *b.Max < 0):
			return errors.New("a truth is 0 or 1")
		case r.Unit == checks.Ratio && b.Min != nil && *b.Min > 1:
			return errors.New("a ratio is at most 1 (100 %)")
		}
	}
	return nil
}
