package render

import (
	"slices"
	"strconv"
	"strings"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
)

// A view is a report in words: all that the text and the page show, in the order they show it.
type view struct {
	book     words.Book
	report   report.Report
	Verdict  report.Verdict
	Name     string // of the verdict
	Sentence string
	Differs  bool // the verdict in the report is not the one its findings lead to
	Points   []point
	Do       []todo
}

// A point is one finding in words.
type point struct {
	report.Finding
	Check   string // by id
	Title   string
	About   string // the subject
	Figure  string // empty: there is no value
	Asked   string // required
	Wished  string // preferred
	Help    string
	Note    string // the rule's own reason, by who wrote the policy
	Who     string // empty: the tool, as for most
	Diamond bool   // measured by the collector, and that is sure
	Do      string // the remedy
	Whose   string // side of the problem; empty: that is not known, or there is none
	Beside  string // the collector's figure of the same thing
	Sealed  bool   // and that it is the collector's is sure
	Tries   string // each attempt, where there were several
}

// A todo is one thing to do, for one or several points.
type todo struct {
	Outcome  report.Outcome
	Titles   []string
	Figure   string // what was found and what is asked for; empty: nothing was found, or in several things
	Text     string
	Whose    string
	Optional bool // nothing that is required hangs on it
}

func look(b words.Book, r report.Report) view {
	v := view{book: b, report: r, Verdict: r.Verdict}
	for _, f := range r.Findings {
		v.Points = append(v.Points, v.point(f))
	}
	v.decide()
	v.Do = v.todos()
	return v
}

// decide takes the report's verdict, unless its findings lead to another: then nothing is decided here.
func (v *view) decide() {
	said := v.Verdict
	if follows(v.Points) != said {
		v.Verdict, v.Differs = report.Undecided, true
	}
	v.Name = v.book.Text("verdict." + string(v.Verdict))
	if !v.Differs {
		v.Sentence = v.because()
		return
	}
	name := clean(string(said))
	if said == report.Ready || said == report.NotReady || said == report.Undecided {
		name = v.book.Text("verdict." + name)
	}
	v.Sentence = v.book.Text("verdict.differs", "said", name)
}

// because says what the verdict comes from.
func (v view) because() string {
	fails, unknown, all := 0, 0, 0
	for _, p := range v.Points {
		if !p.Required() {
			continue
		}
		all++
		switch p.Outcome {
		case report.Fail:
			fails++
		case report.Unknown:
			unknown++
		}
	}
	var parts []string
	if fails > 0 {
		parts = append(parts, v.count("verdict.fail", fails, all))
	}
	if unknown > 0 {
		parts = append(parts, v.count("verdict.unknown", unknown, all))
	}
	switch {
	case all == 0:
		parts = append(parts, v.book.Text("verdict.nothing"))
	case len(parts) == 0:
		parts = append(parts, v.count("verdict.ready", all, all))
	}
	return strings.Join(parts, " ")
}

// follows is the verdict that the points as shown lead to: an outcome this program does not know counts as unknown.
func follows(points []point) report.Verdict {
	findings := make([]report.Finding, len(points))
	for i, p := range points {
		findings[i] = p.Finding
	}
	return report.Decide(findings)
}

func (v view) count(key string, n, all int) string {
	if n == 1 {
		key += ".one"
	} else {
		key += ".many"
	}
	return v.book.Text(key, "n", strconv.Itoa(n), "all", strconv.Itoa(all))
}

func (v view) point(f report.Finding) point {
	b := v.book
	check, _, _ := strings.Cut(f.Metric, ".")
	p := point{
		Finding: f, Check: check, Title: title(b, f.Metric), About: clean(f.Subject),
		Asked: bound(b, f.Metric, f.Unit, f.Require), Wished: bound(b, f.Metric, f.Unit, f.Prefer),
		Help: or(b, f.Metric+".help", ""), Note: cleanTo(f.Why, maxSaid),
	}
	if !slices.Contains(outcomes(), f.Outcome) {
		p.Outcome = report.Unknown
	}
	figure, digits := v.measured(f)
	p.Figure = figure
	p.Beside, p.Sealed = v.beside(f)
	p.Tries = v.tries(f, digits)
	if p.Figure != "" && f.By != "" && f.By != checks.ByTool {
		p.Who, p.Diamond = v.who("by.", f.By)
	}
	if p.Outcome != report.Pass {
		p.Do = v.remedy(f)
	}
	if f.Missing != nil && known(f.Missing.Side) {
		p.Whose = v.side(f.Missing.Side)
	}
	return p
}

// title is the name of a metric, with its id where there is no name: a report may be older or newer than this program.
func title(b words.Book, metric string) string {
	return or(b, metric+".title", clean(metric))
}

// of is a title with what it was measured of.
func (p point) of(b words.Book) string {
	if p.About == "" {
		return p.Title
	}
	return b.Text("label.of", "title", p.Title, "subject", p.About)
}

// who says who measured: under by. in a sentence, under by.short. in a word. The diamond is for what the collector has
// signed: that a file names the collector proves nothing.
func (v view) who(under, by string) (name string, diamond bool) {
	switch by {
	case checks.ByCollector:
		if v.report.Assurance == report.A2 && !v.pending() {
			return v.book.Text(under + by), true
		}
		return v.book.Text(under + "claimed"), false
	case checks.ByTool, checks.ByBrowser, checks.ByHire:
		return v.book.Text(under + by), false
	}
	return v.book.Text(under+"other", "by", clean(by)), false
}

func (v view) side(side string) string {
	if known(side) {
		return v.book.Text("side." + side)
	}
	return v.book.Text("side.unknown")
}

func known(side string) bool {
	return slices.Contains([]string{checks.SideHire, checks.SideLine, checks.SideOffice, checks.SideTool}, side)
}

// remedy is what to do about a finding: for a text, first what goes with that text.
func (v view) remedy(f report.Finding) string {
	if f.Missing != nil {
		return v.problem(f.Missing.Code)
	}
	var keys []string
	if f.Text != nil {
		keys = append(keys, f.Metric+"."+*f.Text+".remedy")
	}
	for _, k := range append(keys, f.Remedy, f.Metric+".remedy") {
		if v.book.Has(k) && (strings.HasSuffix(k, ".remedy") || strings.HasPrefix(k, "problem.")) {
			return v.book.Text(k)
		}
	}
	return v.book.Text("do.ask")
}

func (v view) problem(code string) string {
	if key := "problem." + code; v.book.Has(key) && code != "other" {
		return v.book.Text(key)
	}
	return v.book.Text("problem.other", "code", clean(code))
}

// todos are what to do, most important first: what failed, then what is required and unknown, then what could be better.
// One remedy for several points is said once.
func (v view) todos() []todo {
	rank := func(p point) int {
		switch {
		case p.Outcome == report.Fail:
			return 0
		case p.Required() && p.Outcome == report.Unknown:
			return 1
		case p.Outcome == report.Warn:
			return 2
		}
		return 3
	}
	var list []todo
	for at := range 4 {
		for _, p := range v.Points {
			if p.Outcome == report.Pass || rank(p) != at {
				continue
			}
			same := func(t todo) bool { return t.Text == p.Do && t.Whose == p.Whose }
			name := p.of(v.book)
			if i := slices.IndexFunc(list, same); i >= 0 {
				if !slices.Contains(list[i].Titles, name) {
					list[i].Titles = append(list[i].Titles, name)
					list[i].Figure = ""
				}
				continue
			}
			list = append(list, todo{Outcome: p.Outcome, Titles: []string{name}, Figure: v.found(p), Text: p.Do, Whose: p.Whose, Optional: at >= 2})
		}
	}
	return list
}

// found is what was found of a point, beside the number that it misses: names that would do are told by the remedy.
func (v view) found(p point) string {
	key, asked := "label.short_required", p.Asked
	if p.Wished != "" && (asked == "" || p.Outcome == report.Warn) {
		key, asked = "label.short_preferred", p.Wished
	}
	if p.Figure == "" || p.Measured == nil || asked == "" || p.Unit == checks.Truth {
		return p.Figure
	}
	return v.book.Text("bound.both", "a", p.Figure, "b", v.book.Text(key, "v", asked))
}

// A group is the points of one check, in the policy's order.
type group struct {
	Check  string
	Title  string
	Points []point
}

// groups are the checks in the order of the policy, with those points that keep says.
func (v view) groups(keep func(point) bool) []group {
	var list []group
	for _, p := range v.Points {
		if !keep(p) {
			continue
		}
		i := slices.IndexFunc(list, func(g group) bool { return g.Check == p.Check })
		if i < 0 {
			list = append(list, group{Check: p.Check, Title: or(v.book, p.Check+".title", clean(p.Check))})
			i = len(list) - 1
		}
		list[i].Points = append(list[i].Points, p)
	}
	return list
}

func (v view) outcome(o report.Outcome) string { return v.book.Text("outcome." + string(o)) }
