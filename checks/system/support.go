package system

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"deskready/checks"
)

//go:embed support.json
var supportFile []byte

// supportTable is when systems stop getting security updates, as published on the day it is dated. The sources stand
// in the file. What is not in it is unknown, never unsupported.
type supportTable struct {
	Dated    day            `json:"dated"`
	Sources  []string       `json:"sources"`
	Ends     map[string]day `json:"ends"` // "debian 12"; "windows BUILD CLASS"
	MacOS    []macRelease   `json:"macos"`
	Extended []struct {     // builds that go on for those who are enrolled or pay
		Key   string `json:"key"`
		Above int    `json:"above"` // the last revision that everybody got
	} `json:"extended"`
}

type macRelease struct {
	Major    int `json:"major"`
	Released day `json:"released"`
}

// day is a calendar day, at midnight UTC.
type day struct{ at time.Time }

func (d *day) UnmarshalText(text []byte) (err error) {
	d.at, err = time.Parse(time.DateOnly, string(text))
	return err
}

func (d day) until(end day) int { return int(end.at.Sub(d.at).Hours() / 24) }

func dayOf(t time.Time) day { return day{t.UTC().Truncate(24 * time.Hour)} }

func support() (supportTable, error) {
	var t supportTable
	if err := json.Unmarshal(supportFile, &t); err != nil {
		return t, fmt.Errorf("reading the table of ends of support: %w", err)
	}
	return t, nil
}

func unknownOS() *checks.Problem { return &checks.Problem{Code: codeOS, Side: checks.SideTool} }

// daysLeft counts from today to the last day with security updates: 0 on that day, negative after it.
func daysLeft(r release, now time.Time) (int, error) {
	table, err := support()
	if err != nil {
		return 0, err
	}
	return table.daysLeft(r, dayOf(now))
}

func (t supportTable) daysLeft(r release, today day) (int, error) {
	if major, ok := strings.CutPrefix(r.key, "macos "); ok {
		n, err := strconv.Atoi(major)
		if err != nil {
			return 0, unknownOS()
		}
		return t.macDaysLeft(n, today)
	}
	end, ok := t.Ends[r.key]
	if !ok && strings.HasSuffix(r.key, " "+classIoT) { // no date of their own: those of the plain long term channel
		end, ok = t.Ends[strings.TrimSuffix(r.key, classIoT)+classLongTerm]
	}
	if !ok {
		return 0, unknownOS()
	}
	left := today.until(end)
	for _, e := range t.Extended {
		if left < 0 && strings.HasPrefix(r.key, e.Key+" ") && r.revision > e.Above {
			return 0, &checks.Problem{Code: codeExtended, Side: checks.SideUnknown}
		}
	}
	return left, nil
}

// macSpan is how long Apple has kept each major release going: until the third after it is out, about three years. It
// publishes no dates.
const macSpan = 3

func (t supportTable) macDaysLeft(major int, today day) (int, error) {
	var own day
	newer := 0
	for _, m := range t.MacOS { // in order of release
		switch {
		case m.Major == major:
			own = m.Released
		case m.Major > major && !m.Released.at.After(today.at):
			if newer++; newer == macSpan {
				return today.until(m.Released), nil
			}
		}
	}
	if own.at.IsZero() {
		if major <= t.MacOS[len(t.MacOS)-1].Major {
			return 0, unknownOS()
		}
		own = t.Dated // newer than the table, so released after it
	}
	left := today.until(day{own.at.AddDate(macSpan, 0, 0)})
	if left < 0 {
		return 0, unknownOS() // there must be releases that the table does not know
	}
	return left, nil
}
