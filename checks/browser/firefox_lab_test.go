//go:build lab && linux

package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// inFirefox drives Debian's Firefox ESR over WebDriver BiDi (W3C), with the given preferences: it opens the page, and
// presses the buttons as a person would.
func inFirefox(t *testing.T, env []string, prefs map[string]any, press ...string) func(context.Context, string) {
	return func(ctx context.Context, url string) {
		if err := firefoxOn(ctx, t.TempDir(), env, prefs, url, press); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}
}

// calm keeps a fresh profile from calling home and from asking questions of its own.
var calm = map[string]any{
	"app.normandy.enabled": false, "app.update.disabledForTesting": true, "browser.shell.checkDefaultBrowser": false,
	"browser.safebrowsing.malware.enabled": false, "datareporting.policy.dataSubmissionEnabled": false, "extensions.getAddons.cache.enabled": false,
	"network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false,
} // read only

func firefoxOn(ctx context.Context, profile string, env []string, prefs map[string]any, url string, press []string) error {
	var user strings.Builder
	for name, value := range both(calm, prefs) {
		v, err := json.Marshal(value)
		if err != nil {
			return err
		}
		fmt.Fprintf(&user, "user_pref(%q, %s);\n", name, v)
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(user.String()), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "firefox-esr", "--headless", "--remote-debugging-port=0", "--profile", profile, "about:blank")
	cmd.Env = append(append(os.Environ(), "HOME="+profile, "MOZ_CRASHREPORTER_DISABLE=1"), env...)
	cmd.WaitDelay = 5 * time.Second
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, at, ok := strings.Cut(lines.Text(), "WebDriver BiDi listening on "); ok {
			go func() {
				for lines.Scan() { // a full pipe would stop it
				}
			}()
			return steer(ctx, at, url, press)
		}
	}
	return fmt.Errorf("firefox did not say where it listens: %v", lines.Err())
}

// A session is one of WebDriver BiDi.
type session struct {
	c  *websocket.Conn
	id int
}

// do sends a command and waits for its result.
func (s *session) do(ctx context.Context, method string, params any, result any) error {
	s.id++
	if err := wsjson.Write(ctx, s.c, map[string]any{"id": s.id, "method": method, "params": params}); err != nil {
		return err
	}
	for {
		var got struct {
			Type, Error, Message string
			ID                   int
			Result               json.RawMessage
		}
		switch err := wsjson.Read(ctx, s.c, &got); {
		case err != nil:
			return err
		case got.ID != s.id: // an event
		case got.Type == "error":
			return fmt.Errorf("%s: %s: %s", method, got.Error, got.Message)
		case result == nil:
			return nil
		default:
			return json.Unmarshal(got.Result, result)
		}
	}
}

// steer opens the page and presses each button once it is there, then waits until it is no longer needed.
func steer(ctx context.Context, at, url string, press []string) error {
	c, _, err := websocket.Dial(ctx, at+"/session", nil)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	c.SetReadLimit(16 << 20)
	s := &session{c: c}
	if err := s.do(ctx, "session.new", map[string]any{"capabilities": map[string]any{}}, nil); err != nil {
		return err
	}
	var tree struct {
		Contexts []struct{ Context string }
	}
	if err := s.do(ctx, "browsingContext.getTree", map[string]any{}, &tree); err != nil {
		return err
	}
	tab := tree.Contexts[0].Context
	if err := s.do(ctx, "browsingContext.navigate", map[string]any{"context": tab, "url": url, "wait": "complete"}, nil); err != nil {
		return err
	}
	for _, button := range press {
		if err := s.click(ctx, tab, ".dr-"+button); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

func (s *session) click(ctx context.Context, tab, css string) error {
	var found struct {
		Nodes []struct {
			SharedID string `json:"sharedId"`
		}
	}
	for len(found.Nodes) == 0 {
		err := s.do(ctx, "browsingContext.locateNodes", map[string]any{"context": tab, "locator": map[string]any{"type": "css", "value": css}}, &found)
		if err != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	origin := map[string]any{"type": "element", "element": map[string]any{"sharedId": found.Nodes[0].SharedID}}
	return s.do(ctx, "input.performActions", map[string]any{"context": tab, "actions": []any{map[string]any{
		"type": "pointer", "id": "mouse", "actions": []any{
			map[string]any{"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
			map[string]any{"type": "pointerDown", "button": 0}, map[string]any{"type": "pointerUp", "button": 0},
		},
	}}}, nil)
}
