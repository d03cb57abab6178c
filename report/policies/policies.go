// Package policies holds the policies that are shipped: dated data with their sources, written as any employer would
// write one. Nothing in the program knows what they ask for.
package policies

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"deskready/checks"
	"deskready/report"
)

//go:embed *.yaml
var files embed.FS // read only

const suffix = ".yaml"

// Names lists the policies there are, in alphabetical order.
func Names() []string {
	found, _ := fs.Glob(files, "*"+suffix) // the pattern is good
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = strings.TrimSuffix(f, suffix)
	}
	return names
}

// Source is a policy as it is written, with its comments and sources.
func Source(name string) ([]byte, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("no policy is called %q; there are %s: %w", name, strings.Join(Names(), ", "), fs.ErrNotExist)
	}
	return files.ReadFile(name + suffix)
}

// Load reads a policy, held against the catalogue, with the overlays of the roles laid over it in order.
func Load(name string, catalogue []checks.Metric, roles ...string) (report.Policy, error) {
	data, err := Source(name)
	if err != nil {
		return report.Policy{}, err
	}
	p, err := report.ParsePolicy(data, catalogue, roles...)
	if err != nil {
		return report.Policy{}, fmt.Errorf("policy %s: %w", name, err)
	}
	return p, nil
}

// Profiles are what platforms' own pages say must be reached: what the endpoints of a policy may name.
func Profiles() ([]report.Profile, error) { return report.Profiles() }
