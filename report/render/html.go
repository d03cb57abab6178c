package render

import (
	"bytes"
	_ "embed" // the page and its stylesheet
	"fmt"
	"hash/fnv"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
)

//go:embed style.css
var style string // read only

//go:embed page.html
var pageSource string // read only

//go:embed body.html
var bodySource string // read only

// pages are parsed when the first page is written: most runs write none.
var pages = sync.OnceValues(func() (*template.Template, error) {
	t, err := template.New("page").Parse(pageSource)
	if err != nil {
		return nil, err
	}
	return t.Parse(bodySource)
})

// Style is the stylesheet of Body. Its rules lie below the class "report"; a page that has nothing but a report also
// gives its body element the class "report-page". Its tokens (--r-ink, --r-paper and so on) suit pages around it.
func Style() string { return style }

// HTML writes one page that stands alone: it loads nothing, runs nothing, and names no folder of the machine it was
// made on.
func HTML(w io.Writer, b words.Book, r report.Report, _ Look) error {
	return execute(w, "page", leafed(b, r))
}

// Body is the inside of that page, to stand in a page with Style: an article whose first heading is the page's h1.
// There is no style attribute in it, and the ids in it start with the run's hash.
func Body(b words.Book, r report.Report) (template.HTML, error) {
	var out bytes.Buffer
	if err := execute(&out, "body", leafed(b, r)); err != nil {
		return "", err
	}
	return template.HTML(out.String()), nil // escaped by html/template just above
}

// Halves is Body in two articles, for a page on which the reader goes on to do something: what it comes to and what to
// do, to stand before that; and, folded, all that it comes from. The commands that such a page has buttons for are left
// out.
func Halves(b words.Book, r report.Report) (first, rest template.HTML, err error) {
	l := leafed(b, r)
	l.Folded = true
	var halves [2]bytes.Buffer
	for i, name := range []string{"first", "rest"} {
		if err := execute(&halves[i], name, l); err != nil {
			return "", "", err
		}
	}
	return template.HTML(halves[0].String()), template.HTML(halves[1].String()), nil // escaped, as that of Body
}

func execute(w io.Writer, name string, data any) error {
	t, err := pages()
	if err != nil {
		return fmt.Errorf("reading the page's template: %w", err)
	}
	var out bytes.Buffer // an error leaves no half page
	if err := t.ExecuteTemplate(&out, name, data); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// A leaflet is what the templates show.
type leaflet struct {
	Book      words.Book
	ID        string
	Lang, Dir string
	PageTitle string
	Style     template.CSS
	Verdict   report.Verdict
	Sign      string
	Name      string
	Sentence  string
	Notices   []noticeCard
	Head      []fact
	Todos     []todoCard // what the verdict hangs on
	Better    []todoCard
	Next      int // number of the first of Better
	Tally     []tally
	Sections  []section
	Waived    []fact
	Machine   []fact
	Level     string
	Honest    string
	Verify    string
	More      []fact
	Rows      []row
	Folded    bool // its parts below what to do
}

// A part is a heading and what stands below it.
type part struct {
	ID, Title string
	Folded    bool
}

// Part is the head of one part, by the key of its title.
func (l leaflet) Part(name string) part {
	return part{ID: l.ID + "-" + name, Title: l.Book.Text("section." + name), Folded: l.Folded}
}

type noticeCard struct {
	notice
	Class string
}

type todoCard struct {
	Class, Title, Figure, Text, Side string
}

type tally struct{ Class, Text string }

type section struct {
	ID, Title string
	Cards     []card
	Plots     []plot
}

// A card is one finding. Its fields hide those of the point where both have the name.
type card struct {
	point
	Sign     string // of the outcome
	Word     string
	Why      string // before the note
	Missing  string
	Reason   string
	AskedFor []string
	Scale    *scale
}

// A row is one measurement, judged or not.
type row struct {
	ID, Title, About, Value, Missing, Detail, Who, Judged string
	Diamond                                               bool
}

func leafed(b words.Book, r report.Report) leaflet {
	v := look(b, r)
	p := leaflet{
		Book: b, ID: nick(r.Run), Lang: b.Lang(), Dir: b.Dir(), Style: template.CSS(style),
		Verdict: v.Verdict, Sign: string(v.Verdict), Name: v.Name, Sentence: v.Sentence,
		Head: v.head(), Waived: v.waived(), Machine: v.machine(), Level: v.level(), Honest: v.honest(),
		Verify: v.verify(leaf), More: v.more(), Rows: v.rows(),
		PageTitle: b.Text("label.page", "verdict", v.Name),
	}
	if name := v.person(); name != "" {
		p.PageTitle = name + " · " + p.PageTitle
	}
	for _, n := range v.notices(leaf) {
		class := "pass"
		if n.Command != "" {
			class = "warn"
		}
		p.Notices = append(p.Notices, noticeCard{n, class})
	}
	for _, t := range v.Do {
		c := v.todoCard(t)
		if t.Optional {
			p.Better = append(p.Better, c)
		} else {
			p.Todos = append(p.Todos, c)
		}
	}
	p.Next = len(p.Todos) + 1
	p.Tally, p.Sections = v.tally(), v.sections(p.ID)
	return p
}

func (v view) todoCard(t todo) todoCard {
	t.Optional = false // its place says so
	c := todoCard{Class: string(t.Outcome), Title: v.todoTitle(t), Figure: t.Figure, Text: t.Text}
	if t.Whose != "" {
		c.Side = v.book.Text("do.side", "side", t.Whose)
	}
	return c
}

// nick is a short name for a run, fit to start an id.
func nick(run string) string {
	h := fnv.New32a()
	_, _ = io.WriteString(h, run) // a hash takes everything
	return fmt.Sprintf("r%08x", h.Sum32())
}

func (v view) tally() []tally {
	var list []tally
	for _, o := range []report.Outcome{report.Fail, report.Unknown, report.Warn, report.Pass} {
		n := 0
		for _, p := range v.Points {
			if p.Outcome == o {
				n++
			}
		}
		if n > 0 {
			list = append(list, tally{string(o), v.book.Text("label.tally", "n", itoa(n), "outcome", v.outcome(o))})
		}
	}
	return list
}

// sections are the checks of the policy, then those that only have a series to show.
func (v view) sections(id string) []section {
	var list []section
	at := map[string]int{}
	for _, g := range v.groups(func(point) bool { return true }) {
		s := section{ID: id + "-c" + itoa(len(list)), Title: g.Title}
		for i, p := range g.Points {
			s.Cards = append(s.Cards, v.card(p, s.ID+"-"+itoa(i)))
		}
		at[g.Check] = len(list)
		list = append(list, s)
	}
	for i, p := range v.plots(id) {
		if i == mostPlots {
			break
		}
		k, ok := at[p.check]
		if !ok {
			k = len(list)
			at[p.check] = k
			list = append(list, section{ID: id + "-c" + itoa(k), Title: or(v.book, p.check+".title", clean(p.check))})
		}
		list[k].Plots = append(list[k].Plots, p)
	}
	return list
}

func (v view) card(p point, id string) card {
	c := card{point: p, Sign: string(p.Outcome), Word: v.outcome(p.Outcome), Why: v.book.Text("label.why"), Scale: v.scale(p, id)}
	if p.Asked != "" && p.Asked != p.Figure { // "no, required no" says nothing more
		c.AskedFor = append(c.AskedFor, v.book.Text("label.short_required", "v", p.Asked))
	}
	if p.Wished != "" && p.Wished != p.Figure {
		c.AskedFor = append(c.AskedFor, v.book.Text("label.short_preferred", "v", p.Wished))
	}
	if p.Finding.Missing != nil {
		c.Reason = p.Do
		if p.Whose != "" {
			c.Reason += " " + v.book.Text("do.side", "side", p.Whose)
		}
	}
	if p.Figure == "" {
		c.Missing = v.book.Text("label.missing")
	}
	return c
}

// rows are all measurements, for those who look for the cause.
func (v view) rows() []row {
	of := map[[2]string][]report.Finding{}
	for _, p := range v.Points {
		key := [2]string{p.Metric, p.Subject}
		of[key] = append(of[key], p.Finding)
	}
	var list []row
	for _, result := range v.report.Results {
		for _, m := range result.Measurements {
			r := v.row(m, outcome(of[[2]string{m.Metric, m.Subject}], m, result.Attempt))
			if result.Attempt > 1 {
				r.About = strings.TrimPrefix(r.About+", ", ", ") + v.book.Text("label.attempt_n", "n", itoa(result.Attempt))
			}
			list = append(list, r)
		}
	}
	return list
}

// outcome is what a measurement came to: where there were several attempts, that of its own.
func outcome(findings []report.Finding, m checks.Measurement, attempt int) report.Outcome {
	var judged report.Outcome
	for _, f := range findings {
		if len(f.Attempts) == 0 {
			judged = f.Outcome
			continue
		}
		own := func(t report.Try) bool { return t.Attempt == max(attempt, 1) && t.By == m.By }
		if at := slices.IndexFunc(f.Attempts, own); at >= 0 {
			judged = f.Attempts[at].Outcome
		}
	}
	if judged != "" && !slices.Contains(outcomes(), judged) {
		return report.Unknown
	}
	return judged
}

func (v view) row(m checks.Measurement, judged report.Outcome) row {
	r := row{ID: clean(m.Metric), Title: title(v.book, m.Metric), About: clean(m.Subject), Judged: v.book.Text("label.unjudged")}
	if judged != "" {
		r.Judged = v.outcome(judged)
	}
	switch {
	case m.Missing != nil:
		r.Missing = v.book.Text("label.missing") + ": " + v.side(m.Missing.Side)
		r.Detail = strings.TrimSpace(clean(m.Missing.Code) + " " + cleanTo(m.Missing.Detail, maxSaid))
		return r
	case m.Unit == checks.Text:
		r.Value = called(v.book, m.Metric, m.Text)
	default:
		r.Value = v.whole(m.Unit, v.figure(m.Metric, m.Unit, report.Figure{Value: &m.Value, Within: m.Within, AtLeast: m.AtLeast}, 2*significant))
	}
	r.Who, r.Diamond = v.who("by.short.", m.By)
	return r
}
