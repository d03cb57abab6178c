//go:build linux

// Package robot uses pages as a person does, in real browsers: Chromium through its DevTools protocol, Firefox through
// WebDriver BiDi. It clicks where something is seen to be, types what a keyboard types, and waits for what appears;
// nothing reaches the page by a way that a person does not have, but for Eval, which looks.
//
// Tests that use it carry the build tag "lab": it needs both browsers, and fails where one is missing.
package robot

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The browsers that a robot can use.
const (
	Chromium = "chromium"
	Firefox  = "firefox"
)

// Media is what a page meets when it asks for a microphone or a camera.
type Media int

const (
	Fake       Media = iota // the browser's own made-up devices, and permission
	Real                    // what the sound server has, and permission; Firefox joins a made-up camera to it
	Refused                 // made-up devices, and no permission
	Unanswered              // devices, and a prompt that nobody ever answers
)

// Rebound is a name that leads every robot's browser to this computer, as a name does whose owner has rebound it.
const Rebound = "rebound.example"

// Options say which person's browser it is. The zero value is a browser with made-up devices that grants them.
type Options struct {
	Media Media
	Env   []string // as exec.Cmd's; lab.SoundEnv gives one
	Voice string   // WAV file that Chromium's made-up microphone plays
	Video string   // Y4M or MJPEG file that Chromium's made-up camera shows
	Lang  string   // what the browser asks pages for: "ar"
	Plain bool     // reduced motion is asked for
}

// A Request is one that a page made.
type Request struct {
	URL    string
	Method string
	Status int   // 0: it got no answer
	Bytes  int64 // on the wire, with headers where the browser tells
}

// Browser is one tab of a browser that was started for the test.
type Browser struct {
	engine
	Name string
}

// engine is what each browser does in its own protocol. It is wider than the house likes: a page is driven by all of
// these or not at all.
type engine interface {
	open(ctx context.Context, url string) error
	eval(ctx context.Context, js string) (string, error) // of an expression; a promise is waited for, the answer is JSON
	click(ctx context.Context, x, y float64) error
	key(ctx context.Context, k key) error
	picture(ctx context.Context) ([]byte, error) // PNG of the whole page
	view(ctx context.Context, width, height int64, dark bool) error
	tab(ctx context.Context) (engine, error)
	requests() []Request
	close()
}

// Start starts a browser with a fresh profile, and ends it with the test.
func Start(t testing.TB, name string, o Options) *Browser {
	t.Helper()
	if o.Env == nil {
		o.Env = os.Environ()
	}
	start := map[string]func(testing.TB, Options) (engine, error){Chromium: startChromium, Firefox: startFirefox}[name]
	if start == nil {
		t.Fatalf("there is no browser %q", name)
	}
	e, err := start(t, o)
	if err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	t.Cleanup(sync.OnceFunc(e.close))
	return &Browser{e, name}
}

// step is the most that one action of a robot may take on a busy machine.
const step = 60 * time.Second

func (b *Browser) do(t testing.TB, what string, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), step)
	defer cancel()
	if err := f(ctx); err != nil {
		t.Fatalf("%s: %s: %v", b.Name, what, err)
	}
}

// Open goes to an address, as one typed into the address bar.
func (b *Browser) Open(t testing.TB, url string) {
	t.Helper()
	b.do(t, "open "+url, func(ctx context.Context) error { return b.open(ctx, url) })
}

// Tab opens a further tab of the same browser. It goes with the browser.
func (b *Browser) Tab(t testing.TB) *Browser {
	t.Helper()
	var e engine
	b.do(t, "new tab", func(ctx context.Context) (err error) { e, err = b.tab(ctx); return err })
	return &Browser{e, b.Name}
}

// Close closes the tab; the last one takes the browser with it.
func (b *Browser) Close() { b.close() }

// Requests are all that the page and its forerunners in this tab have asked for.
func (b *Browser) Requests() []Request { return b.requests() }

// Eval looks at the page with an expression; v takes its value.
func (b *Browser) Eval(t testing.TB, js string, v any) {
	t.Helper()
	b.do(t, "eval", func(ctx context.Context) error { return b.look(ctx, js, v) })
}

func (b *Browser) look(ctx context.Context, js string, v any) error {
	text, err := b.eval(ctx, js)
	if err != nil {
		return fmt.Errorf("%w in %.200s", err, js)
	}
	if text == "" { // undefined
		text = "null"
	}
	return json.Unmarshal([]byte(text), v)
}

// Look looks at the page once and answers whether that worked: a page that is just being left has nothing to look at.
func (b *Browser) Look(t testing.TB, js string, v any) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), step)
	defer cancel()
	return b.look(ctx, js, v) == nil
}

// Until waits until an expression is true.
func (b *Browser) Until(t testing.TB, within time.Duration, js string) {
	t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		var yes bool
		if b.Look(t, "!!("+js+")", &yes) && yes {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v: %s\n%s", b.Name, within, js, b.Text(t, "body"))
		}
	}
}

// Text is what is seen in the first element of a selector.
func (b *Browser) Text(t testing.TB, selector string) string {
	t.Helper()
	var text string
	b.Eval(t, "document.querySelector("+quote(selector)+")?.innerText ?? ''", &text)
	return text
}

// Click presses the mouse in the middle of an element that is to be seen there, as one does who looks before.
func (b *Browser) Click(t testing.TB, selector string) {
	t.Helper()
	var at struct {
		X, Y float64
		Why  string
	}
	b.Eval(t, middle+"("+quote(selector)+")", &at)
	if at.Why != "" {
		t.Fatalf("%s: click on %s: %s\n%s", b.Name, selector, at.Why, b.Text(t, "body"))
	}
	b.do(t, "click on "+selector, func(ctx context.Context) error { return b.click(ctx, at.X, at.Y) })
}

// middle finds where to click, and why one cannot. A page that was scrolled is clicked on once it is drawn so.
const middle = `(async selector => {
	const e = document.querySelector(selector);
	if (!e) return {why: "there is none"};
	if (e.disabled) return {why: "it is disabled"};
	e.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
	const frame = () => new Promise(done => { requestAnimationFrame(done); setTimeout(done, 200); });
	await frame(); await frame(); await frame();
	const r = e.getBoundingClientRect();
	if (!r.width || !r.height) return {why: "it is not seen"};
	const x = r.x + r.width / 2, y = r.y + r.height / 2, hit = document.elementFromPoint(x, y);
	if (hit && (e.contains(hit) || hit.contains(e) || [...(e.labels ?? [])].some(l => l.contains(hit)))) return {x, y};
	return {why: "covered by " + (hit ? hit.outerHTML.slice(0, 120) : "nothing: outside the window")};
})`

// Press presses keys one after another: Tab, Enter, Space, Escape, the arrows, Home, End, each with Shift+ before it.
func (b *Browser) Press(t testing.TB, keys ...string) {
	t.Helper()
	for _, name := range keys {
		k, err := named(name)
		if err != nil {
			t.Fatal(err)
		}
		b.do(t, "press "+name, func(ctx context.Context) error { return b.key(ctx, k) })
	}
}

// Type types text into what has the focus.
func (b *Browser) Type(t testing.TB, text string) {
	t.Helper()
	for _, r := range text {
		b.do(t, "type", func(ctx context.Context) error { return b.key(ctx, key{char: r}) })
	}
}

// Reach presses Tab until an element of the selector has the focus, as one does who has no mouse. It fails when the
// page goes round without coming there, and answers how many times it pressed.
func (b *Browser) Reach(t testing.TB, selector string) (presses int) {
	t.Helper()
	var way []string
	for range 80 {
		var now struct {
			There bool
			What  string
		}
		b.Eval(t, `(s => { const e = document.activeElement; return {
			there: e.matches(s), what: e.tagName + " " + (e.id || e.name || e.innerText || "").slice(0, 30)} })(`+quote(selector)+")", &now)
		if now.There {
			return len(way)
		}
		way = append(way, now.What)
		b.Press(t, "Tab")
	}
	t.Fatalf("%s: Tab never reaches %s: %s", b.Name, selector, strings.Join(way, ", "))
	return 0
}

// Screenshot writes a PNG of the whole page.
func (b *Browser) Screenshot(t testing.TB, file string) {
	t.Helper()
	b.do(t, "screenshot", func(ctx context.Context) error {
		png, err := b.picture(ctx)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, png, 0o644)
	})
}

// SetViewport gives the page a window of that size. Dark colours can be asked for in Chromium alone.
func (b *Browser) SetViewport(t testing.TB, width, height int64, dark bool) {
	t.Helper()
	b.do(t, "set the viewport", func(ctx context.Context) error { return b.view(ctx, width, height, dark) })
}

func quote(s string) string {
	b, _ := json.Marshal(s) // of a string: cannot fail
	return string(b)
}
