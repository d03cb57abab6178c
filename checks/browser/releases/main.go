// Command releases makes the table of browser releases from a copy of the npm package @mdn/browser-compat-data
// (CC0-1.0): releases DATA.JSON TABLE.JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// since is where the table begins: a browser older than its first entry is years behind, and its exact age is nobody's
// concern.
const since = "2020-01-01"

// kept are the browsers of the package that run on desktops.
func kept() []string { return []string{"chrome", "edge", "firefox", "opera", "safari"} }

type data struct {
	Meta struct {
		Timestamp time.Time `json:"timestamp"`
		Version   string    `json:"version"`
	} `json:"__meta"`
	Browsers map[string]struct {
		Releases map[string]struct {
			Date string `json:"release_date"`
		} `json:"releases"`
	} `json:"browsers"`
}

type table struct {
	Dated    string                       `json:"dated"`
	Source   string                       `json:"source"`
	Browsers map[string]map[string]string `json:"browsers"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: releases DATA.JSON TABLE.JSON")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "releases:", err)
		os.Exit(1)
	}
}

func write(from, to string) error {
	in, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	out, err := trim(in)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return os.WriteFile(to, out, 0o644)
}

// trim keeps the days of release, those still to come among them.
func trim(in []byte) ([]byte, error) {
	var d data
	if err := json.Unmarshal(in, &d); err != nil {
		return nil, err
	}
	t := table{
		Dated:    d.Meta.Timestamp.UTC().Format(time.DateOnly),
		Source:   "@mdn/browser-compat-data " + d.Meta.Version + " (CC0-1.0)",
		Browsers: map[string]map[string]string{},
	}
	for _, name := range kept() {
		releases := map[string]string{}
		for version, r := range d.Browsers[name].Releases {
			if r.Date >= since { // no date: planned without one
				releases[version] = r.Date
			}
		}
		if len(releases) == 0 {
			return nil, fmt.Errorf("no releases of %s", name)
		}
		t.Browsers[name] = releases
	}
	out, err := json.MarshalIndent(t, "", " ")
	return append(out, '\n'), err
}
