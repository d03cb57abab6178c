package render

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
)

func open(t *testing.T, lang string) words.Book {
	t.Helper()
	b, err := words.Open(lang, Words())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestQuantity(t *testing.T) {
	for _, c := range []struct {
		v      float64
		u      checks.Unit
		en, es string
	}{
		{24.1e6, checks.BitsPerSecond, "24.1 Mbit/s", "24,1 Mbit/s"},
		{999.6e6, checks.BitsPerSecond, "1 Gbit/s", "1 Gbit/s"},
		{512, checks.BitsPerSecond, "512 bit/s", "512 bit/s"},
		{0, checks.BitsPerSecond, "0 bit/s", "0 bit/s"},
		{0.041, checks.Seconds, "41 ms", "41 ms"},
		{0.00042, checks.Seconds, "0.42 ms", "0,42 ms"},
		{0.99996, checks.Seconds, "1 s", "1 s"},
		{1.5, checks.Seconds, "1.5 s", "1,5 s"},
		{184, checks.Seconds, "3.07 min", "3,07 min"},
		{-7200, checks.Seconds, "-2 h", "-2 h"},
		{259200, checks.Seconds, "3 d", "3 d"},
		{7.8e9, checks.Bytes, "7.8 GB", "7,8 GB"},
		{1492, checks.Bytes, "1492 B", "1492 B"},
		{0.12, checks.Ratio, "12 %", "12 %"},
		{0.0008, checks.Ratio, "0.08 %", "0,08 %"},
		{1, checks.Ratio, "100 %", "100 %"},
		{-26, checks.DBov, "-26 dBov", "-26 dBov"},
		{-25.64, checks.DBFS, "-25.6 dBFS", "-25,6 dBFS"},
		{48000, checks.Hertz, "48 kHz", "48 kHz"},
		{50, checks.Hertz, "50 Hz", "50 Hz"},
		{2, checks.Count, "2", "2"},
		{1234567, checks.Count, "1234567", "1234567"},
		{1, checks.Days, "1 day", "1 día"},
		{-12, checks.Days, "-12 days", "-12 días"},
		{30, checks.PerSecond, "30/s", "30/s"},
		{320, checks.PerMinute, "320/min", "320/min"},
		{4.28, checks.MOS, "4.28", "4,28"},
		{1, checks.Truth, "yes", "sí"},
		{0, checks.Truth, "no", "no"},
		{1e300, checks.Count, "1e+300", "1e+300"},
		{5e-324, checks.Count, "0", "0"},
		{-1e-12, checks.Decibel, "0 dB", "0 dB"},
		{3, "furlong\x1b", "3 furlong", "3 furlong"},
		{math.NaN(), checks.Count, "?", "?"},
		{math.Inf(1), checks.Seconds, "?", "?"},
	} {
		if got := Quantity(open(t, "en"), c.v, c.u); got != c.en {
			t.Errorf("%v %s in English: %q, want %q", c.v, c.u, got, c.en)
		}
		if got := Quantity(open(t, "es"), c.v, c.u); got != c.es {
			t.Errorf("%v %s in Spanish: %q, want %q", c.v, c.u, got, c.es)
		}
	}
	if got := Quantity(words.Book{}, 1.5, checks.Days); got != "1.5 days" {
		t.Errorf("without words: %q", got)
	}
}

func TestAFigureIsToldFromItsBound(t *testing.T) {
	b, least := open(t, "en"), 10e6
	digits := apart(b, 9.9996e6, checks.BitsPerSecond, report.Bound{Min: &least})
	if got := quantity(b, 9.9996e6, checks.BitsPerSecond, digits); got == quantity(b, least, checks.BitsPerSecond, significant) {
		t.Errorf("a figure that fails is shown as its bound: %s", got)
	}
	if got := apart(b, 10e6, checks.BitsPerSecond, report.Bound{Min: &least}); got != significant {
		t.Errorf("a figure that is its bound takes %d digits", got)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 10, ""},
		{"one two three", 7, "one two|three"},
		{"one two three", 3, "one|two|thr|ee"},
		{"at least 10" + nbsp + "Mbit/s", 12, "at least|10 Mbit/s"},
		{"山田太郎さん", 5, "山田|太郎|さん"},
		{"a  b\nc", 20, "a b c"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301e\u0301|e\u0301"},
		{"🎧🎧", 1, "🎧|🎧"},
	} {
		if got := strings.Join(Wrap(c.text, c.width), "|"); got != c.want {
			t.Errorf("%q at %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

func TestColumns(t *testing.T) {
	for text, want := range map[string]int{"abc": 3, "é": 1, "e\u0301": 1, "한국어": 6, "ヘッド": 6, "🎧": 2, "✓◆━": 3, "ｱ": 1, "Ａ": 2, "": 0} {
		if got := columns(text); got != want {
			t.Errorf("%q takes %d columns, want %d", text, got, want)
		}
	}
}

func TestCleanCutsAndSaysSo(t *testing.T) {
	if got := clean(strings.Repeat("x", maxShown)); strings.Contains(got, "…") || len(got) != maxShown {
		t.Errorf("a text that fits is cut: %q", got)
	}
	if got := []rune(clean(strings.Repeat("é", maxShown+1))); len(got) != maxShown || got[maxShown-1] != '…' {
		t.Errorf("%d runes, the last is %q", len(got), got[len(got)-1])
	}
	if got := clean("a\u202eb\x1b[31m\u2028c\ufe0fd\u061c"); got != "ab[31m cd" {
		t.Errorf("%q", got)
	}
}

func TestQuoted(t *testing.T) {
	for name, want := range map[string]string{
		"ana.deskready.json":    "ana.deskready.json",
		`C:\Users\Ana B\x.json`: `"C:\Users\Ana B\x.json"`,
		"informe añejo.json":    `"informe añejo.json"`,
		"x;rm -rf ~.json":       "", "$(reboot)": "", "a`b`": "", `a"b`: "", "-rf": "", "a\nb": "", "a|b": "", "": "",
	} {
		if got := quoted(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestAxisAndZones(t *testing.T) {
	n := func(v float64) *float64 { return &v }
	zonesOf := func(u checks.Unit, v float64, require, prefer report.Bound) (string, axis) {
		edges := edgesOf(require, prefer)
		a := axisOf(u, v, edges)
		var list []string
		for _, z := range zones(a, edges, require, prefer) {
			list = append(list, z.Class)
		}
		return strings.Join(list, " "), a
	}
	for _, c := range []struct {
		name            string
		u               checks.Unit
		v               float64
		require, prefer report.Bound
		want            string
		log             bool
	}{
		{"a rate", checks.BitsPerSecond, 94e6, report.Bound{Min: n(10e6)}, report.Bound{Min: n(30e6)}, "z-fail z-ok z-good", true},
		{"no rate at all", checks.BitsPerSecond, 0, report.Bound{Min: n(10e6)}, report.Bound{}, "z-fail z-good", true},
		{"a delay", checks.Seconds, 0.02, report.Bound{Max: n(0.12)}, report.Bound{Max: n(0.05)}, "z-good z-ok z-fail", false},
		{"a range below zero", checks.DBov, -25, report.Bound{Min: n(-36), Max: n(-16)}, report.Bound{Min: n(-30), Max: n(-20)}, "z-fail z-ok z-good z-ok z-fail", false},
		{"only preferred", checks.Ratio, 0.1, report.Bound{}, report.Bound{Max: n(0.5)}, "z-good z-ok", false},
		{"far off", checks.Bytes, 4e12, report.Bound{Min: n(20e9)}, report.Bound{}, "z-fail z-good", true},
		{"mos", checks.MOS, 4.2, report.Bound{Min: n(3.6)}, report.Bound{}, "z-fail z-good", false},
	} {
		got, a := zonesOf(c.u, c.v, c.require, c.prefer)
		if got != c.want || a.log != c.log || !a.sound() {
			t.Errorf("%s: %s on %+v, want %s, logarithmic %v", c.name, got, a, c.want, c.log)
		}
		if x := a.at(c.v); math.IsNaN(x) || x < 0 || x > 1 {
			t.Errorf("%s: the value lies at %v", c.name, x)
		}
	}
}

func TestNiceStep(t *testing.T) {
	for span, want := range map[float64]float64{4: 1, 10: 2.5, 25: 10, 94e6: 25e6, 1: 0.25, 0.0042: 0.002} {
		if got := niceStep(span); math.Abs(got-want) > want*1e-9 {
			t.Errorf("%v: %v, want %v", span, got, want)
		}
	}
}

// The first half of the honest sentence is only said where it is true, and a diamond is only given for what was signed.
func TestTrustIsNotOverstated(t *testing.T) {
	const sentence = "This report was signed by the key enrolled with invite inv-1 on 2026-11-21 and has not changed since. The collector recomputed " +
		"the result from the reported measurements under policy voice vabcdef01. Figures marked with a diamond were measured by the " +
		"collector; all others were measured by software on the hire's own computer. It does not prove who was at the keyboard, " +
		"that the software was unmodified, or that the same computer and connection will be used in training."
	r := report.Report{
		Invite: &report.InviteRef{ID: "inv-1"}, Policy: report.PolicyRef{Name: "voice", Digest: "sha256:abcdef0123"},
		Began: time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC), Assurance: report.A2,
	}
	b := open(t, "en")
	if got := look(b, r).honest(); got != sentence {
		t.Errorf("A2:\n%s\nwant\n%s", got, sentence)
	}
	if name, diamond := look(b, r).who("by.", checks.ByCollector); !diamond || name != b.Text("by.collector") {
		t.Errorf("A2: a witnessed figure is %q, diamond %v", name, diamond)
	}
	for name, lessen := range map[string]func(*report.Report){
		"A0": func(r *report.Report) { r.Assurance = report.A0 }, "none": func(r *report.Report) { r.Assurance = "" },
		"unknown": func(r *report.Report) { r.Assurance = "A9" }, "pending": func(r *report.Report) { r.State = "pending" },
	} {
		less := r
		lessen(&less)
		v := look(b, less)
		if strings.Contains(v.honest(), "enrolled") || !strings.HasSuffix(sentence, v.honest()) {
			t.Errorf("%s: %s", name, v.honest())
		}
		if got, diamond := v.who("by.", checks.ByCollector); diamond || got != b.Text("by.claimed") {
			t.Errorf("%s: a claimed figure is %q, diamond %v", name, got, diamond)
		}
	}
}

func TestVerdictMustFollow(t *testing.T) {
	one := 1.0
	failed := report.Finding{Metric: "x.y", Unit: checks.Count, Outcome: report.Fail, Require: report.Bound{Min: &one}}
	odd := failed
	odd.Outcome = "splendid"
	for _, c := range []struct {
		said     report.Verdict
		findings []report.Finding
		want     report.Verdict
		differs  bool
	}{
		{report.NotReady, []report.Finding{failed}, report.NotReady, false},
		{report.Ready, []report.Finding{failed}, report.Undecided, true},
		{report.Ready, nil, report.Undecided, true},
		{report.Undecided, nil, report.Undecided, false},
		{report.Ready, []report.Finding{odd}, report.Undecided, true},
		{"perfect", []report.Finding{failed}, report.Undecided, true},
	} {
		v := look(open(t, "en"), report.Report{Verdict: c.said, Findings: c.findings})
		if v.Verdict != c.want || v.Differs != c.differs {
			t.Errorf("said %q with %v: shown %q, differs %v", c.said, c.findings, v.Verdict, v.Differs)
		}
	}
}

func TestTodosAreOrderedAndSaidOnce(t *testing.T) {
	b, one := open(t, "en"), 1.0
	need, like := report.Bound{Min: &one}, report.Bound{}
	missing := func(metric, code string, require report.Bound) report.Finding {
		return report.Finding{Metric: metric, Outcome: report.Unknown, Require: require, Prefer: need,
			Missing: &checks.Problem{Code: code, Side: checks.SideOffice}}
	}
	v := look(b, report.Report{Findings: []report.Finding{
		{Metric: "a.warn", Outcome: report.Warn, Require: need}, missing("b.optional", checks.CodeTimeout, like),
		missing("c.one", checks.CodeNoCollector, need), {Metric: "d.fail", Outcome: report.Fail, Require: need},
		missing("e.two", checks.CodeNoCollector, need), {Metric: "f.pass", Outcome: report.Pass, Require: need},
	}})
	var got []string
	for _, d := range v.Do {
		got = append(got, strings.Join(d.Titles, "+"))
	}
	if s := strings.Join(got, " "); s != "d.fail+a.warn c.one+e.two b.optional" {
		t.Errorf("order: %s", s)
	}
	if v.Do[1].Text != b.Text("problem.no_collector") || v.Do[1].Whose != b.Text("side.office") {
		t.Errorf("%+v", v.Do[1])
	}
	if got := v.problem("never_heard_of"); !strings.Contains(got, "never_heard_of") {
		t.Errorf("an unknown code: %s", got)
	}
}

// Patterns are for programs: people are shown names, or what to look for.
func TestPatternsInBounds(t *testing.T) {
	b, err := words.Open("en", Words(), fstest.MapFS{"en.json": {Data: []byte(`{"a.b.*chrom*":"Chrome","a.b.pass":"good"}`)}})
	if err != nil {
		t.Fatal(err)
	}
	for want, of := range map[string]report.Bound{
		"Chrome":                        {OneOf: []string{"*chrom*"}},
		"one of: Chrome, edge…, good":   {OneOf: []string{"*chrom*", "*edge*", "pass"}},
		"not: 047f:…, Poly…20, …":       {NoneOf: []string{"047f:*", "Poly*20", "*"}},
		"edge… (3 others are accepted)": {OneOf: []string{"*edge*", "b", "c", "d"}},
	} {
		if got := bound(b, "a.b", checks.Text, of); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A thing to do says what was found beside what is missed: of a warning, that is what is preferred.
func TestWhatWasFound(t *testing.T) {
	b := open(t, "en")
	n := func(v float64) *float64 { return &v }
	text := "wifi"
	rule := report.Finding{Metric: "a.b", Unit: checks.Count, Measured: n(3), Require: report.Bound{Min: n(2)}, Prefer: report.Bound{Min: n(4)}}
	for want, change := range map[string]func(*report.Finding){
		"3, preferred at least 4": func(f *report.Finding) { f.Outcome = report.Warn },
		"1, required at least 2":  func(f *report.Finding) { f.Outcome, f.Measured = report.Fail, n(1) },
		"wifi": func(f *report.Finding) {
			f.Outcome, f.Measured, f.Text, f.Unit = report.Fail, nil, &text, checks.Text
			f.Require = report.Bound{OneOf: []string{"cable"}}
		},
		"no": func(f *report.Finding) {
			f.Outcome, f.Measured, f.Unit, f.Require, f.Prefer = report.Fail, n(0), checks.Truth, report.Bound{Min: n(1)}, report.Bound{}
		},
		"": func(f *report.Finding) {
			f.Outcome, f.Measured, f.Missing = report.Unknown, nil, &checks.Problem{Code: checks.CodeTimeout}
		},
	} {
		f := rule
		change(&f)
		v := look(b, report.Report{Findings: []report.Finding{f}})
		if len(v.Do) != 1 || v.Do[0].Figure != want {
			t.Errorf("%+v, want %q", v.Do, want)
		}
		if v.Do[0].Whose != "" {
			t.Errorf("whose side it is, is not known: %q", v.Do[0].Whose)
		}
	}
}

func TestWaivedAndTitleComeFromTheCompiledPolicy(t *testing.T) {
	one := 1.0
	p := report.Policy{Name: "voice", Title: "Voice agents",
		Rules:  []report.Rule{{Metric: "a.b", Unit: checks.Count, Require: report.Bound{Min: &one}}},
		Waived: []report.Waiver{{Metric: "path.link", Role: "rural", Reason: "no cable in the street"}}}
	data, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	r := report.Report{Verdict: report.Undecided, Policy: report.PolicyRef{Name: "voice", Compiled: data}}
	for name, f := range map[string]Format{"text": Text, "html": HTML} {
		var out strings.Builder
		if err := f(&out, open(t, "en"), r, Look{}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Voice agents (voice)", "no cable in the street (rural)"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
}

// A report that holds nothing at all is shown, not a reason to fall over; so is one shown without any words.
func TestAnEmptyReportIsShown(t *testing.T) {
	for name, f := range Formats {
		for _, b := range []words.Book{{}, open(t, "en")} {
			var out strings.Builder
			if err := f(&out, b, report.Report{}, Look{}); err != nil || out.Len() == 0 {
				t.Errorf("%s: %d bytes, %v", name, out.Len(), err)
			}
		}
	}
}

func TestSeriesThatNoLineSpans(t *testing.T) {
	v := look(open(t, "en"), report.Report{})
	for name, samples := range map[string][]float64{
		"too far apart": {1e308, -1e308}, "not a number": {math.NaN(), 1}, "infinite": {0, math.Inf(1)},
	} {
		m := checks.Measurement{Metric: "a.b", Unit: checks.Count, Samples: samples}
		if p, ok := v.plot(m); ok {
			t.Errorf("%s: %s", name, p.Curve)
		}
	}
	p, ok := v.plot(checks.Measurement{Metric: "a.b", Unit: checks.BitsPerSecond, Samples: []float64{0, 0, 0, 0}})
	if !ok || p.Curve != "M0 1000L333.3 1000L666.7 1000L1000 1000" || p.To != "1" {
		t.Errorf("a line that carried nothing for a second: %v %+v", ok, p)
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("one two three", 7)
	f.Add("山田太郎 🎧 e\u0301", 2)
	f.Add("🎧 \u0301", 2) // a word without width
	f.Fuzz(func(t *testing.T, text string, width int) {
		text = clean(text)
		lines := Wrap(text, width)
		for _, l := range lines {
			if columns(l) > max(width, 2) {
				t.Errorf("%q is wider than %d", l, width)
			}
		}
		strip := strings.NewReplacer(" ", "", nbsp, "")
		if a, b := strip.Replace(strings.Join(lines, "")), strip.Replace(text); a != b {
			t.Errorf("%q became %q", b, a)
		}
	})
}
