package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"deskready/report"
	"deskready/report/verify"
)

// A walker goes through the guide without a script: it asks again, and sends the forms that pages have.
type walker struct {
	t          *testing.T
	home, body string
}

func walk(t *testing.T, link string) *walker {
	t.Helper()
	w := &walker{t: t}
	w.get(link)
	return w
}

func (w *walker) do(r *http.Request) {
	w.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.body = string(data)
	if at := answer.Request.URL.String(); strings.HasSuffix(at, "/") {
		w.home = at
	}
}

func (w *walker) get(at string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, at, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	w.do(r)
}

var answering = regexp.MustCompile(`action="(/s/[^"]*/answer/[0-9]+)"`)

// at asks again until the page shows a step, and holds it against what it should say.
func (w *walker) at(page string, wants ...string) *walker {
	w.t.Helper()
	began := time.Now()
	for !strings.Contains(w.body, `data-page="`+page+`"`) {
		if time.Since(began) > time.Minute {
			w.t.Fatalf("never came to %s:\n%s", page, w.body)
		}
		time.Sleep(30 * time.Millisecond)
		w.get(w.home)
	}
	for _, want := range wants {
		if !strings.Contains(w.body, want) {
			w.t.Errorf("%s does not say %q:\n%s", page, want, w.body)
		}
	}
	return w
}

func (w *walker) answer(pairs ...string) {
	w.t.Helper()
	form, base := url.Values{}, w.home[:strings.Index(w.home, "/s/")]
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	at := answering.FindStringSubmatch(w.body)
	if at == nil {
		w.t.Fatalf("nothing to answer:\n%s", w.body)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, base+at[1], strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", base)
	w.do(r)
}

func (w *walker) signs(name string) {
	w.t.Helper()
	w.get(w.home + "sign")
	w.at("sign").answer("do", "sign", "name", name, "lang", "en")
}

// sits puts the hire before a machine.
func (d *desk) sits(t *testing.T, machine string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "machines", machine+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "machine.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) report(t *testing.T) verify.Opened {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(d.dir, "*.deskready.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("reports: %v %v", files, err)
	}
	file, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return verify.File(file, verify.Options{Now: time.Now})
}

func ends(t *testing.T, cmd *exec.Cmd, want int) {
	t.Helper()
	_ = cmd.Wait() // the code says it
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Errorf("exit code %d, want %d", got, want)
	}
}

// TestGuideKilled: power cut, crash or impatience. What was measured is there at the next start, which knows by itself
// what it was about, and goes on.
func TestGuideKilled(t *testing.T) {
	d := newDesk(t, "slow").invited(t)
	link, cmd := d.guide(t, "--invite", d.invite)
	w := walk(t, link)
	w.at("welcome", "Acme Support", "Ana María").answer("do", "begin")
	w.at("consent").answer("do", "agree", "without.path", "yes")
	w.at("running")
	began := time.Now()
	for !strings.Contains(w.body, `class="row done"`) && time.Since(began) < time.Minute {
		time.Sleep(30 * time.Millisecond)
		w.get(w.home)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed

	d.sits(t, "ready")
	link, cmd = d.guide(t)
	w = walk(t, link)
	w.at("welcome", "Acme Support", "Go on where I was").answer("do", "go_on")
	w.at("result", "Ready")
	w.signs("Ana Núñez")
	w.at("done", "Acme Support has your report").answer("do", "close")
	ends(t, cmd, exitReady)
	got := d.report(t)
	for _, c := range got.Report.Consent {
		if c.Granted == (c.Check == "path") {
			t.Errorf("consent: %+v", got.Report.Consent)
		}
	}
	if got.Report.Verdict != report.Ready || got.Report.Confirmed == nil {
		t.Errorf("%s %+v", got.Report.Verdict, got.Report.Confirmed)
	}
}

// TestGuideAgain: what failed is measured again, what the person asked about is asked again, and the rest is kept.
func TestGuideAgain(t *testing.T) {
	d := newDesk(t, "no_mic").invited(t)
	link, cmd := d.guide(t, "--invite", d.invite)
	w := walk(t, link)
	w.at("welcome").answer("do", "begin")
	w.at("consent", "without.system").answer("do", "agree")
	w.at("result", "Measure these again", "Headset and microphone")
	d.sits(t, "ready")
	w.answer("do", "again")
	if w.at("consent", "without.audio"); strings.Contains(w.body, "without.system") {
		t.Error("what was good is asked about again")
	}
	w.answer("do", "agree")
	w.at("result", "Ready")
	w.signs("Ana Núñez")
	w.at("done").answer("do", "close")
	ends(t, cmd, exitReady)
	if got := d.report(t); got.Report.Verdict != report.Ready || got.Report.Attempt != 2 {
		t.Errorf("%s, attempt %d", got.Report.Verdict, got.Report.Attempt)
	}
}

// TestGuideSecondStart: a second double click opens the page of the first, whose old link and page then are nobody's.
func TestGuideSecondStart(t *testing.T) {
	d := newDesk(t, "ready")
	link, cmd := d.guide(t)
	first := walk(t, link)
	first.at("welcome", "Begin without an invite")
	link, second := d.guide(t)
	ends(t, second, exitReady)
	w := walk(t, link)
	w.at("welcome").answer("do", "begin")
	first.get(first.home)
	first.at("used")
	w.at("consent").answer("do", "agree")
	w.at("result")
	w.signs("Ana Núñez")
	w.at("done", "It was sent to nobody").answer("do", "close")
	ends(t, cmd, exitReady)
	if _, err := os.Stat(filepath.Join(d.dir, "state", "deskready", "page.json")); !os.IsNotExist(err) {
		t.Errorf("the word where the page is stays: %v", err)
	}
}

// TestGuideLater: a result that is not signed is pending, and the next start ends that in one step.
func TestGuideLater(t *testing.T) {
	d := newDesk(t, "ready").invited(t)
	link, cmd := d.guide(t, "--invite", d.invite)
	w := walk(t, link)
	w.at("welcome").answer("do", "begin")
	w.at("consent").answer("do", "agree")
	w.at("result")
	w.get(w.home + "sign")
	w.at("sign").answer("do", "later")
	w.at("done", "Not signed yet", "Nothing was sent").answer("do", "close")
	ends(t, cmd, exitReady)
	link, cmd = d.guide(t)
	w = walk(t, link)
	w.at("welcome", "Go on where I was").answer("do", "go_on")
	w.at("result")
	w.signs("Ana Núñez")
	w.at("done", "Acme Support has your report").answer("do", "close")
	ends(t, cmd, exitReady)
	if got := d.report(t); got.Report.Confirmed == nil {
		t.Error("not signed")
	}
}

// TestGuideBadInvite: an invite that cannot be opened is told on the page, where another can be given.
func TestGuideBadInvite(t *testing.T) {
	d := newDesk(t, "ready").invited(t)
	good, err := os.ReadFile(d.invite)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(d.dir, "bad.json")
	if err := os.WriteFile(bad, good[:len(good)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	link, _ := d.guide(t, "--invite", bad)
	w := walk(t, link)
	w.at("welcome", "This is no invite, or it is damaged.").answer("do", "invite", "link", "http://127.0.0.1:1/i/none")
	w.at("welcome", "The invite could not be opened.")
}

// TestGuideSendsLate: what waited is sent when the program is started again, without a word from the person.
func TestGuideSendsLate(t *testing.T) {
	d := newDesk(t, "ready").invited(t)
	link, cmd := d.guide(t, "--invite", d.invite)
	w := walk(t, link)
	w.at("welcome").answer("do", "begin")
	w.at("consent").answer("do", "agree")
	w.at("result")
	_ = d.collector.Process.Kill()
	_ = d.collector.Wait() // killed
	w.signs("Ana Núñez")
	w.at("done", "still waits to be sent").answer("do", "close")
	ends(t, cmd, exitUndelivered)
	d.serves(t, d.address)
	link, _ = d.guide(t)
	walk(t, link).at("welcome", "A report that had waited was sent")
}

// TestGuideSendsAgain: a line that breaks at the end costs nothing but one more click.
func TestGuideSendsAgain(t *testing.T) {
	d := newDesk(t, "ready").invited(t)
	link, cmd := d.guide(t, "--invite", d.invite)
	w := walk(t, link)
	w.at("welcome").answer("do", "begin")
	w.at("consent").answer("do", "agree")
	w.at("result")
	_ = d.collector.Process.Kill()
	_ = d.collector.Wait() // killed
	w.signs("Ana Núñez")
	w.at("done", "still waits to be sent", "Try to send it again")
	d.serves(t, d.address)
	w.answer("do", "again")
	for !strings.Contains(w.body, "Acme Support has your report") {
		w.at("done")
		time.Sleep(50 * time.Millisecond)
		w.get(w.home)
	}
	w.answer("do", "close")
	ends(t, cmd, exitReady)
	if waiting, _ := filepath.Glob(filepath.Join(d.dir, "state", "deskready", "queue", "*")); len(waiting) != 0 {
		t.Errorf("it waits in the queue still: %v", waiting)
	}
}
