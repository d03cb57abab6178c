package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"deskready/checks"
)

// BROWSER_COMPAT_DATA is the data.json of a copy of the npm package that the program names.
//go:generate go run ./releases $BROWSER_COMPAT_DATA releases.json

//go:embed releases.json
var releasesFile []byte

// A releaseTable is which release came out on which day, as known on the day it is dated; days to come are plans.
type releaseTable struct {
	dated    time.Time
	browsers map[string][]release // oldest version first
}

type release struct {
	version []int // without trailing zeros
	day     time.Time
}

func releases() (releaseTable, error) {
	t, err := readReleases(releasesFile)
	if err != nil {
		return t, fmt.Errorf("reading the table of releases: %w", err)
	}
	return t, nil
}

func readReleases(data []byte) (releaseTable, error) {
	var file struct {
		Dated    string                       `json:"dated"`
		Source   string                       `json:"source"`
		Browsers map[string]map[string]string `json:"browsers"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return releaseTable{}, err
	}
	t := releaseTable{browsers: map[string][]release{}}
	var err error
	if t.dated, err = time.Parse(time.DateOnly, file.Dated); err != nil {
		return t, err
	}
	for name, versions := range file.Browsers {
		for version, date := range versions {
			r := release{version: whole(numbers(version))}
			if r.day, err = time.Parse(time.DateOnly, date); err != nil {
				return t, err
			}
			t.browsers[name] = append(t.browsers[name], r)
		}
		slices.SortFunc(t.browsers[name], func(a, b release) int { return slices.Compare(a.version, b.version) })
	}
	return t, nil
}

// whole drops trailing zeros: 26.0 is 26.
func whole(version []int) []int {
	for len(version) > 0 && version[len(version)-1] == 0 {
		version = version[:len(version)-1]
	}
	return version
}

// firstEngine is below any Chromium that browsers put before their own version, and above the versions they had before.
const firstEngine = 50

func days(from, to time.Time) float64 { return to.Sub(from).Hours() / 24 }

// age is how many days ago this release came out, and how many have come out since. A release newer than the table is
// fresh: the program may be older than the browser. One older than the table is at least as old as the table's first.
func (t releaseTable) age(f found, today time.Time) (old float64, newer int, why *checks.Problem) {
	p, _ := productOf(func(p product) bool { return p.name == f.name })
	list := t.browsers[p.releases]
	want := numbers(f.version)
	if len(list) == 0 || p.engine && (len(want) < 4 || want[0] < firstEngine) {
		return 0, 0, problem(codeEngine)
	}
	if f.name == firefoxESR && len(want) > 1 {
		// Mozilla's release calendar: the ESR's point release N comes out with the Nth major release after it, on one day.
		want = []int{want[0] + want[1]}
	}
	want = whole(want[:min(len(want), precision(list))])
	newer = majorsSince(list, want, today)
	if slices.Compare(want, list[len(list)-1].version) > 0 {
		return 0, 0, nil
	}
	if slices.Compare(want, list[0].version) < 0 {
		return max(days(list[0].day, today), 0), newer, nil
	}
	for _, r := range list {
		if slices.Equal(r.version, want) {
			return max(days(r.day, today), 0), newer, nil
		}
	}
	return 0, 0, problem(codeRelease)
}

// majorsSince counts the major versions that came out after the wanted one.
func majorsSince(list []release, want []int, today time.Time) int {
	last, n := 0, 0
	if len(want) > 0 {
		last = want[0]
	}
	for _, r := range list {
		if r.version[0] > last && !r.day.After(today) {
			last = r.version[0]
			n++
		}
	}
	return n
}

// precision is how many numbers of a version tell releases apart: one, but for Safari.
func precision(list []release) int {
	n := 0
	for _, r := range list {
		n = max(n, len(r.version))
	}
	return n
}
