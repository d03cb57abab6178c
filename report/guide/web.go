package guide

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskready/checks/words"
)

// page is what a template is given.
type page struct {
	Book      words.Book
	Languages []language
	Dir       string
	Base      string // the session's folder; empty: there is no session
	Secret    string // the session's, for scripts
	Name      string
	Turn      int
	Stage     int
	Stages    []int
	Notes     []string
	Problem   string // what is wrong with what was typed
	Version   string
	Body      any
}

type language struct {
	Code, Name string
	Here       bool
}

// T is a text of the guide; pairs are names and values.
func (p page) T(key string, pairs ...any) string {
	text := make([]string, len(pairs))
	for i, v := range pairs {
		switch v := v.(type) {
		case string:
			text[i] = v
		case int:
			text[i] = strconv.Itoa(v)
		}
		if i%2 == 1 && p.Dir == "rtl" {
			text[i] = isolate + text[i] + endIsolate
		}
	}
	return p.Book.Text("guide."+key, text...)
}

// Around what is put into a text that runs from the right: a date would else be drawn from its last part to its first
// (Unicode Bidirectional Algorithm, FSI and PDI).
const (
	isolate    = "\u2068"
	endIsolate = "\u2069"
)

// With is a text of any of the books with its holes filled.
func (p page) With(key string, pairs []string) string { return p.Book.Text(key, pairs...) }

// Fault is what a trouble means to the person.
func (p page) Fault(t Trouble) string {
	return p.Book.First("guide.fault."+t.Code, "guide.fault.other")
}

// X is a text of any of the books.
func (p page) X(key string) string { return p.Book.Text(key) }

func (g *Guide) page(t *turn, session, problem string) page {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := page{
		Book: g.book, Dir: "ltr", Name: t.page, Turn: t.number, Stage: t.stage, Stages: []int{1, 2, 3, 4, 5, 6},
		Notes: append([]string(nil), g.notes...), Problem: problem, Version: g.Version, Body: t.body,
	}
	if g.book.Text("page.dir") == "rtl" {
		p.Dir = "rtl"
	}
	if session != "" {
		p.Base, p.Secret = pagePath+session+"/", session
	}
	for _, code := range g.Languages {
		l := language{Code: code, Name: code, Here: code == g.book.Lang()}
		if b, err := g.Book(code); err == nil {
			l.Name = b.First("guide.language", code)
		}
		p.Languages = append(p.Languages, l)
	}
	return p
}

// render writes a page, whole or not at all.
func (g *Guide) render(w http.ResponseWriter, r *http.Request, status int, t *turn, session, problem string) {
	p := g.page(t, session, problem)
	if shown, ok := p.Body.(interface{ in(page) any }); ok {
		p.Body = shown.in(p)
	}
	var out bytes.Buffer
	if err := g.pages[t.page].ExecuteTemplate(&out, "layout", p); err != nil {
		refuse(w, http.StatusInternalServerError)
		return
	}
	if t.page == "panel" {
		g.forPanel(w.Header())
	}
	deliver(w, r, status, out.Bytes())
}

// deliver sends a page, packed where the browser can unpack it: one with all that was checked is larger than everything
// else together.
func deliver(w http.ResponseWriter, r *http.Request, status int, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.WriteHeader(status)
		_, _ = w.Write(page) // the reader is gone
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	packer := gzip.NewWriter(w)
	_, _ = packer.Write(page) // likewise
	_ = packer.Close()
}

// current shows the step that the run is at.
func (g *Guide) current(w http.ResponseWriter, r *http.Request) {
	g.render(w, r, http.StatusOK, g.now(), r.PathValue("secret"), "")
}

func (g *Guide) now() *turn {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.turn
}

// answer takes what the form of a step sends. A form of a step that is over, from a second tab or from going back, is
// answered with the step that the run is at.
func (g *Guide) answer(w http.ResponseWriter, r *http.Request) {
	t, home := g.now(), pagePath+r.PathValue("secret")+"/"
	if r.PathValue("turn") != strconv.Itoa(t.number) || t.form == nil {
		http.Redirect(w, r, home, http.StatusSeeOther)
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(30 * time.Second)) // a recorder in tests has none
	got, err := t.form.read(w, r)
	if err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	if t.wrong != nil {
		if page, problem := t.wrong(got); problem != "" {
			again := t
			if page == "sign" {
				again = t.signing()
			}
			g.render(w, r, http.StatusUnprocessableEntity, again, r.PathValue("secret"), problem)
			return
		}
	}
	select {
	case t.reply <- got:
		g.settle(r.Context(), t)
	default: // somebody was quicker, in another tab
	}
	http.Redirect(w, r, home, http.StatusSeeOther)
}

// settle waits a moment for the step that follows, so that the answer to a form is most often the next page.
func (g *Guide) settle(ctx context.Context, t *turn) {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	for {
		g.mu.Lock()
		next, changed := g.turn != t, g.changed
		g.mu.Unlock()
		if next {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// language turns the page to another language.
func (g *Guide) language(w http.ResponseWriter, r *http.Request) {
	got, err := form{"lang": choice(g.Languages...)}.read(w, r)
	if err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	if b, err := g.Book(got.Get("lang")); err == nil && got.Has("lang") {
		g.mu.Lock()
		g.book = b
		g.tellPages()
		g.mu.Unlock()
	}
	http.Redirect(w, r, pagePath+r.PathValue("secret")+"/", http.StatusSeeOther)
}

// guess turns to the first of the browser's languages that there are texts in. The lock is held.
func (g *Guide) guess(accepted string) {
	if !g.Guess {
		return
	}
	for _, part := range strings.SplitN(accepted, ",", 20) {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		lang, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if !slices.Contains(g.Languages, lang) {
			continue
		}
		if b, err := g.Book(lang); err == nil {
			g.book = b
		}
		return
	}
}
