package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"deskready/checks"
)

// MaxPolicySource is how large a policy may be as people write it.
const MaxPolicySource = 256 << 10

// maxKeys bounds the keys of one mapping: no policy has more overlays than that.
const maxKeys = 100

// source is a policy as people write it.
type source struct {
	version  int
	name     string
	title    string
	rules    []ruleSource
	retry    retrySource
	reach    []endpointSource
	programs []programSource
	overlays []overlaySource // by role, region or accommodation, in the order written
	lines    map[string]int  // where each key stands
}

type overlaySource struct {
	name     string
	line     int
	rules    []ruleSource
	reach    []endpointSource
	programs []programSource
}

type ruleSource struct {
	metric, subject string
	require, prefer boundSource
	group           string
	witness         bool
	why             string
	waive           string // in overlays: the rule is taken away, for this reason
	line            int
}

// key is what a rule has but one of in a policy. A rule of one's own figures and one of the collector's may stand beside
// each other, and so may those of groups.
func (r ruleSource) key() ruleKey { return ruleKey{r.metric, r.subject, r.group, r.witness} }

type ruleKey struct {
	metric, subject, group string
	witness                bool
}

type boundSource struct {
	min, max      *yaml.Node
	oneOf, noneOf []string
	is            *bool // for truths
	line          int
}

// A LintError is one thing wrong in a policy's source.
type LintError struct {
	Line int
	Text string
}

func (e *LintError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// readSource reads the YAML. It walks over the nodes itself: a decoder's messages name types of Go, its strictness ends
// where a type has its own method, and aliases let a small file grow without end.
func (l *linter) readSource(data []byte) (source, error) {
	if len(data) > MaxPolicySource {
		return source{}, fmt.Errorf("the policy is %d bytes, %d allowed", len(data), MaxPolicySource)
	}
	root, err := document(data)
	if err != nil {
		return source{}, err
	}
	return l.policy(root), nil
}

// document is the one document of a file.
func document(data []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, &LintError{Line: 1, Text: "the file is empty"}
	case err != nil:
		return nil, notYAML(err)
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		return nil, &LintError{Line: more.Line, Text: "a second document begins here: one file holds one"}
	case !errors.Is(err, io.EOF):
		return nil, notYAML(err)
	}
	return doc.Content[0], nil
}

// notYAML puts the decoder's words into a sentence.
func notYAML(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	out := &LintError{Line: 1, Text: text}
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if number, what, ok := strings.Cut(rest, ": "); ok {
			if line, err := strconv.Atoi(number); err == nil {
				out.Line, out.Text = line, what
			}
		}
	}
	if strings.Contains(out.Text, "cannot start any token") {
		out.Text += " (is it a tab? indent with spaces)"
	}
	out.Text = "this cannot be read as YAML: " + checks.Clean(out.Text, 200)
	return out
}

func (l *linter) policy(node *yaml.Node) source {
	keys := l.mapping(node, "version", "name", "title", "sources", "rules", "retry", "endpoints", "programs", "overlays")
	s := source{lines: map[string]int{}}
	for k, v := range keys {
		s.lines[k] = v.Line
	}
	if v := keys["version"]; v != nil {
		var err error
		if s.version, err = strconv.Atoi(l.text(v)); err != nil || s.version < 1 {
			s.version = Version
			l.say(v.Line, "version is a whole number: %d", Version)
		}
	}
	s.name, s.title = l.text(keys["name"]), l.text(keys["title"])
	l.texts(keys["sources"]) // where the bounds come from, for readers of the file
	s.rules = l.rules(keys["rules"])
	s.retry, s.reach, s.programs = l.retrySource(keys["retry"]), l.endpoints(keys["endpoints"]), l.programs(keys["programs"])
	for name, v := range l.entries(keys["overlays"]) {
		o := overlaySource{name: name.Value, line: name.Line}
		if v.Kind == yaml.MappingNode { // a list alone is one of rules
			of := l.mapping(v, "rules", "endpoints", "programs")
			o.rules, o.reach, o.programs = l.rules(of["rules"]), l.endpoints(of["endpoints"]), l.programs(of["programs"])
		} else {
			o.rules = l.rules(v)
		}
		s.overlays = append(s.overlays, o)
	}
	return s
}

func (l *linter) rules(node *yaml.Node) []ruleSource {
	var rules []ruleSource
	for _, item := range l.sequence(node) {
		keys := l.mapping(item, "metric", "subject", "require", "prefer", "group", "witness", "why", "waive")
		r := ruleSource{
			metric: l.text(keys["metric"]), subject: l.text(keys["subject"]),
			require: l.boundSource(keys["require"]), prefer: l.boundSource(keys["prefer"]),
			group: l.text(keys["group"]), why: l.text(keys["why"]), waive: l.text(keys["waive"]),
			line: item.Line,
		}
		if w := l.truth(keys["witness"]); w != nil {
			r.witness = *w
		}
		rules = append(rules, r)
	}
	return rules
}

func (l *linter) boundSource(node *yaml.Node) boundSource {
	if node == nil {
		return boundSource{}
	}
	keys := l.mapping(node, "min", "max", "one_of", "none_of", "is")
	b := boundSource{
		min: keys["min"], max: keys["max"], is: l.truth(keys["is"]), line: node.Line,
		oneOf: l.texts(keys["one_of"]), noneOf: l.texts(keys["none_of"]),
	}
	if len(keys) == 0 && node.Kind == yaml.MappingNode {
		l.say(node.Line, "the bound is empty: give min, max, one_of, none_of or is")
	}
	if b.is != nil && len(keys) > 1 {
		l.say(node.Line, "`is` stands alone: it already says which value is asked for")
	}
	return b
}

// mapping gives the values of a mapping by key, and complains of what is not known.
func (l *linter) mapping(node *yaml.Node, known ...string) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	for k, v := range l.entries(node) {
		if slices.Contains(known, k.Value) {
			values[k.Value] = v
		} else {
			l.say(k.Line, "unknown key %q; known are %s", checks.Clean(k.Value, 60), strings.Join(known, ", "))
		}
	}
	return values
}

// entries yields the keys and values of a mapping, in the order written, without those that say nothing or twice.
func (l *linter) entries(node *yaml.Node) func(yield func(k, v *yaml.Node) bool) {
	return func(yield func(k, v *yaml.Node) bool) {
		if node == nil || !l.is(node, yaml.MappingNode, "some lines of `key: value`") {
			return
		}
		if len(node.Content) > 2*maxKeys {
			l.say(node.Line, "%d keys in one place, %d allowed", len(node.Content)/2, maxKeys)
			return
		}
		first := map[string]int{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			k, v := node.Content[i], node.Content[i+1]
			switch at, twice := first[k.Value]; {
			case !l.is(k, yaml.ScalarNode, "a key"):
			case twice:
				l.say(k.Line, "%q is already given in line %d", checks.Clean(k.Value, 60), at)
			case v.Kind == yaml.ScalarNode && strings.TrimSpace(v.Value) == "" || v.Tag == "!!null":
				l.say(k.Line, "nothing is given for %q: write a value, or leave the key out", checks.Clean(k.Value, 60))
			default:
				first[k.Value] = k.Line
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

func (l *linter) is(node *yaml.Node, kind yaml.Kind, what string) bool {
	switch {
	case node.Kind == yaml.AliasNode:
		l.say(node.Line, "*%s: a policy is written out, without references", checks.Clean(node.Value, 60))
	case node.Kind != kind:
		l.say(node.Line, "here should be %s", what)
	default:
		return true
	}
	return false
}

func (l *linter) sequence(node *yaml.Node) []*yaml.Node {
	if node == nil || !l.is(node, yaml.SequenceNode, "a list, each line beginning with a hyphen") {
		return nil
	}
	return node.Content
}

func (l *linter) text(node *yaml.Node) string {
	if node == nil || !l.is(node, yaml.ScalarNode, "a single text or number") {
		return ""
	}
	return checks.Clean(node.Value, 1000)
}

func (l *linter) texts(node *yaml.Node) []string {
	if node == nil {
		return nil
	}
	var out []string
	for _, item := range l.sequence(node) {
		switch text := l.text(item); {
		case text != "":
			out = append(out, text)
		case item.Kind == yaml.ScalarNode:
			l.say(item.Line, "an empty text in the list")
		}
	}
	if node.Kind == yaml.SequenceNode && len(node.Content) == 0 {
		l.say(node.Line, "the list is empty: leave the key out if it does not matter")
	}
	return out
}

func (l *linter) truth(node *yaml.Node) *bool {
	if node == nil || !l.is(node, yaml.ScalarNode, "true or false") {
		return nil
	}
	var v bool
	if err := node.Decode(&v); err != nil {
		l.say(node.Line, "%q: here should be true or false", checks.Clean(node.Value, 60))
		return nil
	}
	return &v
}
