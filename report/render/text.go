package render

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"deskready/checks/words"
	"deskready/report"
)

// Bounds of the layout, in columns: below, nothing would fit; above, lines are too long to read.
const (
	defaultWidth = 80
	leastWidth   = 20
	mostWidth    = 100
)

// Text writes a report for a terminal: the verdict, what to do, what failed, then the rest. No line is wider than
// look.Width (at least 20). With look.Plain it is one sentence a line instead.
func Text(w io.Writer, b words.Book, r report.Report, how Look) error {
	v := look(b, r.Bare())
	v.report.Policy.Compiled = r.Policy.Compiled // for its title and waivers
	var text string
	if how.Plain {
		text = v.plain()
	} else {
		text = v.terminal(how)
	}
	_, err := io.WriteString(w, unisolated(text))
	return err
}

// Select Graphic Rendition of ECMA-48. The 16 colours are the terminal's own, so they suit its background.
const (
	sgrBold   = "1"
	sgrDim    = "2"
	sgrRed    = "31"
	sgrGreen  = "32"
	sgrYellow = "33"
	sgrCyan   = "36"
)

// A sheet is text being laid out.
type sheet struct {
	strings.Builder
	width  int
	colour bool
}

func (s *sheet) paint(text string, codes ...string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + strings.Join(codes, ";") + "m" + text + "\x1b[0m"
}

func (s *sheet) line(text string) { s.WriteString(strings.TrimRight(text, " ") + "\n") }

// hang writes a text after a head, its further lines under its first one.
func (s *sheet) hang(head, text string, headCodes, codes []string) {
	under := columns(head)
	if under > s.width/2 { // no room beside it: the text goes below
		for _, l := range Wrap(strings.TrimSpace(head), s.width) {
			s.line(s.paint(l, headCodes...))
		}
		head, under = strings.Repeat(" ", 4), 4
	}
	for i, l := range Wrap(text, s.width-under) {
		if i == 0 {
			s.line(s.paint(head, headCodes...) + s.paint(l, codes...))
		} else {
			s.line(strings.Repeat(" ", under) + s.paint(l, codes...))
		}
	}
}

// command is set apart on its own line. One that is wider than the sheet must break all the same.
func (s *sheet) command(text string) { s.hang("    ", text, nil, []string{sgrBold}) }

func (s *sheet) heading(text string) {
	s.line("")
	for _, l := range Wrap(strings.ToUpper(text), s.width) {
		s.line(s.paint(l, sgrBold))
	}
}

func outcomeSign(o report.Outcome) (sign, code string) {
	switch o {
	case report.Pass:
		return "✓", sgrGreen
	case report.Warn:
		return "!", sgrYellow
	case report.Fail:
		return "✗", sgrRed
	}
	return "?", sgrCyan
}

func (v view) sign() (sign, code string) {
	switch v.Verdict {
	case report.Ready:
		return outcomeSign(report.Pass)
	case report.NotReady:
		return outcomeSign(report.Fail)
	}
	return outcomeSign(report.Unknown)
}

func (v view) terminal(how Look) string {
	s := &sheet{width: min(max(cmp.Or(how.Width, defaultWidth), leastWidth), mostWidth), colour: how.Colour}
	v.banner(s)
	v.todoList(s)
	v.findings(s, report.Fail, "section.fail")
	v.findings(s, report.Unknown, "section.unknown")
	v.findings(s, report.Warn, "section.warn")
	v.passed(s)
	if waived := v.waived(); len(waived) > 0 {
		s.heading(v.book.Text("section.waived"))
		v.facts(s, waived)
	}
	if files := v.files(); len(files) > 0 {
		s.heading(v.book.Text("section.files"))
		v.facts(s, files)
	}
	s.heading(v.book.Text("section.trust"))
	s.hang("  ", v.level(), nil, nil)
	s.line("")
	s.hang("  ", v.honest(), nil, nil)
	return s.String()
}

func (v view) banner(s *sheet) {
	sign, code := v.sign()
	rule := s.paint(strings.Repeat("━", s.width), code)
	s.line(rule)
	s.hang("  "+sign+" ", strings.ToUpper(v.Name), []string{sgrBold, code}, []string{sgrBold, code})
	s.hang("    ", v.Sentence, nil, nil)
	s.line(rule)
	s.line("")
	head := v.head()
	v.facts(s, head[:len(head)-1]) // the level has its own place below
	for _, n := range v.notices(quoted) {
		s.line("")
		s.hang("  ", n.Text, nil, []string{sgrBold})
		if n.Command != "" {
			s.command(n.Command)
		}
	}
}

// facts are a list of two columns.
func (v view) facts(s *sheet, list []fact) {
	label := 0
	for _, f := range list {
		label = max(label, columns(f.Label))
	}
	for _, f := range list {
		head := "  " + pad(f.Label, min(label, s.width/3)) + "  "
		s.hang(head, f.Value, []string{sgrDim}, nil)
	}
}

func (v view) todoList(s *sheet) {
	s.heading(v.book.Text("section.do"))
	if len(v.Do) == 0 {
		s.hang("  ", v.book.Text("do.nothing"), nil, nil)
	}
	for i, t := range v.Do {
		if i > 0 {
			s.line("")
		}
		n := "  " + pad(itoa(i+1)+".", 3) + " "
		s.hang(n, v.todoTitle(t), []string{sgrBold}, []string{sgrBold})
		s.hang(strings.Repeat(" ", columns(n)), v.todoText(t), nil, nil)
	}
}

func (v view) todoTitle(t todo) string {
	title := series(v.book, t.Titles)
	if t.Optional {
		title += " (" + v.book.Text("do.optional") + ")"
	}
	return title
}

func (v view) todoText(t todo) string {
	if t.Whose == "" {
		return t.Text
	}
	return t.Text + " " + v.book.Text("do.side", "side", t.Whose)
}

// findings shows the points of one outcome that is not a pass. What to do about them stands in the list before.
func (v view) findings(s *sheet, o report.Outcome, heading string) {
	groups := v.groups(func(p point) bool { return p.Outcome == o })
	if len(groups) == 0 {
		return
	}
	s.heading(v.book.Text(heading))
	for i, g := range groups {
		if i > 0 {
			s.line("")
		}
		s.hang("  ", g.Title, nil, nil)
		for _, p := range alike(g.Points) {
			sign, code := outcomeSign(o)
			s.hang("  "+sign+" "+strings.ToUpper(v.outcome(o))+"  ", v.names(p), []string{sgrBold, code}, []string{sgrBold})
			s.hang("      ", v.figures(p[0]), nil, nil)
			v.further(s, p[0])
			if note := p[0].Note; note != "" && len(p) == 1 {
				s.hang("      ", v.book.Text("label.why")+": "+note, nil, nil)
			}
		}
	}
}

// further shows what else was measured of the same thing: by the other end, and at other times.
func (v view) further(s *sheet, p point) {
	if p.Beside != "" {
		text := p.Beside
		if p.Sealed {
			text += nbsp + "◆"
		}
		s.hang("      ", text, nil, nil)
	}
	if p.Tries != "" {
		s.hang("      ", p.Tries, nil, nil)
	}
}

// alike puts together the points that are unknown for one reason and that nothing required hangs on: one missing
// microphone is one line, not six. Where there is a figure, each has its own.
func alike(points []point) [][]point {
	var sets [][]point
	for _, p := range points {
		at := slices.IndexFunc(sets, func(set []point) bool {
			first := set[0]
			return p.Outcome == report.Unknown && first.Outcome == report.Unknown && !p.Required() && !first.Required() &&
				p.Missing != nil && first.Missing != nil && *p.Missing == *first.Missing && p.Figure == "" && first.Figure == ""
		})
		if at < 0 {
			sets = append(sets, []point{p})
		} else {
			sets[at] = append(sets[at], p)
		}
	}
	return sets
}

func (v view) names(points []point) string {
	var names []string
	for _, p := range points {
		names = append(names, p.of(v.book))
	}
	return series(v.book, names)
}

// figures are the measured and the asked for in one line.
func (v view) figures(p point) string {
	var parts []string
	if p.Figure != "" {
		parts = append(parts, lower(v.book.Text("label.measured"))+" "+p.Figure+mark(p))
	}
	if p.Asked != "" {
		parts = append(parts, lower(v.book.Text("label.required"))+" "+p.Asked)
	}
	if p.Wished != "" && p.Outcome != report.Fail && p.Outcome != report.Unknown {
		parts = append(parts, lower(v.book.Text("label.preferred"))+" "+p.Wished)
	}
	if p.Outcome == report.Unknown && p.Asked == "" {
		parts = append(parts, v.book.Text("do.optional"))
	}
	text := strings.Join(parts, "; ")
	if p.Who != "" {
		text += " (" + p.Who + ")"
	}
	if p.Whose != "" {
		text += ". " + v.book.Text("do.side", "side", p.Whose)
	}
	return text
}

func mark(p point) string {
	if p.Diamond {
		return nbsp + "◆"
	}
	return ""
}

// passed shows what passed, a line each where there is room.
func (v view) passed(s *sheet) {
	groups := v.groups(func(p point) bool { return p.Outcome == report.Pass })
	if len(groups) == 0 {
		return
	}
	s.heading(v.book.Text("section.pass"))
	wide, figure := 0, 0
	for _, g := range groups {
		for _, p := range g.Points {
			wide = max(wide, columns(p.of(v.book)))
			if n := columns(p.Figure + mark(p)); n <= s.width/4 { // a longer one has a line of its own, and moves no other
				figure = max(figure, n)
			}
		}
	}
	wide = min(wide, s.width*2/5)
	for _, g := range groups {
		s.hang("  ", g.Title, nil, nil)
		for _, p := range g.Points {
			v.passLine(s, p, wide, figure)
			if p.Finding.Witnessed != nil || mixed(p.Attempts) { // what only agrees is told on the page
				v.further(s, p)
			}
		}
	}
}

func (v view) passLine(s *sheet, p point, wide, figure int) {
	sign, code := outcomeSign(report.Pass)
	head := "  " + sign + " " + v.outcome(report.Pass) + "  "
	asked := cmp.Or(p.Asked, p.Wished)
	if asked == p.Figure {
		asked = "" // a truth, or the one text allowed: "no, required no" says nothing more
	}
	row := pad(p.of(v.book), wide) + "  " + pad(p.Figure+mark(p), figure) + "  " + asked
	if columns(p.of(v.book)) <= wide && columns(p.Figure+mark(p)) <= figure && columns(head+row) <= s.width {
		s.line(s.paint(head, code) + strings.ReplaceAll(row, nbsp, " "))
		return
	}
	text := p.of(v.book) + ": " + p.Figure + mark(p)
	if asked != "" {
		text += " (" + asked + ")"
	}
	s.hang(head, text, []string{code}, nil)
}
