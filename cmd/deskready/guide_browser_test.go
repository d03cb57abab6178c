package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"deskready/checks"
	"deskready/report/verify"
)

var shots = flag.String("shots", "", "folder to leave pictures of the guide in") // read only

// A desk is a hire's computer: the real program over a fake machine, with its own folders, and an invite of a real
// collector.
type desk struct {
	dir, program, invite string
	env                  []string
	collector            *exec.Cmd
	address              string // of the collector
}

func newDesk(t *testing.T, machine string) *desk {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	d := &desk{dir: dir, program: filepath.Join(dir, "deskready"), invite: filepath.Join(dir, "ana.json")}
	if err := os.Symlink(self, d.program); err != nil { // by the name that makes this binary the program
		t.Fatal(err)
	}
	d.sits(t, machine)
	d.env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir+"/config", "XDG_STATE_HOME="+dir+"/state", "MACHINE="+dir+"/machine.json", "LANG=C.UTF-8")
	return d
}

// invited starts a collector that invites the hire.
func (d *desk) invited(t *testing.T) *desk {
	t.Helper()
	data := filepath.Join(d.dir, "data")
	d.serves(t, "127.0.0.1:0")
	agent, _ := filepath.Abs(filepath.Join("testdata", "policies", "agent.yaml"))
	if out, err := d.command(t, "invite", "create", "--data", data, "--for", "Ana María", "--policy", agent, "--out", d.invite).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return d
}

// serves starts the collector.
func (d *desk) serves(t *testing.T, listen string) {
	t.Helper()
	data := filepath.Join(d.dir, "data")
	_, d.collector = d.start(t, "serve", "--listen", listen, "--data", data, "--employer", "Acme Support")
	for range 200 {
		if at, err := readPlace(data); err == nil && at.URL != "" && alive(at.URL) {
			d.address = strings.TrimPrefix(at.URL, "http://")
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the collector did not start")
}

func (d *desk) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), d.program, args...)
	cmd.Env, cmd.Dir = d.env, d.dir
	return cmd
}

// start starts the program, and ends it with the test.
func (d *desk) start(t *testing.T, args ...string) (stderr io.Reader, cmd *exec.Cmd) {
	t.Helper()
	cmd = d.command(t, args...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // most often it has ended
		_ = cmd.Wait()
	})
	return stderr, cmd
}

// guide starts the guide, and gives the link that it prints.
func (d *desk) guide(t *testing.T, args ...string) (link string, cmd *exec.Cmd) {
	t.Helper()
	stderr, cmd := d.start(t, append([]string{"--no-browser"}, args...)...)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "page: "); ok {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return at, cmd
		}
	}
	t.Fatal("the guide printed no link")
	return "", nil
}

// tab opens a browser of a given size.
func tab(t *testing.T, width int64, dark bool, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), slices.Concat(chromedp.DefaultExecAllocatorOptions[:],
		[]chromedp.ExecAllocatorOption{chromedp.NoSandbox}, more)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	do(t, ctx, chromedp.EmulateViewport(width, 900),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
	return ctx
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action) { //nolint:revive // t first, as in every helper of tests
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		var where, text string
		_ = chromedp.Run(ctx, chromedp.Location(&where), chromedp.Text("body", &text))
		t.Fatalf("%v at %s:\n%s", err, where, text)
	}
}

// arrive waits for a step, looks at it as everybody would, and takes its picture.
func arrive(t *testing.T, ctx context.Context, page, picture string) { //nolint:revive // see do
	t.Helper()
	var wide float64
	var nameless, blocked, headings int
	var focused string
	do(t, ctx, chromedp.WaitVisible(`body[data-page=`+page+`] footer`),
		chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &wide),
		chromedp.Evaluate(`[...document.querySelectorAll("input:not([type=hidden]),select,textarea")].filter(e => !e.labels.length).length
			+ [...document.querySelectorAll("a,button,summary")].filter(e => !e.textContent.trim()).length
			+ Number(document.querySelectorAll("main").length != 1) + Number(!document.documentElement.lang)`, &nameless),
		chromedp.Evaluate(`document.querySelectorAll("[style],[onclick],style,script:not([src])").length`, &blocked),
		chromedp.Evaluate(`document.querySelectorAll("h1").length`, &headings),
		chromedp.Evaluate(`document.activeElement?.tagName ?? ""`, &focused))
	if wide > 0 || nameless > 0 || blocked > 0 || headings != 1 {
		t.Errorf("%s: %v px too wide, %d parts without a name, %d that the policy blocks, %d main headings", page, wide, nameless, blocked, headings)
	}
	for i := 0; page != "panel" && focused == "BODY" && i < 50; i++ { // the script may be on its way
		do(t, ctx, chromedp.Sleep(100*time.Millisecond), chromedp.Evaluate(`document.activeElement?.tagName ?? ""`, &focused))
	}
	if page != "panel" && focused != "H1" && focused != "DIV" { // a panel moves it by itself
		t.Errorf("%s: focus is on %q: who cannot see the page is not told of the new step", page, focused)
	}
	if *shots != "" {
		var data []byte
		do(t, ctx, chromedp.FullScreenshot(&data, 100))
		if err := os.WriteFile(filepath.Join(*shots, picture+".png"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// press walks with Tab to what the selector finds, and presses the key.
func press(t *testing.T, ctx context.Context, selector, key string) { //nolint:revive // see do
	t.Helper()
	for range 60 {
		var here bool
		do(t, ctx, chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(fmt.Sprintf(`document.activeElement.matches(%q)`, selector), &here))
		if here {
			do(t, ctx, chromedp.KeyEvent(key))
			return
		}
	}
	t.Fatalf("the keyboard does not get to %s", selector)
}

// A hire walks through the guide with the keyboard alone, on a phone-sized window and on a desk, by day and by night.
func TestGuideByKeyboard(t *testing.T) {
	for _, c := range []struct {
		width int64
		dark  bool
	}{{360, false}, {1280, true}} {
		name := fmt.Sprintf("%d-%v", c.width, map[bool]string{true: "dark", false: "light"}[c.dark])
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, "asks").invited(t)
			link, cmd := d.guide(t, "--invite", d.invite, "--out", "ana.deskready.json")
			ctx := tab(t, c.width, c.dark)
			do(t, ctx, chromedp.Navigate(link))
			arrive(t, ctx, "welcome", name+"-1-welcome")
			press(t, ctx, `button[value=begin]`, kb.Enter)
			arrive(t, ctx, "consent", name+"-2-consent")
			press(t, ctx, `#without-path`, " ")
			press(t, ctx, `button[value=agree]`, kb.Enter)
			arrive(t, ctx, "question", name+"-3-question")
			press(t, ctx, `form.card button`, kb.Enter)
			do(t, ctx, chromedp.WaitVisible(`fieldset.choices`))
			arrive(t, ctx, "question", name+"-3-choices")
			press(t, ctx, `[name=choice]`, " ")
			press(t, ctx, `form.card button`, kb.Enter)
			arrive(t, ctx, "running", name+"-3-running")
			arrive(t, ctx, "result", name+"-4-result")
			press(t, ctx, `a[href$=sign]`, kb.Enter)
			arrive(t, ctx, "sign", name+"-5-sign")
			press(t, ctx, `button[value=sign]`, kb.Enter) // without a name
			do(t, ctx, chromedp.WaitVisible(`#name-wrong`))
			arrive(t, ctx, "sign", name+"-5-wrong")
			press(t, ctx, `#name`, "A")
			do(t, ctx, chromedp.KeyEvent("na María Núñez"))
			press(t, ctx, `button[value=sign]`, kb.Enter)
			arrive(t, ctx, "done", name+"-6-done")
			press(t, ctx, `button[value=close]`, kb.Enter)
			arrive(t, ctx, "closed", name+"-7-closed")
			if err := cmd.Wait(); err != nil { // the policy asks for nothing of what was refused
				t.Error(err)
			}
			d.signed(t, "Ana María Núñez")
		})
	}
}

// signed holds what the guide left against what a recruiter would find in it.
func (d *desk) signed(t *testing.T, name string) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(d.dir, "ana.deskready.json"))
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := os.ReadFile(filepath.Join(d.dir, "ana.receipt.json"))
	if err != nil {
		t.Fatal(err)
	}
	got := verify.File(file, verify.Options{Now: time.Now, Receipt: receipt})
	if got.Code != exitReady || got.Report.Confirmed == nil || got.Report.Confirmed.Name != name {
		t.Errorf("code %d, reasons %v, confirmed %+v", got.Code, got.Reasons, got.Report.Confirmed)
	}
}

// The page of the browser check stands in the guide, and what it finds is in the report, marked as the browser's.
func TestGuideProvesBrowser(t *testing.T) {
	d := newDesk(t, "proves").invited(t)
	link, _ := d.guide(t, "--invite", d.invite, "--out", "ana.deskready.json")
	ctx := tab(t, 360, true, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true))
	do(t, ctx, chromedp.Navigate(link))
	arrive(t, ctx, "welcome", "panel-welcome")
	press(t, ctx, `button[value=begin]`, kb.Enter)
	arrive(t, ctx, "consent", "panel-consent")
	press(t, ctx, `button[value=agree]`, kb.Enter)
	arrive(t, ctx, "panel", "panel-1")
	do(t, ctx, chromedp.WaitVisible(`.dr-start`), chromedp.Sleep(200*time.Millisecond))
	arrive(t, ctx, "panel", "panel-2")
	var ways string
	do(t, ctx, chromedp.Evaluate(`[...document.querySelectorAll("main button")].filter(b => b.checkVisibility()).map(b => b.className).join()`, &ways))
	if ways != "dr-start,dr-skip_all" {
		t.Errorf("the panel has these ways on: %s", ways)
	}
	do(t, ctx, chromedp.Click(`.dr-start`), chromedp.WaitVisible(`[data-step=camera][data-state=doing]`))
	arrive(t, ctx, "panel", "panel-3")
	do(t, ctx, chromedp.WaitVisible(`body:not([data-page=panel]), .dr-go_on`))
	var asked bool
	do(t, ctx, chromedp.Evaluate(`!!document.querySelector(".dr-go_on")`, &asked))
	if asked {
		arrive(t, ctx, "panel", "panel-4")
		do(t, ctx, chromedp.Click(`.dr-go_on`))
	}
	arrive(t, ctx, "result", "panel-result")
	do(t, ctx, chromedp.Click(`a[href$=sign]`), chromedp.WaitVisible(`#name`), chromedp.SendKeys(`#name`, "Ana Núñez"), chromedp.Click(`button[value=sign]`))
	arrive(t, ctx, "done", "panel-done")
	file, err := os.ReadFile(filepath.Join(d.dir, "ana.deskready.json"))
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, r := range verify.File(file, verify.Options{Now: time.Now}).Report.Results {
		for _, m := range r.Measurements {
			if m.By == checks.ByBrowser && m.Missing == nil {
				said[m.Metric] = true
			}
		}
	}
	for _, metric := range []string{"browser.webrtc", "browser.microphone", "browser.camera", "browser.storage"} {
		if !said[metric] {
			t.Errorf("the browser's own account lacks %s: %v", metric, said)
		}
	}
}
