package collector

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"deskready/checks/words"
	"deskready/report/render"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static/desk.css static/icon.svg
var staticFiles embed.FS

// pageSet is what pages are made of: a template for each, and the files they link to, under names that change with
// their content so that browsers may keep them.
type pageSet struct {
	templates map[string]*template.Template
	static    map[string][]byte // by hashed name
	css       []string          // hashed names, in the order they are linked
	icon      string
}

func newPageSet() pageSet {
	p := pageSet{templates: map[string]*template.Template{}, static: map[string][]byte{}}
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		panic(err) // the pattern is ours
	}
	for _, n := range names {
		name := strings.TrimSuffix(strings.TrimPrefix(n, "pages/"), ".html")
		// Templates are part of the program: one that does not parse fails the first test.
		p.templates[name] = template.Must(template.ParseFS(pageFiles, "pages/layout.html", n))
	}
	desk, _ := staticFiles.ReadFile("static/desk.css") // embedded
	icon, _ := staticFiles.ReadFile("static/icon.svg")
	p.css = []string{p.add("report", ".css", []byte(render.Style())), p.add("desk", ".css", desk)}
	p.icon = p.add("icon", ".svg", icon)
	return p
}

func (p *pageSet) add(name, ext string, data []byte) string {
	sum := sha256.Sum256(data)
	full := name + "." + hex.EncodeToString(sum[:6]) + ext
	p.static[full] = data
	return full
}

// page is what a template is given.
type page struct {
	Book    words.Book
	User    user
	Name    string // of the template
	Title   string
	CSS     []string
	Icon    string
	Version string
	Program string // where hires get deskready; empty: the employer says it
	Error   string // what went wrong with the form
	Note    string // what went well
	Now     time.Time
	Body    any
}

// T is a text of the book; pairs are names and values.
func (p page) T(key string, pairs ...any) string {
	text := make([]string, len(pairs))
	for i, v := range pairs {
		text[i] = fmt.Sprint(v)
	}
	return p.Book.Text("desk."+key, text...)
}

// N is a text in the singular or the plural.
func (p page) N(key string, n int) string {
	if n == 1 {
		return p.T(key + ".one")
	}
	return p.T(key+".many", "n", n)
}

// Ago is a span in words, as coarse as people say it.
func (p page) Ago(t time.Time) string {
	d := p.Now.Sub(t)
	switch {
	case d < time.Minute:
		return p.T("ago.now")
	case d < 2*time.Hour:
		return p.N("ago.minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return p.N("ago.hours", int(d/time.Hour))
	}
	return p.N("ago.days", int(d/(24*time.Hour)))
}

// When is a moment in full, in the collector's zone, which is named.
func (p page) When(t time.Time) string {
	t = t.In(p.Now.Location())
	return t.Format("2 ") + p.T("month."+strconv.Itoa(int(t.Month()))) + t.Format(" 2006, 15:04 MST")
}

// Day is a day in full, in the collector's zone.
func (p page) Day(t time.Time) string {
	t = t.In(p.Now.Location())
	return t.Format("2 ") + p.T("month."+strconv.Itoa(int(t.Month()))) + t.Format(" 2006")
}

// Who is the name of a hire, or when it was erased.
func (p page) Who(i Invite) string {
	if i.Person == "" {
		return p.T("hires.erased", "day", p.Day(i.Erased))
	}
	return i.Person
}

// ISO is a moment for machines.
func (page) ISO(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Metric is the name of a metric.
func (p page) Metric(id string) string { return p.Book.First(id+".title", id) }

// Policy is the name of a policy for people.
func (p page) Policy(name string) string { return p.Book.First("desk.policy."+name, name) }

// page begins a page for whoever asks.
func (s *running) page(r *http.Request, name string) page {
	book := s.book(r)
	return page{Book: book, User: signed(r), Name: name, Title: book.Text("desk.page." + name), CSS: s.pages.css, Icon: s.pages.icon,
		Version: s.Version, Program: s.Program, Now: s.Now()}
}

// show writes a page, whole or not at all.
func (s *running) show(w http.ResponseWriter, r *http.Request, status int, p page) {
	var out bytes.Buffer
	if err := s.pages.templates[p.Name].ExecuteTemplate(&out, "layout", p); err != nil {
		s.Log.ErrorContext(r.Context(), "page", "name", p.Name, "error", err.Error())
		plain(w, http.StatusInternalServerError, "internal error")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the reader is gone
}

// book is in the first language of the browser that there are texts in.
func (s *running) book(r *http.Request) words.Book {
	for _, part := range strings.SplitN(r.Header.Get("Accept-Language"), ",", 20) {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		lang, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if len(lang) != 2 && len(lang) != 3 {
			continue
		}
		if b := s.Book(lang); b.Lang() == lang {
			return b
		}
	}
	return s.Book(words.Fallback)
}

// errorPage tells people what a problem tells programs.
func (s *running) errorPage(w http.ResponseWriter, r *http.Request, err error) {
	status, reason := http.StatusInternalServerError, ReasonInternal
	var wait time.Duration
	if no, ok := errors.AsType[*refusal](err); ok {
		status, reason, wait = no.status, no.reason, no.wait
	} else if errors.Is(err, ErrNotFound) {
		status, reason = http.StatusNotFound, ReasonNotFound
	} else if errors.Is(err, ErrDiskFull) {
		status, reason = http.StatusServiceUnavailable, ReasonDisk
	}
	if status >= 500 {
		s.Log.ErrorContext(r.Context(), "failed", "route", r.Pattern, "error", inFull(err))
	}
	if wait > 0 {
		retryAfter(w, wait)
	}
	p := s.page(r, "error")
	if key := "error." + string(reason); p.Book.Has("desk." + key) {
		p.Title = p.T(key)
	} else {
		p.Title = p.T("error.internal")
	}
	p.Body = status
	s.show(w, r, status, p)
}

// staticFile serves what pages link to. Its name holds its hash, so it may be kept for good.
func (s *running) staticFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	data, ok := s.pages.static[name]
	if !ok {
		s.notFound(w, r)
		return
	}
	kind := "text/css; charset=utf-8"
	if strings.HasSuffix(name, ".svg") {
		kind = "image/svg+xml"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(data)
}

func (s *running) pageRoutes() []route {
	return []route{
		{"GET /{$}", signedIn, s.home},
		{"GET /static/{file}", public, s.staticFile},
		{"GET /i/{secret}", public, s.landing},
		{"GET /i/{secret}/invite.json", public, s.landingFile},
		{"GET /login", public, s.loginPage},
		{"POST /login", public, s.login},
		{"POST /logout", signedIn, s.logout},
		{"GET /welcome/{token}", public, s.welcomePage},
		{"POST /welcome/{token}", public, s.welcome},
		{"GET /hires", signedIn, s.hires},
		{"GET /hires/{id}", signedIn, s.hire},
		{"GET /hires/{id}/send", signedIn, s.sendPage},
		{"GET /hires/{id}/invite.json", signedIn, s.inviteFile},
		{"POST /hires/{id}/revoke", signedIn, s.revoke},
		{"GET /hires/{id}/reports/{report}", signedIn, s.hire},
		{"GET /hires/{id}/reports/{report}/report.json", signedIn, s.reportFile},
		{"GET /hires/{id}/reports/{report}/receipt.json", signedIn, s.receiptFile},
		{"GET /invite", signedIn, s.invitePage},
		{"POST /invite", signedIn, s.invite},
		{"GET /account", signedIn, s.accountPage},
		{"POST /account/password", signedIn, s.password},
		{"POST /account/colleague", adminOnly, s.colleague},
		{"POST /account/remove", adminOnly, s.remove},
	}
}

func (s *running) home(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/hires", http.StatusSeeOther)
}
