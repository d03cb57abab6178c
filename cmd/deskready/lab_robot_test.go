//go:build lab

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"deskready/checks/lab"
	"deskready/checks/lab/robot"
	"deskready/checks/words"
	"deskready/report"
	"deskready/report/guide"
)

// A bureau is a collector on this machine, and the program that hires start here.
type bureau struct {
	program, data, url string
}

// newBureau starts a collector that lasts as long as the test.
func newBureau(t *testing.T) *bureau {
	t.Helper()
	d := &bureau{program: lab.Build(t, "./cmd/deskready"), data: filepath.Join(t.TempDir(), "data")}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := at(d.data, exec.CommandContext(ctx, d.program, "serve", "--listen", "127.0.0.1:0", "--data", d.data, "--employer", "Acme"))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the collector said:\n%s", said.String())
		}
	})
	for range 200 {
		if p, err := readPlace(d.data); err == nil && p.URL != "" {
			d.url = p.URL
			return d
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the collector did not start")
	return nil
}

// invite makes one, as a file.
func (d *bureau) invite(t *testing.T, name, policy string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hire.invite.json")
	o := lab.Finish(t, at(d.data, exec.CommandContext(t.Context(), d.program, "invite", "create", "--data", d.data, "--for", name, "--policy", policy, "--out", file)))
	if o.ExitCode != 0 {
		t.Fatalf("%+v", o)
	}
	return file
}

// A start is one start of the program by a double click, of which its user sees the page alone.
type start struct {
	*exec.Cmd
	home  string
	said  *speech
	began time.Time
	ended chan struct{}
}

// speech is what a program says, to be read while it speaks.
type speech struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *speech) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *speech) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (d *bureau) start(t *testing.T, env []string, args ...string) *start {
	t.Helper()
	return d.startAt(t, t.TempDir(), env, args...)
}

// startAt starts it where an earlier start has left its files.
func (d *bureau) startAt(t *testing.T, home string, env []string, args ...string) *start {
	t.Helper()
	s := d.at(home, env, args...)
	s.run(t)
	return s
}

// at is a start that is yet to be made.
func (d *bureau) at(home string, env []string, args ...string) *start {
	s := &start{Cmd: exec.Command(d.program, args...), home: home, said: &speech{}, ended: make(chan struct{})}
	if env == nil {
		env = os.Environ()
	}
	s.Dir = home
	s.Env = append(slices.Clone(env), "HOME="+home, "DESKREADY_CONFIG="+filepath.Join(home, "config"), "DESKREADY_STATE="+filepath.Join(home, "state"), "LANG=C.UTF-8")
	s.Stdout, s.Stderr = s.said, s.said
	return s
}

// run starts the command, and ends it with the test.
func (s *start) run(t *testing.T) {
	t.Helper()
	s.began = time.Now()
	if err := s.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Wait(); close(s.ended) }()
	t.Cleanup(func() {
		_ = s.Process.Signal(syscall.SIGTERM) // most often it has ended
		select {
		case <-s.ended:
		case <-time.After(10 * time.Second):
			_ = s.Process.Kill()
			<-s.ended
		}
		if t.Failed() {
			t.Logf("the program said:\n%s", s.said)
		}
	})
}

// opened waits until the page can be opened, and answers its address. A second start ends once it has said that.
func (s *start) opened(t *testing.T) string {
	t.Helper()
	for end := time.After(10 * time.Second); ; {
		over := false
		select {
		case <-s.ended:
			over = true
		case <-end:
			over = true
		case <-time.After(10 * time.Millisecond):
		}
		for line := range strings.Lines(s.said.String()) {
			if link, ok := strings.CutPrefix(line, "page: "); ok {
				return strings.TrimSpace(link)
			}
		}
		if over {
			t.Fatalf("the program opened no page:\n%s", s.said)
		}
	}
}

// finish waits for the program's end, and answers its exit code.
func (s *start) finish(t *testing.T, within time.Duration) int {
	t.Helper()
	select {
	case <-s.ended:
		return s.ProcessState.ExitCode()
	case <-time.After(within):
		t.Fatalf("the program did not end within %v", within)
		return 0
	}
}

// A passer is a willing hire: it reads each step, and does what the step asks for.
type passer struct {
	*robot.Browser
	keyboard bool
	name     string
	limit    time.Duration                            // for the whole way
	at       func(t *testing.T, page string)          // is shown each step once, before it is answered
	instead  map[string]func(t *testing.T, w *passer) // what is done on a page instead
	seen     []string
	files    []string // where the last page says that they lie
}

// act does what a person does with a button, a link or a box.
func (w *passer) act(t *testing.T, selector string) {
	t.Helper()
	if !w.keyboard {
		w.Click(t, selector)
		return
	}
	w.Reach(t, selector)
	var box bool
	w.Eval(t, "document.activeElement.matches('input[type=checkbox],input[type=radio]')", &box)
	if box {
		w.Press(t, "Space")
		return
	}
	w.Press(t, "Enter")
}

// here is which step is shown, and whether it can be answered by now.
type here struct {
	Page, Turn string
	Ready      bool
}

// goes until the page is the last, or one of these.
func (w *passer) goes(t *testing.T, until ...string) {
	t.Helper()
	if w.limit == 0 {
		w.limit = 4 * time.Minute
	}
	began, last, moved := time.Now(), here{}, time.Now()
	for end := time.Now().Add(w.limit); ; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: still at %s after %v:\n%s", w.Name, last.Page, w.limit, w.Text(t, "body"))
		}
		var now here
		if !w.Look(t, `({page: document.body?.dataset.page ?? "", turn: document.body?.dataset.turn ?? "", ready: document.readyState == "complete"})`, &now) || !now.Ready || now.Page == "" {
			continue
		}
		if stuck := time.Since(moved); now == last && stuck > 30*time.Second && answerable(now.Page) {
			t.Fatalf("%s: %s was answered %v ago, and is still there:\n%s", w.Name, now.Page, stuck, w.Text(t, "body"))
		}
		if now != last {
			last = now
			w.seen = append(w.seen, now.Page)
			t.Logf("%v: %s", time.Since(began).Round(100*time.Millisecond), now.Page)
			if w.at != nil {
				w.at(t, now.Page)
			}
			if slices.Contains(until, now.Page) {
				return
			}
			if f := w.instead[now.Page]; f != nil {
				f(t, w)
				moved = time.Now()
				continue
			}
			w.answer(t, now.Page)
			moved = time.Now()
		}
		if now.Page == "panel" {
			w.panel(t)
		}
		if now.Page == "closed" {
			return
		}
	}
}

// answerable steps end with their answer; the others end by themselves.
func answerable(page string) bool {
	return !slices.Contains([]string{"running", "busy", "panel"}, page)
}

// answer does what a step asks for.
func (w *passer) answer(t *testing.T, page string) {
	t.Helper()
	switch page {
	case "welcome", "consent":
		w.act(t, "main button.main")
	case "question":
		if w.has(t, "main input[type=radio]") {
			w.act(t, "main input[type=radio]")
		}
		w.act(t, "main button.main")
	case "result":
		w.act(t, "#next a.main")
	case "sign":
		if w.keyboard {
			w.Reach(t, "#name")
		} else {
			w.Click(t, "#name")
		}
		w.Type(t, w.name)
		w.act(t, "main button.main")
	case "done":
		w.Eval(t, `[...document.querySelectorAll(".files bdi")].map(e => e.textContent)`, &w.files)
		w.act(t, "main button.main")
	case "fault", "used":
		t.Fatalf("%s: %s", w.Name, w.Text(t, "main"))
	}
}

func (w *passer) has(t *testing.T, selector string) (is bool) {
	t.Helper()
	return w.Look(t, fmt.Sprintf("!!document.querySelector(%q)", selector), &is) && is
}

// panel presses what the panel of the browser check offers: Start, and Go on where something did not work.
func (w *passer) panel(t *testing.T) {
	t.Helper()
	for _, button := range []string{"#panel .dr-start", "#panel .dr-go_on"} {
		if w.has(t, button) {
			w.act(t, button)
		}
	}
}

// kept is the signed report that the hire keeps, once a stranger has verified it with its receipt.
func (d *bureau) kept(t *testing.T, w *passer, worth report.Assurance) report.Report {
	t.Helper()
	file := func(end string) string {
		i := slices.IndexFunc(w.files, func(f string) bool { return strings.HasSuffix(f, end) })
		if i < 0 {
			t.Fatalf("the last page names no %s: %q", end, w.files)
		}
		return w.files[i]
	}
	if info, err := os.Stat(file(".receipt.json")); err != nil || info.Size() == 0 {
		t.Errorf("the receipt: %v", err)
	}
	name := file(".deskready.json")
	o := lab.Finish(t, at(t.TempDir(), exec.CommandContext(t.Context(), d.program, "verify", name, "--trust", filepath.Join(d.data, "trust.json"), "--format", "json")))
	var said struct {
		Reports []struct {
			Valid     bool
			Assurance report.Assurance
			Name      string
		}
	}
	if err := json.Unmarshal([]byte(o.Stdout), &said); err != nil || len(said.Reports) != 1 || !said.Reports[0].Valid ||
		said.Reports[0].Name != w.name || !slices.Contains(usable, o.ExitCode) {
		t.Fatalf("verify: exit code %d, %v\n%s%s", o.ExitCode, err, o.Stdout, o.Stderr)
	}
	if said.Reports[0].Assurance != worth {
		t.Errorf("the report is worth %s, want %s", said.Reports[0].Assurance, worth)
	}
	return readReport(t, lab.Finish(t, at(t.TempDir(), exec.CommandContext(t.Context(), d.program, "show", name, "--format", "json"))))
}

// TestLabRobot has robots use the hire's page in real browsers, all against one collector. What only waits runs side by
// side: "make lab" gives these tests more room than the others, which measure.
func TestLabRobot(t *testing.T) {
	d := newBureau(t)
	t.Run("opens", d.opens) // first, and alone: its time is measured
	for _, m := range d.mishaps() {
		for _, browser := range m.browsers {
			t.Run(m.name+" "+browser, func(t *testing.T) { t.Parallel(); d.meet(t, m, browser) })
		}
	}
	t.Run("trace", func(t *testing.T) { t.Parallel(); d.trace(t) })
	for _, browser := range both {
		t.Run("guard "+browser, func(t *testing.T) { t.Parallel(); d.guard(t, browser) })
		t.Run("mouse "+browser, func(t *testing.T) { t.Parallel(); d.hire(t, browser, false) })
		t.Run("keyboard "+browser, func(t *testing.T) { t.Parallel(); d.hire(t, browser, true) })
	}
	t.Run("race", func(t *testing.T) { t.Parallel(); d.race(t) })
	for _, lang := range words.Languages(guide.Words()) {
		if lang != "en" && lang != "ar" { // one from each side; the others run the same way
			continue
		}
		t.Run("pages "+lang, func(t *testing.T) { t.Parallel(); d.pages(t, lang) })
	}
}

var both = []string{robot.Chromium, robot.Firefox} // read only

// hire goes through the whole page in the browser that he has, with a mouse or without one, from the start of the program
// to the receipt of a report that verifies. One of them measures for as long as a hire does.
func (d *bureau) hire(t *testing.T, browser string, keyboard bool) {
	env := lab.SoundEnv(t, "clear_speech")
	b := robot.Start(t, browser, robot.Options{Env: env, Media: robot.Fake, Voice: filepath.Join(lab.Wavs(t), "clear_speech.wav")})
	args := []string{"--invite", d.invite(t, "Ana", "voice-agent")}
	if browser != robot.Chromium || keyboard {
		args = append(args, "--quick", "--low-data")
	}
	s := d.start(t, env, args...)
	b.Open(t, s.opened(t))
	w := &passer{Browser: b, keyboard: keyboard, name: "Ana"}
	w.goes(t)
	whole := time.Since(s.began)
	code := s.finish(t, 20*time.Second)
	r := d.kept(t, w, report.A2)
	t.Logf("from launch to the end %v; %s; steps %v", whole.Round(time.Second), r.Verdict, w.seen)
	if whole > 9*time.Minute { // three times the promise
		t.Errorf("it took %v", whole)
	}
	if !slices.Contains(usable, code) {
		t.Errorf("exit code %d", code)
	}
}
