package guide

import (
	"context"
	"html"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/checks/words/wordstest"
	"deskready/report"
	"deskready/report/render"
)

// everyWord is the texts of the guide and of the report, and those that the checks bring along.
func everyWord(t *testing.T) []fs.FS {
	t.Helper()
	list := []fs.FS{Words(), render.Words()}
	folders, _ := filepath.Glob("../../checks/*/words") // the pattern is good
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "en.json")); err == nil { // "checks/words" is Go
			list = append(list, os.DirFS(folder))
		}
	}
	if len(list) < 9 {
		t.Fatalf("only %d folders of texts", len(list))
	}
	return list
}

// universal is what reads alike in every language: names, and units of what is measured.
var universal = []string{
	"deskready test English Español", // the product, its version, and each language in its own words
	"Wolfeschlegelsteinhausenbergerdorff Customer Experience Mbit/s dB", hostile, "abc",
	strings.Repeat("long", 30), // a folder
} // read only

// kinds are the pages that steps leaves out: those of other ways that a run can go.
func kinds(t *testing.T, g *Guide) map[string]func(context.Context) {
	t.Helper()
	all := map[string]func(context.Context){
		"welcome of nobody": func(ctx context.Context) { _, _ = g.Welcome(ctx, About{Minutes: 2, Megabytes: 130}) },
		"instruction":       func(ctx context.Context) { _, _ = g.Ask(ctx, checks.Question{Key: "guide.running.hint"}) },
		"result of nobody": func(ctx context.Context) {
			o := outcome()
			o.Employer = ""
			_, _ = g.Decide(ctx, o)
		},
	}
	no, yes := false, true
	for name, e := range map[string]Ending{
		"draft": {}, "kept": {Signed: true}, "sent": {Signed: true, Employer: hostile, Delivered: &yes, Verdict: report.NotReady},
		"sent and ready": {Signed: true, Employer: hostile, Delivered: &yes, Verdict: report.Ready}, "unsent": {Signed: true, Employer: hostile, Delivered: &no},
		"refused": {Signed: true, Employer: hostile, Delivered: &no, Refused: Trouble{Code: "nonce_spent", What: hostile, Hint: hostile}},
	} {
		if e.Verdict == "" {
			e.Verdict = report.Undecided
		}
		for _, file := range []string{"report", "receipt", "page", "draft"} {
			e.Files = append(e.Files, File{Name: file, Path: hostile})
		}
		all[name] = func(ctx context.Context) { _, _ = g.End(ctx, e) }
	}
	for key := range texts(t, "en") {
		if code, is := strings.CutPrefix(key, "guide.fault."); is && code != "title" && code != "kept" && code != "detail" {
			all["fault "+code] = func(ctx context.Context) { _ = g.Fail(ctx, Trouble{Code: code, What: hostile}) }
		}
		if what, is := strings.CutPrefix(key, "guide.busy."); is && what != "wait" {
			all["busy "+what] = func(context.Context) { g.Busy(what, "employer", hostile) }
		}
	}
	return all
}

// read holds what a page says against the book.
func read(t *testing.T, name, body string) {
	t.Helper()
	known := universal
	if strings.HasPrefix(name, "result") { // whose own ids and commands are held in render
		known = append(slices.Clone(known), "audio.microphone audio.snr denied", "deskready verify sign FILE")
	}
	body = regexp.MustCompile(`(<pre class="raw"[^>]*>)[^<]*`).ReplaceAllString(body, "$1") // the file itself
	if found := wordstest.Strangers(wordstest.Visible(body), known...); len(found) > 0 {
		t.Errorf("%s says %q, which no book does", name, found)
	}
}

// All that the pages say comes from the book, or is a name, a figure, or what somebody typed.
func TestNothingIsWrittenIntoThePages(t *testing.T) {
	p := hurried()
	p.Decision, p.Answer, p.Panel, p.Farewell, p.Gone = time.Minute, time.Minute, time.Minute, time.Minute, time.Minute
	g := serve(t, p, map[string]http.Handler{"browser": http.NotFoundHandler()})
	g.mu.Lock()
	g.book = wordstest.Pseudo(t, everyWord(t)...)
	g.mu.Unlock()
	used := g.Link()
	v := visit(t, g)
	pages := steps(t, g)
	maps.Copy(pages, kinds(t, g))
	wrong := map[string][][]string{
		"question": {{}}, "result": {{}}, "sign": {{"do", "sign", "name", " ", "lang", "en"}, {"do", "sign", "name", "Ana", "lang", "es"}},
		"welcome": {{"do", "invite"}, {"do", "invite", "link", "hello"}},
	}
	for name, put := range pages {
		stop := g.putFor(t, put)
		v.get(v.home)
		if name == "sign" {
			v.get(v.home + "sign")
		}
		read(t, name, v.body)
		for _, answer := range wrong[name] {
			if v.answer(answer...); v.code != http.StatusUnprocessableEntity {
				t.Errorf("%s took %q: %d", name, answer, v.code)
			}
			read(t, name+" after a wrong answer", v.body)
		}
		stop()
	}
	v.get(used)
	read(t, "used", v.body)
	if v.code != http.StatusForbidden || len(pages) < 40 {
		t.Errorf("%d; %d pages", v.code, len(pages))
	}
}

// Nor does the script bring texts of its own: all it shows is what the program sends.
func TestNothingIsWrittenIntoTheScript(t *testing.T) {
	script, err := staticFiles.ReadFile("static/guide.js")
	if err != nil {
		t.Fatal(err)
	}
	if found := wordstest.Written(string(script)); len(found) > 0 {
		t.Errorf("guide.js says %q", found)
	}
}

// putFor shows a step for as long as it is looked at.
func (g *Guide) putFor(t *testing.T, put func(context.Context)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	before, done := g.now().number, make(chan struct{})
	go func() {
		defer close(done)
		put(ctx)
	}()
	for g.now().number == before {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(5 * time.Millisecond) // running is put in several parts
	return func() {
		cancel()
		<-done // a step that ends shows another one
	}
}

// Whoever reads a translation is told that no native speaker has read it yet. English needs no such word.
func TestUnread(t *testing.T) {
	for _, lang := range words.Languages(Words()) {
		g := serve(t, hurried(), nil)
		book, err := words.Open(lang, Words(), render.Words())
		if err != nil {
			t.Fatal(err)
		}
		g.mu.Lock()
		g.book = book
		g.mu.Unlock()
		v := visit(t, g)
		_, foot, _ := strings.Cut(html.UnescapeString(v.body), `<footer class="foot">`)
		unread := book.Text("lang.unread")
		if (unread == "") != (lang == "en") || strings.HasPrefix(foot, "<p>"+unread+"</p>") != (lang != "en") {
			t.Errorf("%s: %q", lang, foot)
		}
	}
}
