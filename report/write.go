package report

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"deskready/checks"
)

// MaxPolicySource is how large a policy may be as people write it.
const MaxPolicySource = 256 << 10

// source is a policy as people write it.
type source struct {
	Version  int                     `yaml:"version"`
	Name     string                  `yaml:"name"`
	Title    string                  `yaml:"title"`
	Sources  []string                `yaml:"sources"` // where the bounds come from, for readers of the file
	Rules    []ruleSource            `yaml:"rules"`
	Overlays map[string][]ruleSource `yaml:"overlays"` // by role, region or accommodation
}

type ruleSource struct {
	Metric  string      `yaml:"metric"`
	Subject string      `yaml:"subject"`
	Require boundSource `yaml:"require"`
	Prefer  boundSource `yaml:"prefer"`
	Group   string      `yaml:"group"`
	Witness bool        `yaml:"witness"`
	Why     string      `yaml:"why"`
	Waive   string      `yaml:"waive"` // in overlays: the rule is taken away, for this reason
	line    int
}

type boundSource struct {
	Min    string   `yaml:"min"`
	Max    string   `yaml:"max"`
	OneOf  []string `yaml:"one_of"`
	NoneOf []string `yaml:"none_of"`
	Is     *bool    `yaml:"is"` // for truths
}

func (r *ruleSource) UnmarshalYAML(node *yaml.Node) error {
	type plain ruleSource // without this method, or it would call itself
	if err := knownKeys(node, "metric", "subject", "require", "prefer", "group", "witness", "why", "waive"); err != nil {
		return err
	}
	err := node.Decode((*plain)(r))
	r.line = node.Line
	return err
}

func (b *boundSource) UnmarshalYAML(node *yaml.Node) error {
	type plain boundSource
	if err := knownKeys(node, "min", "max", "one_of", "none_of", "is"); err != nil {
		return err
	}
	return node.Decode((*plain)(b))
}

// knownKeys is here because a decoder's own strictness is lost inside UnmarshalYAML.
func knownKeys(node *yaml.Node, known ...string) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: this should be a list of `key: value`", node.Line)
	}
	for i := 0; i < len(node.Content); i += 2 {
		if k := node.Content[i]; !slices.Contains(known, k.Value) {
			return fmt.Errorf("line %d: unknown key %q, known are %s", k.Line, k.Value, strings.Join(known, ", "))
		}
	}
	return nil
}

// A LintError is one thing wrong in a policy's source.
type LintError struct {
	Line int
	Text string
}

func (e *LintError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

var policyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// ParsePolicy reads a policy as people write it, holds it against the catalogue of metrics, and lays the overlays of
// the roles over it in the order given. All that is wrong is reported at once, each with its line.
func ParsePolicy(data []byte, catalogue []checks.Metric, roles ...string) (Policy, error) {
	if len(data) > MaxPolicySource {
		return Policy{}, fmt.Errorf("the policy is %d bytes, %d allowed", len(data), MaxPolicySource)
	}
	var src source
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	dec.KnownFields(true)
	if err := dec.Decode(&src); err != nil {
		return Policy{}, errors.New(strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n", " "))
	}
	if src.Version != Version {
		return Policy{}, &VersionError{Of: "policy", Got: src.Version, Known: Version}
	}
	if !policyName.MatchString(src.Name) {
		return Policy{}, fmt.Errorf("name %q: lower-case letters, digits and hyphens, at most 64", src.Name)
	}
	l := linter{catalogue: catalogue}
	p := Policy{Version: Version, Name: src.Name, Title: src.Title}
	for _, r := range src.Rules {
		p.Rules = append(p.Rules, l.rule(r))
	}
	if len(p.Rules) == 0 {
		l.say(1, "the policy has no rules: nothing would be decided by it")
	}
	for name, rules := range src.Overlays {
		l.overlay(name, rules, p.Rules)
	}
	slices.SortStableFunc(l.found, func(a, b *LintError) int { return a.Line - b.Line })
	if len(l.found) > 0 {
		return Policy{}, errors.Join(asErrors(l.found)...)
	}
	for _, role := range roles {
		if err := p.lay(role, src.Overlays, &l); err != nil {
			return Policy{}, err
		}
	}
	return p, nil
}

func asErrors(found []*LintError) []error {
	list := make([]error, len(found))
	for i, e := range found {
		list[i] = e
	}
	return list
}

// lay puts an overlay over the policy: a rule replaces the one for the same metric and subject, or takes it away.
func (p *Policy) lay(role string, overlays map[string][]ruleSource, l *linter) error {
	rules, ok := overlays[role]
	if !ok {
		return fmt.Errorf("policy %s has no overlay %q", p.Name, role)
	}
	p.Roles = append(p.Roles, role)
	for _, r := range rules {
		at := slices.IndexFunc(p.Rules, func(old Rule) bool { return old.Metric == r.Metric && old.Subject == r.Subject })
		switch {
		case r.Waive != "" && at >= 0:
			p.Rules = slices.Delete(p.Rules, at, at+1)
			p.Waived = append(p.Waived, Waiver{Metric: r.Metric, Subject: r.Subject, Role: role, Reason: r.Waive})
		case r.Waive != "": // waived by an overlay before this one
		case at >= 0:
			p.Rules[at] = l.rule(r)
		default:
			p.Rules = append(p.Rules, l.rule(r))
		}
	}
	return nil
}

// linter turns written rules into compiled ones and collects what is wrong.
type linter struct {
	catalogue []checks.Metric
	found     []*LintError
}

func (l *linter) say(line int, format string, args ...any) {
	l.found = append(l.found, &LintError{Line: line, Text: fmt.Sprintf(format, args...)})
}

func (l *linter) metric(id string) (checks.Metric, bool) {
	for _, m := range l.catalogue {
		if m.ID == id {
			return m, true
		}
	}
	return checks.Metric{}, false
}

func (l *linter) overlay(name string, rules []ruleSource, base []Rule) {
	for _, r := range rules {
		if r.Waive == "" {
			l.rule(r)
			continue
		}
		if !slices.ContainsFunc(base, func(b Rule) bool { return b.Metric == r.Metric && b.Subject == r.Subject }) {
			l.say(r.line, "overlay %s waives a rule for %s that the policy does not have", name, r.Metric)
		}
	}
}

func (l *linter) rule(r ruleSource) Rule {
	out := Rule{Metric: r.Metric, Subject: r.Subject, Group: r.Group, Witness: r.Witness, Why: r.Why}
	m, ok := l.metric(r.Metric)
	if !ok {
		l.say(r.line, "unknown metric %q%s", r.Metric, l.near(r.Metric))
		return out
	}
	out.Unit = m.Unit
	out.Require = l.bound(r, r.Require, m)
	out.Prefer = l.bound(r, r.Prefer, m)
	if err := out.sane(); err != nil {
		l.say(r.line, "%s: %v", r.Metric, err)
	}
	return out
}

// near names the metrics of the same check, which is where a slip of the pen lies.
func (l *linter) near(id string) string {
	check, _, _ := strings.Cut(id, ".")
	var names []string
	for _, m := range l.catalogue {
		if strings.HasPrefix(m.ID, check+".") {
			names = append(names, m.ID)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; " + check + " measures " + strings.Join(names, ", ")
}

func (l *linter) bound(r ruleSource, b boundSource, m checks.Metric) Bound {
	out := Bound{
		Min: l.number(r, b.Min, m), Max: l.number(r, b.Max, m),
		OneOf: l.vocabulary(r, b.OneOf, m), NoneOf: l.vocabulary(r, b.NoneOf, m),
	}
	if b.Is != nil {
		if m.Unit != checks.Truth {
			l.say(r.line, "%s: `is` goes with truths, and the unit is %s", r.Metric, m.Unit)
			return out
		}
		v := 0.0
		if *b.Is {
			v = 1
		}
		out.Min, out.Max = &v, &v
	}
	return out
}

// vocabulary refuses a text that the metric can never say.
func (l *linter) vocabulary(r ruleSource, patterns []string, m checks.Metric) []string {
	for _, p := range patterns {
		if m.Values != nil && !slices.ContainsFunc(m.Values, func(v string) bool { return matches(p, v) }) {
			l.say(r.line, "%s is never %q; it is one of %s", r.Metric, p, strings.Join(m.Values, ", "))
		}
	}
	return patterns
}

func (l *linter) number(r ruleSource, text string, m checks.Metric) *float64 {
	if text == "" {
		return nil
	}
	v, err := quantity(text, m.Unit)
	if err != nil {
		l.say(r.line, "%s: %v", r.Metric, err)
		return nil
	}
	return &v
}

// scales are the ways to write a quantity of each unit. A number without its unit is refused where there is one: 100
// could be ms or s.
var scales = map[checks.Unit]map[string]float64{
	checks.Seconds:       {"s": 1, "ms": 1e-3, "min": 60},
	checks.BitsPerSecond: {"bit/s": 1, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9},
	checks.Bytes:         {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "MiB": 1 << 20, "GiB": 1 << 30},
	checks.Ratio:         {"%": 1e-2, "": 1},
	checks.Decibel:       {"dB": 1},
	checks.DBFS:          {"dBFS": 1},
	checks.DBov:          {"dBov": 1},
	checks.DBm:           {"dBm": 1},
	checks.Hertz:         {"Hz": 1, "kHz": 1e3},
	checks.Days:          {"days": 1, "d": 1},
	checks.Count:         {"": 1},
	checks.MOS:           {"": 1},
	checks.Truth:         {"": 1},
	checks.PerSecond:     {"1/s": 1},
	checks.PerMinute:     {"1/min": 1, "": 1},
} // read only

var quantityForm = regexp.MustCompile(`^([+-]?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z/%0-9]*)$`)

func quantity(text string, unit checks.Unit) (float64, error) {
	parts := quantityForm.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return 0, fmt.Errorf("%q is no number with a unit", text)
	}
	scale, ok := scales[unit][parts[2]]
	if !ok {
		var known []string
		for name := range scales[unit] {
			known = append(known, strconv.Quote("10 "+name))
		}
		slices.Sort(known)
		return 0, fmt.Errorf("%q has the wrong unit: write it like %s", text, strings.Join(known, " or "))
	}
	v, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return 0, err
	}
	return checks.Round(v*scale, 9)
}
