package report

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"deskready/checks"
)

var policyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// ParsePolicy reads a policy as people write it, holds it against the catalogue of metrics, and lays the overlays of
// the roles over it in the order given. All that is wrong is reported at once, each with its line.
//
// An overlay's rule replaces the one for the same metric and subject, or is added, or waives it. What one overlay waives
// no other brings back, whatever their order: waivers are accommodations of a person.
func ParsePolicy(data []byte, catalogue []checks.Metric, roles ...string) (Policy, error) {
	l := linter{catalogue: catalogue}
	src, err := l.readSource(data)
	if err != nil {
		return Policy{}, err
	}
	if src.version != 0 && src.version != Version { // before all else: another version may know other keys
		return Policy{}, &VersionError{Of: "policy", Got: src.version, Known: Version}
	}
	p := l.compile(src)
	if len(l.found) > 0 {
		return Policy{}, l.errors()
	}
	for _, role := range roles {
		if err := p.lay(role, src.overlays, &l); err != nil {
			return Policy{}, err
		}
	}
	for _, o := range src.overlays {
		if slices.Contains(p.Roles, o.name) {
			p.waive(o)
		}
	}
	if len(p.Rules) == 0 {
		return Policy{}, fmt.Errorf("policy %s: with %s no rule is left, and nothing would be decided", p.Name, strings.Join(roles, ", "))
	}
	return p, nil
}

// lay puts an overlay over the policy, but for its waivers.
func (p *Policy) lay(role string, overlays []overlaySource, l *linter) error {
	at := slices.IndexFunc(overlays, func(o overlaySource) bool { return o.name == role })
	if at < 0 {
		names := make([]string, len(overlays))
		for i, o := range overlays {
			names[i] = o.name
		}
		return fmt.Errorf("policy %s has no overlay %q; it has %s", p.Name, role, cmp.Or(strings.Join(names, ", "), "none"))
	}
	if slices.Contains(p.Roles, role) {
		return nil
	}
	p.Roles = append(p.Roles, role)
	for _, r := range overlays[at].rules {
		if r.waive != "" {
			continue
		}
		if at := p.replaced(r); at >= 0 {
			p.Rules[at] = l.rule(r)
		} else {
			p.Rules = append(p.Rules, l.rule(r))
		}
	}
	p.Endpoints = join(p.Endpoints, l.expand(overlays[at].reach)...)
	if n := len(p.Endpoints); n > mostEndpoints {
		return fmt.Errorf("policy %s: with %s there are %d endpoints, %d allowed", p.Name, role, n, mostEndpoints)
	}
	for _, more := range overlays[at].programs { // two overlays may name the same
		if !named(p.Programs, more.Name) {
			p.Programs = append(p.Programs, more.Program)
		}
	}
	if err := sanePrograms(p.Programs); err != nil {
		return fmt.Errorf("policy %s: with %s: %w", p.Name, role, err)
	}
	return nil
}

// replaced finds the rule whose place an overlay's rule takes: the very same, or the only one for metric and subject.
func (p *Policy) replaced(r ruleSource) int {
	only, count := -1, 0
	for i, old := range p.Rules {
		if (ruleKey{old.Metric, old.Subject, old.Group, old.Witness}) == r.key() {
			return i
		}
		if old.Metric == r.metric && old.Subject == r.subject {
			only = i
			count++
		}
	}
	if count == 1 {
		return only
	}
	return -1
}

// waive takes away what an overlay waives.
func (p *Policy) waive(o overlaySource) {
	for _, r := range o.rules {
		waived := func(old Rule) bool { return old.Metric == r.metric && old.Subject == r.subject }
		if r.waive == "" || !slices.ContainsFunc(p.Rules, waived) {
			continue
		}
		p.Rules = slices.DeleteFunc(p.Rules, waived)
		p.Waived = append(p.Waived, Waiver{Metric: r.metric, Subject: r.subject, Role: o.name, Reason: r.waive})
	}
}

// linter turns written rules into compiled ones and collects what is wrong.
type linter struct {
	catalogue []checks.Metric
	found     []*LintError
}

func (l *linter) say(line int, format string, args ...any) {
	l.found = append(l.found, &LintError{Line: line, Text: fmt.Sprintf(format, args...)})
}

// errors joins what was found, by line.
func (l *linter) errors() error {
	slices.SortStableFunc(l.found, func(a, b *LintError) int { return a.Line - b.Line })
	list := make([]error, len(l.found))
	for i, e := range l.found {
		list[i] = e
	}
	return errors.Join(list...)
}

// compile makes the policy without overlays, and looks at each overlay too.
func (l *linter) compile(src source) Policy {
	p := Policy{Version: Version, Name: src.name, Title: src.title}
	if src.version == 0 {
		l.say(max(src.lines["version"], 1), "the version is missing: write `version: %d` at the top", Version)
	}
	if !policyName.MatchString(src.name) {
		l.say(max(src.lines["name"], 1), "name %q: lower-case letters, digits and hyphens, at most 64", src.name)
	}
	if len(src.rules) == 0 {
		l.say(max(src.lines["rules"], 1), "the policy has no rules: nothing would be decided by it")
	}
	l.once(src.rules)
	ruled := map[[2]string]bool{} // metrics and subjects, here or in an overlay
	for _, r := range src.rules {
		ruled[[2]string{r.metric, r.subject}] = true
		if r.waive != "" {
			l.say(r.line, "waive belongs into an overlay: here, leave the rule out")
		}
		p.Rules = append(p.Rules, l.rule(r))
	}
	for _, o := range src.overlays {
		for _, r := range o.rules {
			if r.waive == "" {
				ruled[[2]string{r.metric, r.subject}] = true
			}
		}
	}
	for _, o := range src.overlays {
		l.overlay(o, ruled)
	}
	p.Retry, p.Endpoints, p.Programs = l.retry(src.retry), l.expand(src.reach), l.lookFor(nil, src.programs)
	return p
}

// once refuses a second rule for the same thing: which of them an overlay speaks of could not be told.
func (l *linter) once(rules []ruleSource) {
	first := map[ruleKey]int{}
	for _, r := range rules {
		if at, twice := first[r.key()]; twice {
			l.say(r.line, "there is a rule for %s already in line %d", r.metric, at)
			continue
		}
		first[r.key()] = r.line
	}
}

// overlay looks at one overlay, beside all that is ruled.
func (l *linter) overlay(o overlaySource, ruled map[[2]string]bool) {
	if !policyName.MatchString(o.name) {
		l.say(o.line, "overlay %q: lower-case letters, digits and hyphens, at most 64", o.name)
	}
	l.once(o.rules)
	l.expand(o.reach)
	l.lookFor(nil, o.programs)
	for _, r := range o.rules {
		switch {
		case r.waive == "":
			l.rule(r)
		case r.require.line > 0 || r.prefer.line > 0:
			l.say(r.line, "%s: a rule is waived or has bounds, not both", r.metric)
		case !ruled[[2]string{r.metric, r.subject}]:
			l.say(r.line, "overlay %s waives a rule for %s that the policy does not have", o.name, r.metric)
		}
	}
}

func (l *linter) rule(r ruleSource) Rule {
	out := Rule{Metric: r.metric, Subject: r.subject, Group: r.group, Witness: r.witness, Why: r.why}
	at := slices.IndexFunc(l.catalogue, func(m checks.Metric) bool { return m.ID == r.metric })
	if at < 0 {
		l.say(r.line, "unknown metric %q%s", r.metric, l.near(r.metric))
		return out
	}
	m := l.catalogue[at]
	out.Unit = m.Unit
	before := len(l.found)
	out.Require = l.bound(r.metric, r.require, m)
	out.Prefer = l.bound(r.metric, r.prefer, m)
	if len(l.found) > before {
		return out
	}
	if err := out.sane(); err != nil {
		l.say(r.line, "%s: %v", r.metric, err)
	} else if laxer(out.Prefer, out.Require) {
		l.say(r.line, "%s: what is preferred is laxer than what is required, so it would never matter", r.metric)
	}
	return out
}

// laxer says whether all that keeps the required bound keeps the preferred one too, at an end that both name.
func laxer(prefer, require Bound) bool {
	return prefer.Min != nil && require.Min != nil && *prefer.Min < *require.Min ||
		prefer.Max != nil && require.Max != nil && *prefer.Max > *require.Max
}

// near names the metrics of the same check, which is where a slip of the pen lies.
func (l *linter) near(id string) string {
	check, _, _ := strings.Cut(id, ".")
	var names, prefixes []string
	for _, m := range l.catalogue {
		of, _, _ := strings.Cut(m.ID, ".")
		if of == check {
			names = append(names, m.ID)
		}
		if !slices.Contains(prefixes, of) {
			prefixes = append(prefixes, of)
		}
	}
	if len(names) == 0 {
		return "; the checks are " + strings.Join(prefixes, ", ")
	}
	return "; " + check + " measures " + strings.Join(names, ", ")
}

func (l *linter) bound(metric string, b boundSource, m checks.Metric) Bound {
	out := Bound{
		Min: l.number(metric, b.min, m), Max: l.number(metric, b.max, m),
		OneOf: l.vocabulary(metric, b, b.oneOf, m), NoneOf: l.vocabulary(metric, b, b.noneOf, m),
	}
	if b.is != nil {
		if m.Unit != checks.Truth {
			l.say(b.line, "%s: `is` goes with truths, and the unit is %s", metric, m.Unit)
			return out
		}
		v := 0.0
		if *b.is {
			v = 1
		}
		out.Min, out.Max = &v, &v
	}
	return out
}

// vocabulary refuses a text that the metric can never say.
func (l *linter) vocabulary(metric string, b boundSource, patterns []string, m checks.Metric) []string {
	for _, p := range patterns {
		if m.Values != nil && !slices.ContainsFunc(m.Values, func(v string) bool { return matches(p, v) }) {
			l.say(b.line, "%s is never %q; it is one of %s", metric, p, strings.Join(m.Values, ", "))
		}
	}
	return patterns
}

func (l *linter) number(metric string, node *yaml.Node, m checks.Metric) *float64 {
	text := l.text(node)
	if text == "" {
		return nil
	}
	if m.Unit == checks.Text {
		l.say(node.Line, "%s: min and max go with numbers, and this metric is a text: use one_of or none_of", metric)
		return nil
	}
	v, err := quantity(text, m.Unit)
	if err != nil {
		l.say(node.Line, "%s: %v", metric, err)
		return nil
	}
	return &v
}

// scales are the ways to write a quantity of each unit. A number without its unit is refused where there is one: 100
// could be ms or s.
var scales = map[checks.Unit]map[string]float64{
	checks.Seconds: {"s": 1, "ms": 1e-3, "min": 60},
	checks.BitsPerSecond: {"bit/s": 1, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9,
		"kbps": 1e3, "Mbps": 1e6, "Gbps": 1e9},
	checks.Bytes:     {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "MiB": 1 << 20, "GiB": 1 << 30},
	checks.Ratio:     {"%": 1e-2, "": 1},
	checks.Decibel:   {"dB": 1},
	checks.DBFS:      {"dBFS": 1},
	checks.DBov:      {"dBov": 1},
	checks.DBm:       {"dBm": 1},
	checks.Hertz:     {"Hz": 1, "kHz": 1e3},
	checks.Days:      {"days": 1, "day": 1, "d": 1},
	checks.Count:     {"": 1},
	checks.MOS:       {"": 1},
	checks.Truth:     {"": 1},
	checks.PerSecond: {"1/s": 1},
	checks.PerMinute: {"1/min": 1, "": 1},
} // read only

var quantityForm = regexp.MustCompile(`^([+-]?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z/%0-9]*)$`)

func quantity(text string, unit checks.Unit) (float64, error) {
	parts := quantityForm.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return 0, fmt.Errorf("%q is no number with a unit: write it like %s", text, examples(unit))
	}
	scale, ok := scales[unit][parts[2]]
	if !ok {
		return 0, fmt.Errorf("%q has the wrong unit: write it like %s", text, examples(unit))
	}
	v, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return 0, err
	}
	return checks.Round(v*scale, 9)
}

// examples shows how to write a quantity of the unit.
func examples(unit checks.Unit) string {
	var known []string
	for name := range scales[unit] {
		known = append(known, strconv.Quote(strings.TrimSpace("10 "+name)))
	}
	slices.Sort(known)
	return strings.Join(known, " or ")
}
