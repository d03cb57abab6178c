package report

import (
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"deskready/checks"
)

// retrySource is how often is measured, as people write it.
type retrySource struct {
	Retry
	line int // zero: nothing is written
}

// endpointSource is one line of what must be reached: a profile, or a place.
type endpointSource struct {
	Endpoint
	profile string
	regions []string
	line    int
}

func (l *linter) retrySource(node *yaml.Node) retrySource {
	if node == nil {
		return retrySource{}
	}
	keys := l.mapping(node, "pass", "of", "checks")
	r := retrySource{line: node.Line}
	r.Pass, r.Of = l.whole("pass", keys["pass"]), l.whole("of", keys["of"])
	r.Checks = l.texts(keys["checks"])
	return r
}

func (l *linter) whole(what string, node *yaml.Node) int {
	if node == nil {
		return 0
	}
	n, err := strconv.Atoi(l.text(node))
	if err != nil {
		l.say(node.Line, "%s is a whole number", what)
	}
	return n
}

// retry holds what is written against the catalogue: a check that nobody knows would never be measured again.
func (l *linter) retry(src retrySource) Retry {
	if src.line == 0 {
		return Retry{}
	}
	if src.IsZero() {
		l.say(src.line, "retry says nothing: give pass, of and checks")
	} else if err := src.sane(); err != nil {
		l.say(src.line, "%v", err)
	}
	for i, name := range src.Checks {
		of := func(m checks.Metric) bool { return checkOf(m.ID) == name }
		switch {
		case !slices.ContainsFunc(l.catalogue, of):
			l.say(src.line, "retry: no check is called %q%s", checks.Clean(name, 60), l.near(name))
		case slices.Contains(src.Checks[:i], name):
			l.say(src.line, "retry names %s twice", name)
		}
	}
	return src.Retry
}

// endpoints reads a list of profiles and places.
func (l *linter) endpoints(node *yaml.Node) []endpointSource {
	var list []endpointSource
	for _, item := range l.sequence(node) {
		keys := l.mapping(item, "profile", "regions", "host", "port", "proto", "region")
		e := endpointSource{profile: l.text(keys["profile"]), regions: l.texts(keys["regions"]), line: item.Line}
		e.Host, e.Proto, e.Region = l.text(keys["host"]), l.text(keys["proto"]), l.text(keys["region"])
		e.Port = l.whole("port", keys["port"])
		own := keys["host"] != nil || keys["port"] != nil || keys["proto"] != nil || keys["region"] != nil
		switch {
		case item.Kind != yaml.MappingNode:
			continue // said already
		case e.profile != "" && own:
			l.say(item.Line, "an endpoint is a profile, or host, port and proto, not both")
		case e.profile == "" && keys["regions"] != nil:
			l.say(item.Line, "regions go with a profile; one place has a region")
		}
		list = append(list, e)
	}
	return list
}
