package render

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"deskready/report"
)

// prose is plain text being written: one fact a line.
type prose struct{ strings.Builder }

func (p *prose) say(label, value string) {
	value = strings.ReplaceAll(value, nbsp, " ")
	if value == "" {
		return
	}
	if !strings.ContainsAny(value[len(value)-1:], ".:!?") {
		value += "."
	}
	if label != "" {
		label += ": "
	}
	p.WriteString(label + value + "\n")
}

// command stands alone, without a full stop that someone would type.
func (p *prose) command(text string) { p.WriteString(text + "\n") }

// plain says the same as terminal, in sentences: nothing is drawn, and nothing hangs on place or colour.
func (v view) plain() string {
	p, b := &prose{}, v.book
	p.say(b.Text("label.result"), v.Name)
	p.say("", v.Sentence)
	for _, f := range v.head() {
		p.say(f.Label, f.Value)
	}
	for _, n := range v.notices(quoted) {
		p.say("", n.Text)
		if n.Command != "" {
			p.command(n.Command)
		}
	}
	if len(v.Do) == 0 {
		p.say(b.Text("section.do"), b.Text("do.nothing"))
	}
	for i, t := range v.Do {
		p.say(b.Text("label.remedy")+" "+itoa(i+1), v.todoTitle(t)+": "+v.todoText(t))
	}
	for _, o := range []report.Outcome{report.Fail, report.Unknown, report.Warn, report.Pass} {
		for _, g := range v.groups(func(pt point) bool { return pt.Outcome == o }) {
			for _, pt := range g.Points {
				p.say(v.outcome(o), v.sentence(g, pt))
			}
		}
	}
	for _, f := range v.waived() {
		p.say(b.Text("section.waived"), f.Label+": "+f.Value)
	}
	for _, f := range v.files() {
		p.say(b.Text("section.files"), f.Label+": "+f.Value)
	}
	p.say("", v.honest())
	return p.String()
}

func (v view) sentence(g group, p point) string {
	parts := []string{g.Title + ", " + p.of(v.book)}
	if p.Figure != "" {
		measured := v.book.Text("label.measured") + " " + p.Figure
		if p.Diamond {
			measured += " (" + lower(v.book.Text("label.diamond")) + ")"
		}
		parts = append(parts, measured)
	}
	if p.Asked != "" {
		parts = append(parts, v.book.Text("label.required")+" "+p.Asked)
	}
	if p.Wished != "" {
		parts = append(parts, v.book.Text("label.preferred")+" "+p.Wished)
	}
	if p.Beside != "" {
		beside := p.Beside
		if p.Sealed {
			beside += " (" + lower(v.book.Text("label.diamond")) + ")"
		}
		parts = append(parts, beside)
	}
	if p.Tries != "" {
		parts = append(parts, p.Tries)
	}
	if p.Note != "" {
		parts = append(parts, v.book.Text("label.why")+": "+strings.TrimRight(p.Note, "."))
	}
	if p.Who != "" {
		parts = append(parts, p.Who)
	}
	if p.Whose != "" {
		parts = append(parts, strings.TrimRight(v.book.Text("do.side", "side", p.Whose), "."))
	}
	return strings.Join(parts, ". ")
}

// lower writes a label inside a sentence.
func lower(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToLower(r)) + text[n:]
}

func itoa(n int) string { return strconv.Itoa(n) }
