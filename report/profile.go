package report

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// A Profile is what a platform's own pages say must be reached, as of the day on which they were read.
type Profile struct {
	Name      string
	Title     string
	Read      string // the day, as in 2026-11-21
	Sources   []string
	Endpoints []Endpoint // what can be tried
	Elsewhere []string   // what must be open besides, and names no single host: wildcards and ranges of addresses
}

// Regions lists those that the profile's endpoints name, in their order.
func (p Profile) Regions() []string {
	var list []string
	for _, e := range p.Endpoints {
		if e.Region != "" && !slices.Contains(list, e.Region) {
			list = append(list, e.Region)
		}
	}
	return list
}

//go:embed policies/profiles/*.yaml
var profiles embed.FS // read only

// Profiles reads the profiles that are shipped, in alphabetical order.
func Profiles() ([]Profile, error) {
	names, err := fs.Glob(profiles, "policies/profiles/*.yaml")
	if err != nil {
		return nil, err
	}
	var list []Profile
	for _, name := range names {
		data, err := profiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		p, err := parseProfile(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if "policies/profiles/"+p.Name+".yaml" != name {
			return nil, fmt.Errorf("%s calls itself %q", name, p.Name)
		}
		list = append(list, p)
	}
	return list, nil
}

func parseProfile(data []byte) (Profile, error) {
	l := linter{}
	root, err := document(data)
	if err != nil {
		return Profile{}, err
	}
	keys := l.mapping(root, "name", "title", "read", "sources", "endpoints", "elsewhere")
	p := Profile{
		Name: l.text(keys["name"]), Title: l.text(keys["title"]), Read: l.text(keys["read"]),
		Sources: l.texts(keys["sources"]), Elsewhere: l.texts(keys["elsewhere"]),
	}
	if _, err := time.Parse(time.DateOnly, p.Read); err != nil {
		l.say(root.Line, "read is the day on which the sources were read, such as 2026-11-21")
	}
	if !policyName.MatchString(p.Name) || p.Title == "" || len(p.Sources) == 0 || keys["endpoints"] == nil && keys["elsewhere"] == nil {
		l.say(root.Line, "a profile has a name, a title, sources, and endpoints or what lies elsewhere")
	}
	for _, e := range l.endpoints(keys["endpoints"]) {
		if e.profile != "" {
			l.say(e.line, "a profile names hosts, not other profiles")
		}
		e.Profile = p.Name
		l.try(e)
		p.Endpoints = append(p.Endpoints, e.Endpoint)
	}
	if len(l.found) > 0 {
		return Profile{}, l.errors()
	}
	return p, nil
}

// expand gives the endpoints that a policy's lines ask for.
func (l *linter) expand(list []endpointSource) []Endpoint {
	if len(list) == 0 {
		return nil
	}
	known, err := Profiles()
	if err != nil { // tested: what is shipped can be read
		l.say(list[0].line, "%v", err)
		return nil
	}
	var out []Endpoint
	for _, e := range list {
		before := len(out)
		if e.profile == "" {
			l.try(e)
			out = join(out, e.Endpoint)
		} else {
			out = join(out, l.profile(e, known)...)
		}
		if before == len(out) && len(l.found) == 0 {
			l.say(e.line, "this is already in the list")
		}
		if len(out) > mostEndpoints {
			l.say(e.line, "with this there are %d endpoints, %d allowed: choose regions", len(out), mostEndpoints)
			break
		}
	}
	return out
}

// try complains of an endpoint that cannot be tried.
func (l *linter) try(e endpointSource) {
	if err := e.sane(); err != nil {
		l.say(e.line, "%v", err)
	}
}

// profile gives a profile's endpoints in the regions asked for, and those that are everywhere.
func (l *linter) profile(e endpointSource, known []Profile) []Endpoint {
	at := slices.IndexFunc(known, func(p Profile) bool { return p.Name == e.profile })
	if at < 0 {
		names := make([]string, len(known))
		for i, p := range known {
			names[i] = p.Name
		}
		l.say(e.line, "no profile is called %q; there are %s", e.profile, strings.Join(names, ", "))
		return nil
	}
	p := known[at]
	if len(p.Endpoints) == 0 {
		l.say(e.line, "the sources of %s name no host that can be tried; name yours: host, port and proto", p.Name)
	}
	for _, r := range e.regions {
		if regions := p.Regions(); !slices.Contains(regions, r) {
			l.say(e.line, "%s has no region %q; it has %s", p.Name, r, cmp.Or(strings.Join(regions, ", "), "none"))
		}
	}
	return slices.DeleteFunc(slices.Clone(p.Endpoints), func(of Endpoint) bool {
		return of.Region != "" && len(e.regions) > 0 && !slices.Contains(e.regions, of.Region)
	})
}

// join adds endpoints that are not yet in the list: two profiles may need the same host.
func join(list []Endpoint, more ...Endpoint) []Endpoint {
	for _, e := range more {
		same := func(o Endpoint) bool {
			return strings.EqualFold(o.Host, e.Host) && o.Port == e.Port && o.Proto == e.Proto
		}
		if !slices.ContainsFunc(list, same) {
			list = append(list, e)
		}
	}
	return list
}
