//go:build lab

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/lab"
	"deskready/checks/lab/robot"
	"deskready/report"
)

// A mishap is what befalls a hire in the browser, and what the report must come to say.
type mishap struct {
	name, scenario string // of audiolab; empty: no sound server
	media          robot.Media
	keeps          []string          // checks that are not left out
	says           map[string]string // by metric: the value, or the code of why there is none
	tells          string            // what the result page must tell the hire
	during         func(t *testing.T, w *passer, s *start, env []string)
	browsers       []string
}

// mishaps are those that need the whole program; the page alone is tried in checks/browser.
func (d *bureau) mishaps() []mishap {
	return []mishap{ // those that wait longest first
		{name: "closed tab", scenario: "clear_speech", keeps: []string{"browser"}, browsers: both,
			says: map[string]string{"browser.microphone": "page_gone", "browser.webrtc": "page_gone"}, during: closeTab(d)},
		{name: "unanswered", scenario: "clear_speech", media: robot.Unanswered, keeps: []string{"browser"}, browsers: both,
			says: map[string]string{"browser.microphone": checks.CodeTimeout, "browser.sound": "yes"}},
		{name: "refused", scenario: "clear_speech", media: robot.Refused, keeps: []string{"browser"}, browsers: both,
			says: map[string]string{"browser.microphone": checks.CodeDenied + "|page_blocked", "browser.camera": checks.CodeDenied + "|page_blocked", "browser.sound": "yes"}},
		{name: "muted", scenario: "muted", media: robot.Real, keeps: []string{"browser", "audio"}, browsers: both,
			says: map[string]string{"browser.microphone": "no", "browser.microphone_state": "silent|muted", "audio.diagnosis": "silent"}},
		{name: "no device", scenario: "no_mic", media: robot.Real, keeps: []string{"browser", "audio"}, browsers: []string{robot.Chromium},
			says: map[string]string{"browser.microphone": "no", "browser.microphone_state": "absent", "browser.camera_state": "absent", "audio.diagnosis": "no_microphone"}},
		{name: "no microphone", scenario: "no_mic", media: robot.Real, keeps: []string{"browser"}, browsers: []string{robot.Firefox}, // whose camera is made up
			says: map[string]string{"browser.microphone": "no", "browser.microphone_state": "absent"}},
		{name: "unplugged", scenario: "clear_speech", media: robot.Real, keeps: []string{"browser", "audio"}, browsers: both,
			says: map[string]string{"browser.microphone_state": "ended", "audio.diagnosis": "no_microphone"}, during: unplug},
	}
}

// meet has a hire meet what goes wrong, and go on.
func (d *bureau) meet(t *testing.T, m mishap, browser string) {
	env := lab.SoundEnv(t, m.scenario)
	b := robot.Start(t, browser, robot.Options{Media: m.media, Env: env, Voice: m.voice(t, browser)})
	s := d.start(t, env, "--quick", "--low-data", "--invite", d.invite(t, "Ana", "voice-agent"))
	page := b.Tab(t) // a browser ends with its first
	page.Open(t, s.opened(t))
	w := &passer{Browser: page, name: "Ana", instead: map[string]func(*testing.T, *passer){"consent": leaveOut(m.keeps)}}
	began := time.Now()
	if m.during != nil {
		w.goes(t, "panel")
		m.during(t, w, s, env)
	}
	w.goes(t, "result")
	result := w.Text(t, "main")
	w.goes(t)
	took := time.Since(began)
	s.finish(t, 20*time.Second)
	m.hold(t, d.kept(t, w, report.A1), result)
	t.Logf("%v in all; %v", took.Round(time.Second), w.seen)
}

// voice is what the browser's microphone plays or, where a real one is wanted in Firefox, what that is called.
func (m mishap) voice(t *testing.T, browser string) string {
	t.Helper()
	switch {
	case m.media == robot.Real && browser == robot.Firefox:
		return "Jabra Evolve2 40"
	case m.media == robot.Real:
		return ""
	}
	return filepath.Join(lab.Wavs(t), "clear_speech.wav")
}

// hold holds the report against what must be in it.
func (m mishap) hold(t *testing.T, r report.Report, page string) {
	t.Helper()
	for metric, want := range m.says {
		got := ""
		for _, result := range r.Results {
			for _, x := range result.Measurements {
				if x.Metric == metric {
					got = said(x)
				}
			}
		}
		if !slices.Contains(strings.Split(want, "|"), got) {
			t.Errorf("%s: %q, want %s", metric, got, want)
		}
	}
	if !strings.Contains(page, m.tells) {
		t.Errorf("the result does not tell %q:\n%s", m.tells, page)
	}
}

func said(m checks.Measurement) string {
	switch {
	case m.Missing != nil:
		return m.Missing.Code
	case m.Unit == checks.Truth:
		return map[bool]string{true: "yes", false: "no"}[m.Value == 1]
	}
	return m.Text
}

// leaveOut refuses all checks but these.
func leaveOut(keeps []string) func(*testing.T, *passer) {
	return func(t *testing.T, w *passer) {
		t.Helper()
		var all []string
		w.Eval(t, `[...document.querySelectorAll("main input[type=checkbox]")].map(e => e.name)`, &all)
		for _, name := range all {
			if !slices.Contains(keeps, strings.TrimPrefix(name, "without.")) {
				w.act(t, `main input[name="`+name+`"]`)
			}
		}
		w.act(t, "main button.main")
	}
}

// started begins the page's check of the browser, and waits until it is where the selector says.
func (w *passer) started(t *testing.T, where string) {
	t.Helper()
	w.Until(t, 30*time.Second, `document.querySelector("#panel .dr-start")`)
	w.panel(t)
	w.Until(t, 60*time.Second, "document.querySelector('"+where+"')")
}

// unplug takes the headset away while the page listens to it.
func unplug(t *testing.T, w *passer, _ *start, env []string) {
	t.Helper()
	w.started(t, "#panel meter:not([hidden])")
	cmd := exec.Command("sh", "-ec", `pactl list short modules | grep -E 'module-(remap-source|null-sink)' | tac | cut -f 1 | xargs -n 1 pactl unload-module`)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("unplugging: %v %s", err, out)
	}
}

// closeTab closes the page while it tests the browser. When the program has given it up, the hire starts it again.
func closeTab(d *bureau) func(*testing.T, *passer, *start, []string) {
	return func(t *testing.T, w *passer, s *start, env []string) {
		t.Helper()
		w.started(t, "#panel [data-step=speed][data-state=doing]")
		next := w.Tab(t)
		w.Close()
		time.Sleep(45 * time.Second) // it is given up after 30 s without a page
		w.Browser = next
		w.Open(t, d.startAt(t, s.home, env).opened(t))
	}
}

// opens starts the program as an ordinary user, for whom it opens the page in the default browser: here a
// script that writes the address down, in place of xdg-open. The page must be there in a second.
func (d *bureau) opens(t *testing.T) {
	home, tools := t.TempDir(), t.TempDir()
	link := filepath.Join(home, "link")
	opener := "#!/bin/sh\nprintf %s \"$1\" >" + link + ".new && mv " + link + ".new " + link + "\n"
	if err := os.WriteFile(filepath.Join(tools, "xdg-open"), []byte(opener), 0o755); err != nil {
		t.Fatal(err)
	}
	invite := filepath.Join(home, "invite.json")
	data, err := os.ReadFile(d.invite(t, "Ana", "voice-agent"))
	if err == nil {
		err = os.WriteFile(invite, data, 0o644)
	}
	if err == nil { // whoever is not root must get at the program
		err = errors.Join(os.Chmod(filepath.Dir(home), 0o755), os.Chmod(filepath.Dir(filepath.Dir(d.program)), 0o755))
	}
	const nobody = 65534
	if err == nil {
		err = os.Chown(home, nobody, nobody)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := robot.Start(t, robot.Chromium, robot.Options{})
	best := time.Hour
	for range 3 { // on a busy machine any one may be late
		s := d.at(home, append(os.Environ(), "PATH="+tools+":"+os.Getenv("PATH")), "--invite", invite)
		s.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		_ = os.Remove(link)
		s.run(t)
		for range 1000 {
			if _, err := os.Stat(link); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		address, err := os.ReadFile(link)
		if err != nil {
			t.Fatalf("no browser was opened: %v", err)
		}
		b.Open(t, string(address))
		b.Until(t, 10*time.Second, `document.body.dataset.page == "welcome"`)
		best = min(best, time.Since(s.began))
		_ = s.Process.Signal(syscall.SIGTERM)
		s.finish(t, 10*time.Second)
	}
	t.Logf("launch to first question in a browser that runs: %v", best.Round(time.Millisecond))
	if best > 3*time.Second { // three times the promise
		t.Errorf("the first question came after %v", best)
	}
}
