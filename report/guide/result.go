package guide

import (
	"encoding/json"
	"html/template"
	"net/http"
	"os"
	"path/filepath"

	"deskready/checks"
	"deskready/report/render"
)

// signPage is the second half of the result: exactly what would be sent, and the signature.
func (g *Guide) signPage(w http.ResponseWriter, r *http.Request) {
	t := g.now()
	if t.page != "result" {
		http.Redirect(w, r, pagePath+r.PathValue("secret")+"/", http.StatusSeeOther)
		return
	}
	g.render(w, r, http.StatusOK, t.signing(), r.PathValue("secret"), "")
}

// signing is the step of the result as its second half shows it.
func (t *turn) signing() *turn {
	s := *t
	s.page, s.stage = "sign", 5
	return &s
}

// outcomeBody is an outcome as the pages show it: in the language that they are asked for in.
type outcomeBody struct {
	Outcome
	First   template.HTML // the result, and what to do
	Rest    template.HTML // what it comes from
	Text    string        // to be confirmed
	Figures []figure
	JSON    string
	Parts   []part
}

// A figure is one measurement.
type figure struct{ Title, Subject, Value, Missing, Who string }

// A part is something in a report that people cannot read.
type part struct {
	Name  string
	Bytes int
}

func (b outcomeBody) in(p page) any {
	b.Text = b.Confirm(p.Book)
	if p.Name == "result" {
		b.First, b.Rest, _ = render.Halves(p.Book, b.Report) // without them, what to do next is shown all the same
		return b
	}
	bare := b.Report.Signable().Bare()
	data, _ := json.MarshalIndent(bare, "", "  ") // a report that was judged can be written
	b.JSON = string(data)
	for _, result := range bare.Results {
		for _, m := range result.Measurements {
			b.Figures = append(b.Figures, figureOf(p, m))
		}
	}
	for _, x := range []part{{"policy", len(b.Report.Policy.Compiled)}, {"witness", len(b.Report.Witness)}} {
		if x.Bytes > 0 {
			b.Parts = append(b.Parts, x)
		}
	}
	if b.Report.Invite != nil {
		b.Parts = append(b.Parts, part{"invite", len(b.Report.Invite.Sealed)})
	}
	return b
}

func figureOf(p page, m checks.Measurement) figure {
	f := figure{Title: p.Book.First(m.Metric+".title", m.Metric), Subject: m.Subject, Who: p.Book.First("by.short."+m.By, m.By)}
	switch {
	case m.Missing != nil:
		f.Missing = p.Book.First("problem."+m.Missing.Code, m.Missing.Code)
	case m.Unit == checks.Text:
		f.Value = p.Book.First(m.Metric+"."+m.Text, m.Text)
	default:
		f.Value = render.Quantity(p.Book, m.Value, m.Unit)
	}
	return f
}

// file hands over what the person may keep: never to be shown in this page, whose rights it would have.
func (g *Guide) file(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	f, ok := g.files[r.PathValue("name")]
	g.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound)
		return
	}
	data, err := os.ReadFile(f.Path)
	if err != nil {
		refuse(w, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Security-Policy", "sandbox")
	w.Header().Set("Content-Type", f.Kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+safe(filepath.Base(f.Path))+`"`)
	_, _ = w.Write(data) // the reader is gone
}

// safe is a file's name as a header may carry it.
func safe(name string) string {
	out := []rune(name)
	for i, r := range out {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			out[i] = '_'
		}
	}
	return string(out)
}
