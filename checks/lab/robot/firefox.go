//go:build linux

package robot

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
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
)

// firefox is a tab, driven through WebDriver BiDi.
type firefox struct {
	link    *bidi
	context string // the tab's id
	log     *bidiLog
	end     func()
}

func startFirefox(t testing.TB, o Options) (engine, error) {
	profile, err := os.MkdirTemp("", "robot.")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), preferences(o), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("firefox-esr", "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile, "about:blank")
	cmd.Env = append(slices.Clone(o.Env), "MOZ_CRASHREPORTER_DISABLE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its helpers go with it
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	end := sync.OnceFunc(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-gone:
		case <-time.After(5 * time.Second):
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-gone
		clear(profile)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second) // the first start on a busy machine
	defer cancel()
	f, err := firstTab(ctx, profile, gone)
	if err != nil {
		end()
		return nil, fmt.Errorf("%w\n%s", err, said.String())
	}
	f.end = end
	return f, nil
}

// firstTab waits for the browser to say where it listens, and opens a tab.
func firstTab(ctx context.Context, profile string, gone <-chan struct{}) (*firefox, error) {
	url, err := listens(ctx, filepath.Join(profile, "WebDriverBiDiServer.json"), gone)
	if err != nil {
		return nil, err
	}
	log := &bidiLog{}
	link, err := dialBidi(ctx, url, log.note)
	if err != nil {
		return nil, err
	}
	if err := link.call(ctx, "session.new", map[string]any{"capabilities": map[string]any{}}, nil); err != nil {
		return nil, err
	}
	events := []string{"network.beforeRequestSent", "network.responseCompleted", "network.fetchError"}
	if err := link.call(ctx, "session.subscribe", map[string]any{"events": events}, nil); err != nil {
		return nil, err
	}
	return (&firefox{link: link, log: log}).newTab(ctx)
}

// newTab is one of our own: in the tab that a window begins with, the address bar has the keyboard.
func (f *firefox) newTab(ctx context.Context) (*firefox, error) {
	var got struct {
		Context string `json:"context"`
	}
	if err := f.link.call(ctx, "browsingContext.create", map[string]any{"type": "tab"}, &got); err != nil {
		return nil, err
	}
	tab := &firefox{link: f.link, context: got.Context, log: f.log}
	return tab, tab.view(ctx, 1280, 800, false)
}

func listens(ctx context.Context, file string, gone <-chan struct{}) (string, error) {
	for {
		var at struct {
			Host string `json:"ws_host"`
			Port int    `json:"ws_port"`
		}
		if data, err := os.ReadFile(file); err == nil && json.Unmarshal(data, &at) == nil {
			return fmt.Sprintf("ws://%s:%d/session", at.Host, at.Port), nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-gone:
			return "", errors.New("it ended by itself")
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// preferences keep a fresh Firefox off the network and its first-run pages, and set what the options say.
func preferences(o Options) []byte {
	prefs := map[string]any{
		"app.update.enabled": false, "app.normandy.enabled": false, "browser.shell.checkDefaultBrowser": false,
		"browser.safebrowsing.malware.enabled": false, "browser.safebrowsing.phishing.enabled": false, "browser.safebrowsing.downloads.enabled": false,
		"browser.startup.homepage_override.mstone": "ignore", "browser.newtabpage.enabled": false, "browser.topsites.contile.enabled": false,
		"browser.newtabpage.activity-stream.feeds.topsites": false, "datareporting.policy.dataSubmissionEnabled": false,
		"extensions.systemAddon.update.enabled": false, "extensions.update.enabled": false, "media.gmp-manager.updateEnabled": false,
		"network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false, "network.dns.disablePrefetch": true,
		"network.prefetch-next": false, "services.settings.server": "data:,none", "toolkit.telemetry.enabled": false,
		"browser.tabs.warnOnClose": false, "ui.useOverlayScrollbars": 1, "network.dns.localDomains": Rebound, "dom.disable_beforeunload": true,
	}
	grant := 1
	switch o.Media {
	case Fake:
		prefs["media.navigator.streams.fake"] = true
	case Real: // a device named here is used beside the made-up ones: a real microphone with a made-up camera
		prefs["media.navigator.streams.fake"] = true
		prefs["media.audio_loopback_dev"] = o.Voice
	case Refused:
		prefs["media.navigator.streams.fake"] = true
		grant = 2
	case Unanswered:
		prefs["media.navigator.streams.fake"] = true
		grant = 0
	}
	prefs["permissions.default.microphone"], prefs["permissions.default.camera"] = grant, grant
	if o.Lang != "" {
		prefs["intl.accept_languages"] = o.Lang
	}
	if o.Plain {
		prefs["ui.prefersReducedMotion"] = 1
	}
	var lines []string
	for name, value := range prefs {
		v, _ := json.Marshal(value) // of booleans, numbers and texts: cannot fail
		lines = append(lines, fmt.Sprintf("user_pref(%s, %s);\n", quote(name), v))
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, ""))
}

func (f *firefox) close() {
	if f.end != nil {
		f.end()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), step)
	defer cancel()
	_ = f.link.call(ctx, "browsingContext.close", map[string]any{"context": f.context}, nil) // it may be gone with its browser
}

func (f *firefox) requests() []Request { return f.log.all(f.context) }

func (f *firefox) open(ctx context.Context, url string) error {
	return f.link.call(ctx, "browsingContext.navigate", map[string]any{"context": f.context, "url": url, "wait": "complete"}, nil)
}

func (f *firefox) eval(ctx context.Context, js string) (string, error) {
	var got struct {
		Type   string `json:"type"`
		Result struct {
			Value string `json:"value"`
		} `json:"result"`
		Exception struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	err := f.link.call(ctx, "script.evaluate", map[string]any{
		"expression": asJSON(js), "awaitPromise": true, "target": map[string]any{"context": f.context},
	}, &got)
	if err == nil && got.Type != "success" {
		err = errors.New(got.Exception.Text)
	}
	return got.Result.Value, err
}

func (f *firefox) act(ctx context.Context, source map[string]any) error {
	return f.link.call(ctx, "input.performActions", map[string]any{"context": f.context, "actions": []any{source}}, nil)
}

func (f *firefox) click(ctx context.Context, x, y float64) error {
	return f.act(ctx, map[string]any{"type": "pointer", "id": "mouse", "actions": []any{
		map[string]any{"type": "pointerMove", "x": int(x), "y": int(y)},
		map[string]any{"type": "pointerDown", "button": 0}, map[string]any{"type": "pointerUp", "button": 0},
	}})
}

func (f *firefox) key(ctx context.Context, k key) error {
	value := string(k.char)
	if k.name != "" {
		value = keys()[k.name].webdriver
	}
	press := func(kind, value string) any { return map[string]any{"type": kind, "value": value} }
	actions := []any{press("keyDown", value), press("keyUp", value)}
	if shift := "\ue008"; k.shift {
		actions = []any{press("keyDown", shift), actions[0], actions[1], press("keyUp", shift)}
	}
	return f.act(ctx, map[string]any{"type": "key", "id": "keyboard", "actions": actions})
}

func (f *firefox) picture(ctx context.Context) ([]byte, error) {
	var got struct {
		Data string `json:"data"`
	}
	if err := f.link.call(ctx, "browsingContext.captureScreenshot", map[string]any{"context": f.context, "origin": "document"}, &got); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(got.Data)
}

func (f *firefox) view(ctx context.Context, width, height int64, dark bool) error {
	if dark {
		return errors.New("firefox takes no other colours while it runs")
	}
	return f.link.call(ctx, "browsingContext.setViewport", map[string]any{
		"context": f.context, "viewport": map[string]any{"width": width, "height": height},
	}, nil)
}

func (f *firefox) tab(ctx context.Context) (engine, error) { return f.newTab(ctx) }

// bidiLog gathers the requests of all tabs.
type bidiLog struct {
	mu   sync.Mutex
	list []bidiRequest
}

type bidiRequest struct {
	Request
	context, id string
}

func (l *bidiLog) note(method string, params json.RawMessage) {
	var e struct {
		Context string `json:"context"`
		Request struct {
			ID     string `json:"request"`
			URL    string `json:"url"`
			Method string `json:"method"`
		} `json:"request"`
		Response struct {
			Status int   `json:"status"`
			Bytes  int64 `json:"bytesReceived"`
		} `json:"response"`
	}
	if json.Unmarshal(params, &e) != nil || strings.HasPrefix(e.Request.URL, "data:") { // which asks nobody
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if method == "network.beforeRequestSent" {
		l.list = append(l.list, bidiRequest{Request{URL: e.Request.URL, Method: e.Request.Method}, e.Context, e.Request.ID})
		return
	}
	for i := len(l.list) - 1; i >= 0; i-- {
		if r := &l.list[i]; r.id == e.Request.ID {
			r.Status, r.Bytes = e.Response.Status, e.Response.Bytes
			return
		}
	}
}

func (l *bidiLog) all(context string) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Request
	for _, r := range l.list {
		if r.context == context {
			list = append(list, r.Request)
		}
	}
	return list
}
