package browser

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/checktest"
	"deskready/checks/words"
)

func on(date string) func() time.Time {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return t.Add(15 * time.Hour) }
}

func unset(string) string { return "" }

// fake is an inventory as given.
type fake struct {
	all  []found
	name string
	why  *checks.Problem
}

func (f fake) browsers(context.Context) []found                    { return slices.Clone(f.all) }
func (f fake) preferred(context.Context) (string, *checks.Problem) { return f.name, f.why }

func TestConforms(t *testing.T) {
	t.Run("fake", func(t *testing.T) {
		checktest.Conforms(t, check(Options{Now: on("2026-11-22")}, fake{all: []found{{"Google Chrome", "157.0.1.2"}}, name: "Google Chrome"}))
	})
	t.Run("nothing", func(t *testing.T) {
		checktest.Conforms(t, check(Options{Now: on("2026-11-22")}, fake{why: problem(codeNoDefault)}))
	})
	t.Run("this machine", func(t *testing.T) {
		checktest.Conforms(t, New(Options{Home: t.TempDir(), Env: os.Getenv, Now: time.Now}))
	})
}

func TestEveryProblemHasWords(t *testing.T) {
	for _, lang := range []string{"en", "es"} {
		book, err := words.Open(lang, check(Options{}, fake{}).Words)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range []string{
			codeNone, codeVersion, codeRelease, codeEngine, codeNoDefault, codeUnknownDefault, codeNoPage, codeGone, codeHidden, codeBlocked,
			codeFailed, codeUnheard, codeUnlinked, codeUntold, codeUngiven,
		} {
			if !book.Has("problem." + code) {
				t.Errorf("%s: no words for problem.%s", lang, code)
			}
		}
	}
}

// said is what a measurement says, in short.
type said struct {
	subject, text string
	value         float64
	missing       string
}

func run(t *testing.T, o Options, i inventory) map[string][]said {
	t.Helper()
	out := map[string][]said{}
	for r := range checks.Run(t.Context(), time.Now, []checks.Check{check(o, i)}, nil) {
		for _, m := range r.Measurements {
			s := said{subject: m.Subject, text: m.Text, value: m.Value}
			if m.Missing != nil {
				s.missing = m.Missing.Code
			}
			out[m.Metric] = append(out[m.Metric], s)
		}
	}
	return out
}

func TestMeasure(t *testing.T) {
	got := run(t, Options{Now: on("2026-11-22")}, fake{
		all: []found{
			{"Vivaldi", "7.6.3797.63"}, {"Google Chrome", "150.0.7500.10"}, {"Google Chrome", "157.0.8100.42"}, {"Chromium", ""},
			{"Google Chrome", "157.0.8100.42"}, {"Google Chrome", ""}, {"Mozilla Firefox ESR", "153.7.0esr"},
		},
		name: "Mozilla Firefox",
	})
	want := map[string][]said{
		"browser.installed": {
			{subject: "Google Chrome", text: "157.0.8100.42"}, {subject: "Google Chrome", text: "150.0.7500.10"},
			{subject: "Mozilla Firefox ESR", text: "153.7.0esr"}, {subject: "Chromium", missing: codeVersion},
			{subject: "Vivaldi", text: "7.6.3797.63"},
		},
		"browser.age": {
			{subject: "Google Chrome", value: 19}, {subject: "Google Chrome", value: 145},
			{subject: "Mozilla Firefox ESR", value: 12}, {subject: "Chromium", missing: codeVersion},
			{subject: "Vivaldi", missing: codeEngine},
		},
		"browser.default":   {{text: "Mozilla Firefox ESR"}}, // the only Firefox there is
		"browser.table_age": {{value: 10}},
	}
	for metric, list := range want {
		if !slices.Equal(got[metric], list) {
			t.Errorf("%s: %+v\nwant %+v", metric, got[metric], list)
		}
	}
}

func TestMeasureNothing(t *testing.T) {
	got := run(t, Options{Now: on("2026-11-22")}, fake{why: problem(codeNoDefault)})
	for metric, code := range map[string]string{"browser.installed": codeNone, "browser.age": codeNone, "browser.default": codeNoDefault} {
		if len(got[metric]) != 1 || got[metric][0].missing != code {
			t.Errorf("%s: %+v, want %s", metric, got[metric], code)
		}
	}
}

func TestAge(t *testing.T) {
	table, err := releases()
	if err != nil {
		t.Fatal(err)
	}
	if table.dated.Year() < 2026 || len(table.browsers) != 5 {
		t.Fatalf("table of %v with %d browsers", table.dated, len(table.browsers))
	}
	tests := []struct {
		f     found
		today string
		days  float64
		code  string
	}{
		{found{"Google Chrome", "157.0.8100.42"}, "2026-11-22", 19, ""},
		{found{"Google Chrome", "158.0.1.1"}, "2026-11-22", 5, ""},   // planned for a day that has passed
		{found{"Google Chrome", "159.0.1.1"}, "2026-11-22", 0, ""},   // out before its planned day
		{found{"Google Chrome", "170.0.1.1"}, "2027-11-22", 0, ""},   // newer than the table
		{found{"Google Chrome", "49.0.1.1"}, "2026-11-22", 2483, ""}, // older than the table: as old as its first, 80
		{found{"Chromium", "156.0.8078.79"}, "2026-11-22", 33, ""},
		{found{"Microsoft Edge", "157.0.3900.10"}, "2026-11-22", 17, ""},
		{found{"Opera", "140.0.5800.1"}, "2026-11-22", 12, ""},
		{found{"Mozilla Firefox", "160.0.1"}, "2026-11-22", 12, ""},
		{found{"Mozilla Firefox", "153.0"}, "2026-11-22", 124, ""},
		{found{"Mozilla Firefox ESR", "153.7.0esr"}, "2026-11-22", 12, ""}, // of one day with 160
		{found{"Mozilla Firefox ESR", "153.0esr"}, "2026-11-22", 124, ""},
		{found{"Mozilla Firefox ESR", "140.3.1esr"}, "2026-11-22", 432, ""}, // of one day with 143
		{found{"Mozilla Firefox ESR", "153.20.0esr"}, "2026-11-22", 0, ""},
		{found{"Safari", "26.6"}, "2026-11-22", 118, ""},
		{found{"Safari", "26.0.1"}, "2026-11-22", 433, ""},
		{found{"Safari", "26.9"}, "2026-11-22", 0, codeRelease},
		{found{"Safari", "27.3"}, "2026-11-22", 0, ""},
		{found{"Brave", "156.1.98.12"}, "2026-11-22", 33, ""},
		{found{"Brave", "1.98.12"}, "2026-11-22", 0, codeEngine},
		{found{"Brave", "1.98.12.0"}, "2026-11-22", 0, codeEngine},
		{found{"Vivaldi", "7.6.3797.63"}, "2026-11-22", 0, codeEngine},
		{found{"Nobody", "7.6"}, "2026-11-22", 0, codeEngine},
	}
	for _, tt := range tests {
		days, _, p := table.age(tt.f, on(tt.today)().Truncate(24*time.Hour))
		code := ""
		if p != nil {
			code = p.Code
		}
		if days != tt.days || code != tt.code {
			t.Errorf("%v on %s: %v %q, want %v %q", tt.f, tt.today, days, code, tt.days, tt.code)
		}
	}
}

func TestMajorsBehind(t *testing.T) {
	table, err := releases()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		f     found
		today string
		newer int
	}{
		{found{"Google Chrome", "157.0.8100.42"}, "2026-11-16", 0},
		{found{"Google Chrome", "157.0.8100.42"}, "2026-11-22", 1}, // 158 was planned for the 17th
		{found{"Google Chrome", "155.0.1.1"}, "2026-11-22", 3},
		{found{"Google Chrome", "170.0.1.1"}, "2026-11-22", 0}, // newer than the table
		{found{"Mozilla Firefox", "153.0"}, "2026-11-22", 7},
		{found{"Mozilla Firefox ESR", "153.7.0esr"}, "2026-11-22", 0}, // of one day with 160
		{found{"Safari", "26.1"}, "2026-11-22", 1},                    // 27; the minor ones of 26 do not count
	}
	for _, tt := range tests {
		if _, newer, p := table.age(tt.f, on(tt.today)().Truncate(24*time.Hour)); newer != tt.newer || p != nil {
			t.Errorf("%v on %s: %d %v, want %d", tt.f, tt.today, newer, p, tt.newer)
		}
	}
}

func TestVersionIn(t *testing.T) {
	tests := map[string]string{
		"156.0.8078.79-1~deb12u1":               "156.0.8078.79",
		"153.7.0esr-1~deb12u1":                  "153.7.0esr",
		"1:160.0.1+build1-0ubuntu0.24.04.1~mt1": "160.0.1",
		"157.0.8100.42-1":                       "157.0.8100.42",
		"2:1snap1-0ubuntu2":                     "",
		"1:1snap1-0ubuntu5":                     "",
		"26.6":                                  "26.6",
		"":                                      "",
		"latest":                                "",
		"12":                                    "",
		"99999999999999999999.0":                "",
		"1.2.3.4.5":                             "1.2.3.4",
		"157.0\x1b[31m":                         "157.0",
		"https://example.test/a.1.2":            "",
	}
	for in, want := range tests {
		if got := versionIn(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestProducts keeps the list free of double names: the first would hide the second.
func TestProducts(t *testing.T) {
	seen := map[string]string{}
	for _, p := range products {
		names := slices.Concat([]string{p.name, p.bundle, p.app}, p.desktops, p.packages, p.progIDs, p.exes)
		for _, n := range names {
			if other := seen[n]; n != "" && other != "" && other != p.name {
				t.Errorf("%q is %s and %s", n, other, p.name)
			}
			seen[n] = p.name
		}
		table, err := releases()
		if err != nil {
			t.Fatal(err)
		}
		if p.releases != "" && len(table.browsers[p.releases]) == 0 {
			t.Errorf("%s: the table has no %q", p.name, p.releases)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	c := New(Options{Home: b.TempDir(), Env: os.Getenv, Now: time.Now})
	for b.Loop() {
		if _, err := c.Measure(b.Context(), func(checks.Event) {}); err != nil {
			b.Fatal(err)
		}
	}
}
