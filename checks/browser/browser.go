// Package browser finds the browsers of this computer, their versions and how old they are, and which one is the
// default. It reads what installers leave behind, and never starts a browser: that would open a window, or change a
// profile. Profiles, histories and anything else a person did in a browser are not read.
//
// What a softphone will get, only a page proves that runs in the hire's browser: Probe is the office end of that page,
// and panel its script.
package browser

import (
	"context"
	"embed"
	"io/fs"
	"slices"
	"time"

	"deskready/checks"
)

//go:embed words
var wordFiles embed.FS

// Options are what the check needs to be told.
type Options struct {
	Root string              // the folder taken for "/" on Linux and macOS; empty: "/" itself
	Home string              // the hire's own folder; empty: not known, and what is installed there is not found
	Env  func(string) string // the environment: where browsers and their launchers lie
	Now  func() time.Time    // decides how old a release is

	Probe *Probe     // what a page tells of the browser it runs in; nil: there is no page
	Ask   checks.Ask // puts the question that the page answers
}

// The metrics; the subject of each but the last two is a browser.
var (
	installed = checks.Metric{ID: "browser.installed", Unit: checks.Text}
	age       = checks.Metric{ID: "browser.age", Unit: checks.Days, Better: checks.Lower}
	behind    = checks.Metric{ID: "browser.majors_behind", Unit: checks.Count, Better: checks.Lower}
	preferred = checks.Metric{ID: "browser.default", Unit: checks.Text}
	tableAge  = checks.Metric{ID: "browser.table_age", Unit: checks.Days, Better: checks.Lower}
)

// Codes of problems of this check's own.
const (
	codeNone           = "no_known_browser" // none of those this program knows
	codeVersion        = "unknown_version"  // installed, in a way that does not tell its version
	codeRelease        = "unknown_release"  // a version that the table does not have, though it has newer and older ones
	codeEngine         = "unknown_engine"   // its version does not tell which Chromium is inside
	codeNoDefault      = "no_default"       // none is set
	codeUnknownDefault = "unknown_default"  // one is set that this program does not know
)

func problem(code string) *checks.Problem {
	side := checks.SideHire
	switch code {
	case codeVersion, codeRelease, codeEngine, codeUnknownDefault:
		side = checks.SideTool
	case codeNoPage, codeFailed, codeUnheard, codeUnlinked, codeUntold, codeUngiven, checks.CodeTimeout:
		side = checks.SideUnknown
	}
	return &checks.Problem{Code: code, Side: side}
}

// inventory is what one kind of system knows of its browsers.
type inventory interface {
	browsers(ctx context.Context) []found
	preferred(ctx context.Context) (product string, why *checks.Problem)
}

// found is one browser as installed.
type found struct {
	name    string // of the product
	version string // empty: not known
}

// New is the check.
func New(o Options) checks.Check { return check(o, thisInventory(o)) }

func check(o Options, i inventory) checks.Check {
	sub, err := fs.Sub(wordFiles, "words")
	if err != nil {
		panic(err) // the name is constant and good
	}
	return checks.Check{
		Name:    "browser",
		Metrics: append([]checks.Metric{installed, age, behind, preferred, tableAge}, provable()...),
		Words:   sub,
		Reads:   []string{"browser.reads.installed", "browser.reads.default", "browser.reads.page"},
		Limit:   10 * time.Second, // the page has limits of its own, and this one stands still for it
		Alone:   o.Probe != nil,   // a page takes microphone and processor
		Measure: func(ctx context.Context, _ checks.Progress) ([]checks.Measurement, error) {
			measurements, known, err := measure(ctx, i, o.Now())
			if err != nil {
				return measurements, err
			}
			proved, err := prove(ctx, o, known)
			return append(measurements, proved...), err
		},
	}
}

// measure finds what is installed.
func measure(ctx context.Context, i inventory, now time.Time) ([]checks.Measurement, inventoried, error) {
	table, err := releases()
	if err != nil {
		return nil, inventoried{}, err
	}
	today := now.UTC().Truncate(24 * time.Hour)
	known := inventoried{all: unique(i.browsers(ctx))}
	if ctx.Err() != nil {
		return nil, known, &checks.Problem{Code: checks.CodeInterrupted, Side: checks.SideHire}
	}
	measurements := append([]checks.Measurement{tableAge.Of("", days(table.dated, today))}, table.dates(known.all, today)...)
	name, why := i.preferred(ctx)
	if why != nil {
		return append(measurements, preferred.Missing("", why)), known, nil
	}
	known.preferred = asInstalled(name, known.all)
	return append(measurements, preferred.Named("", known.preferred)), known, nil
}

// dates says of each browser which version it is, and how old that is.
func (t releaseTable) dates(all []found, today time.Time) []checks.Measurement {
	var list []checks.Measurement
	missing := func(subject string, p *checks.Problem, metrics ...checks.Metric) {
		for _, m := range metrics {
			list = append(list, m.Missing(subject, p))
		}
	}
	if len(all) == 0 {
		missing("", problem(codeNone), installed, age, behind)
	}
	for _, f := range all {
		if f.version == "" {
			missing(f.name, problem(codeVersion), installed, age, behind)
			continue
		}
		list = append(list, installed.Named(f.name, f.version))
		old, newer, p := t.age(f, today)
		if p != nil {
			missing(f.name, p, age, behind)
			continue
		}
		list = append(list, age.Of(f.name, old), behind.Of(f.name, float64(newer)))
	}
	return list
}

// unique drops what was found twice and puts the browsers into one order, the newest of a kind first. A copy without a
// version says nothing where another has one.
func unique(all []found) []found {
	slices.SortFunc(all, func(a, b found) int {
		if d := rank(a.name) - rank(b.name); d != 0 {
			return d
		}
		return -slices.Compare(numbers(a.version), numbers(b.version))
	})
	all = slices.Compact(all)
	var out []found
	for _, f := range all {
		if f.version != "" || len(out) == 0 || out[len(out)-1].name != f.name {
			out = append(out, f)
		}
	}
	return out
}

// asInstalled tells the two kinds of Firefox apart for systems whose settings do not.
func asInstalled(name string, all []found) string {
	has := func(name string) bool {
		return slices.ContainsFunc(all, func(f found) bool { return f.name == name })
	}
	if name == firefox && !has(firefox) && has(firefoxESR) {
		return firefoxESR
	}
	return name
}
