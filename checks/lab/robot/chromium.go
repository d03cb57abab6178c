//go:build linux

package robot

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is a tab, driven through the DevTools protocol.
type chromium struct {
	ctx   context.Context // chromedp keeps the tab in it: this one cannot be handed down
	first context.Context // that of the browser's first tab, with which the others end
	end   func()
	log   *requestLog
	plain bool
}

func startChromium(t testing.TB, o Options) (engine, error) {
	if o.Media == Unanswered {
		screen, err := display(t)
		if err != nil {
			return nil, err
		}
		o.Env = append(slices.Clone(o.Env), "DISPLAY="+screen)
	}
	profile, err := os.MkdirTemp("", "robot.")
	if err != nil {
		return nil, err
	}
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), chromiumOptions(profile, o)...)
	end := func() { stop(); clear(profile) }
	c, err := openTab(allocator, end, o.Plain)
	if err != nil {
		end()
		return nil, err
	}
	return c, nil
}

// clear removes a profile, into which the browser's helpers write for a moment after it has ended.
func clear(profile string) {
	for range 20 {
		if os.RemoveAll(profile) == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func chromiumOptions(profile string, o Options) []chromedp.ExecAllocatorOption {
	list := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.UserDataDir(profile), chromedp.NoSandbox, // as root there is none
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { cmd.Env = o.Env }),
		chromedp.Flag("disable-popup-blocking", false), // a person's browser blocks them
		chromedp.Flag("host-resolver-rules", "MAP "+Rebound+" 127.0.0.1"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	flag := func(name string, value any) { list = append(list, chromedp.Flag(name, value)) }
	if o.Lang != "" {
		flag("lang", o.Lang)
		flag("accept-lang", o.Lang)
	}
	switch o.Media {
	case Unanswered: // headless it refuses what would be asked; in a window it asks, and waits
		flag("headless", false)
		flag("ozone-platform", "x11")
	case Refused:
		flag("use-fake-ui-for-media-stream", "deny")
	case Fake, Real:
		flag("use-fake-ui-for-media-stream", true)
	}
	if o.Media != Real {
		flag("use-fake-device-for-media-stream", true)
	}
	if o.Voice != "" {
		flag("use-file-for-fake-audio-capture", o.Voice)
	}
	if o.Video != "" {
		flag("use-file-for-fake-video-capture", o.Video)
	}
	return list
}

// openTab opens a tab of the browser that parent stands for, and starts it if it does not run yet.
func openTab(parent context.Context, more func(), plain bool) (*chromium, error) {
	ctx, cancel := chromedp.NewContext(parent)
	c := &chromium{ctx: ctx, first: ctx, log: &requestLog{}, plain: plain, end: func() { cancel(); more() }}
	chromedp.ListenTarget(ctx, c.log.note)
	err := chromedp.Run(ctx, network.Enable(), emulation.SetFocusEmulationEnabled(true), chromedp.ActionFunc(func(ctx context.Context) error {
		return c.view(ctx, 1280, 800, false)
	}))
	if err != nil {
		cancel()
		return nil, err
	}
	return c, nil
}

func (c *chromium) close() { c.end() }

func (c *chromium) requests() []Request { return c.log.all() }

// run runs actions in the tab until the caller's time is over.
func (c *chromium) run(ctx context.Context, actions ...chromedp.Action) error {
	mine, cancel := context.WithCancelCause(c.ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(ctx.Err()) })()
	err := chromedp.Run(mine, actions...)
	if cause := context.Cause(mine); err != nil && cause != nil {
		return cause
	}
	return err
}

func (c *chromium) open(ctx context.Context, url string) error {
	return c.run(ctx, chromedp.Navigate(url))
}

func (c *chromium) eval(ctx context.Context, js string) (text string, err error) {
	err = c.run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		got, thrown, err := runtime.Evaluate(asJSON(js)).WithAwaitPromise(true).WithReturnByValue(true).Do(ctx)
		if err != nil {
			return err
		}
		if thrown != nil {
			return thrown
		}
		if len(got.Value) == 0 { // undefined
			return nil
		}
		return json.Unmarshal(got.Value, &text)
	}))
	return text, err
}

// asJSON is an expression whose value comes as text, which both protocols carry alike.
func asJSON(js string) string { return "(async () => JSON.stringify(await (" + js + "\n)))()" }

func (c *chromium) click(ctx context.Context, x, y float64) error {
	return c.run(ctx, chromedp.MouseEvent(input.MouseMoved, x, y), chromedp.MouseClickXY(x, y))
}

func (c *chromium) key(ctx context.Context, k key) error {
	text, options := string(k.char), []chromedp.KeyOption(nil)
	if k.name != "" {
		text = keys()[k.name].chrome
	}
	if k.shift {
		options = append(options, chromedp.KeyModifiers(input.ModifierShift))
	}
	return c.run(ctx, chromedp.KeyEvent(text, options...))
}

func (c *chromium) picture(ctx context.Context) (png []byte, err error) {
	err = c.run(ctx, chromedp.FullScreenshot(&png, 100))
	return png, err
}

func (c *chromium) view(ctx context.Context, width, height int64, dark bool) error {
	colours := map[bool]string{true: "dark", false: "light"}[dark]
	motion := map[bool]string{true: "reduce", false: "no-preference"}[c.plain]
	return c.run(ctx, chromedp.EmulateViewport(width, height), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: motion},
	}))
}

func (c *chromium) tab(context.Context) (engine, error) {
	tab, err := openTab(c.first, func() {}, c.plain)
	if err != nil {
		return nil, err
	}
	tab.first = c.first
	return tab, nil
}

// requestLog gathers a tab's requests from the events of its network.
type requestLog struct {
	mu   sync.Mutex
	list []Request
	id   []network.RequestID
}

func (l *requestLog) note(event any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if strings.HasPrefix(e.Request.URL, "data:") { // which asks nobody
			return
		}
		l.list = append(l.list, Request{URL: e.Request.URL, Method: e.Request.Method})
		l.id = append(l.id, e.RequestID)
	case *network.EventWebSocketCreated:
		l.list = append(l.list, Request{URL: e.URL, Method: "GET"})
		l.id = append(l.id, e.RequestID)
	case *network.EventResponseReceived:
		l.with(e.RequestID, func(r *Request) { r.Status = int(e.Response.Status) })
	case *network.EventWebSocketHandshakeResponseReceived:
		l.with(e.RequestID, func(r *Request) { r.Status = int(e.Response.Status) })
	case *network.EventLoadingFinished:
		l.with(e.RequestID, func(r *Request) { r.Bytes = int64(e.EncodedDataLength) })
	}
}

// with changes the newest request of that id: a redirection keeps its id.
func (l *requestLog) with(id network.RequestID, f func(*Request)) {
	for i := len(l.id) - 1; i >= 0; i-- {
		if l.id[i] == id {
			f(&l.list[i])
			return
		}
	}
}

func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}
