package report

import (
	"crypto/sha256"
	"encoding/hex"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"

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
	Retry   Retry    `json:"retry,omitzero"` // what is measured again before it fails anybody
	// Endpoints are what the job's programs must reach from the hire's line. Nothing is judged of them here: rules for
	// path.endpoint do that.
	Endpoints []Endpoint `json:"endpoints,omitzero"`
	// Programs are what is looked for among those that run on the hire's computer. Rules for system.conflicts judge that.
	Programs []Program `json:"programs,omitzero"`
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
	if err := p.Retry.sane(); err != nil {
		return Policy{}, fmt.Errorf("policy %s: %w", p.Name, err)
	}
	if err := errors.Join(saneEndpoints(p.Endpoints), sanePrograms(p.Programs)); err != nil {
		return Policy{}, fmt.Errorf("policy %s: %w", p.Name, err)
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
	if _, err := path.Match(r.Subject, ""); err != nil {
		return fmt.Errorf("subject %q is no pattern: close each [ with a ]", r.Subject)
	}
	for _, b := range []Bound{r.Require, r.Prefer} {
		if err := b.sane(r.Unit); err != nil {
			return err
		}
	}
	return nil
}

func (b Bound) sane(unit checks.Unit) error {
	for _, p := range slices.Concat(b.OneOf, b.NoneOf) {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("%q is no pattern: close each [ with a ]", p) // as a pattern it would match nothing, ever
		}
	}
	texts := len(b.OneOf)+len(b.NoneOf) > 0
	numbers := b.Min != nil || b.Max != nil
	switch {
	case texts && unit != checks.Text:
		return fmt.Errorf("one_of and none_of go with texts, and the unit is %s", unit)
	case numbers && unit == checks.Text:
		return errors.New("min and max go with numbers, and this metric is a text")
	}
	return b.possible(unit)
}

// possible refuses a range that no value, or every value, lies in.
func (b Bound) possible(unit checks.Unit) error {
	if b.Min != nil && b.Max != nil && *b.Min > *b.Max {
		return fmt.Errorf("min %v is above max %v: nothing can keep that", *b.Min, *b.Max)
	}
	if all, ok := ranges[unit]; ok && (b.Min != nil && *b.Min > all[1] || b.Max != nil && *b.Max < all[0]) {
		return fmt.Errorf("values in %s lie between %v and %v: nothing can keep that", unit, all[0], all[1])
	}
	if unit == checks.Ratio && b.Max != nil && *b.Max > 1 {
		return fmt.Errorf("max %v is above 1 (100 %%): anything would keep that", *b.Max)
	}
	return nil
}

// ranges are the units whose values have ends.
var ranges = map[checks.Unit][2]float64{
	checks.Truth: {0, 1},
	checks.Ratio: {0, 1},
	checks.MOS:   {1, 4.5}, // ITU-T G.107 Annex B

	checks.Bytes:         {0, math.Inf(1)},
	checks.BitsPerSecond: {0, math.Inf(1)},
	checks.Hertz:         {0, math.Inf(1)},
	checks.Count:         {0, math.Inf(1)},
} // read only
