package guide

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
	"deskready/report/render"
)

// hurried is the patience of tests.
func hurried() Patience {
	return Patience{Answer: 3 * time.Second, Panel: 2 * time.Second, Decision: 20 * time.Second, Farewell: 3 * time.Second, Gone: 300 * time.Millisecond}
}

func serve(t *testing.T, p Patience, panels map[string]http.Handler) *Guide {
	t.Helper()
	g, err := New(Config{
		Book: func(lang string) (words.Book, error) { return words.Open(lang, Words(), render.Words()) },
		Lang: "en", Languages: []string{"en", "es"}, Rand: rand.Reader, Version: "test", Patience: p, Panels: panels,
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := g.Listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return g
}

// A visitor is a browser without scripts: it follows links and sends the forms that pages have.
type visitor struct {
	t    *testing.T
	g    *Guide
	home string // the session's page
	body string // of the page last seen
	code int
}

func visit(t *testing.T, g *Guide) *visitor {
	t.Helper()
	v := &visitor{t: t, g: g}
	v.get(g.Link())
	if v.code != http.StatusOK || !strings.Contains(v.home, pagePath) {
		t.Fatalf("opening the page: %d at %s", v.code, v.home)
	}
	return v
}

func (v *visitor) do(r *http.Request) {
	v.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.code, v.body = answer.StatusCode, string(data)
	if at := answer.Request.URL.String(); strings.HasSuffix(at, "/") && answer.StatusCode == http.StatusOK {
		v.home = at
	}
}

func (v *visitor) get(at string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, at, http.NoBody)
	if err != nil {
		v.t.Fatal(err)
	}
	v.do(r)
}

// post sends a form as a browser does.
func (v *visitor) post(at string, pairs ...string) {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", v.g.origin())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	v.do(r)
}

var action = regexp.MustCompile(`action="(/s/[^"]*/answer/[0-9]+)"`)

// answer sends the form of the page last seen.
func (v *visitor) answer(pairs ...string) {
	v.t.Helper()
	at := action.FindStringSubmatch(v.body)
	if at == nil {
		v.t.Fatalf("there is nothing to answer:\n%s", v.body)
	}
	v.post(v.g.origin()+at[1], pairs...)
}

// until asks again, as a page without a script does, until it shows a step.
func (v *visitor) until(page string) {
	v.t.Helper()
	for range 100 {
		if v.get(v.home); strings.Contains(v.body, `data-page="`+page+`"`) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	v.t.Fatalf("never came to %s:\n%s", page, v.body)
}

func (v *visitor) wants(texts ...string) {
	v.t.Helper()
	for _, text := range texts {
		if !strings.Contains(v.body, text) {
			v.t.Errorf("the page lacks %q:\n%s", text, v.body)
		}
	}
}

// hostile is what a name must never do to a page.
const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`

func (v *visitor) harmless() {
	v.t.Helper()
	if strings.Contains(v.body, "<script>alert") || strings.Contains(v.body, "<img src=x") {
		v.t.Errorf("the page runs what a name says:\n%s", v.body)
	}
}

func outcome(again ...string) Outcome {
	return Outcome{
		Report: report.Report{
			Version: 1, Verdict: report.Undecided, State: "pending", Run: "abc", Policy: report.PolicyRef{Name: hostile, Compiled: []byte("{}")},
			Results: []checks.Result{{Check: "audio", Measurements: []checks.Measurement{
				{Metric: "audio.microphone", Subject: hostile, Text: hostile, Unit: checks.Text, By: checks.ByTool},
				{Metric: "audio.snr", Unit: checks.Decibel, By: checks.ByTool, Missing: &checks.Problem{Code: "denied", Side: "hire", Detail: hostile}},
			}}},
		},
		Employer: hostile, Date: "2026-11-28", Again: again,
		Confirm:  func(b words.Book) string { return "I confirm in " + b.Lang() + " for " + hostile },
		GoodName: func(name string) bool { return strings.TrimSpace(name) != "" && len(name) < 50 },
	}
}

// The whole way without a script: each step by plain forms, with names that would break a careless page.
func TestWayWithoutScript(t *testing.T) {
	g := serve(t, hurried(), nil)
	kept := filepath.Join(t.TempDir(), `od"d.html`)
	if err := os.WriteFile(kept, []byte("<h1>kept</h1>"), 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan Decision, 1)
	go func() {
		ctx := t.Context()
		s, err := g.Welcome(ctx, About{Employer: hostile, Person: hostile, Minutes: 2, Megabytes: 130, LowMegabytes: 6, Begun: "2026-11-27 10:00"})
		if err != nil || !s.Began || !s.Go || !s.LowData {
			t.Errorf("%+v %v", s, err)
		}
		refused, err := g.Consent(ctx, Request{Employer: hostile, Keeps: hostile, List: []Concern{{Check: "system", Reads: []string{"a"}}, {Check: "audio", Reads: []string{hostile}}}})
		if err != nil || refused["system"] || !refused["audio"] {
			t.Errorf("%v %v", refused, err)
		}
		g.Watch([]Stage{{Check: "audio", Metrics: []checks.Metric{{ID: "audio.level", Unit: checks.DBov}}, Typical: time.Minute}, {Check: "path", Typical: time.Minute}})
		g.Tell(checks.Event{Check: "audio", Step: hostile, Done: .5, Left: 30 * time.Second, Metric: "audio.level", Value: -24})
		g.Note(hostile)
		if choice, err := g.Ask(ctx, checks.Question{Key: hostile, Choices: []string{"one", "two"}}); choice != "two" || err != nil {
			t.Errorf("%q %v", choice, err)
		}
		d, err := g.Decide(ctx, outcome("audio"))
		if err != nil {
			t.Error(err)
		}
		ended <- d
		if _, err := g.End(ctx, Ending{Verdict: report.Undecided, Employer: hostile, Signed: true, Files: []File{{Name: "page", Path: kept, Kind: "text/html"}}}); err != nil {
			t.Error(err)
		}
	}()
	v := visit(t, g)
	v.until("welcome")
	v.harmless()
	v.answer("do", "go_on", "low_data", "yes")
	v.until("consent")
	v.harmless()
	v.answer("do", "agree", "without.audio", "yes")
	v.until("question")
	v.harmless()
	v.answer()
	v.wants("Please choose one of the answers.")
	v.answer("choice", "two")
	v.until("result")
	v.harmless()
	v.get(v.home + "sign")
	v.harmless()
	v.wants("This is what", "I confirm in en for", `data-page="sign"`, "All 2 figures")
	v.answer("do", "sign", "name", " ", "lang", "en")
	v.wants(`aria-invalid="true"`, "Type your first and last name", `data-page="sign"`)
	if v.code != http.StatusUnprocessableEntity {
		t.Errorf("a name of nothing: %d", v.code)
	}
	v.post(v.home+"language", "lang", "es")
	v.answer("do", "sign", "name", "Ana", "lang", "en")
	v.wants("Se cambió el idioma", "I confirm in es for")
	v.answer("do", "sign", "name", " Ana Núñez ", "lang", "es")
	if d := <-ended; d.Name != "Ana Núñez" || d.Again {
		t.Errorf("%+v", d)
	}
	v.until("done")
	v.harmless()
	home := v.home
	v.get(home + "file/page")
	if v.body != "<h1>kept</h1>" {
		t.Errorf("kept: %d %s", v.code, v.body)
	}
	for _, name := range []string{"report", "..%2f..%2fetc%2fpasswd"} {
		if v.get(home + "file/" + name); v.code != http.StatusNotFound {
			t.Errorf("%s: %d", name, v.code)
		}
	}
	v.get(home)
	v.answer("do", "close")
	if v.until("closed"); strings.Contains(v.body, "<select") {
		t.Error("a language is offered by a program that has ended")
	}
}

// TestOnward: who is ready signs first; who is not may measure again first.
func TestOnward(t *testing.T) {
	g := serve(t, hurried(), nil)
	v := visit(t, g)
	for verdict, signs := range map[report.Verdict]bool{report.Ready: true, report.NotReady: false, report.Undecided: false} {
		o := outcome("audio")
		o.Report.Verdict = verdict
		stop := g.putFor(t, func(ctx context.Context) { _, _ = g.Decide(ctx, o) })
		v.get(v.home)
		again, sign := strings.Index(v.body, `value="again"`), strings.Index(v.body, `class="button main"`)
		if again < 0 || sign < 0 || (sign < again) != signs {
			t.Errorf("%s: again at %d, signing at %d", verdict, again, sign)
		}
		stop()
	}
}

// TestInvite: a link or a file comes from the page, and what is neither is told.
func TestInvite(t *testing.T) {
	g := serve(t, hurried(), nil)
	got := make(chan Start, 1)
	go func() {
		for range 2 {
			s, err := g.Welcome(t.Context(), About{Trouble: Trouble{Code: "expired", What: hostile}})
			if err != nil {
				t.Error(err)
			}
			got <- s
		}
	}()
	v := visit(t, g)
	v.until("welcome")
	v.wants("This invite has expired.")
	v.harmless()
	for _, bad := range []string{"", "javascript:alert(1)", "ftp://a", "hello"} {
		if v.answer("do", "invite", "link", bad); v.code != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", bad, v.code)
		}
	}
	v.answer("do", "invite", "link", " https://desk.example/i/x ")
	if s := <-got; s.Link != "https://desk.example/i/x" || s.Began {
		t.Errorf("%+v", s)
	}
	v.until("welcome")
	at := action.FindStringSubmatch(v.body)[1]
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, g.origin()+at, strings.NewReader(
		"--x\r\nContent-Disposition: form-data; name=\"do\"\r\n\r\ninvite\r\n--x\r\nContent-Disposition: form-data; name=\"link\"\r\n\r\n\r\n"+
			"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../a.json\"\r\nContent-Type: application/json\r\n\r\n{\"a\":1}\r\n--x--\r\n"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	r.Header.Set("Origin", g.origin())
	v.do(r)
	if s := <-got; string(s.File) != `{"a":1}` {
		t.Errorf("%+v", s)
	}
}

// TestSecondTab: a form of a step that is over changes nothing, and shows where the run is.
func TestSecondTab(t *testing.T) {
	g := serve(t, hurried(), nil)
	asked := make(chan string, 2)
	go func() {
		for range 2 {
			choice, _ := g.Ask(t.Context(), checks.Question{Key: "q", Choices: []string{"one", "two"}})
			asked <- choice
		}
	}()
	v := visit(t, g)
	v.until("question")
	first := v.body
	v.answer("choice", "one")
	if c := <-asked; c != "one" {
		t.Error(c)
	}
	v.until("question")
	second := v.body
	v.body = first
	v.answer("choice", "one") // the other tab, late
	select {
	case c := <-asked:
		t.Fatalf("an old form answered a new question with %q", c)
	case <-time.After(100 * time.Millisecond):
	}
	v.wants(`data-page="question"`)
	v.body = second
	v.answer("choice", "two")
	if c := <-asked; c != "two" {
		t.Error(c)
	}
}

// TestNobody: who does not answer has not answered, within the time that there is.
func TestNobody(t *testing.T) {
	p := hurried()
	p.Answer, p.Panel, p.Decision, p.Farewell = 100*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
	g := serve(t, p, map[string]http.Handler{"browser": http.NotFoundHandler()})
	g.Watch([]Stage{{Check: "audio"}})
	for name, q := range map[string]checks.Question{"question": {Key: "q"}, "panel": {Key: "q", Panel: "browser"}} {
		if _, err := g.Ask(t.Context(), q); !errors.Is(err, ErrNobody) {
			t.Errorf("%s: %v", name, err)
		}
		if at := g.now().page; at != "running" {
			t.Errorf("after the %s: %s", name, at)
		}
	}
	if _, err := g.Welcome(t.Context(), About{}); !errors.Is(err, ErrNobody) {
		t.Errorf("welcome: %v", err)
	}
	if _, err := g.End(t.Context(), Ending{}); err != nil {
		t.Errorf("a page that nobody closes: %v", err)
	}
	if _, err := g.Ask(t.Context(), checks.Question{Panel: "nothing"}); !errors.Is(err, checks.ErrNoPanel) {
		t.Errorf("a panel that is not there: %v", err)
	}
}

// TestLateCheck: a check that was given up uncovers nothing when its question comes to an end.
func TestLateCheck(t *testing.T) {
	g := serve(t, hurried(), nil)
	g.Watch([]Stage{{Check: "audio"}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := g.Ask(ctx, checks.Question{Key: "q"})
		done <- err
	}()
	for g.now().page != "question" {
		time.Sleep(time.Millisecond)
	}
	g.Busy("judging")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if at := g.now().page; at != "busy" {
		t.Errorf("shown: %s", at)
	}
}

// TestPanel: the page of a check is served while its question is put, and ends by itself or by the person.
func TestPanel(t *testing.T) {
	said := make(chan string, 1)
	g := serve(t, hurried(), map[string]http.Handler{"browser": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			data, _ := io.ReadAll(r.Body)
			said <- r.URL.Path + " " + string(data)
		}
	})})
	g.Watch([]Stage{{Check: "browser"}})
	v := visit(t, g)
	event := func(secret string) int {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, g.origin()+"/panel/browser/event", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", g.origin())
		r.Header.Set(SecretHeader, secret)
		v.do(r)
		return v.code
	}
	if code := event(g.session); code != http.StatusForbidden {
		t.Errorf("before it is asked: %d", code)
	}
	for answer, want := range map[string]error{"ended": nil, "skip": ErrNobody} {
		done := make(chan error, 1)
		go func() {
			_, err := g.Ask(t.Context(), checks.Question{Key: "q", Panel: "browser"})
			done <- err
		}()
		v.until("panel")
		v.wants(`data-base="/panel/browser/"`, `data-secret="`+g.session+`"`, `src="/panel/browser/panel.js"`, `id="panel"`)
		page := v.body
		if code := event("guessed"); code != http.StatusForbidden {
			t.Errorf("with another secret: %d", code)
		}
		if code := event(g.session); code != http.StatusOK || <-said != "/event {}" {
			t.Errorf("its own: %d", code)
		}
		v.body = page
		v.answer("do", answer)
		if err := <-done; !errors.Is(err, want) {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// TestForeign: a computer whose language the guide does not speak.
func TestForeign(t *testing.T) {
	g, err := New(Config{
		Book: func(lang string) (words.Book, error) { return words.Open(lang, Words(), render.Words()) },
		Lang: "pt", Languages: []string{"en", "es"}, Rand: rand.Reader,
	})
	if err != nil || g.Texts().Lang() != "en" {
		t.Errorf("%s %v", g.Texts().Lang(), err)
	}
}

// TestGuess: a browser says better than a system's settings which language its owner reads.
func TestGuess(t *testing.T) {
	for accepted, want := range map[string]string{
		"es-MX,es;q=0.9,en;q=0.8": "es", "xx, es": "es", "de-DE": "en", "": "en", "en-GB,es": "en", strings.Repeat(",", 5000) + "es": "en",
	} {
		g := serve(t, hurried(), nil)
		g.Guess = true
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, g.Link(), http.NoBody)
		r.Header.Set("Accept-Language", accepted)
		(&visitor{t: t, g: g}).do(r)
		if got := g.Texts().Lang(); got != want {
			t.Errorf("%q: %s, want %s", accepted[:min(len(accepted), 20)], got, want)
		}
	}
}
