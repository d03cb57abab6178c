package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deskready/checks"
	"deskready/checks/checktest"

	"github.com/coder/websocket"
)

// A told event of each kind, as the panel posts it.
const (
	aPage = `{"page":{"error":"","hidden":false,"agent":"Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36","brands":[{"name":"Chromium","version":"156.0.8078.79"},
{"name":"Google Chrome","version":"156.0.8078.79"},{"name":"Not)A;Brand","version":"8.0.0.0"}],"zone":"Asia/Manila","width":1536,"height":864,"scale":1.25,"extended":true,"automated":false,
"secure":true,"notifications":"default","codecs":["vp8","opus"],"wasm":"simd","renderer":"ANGLE (Intel, Iris)","lacks":[]}}`
	aPopup      = `{"popup":{"opened":true,"hidden":false}}`
	aSound      = `{"sound":{"advanced":0.5,"elapsed":0.5,"latency":0.02,"hidden":false}}`
	aStorage    = `{"storage":{"local":true,"indexed":true,"cookies":true,"hidden":false}}`
	aSocket     = `{"websocket":{"echoes":5,"hidden":false}}`
	aSpeed      = `{"speed":{"rounds":8000,"elapsed":0.4,"jank":0.017,"hidden":false}}`
	aMicrophone = `{"microphone":{"before":"prompt","by_system":false,"skipped":false,"label":"Jabra Evolve2 30 ` + "\u202e" + `(0b0e:0e55)","muted":false,"lost":false,"heard":{"rms":0.05,"peak":0.4,"live":1},"hidden":false}}`
	aCamera     = `{"camera":{"before":"granted","by_system":false,"skipped":false,"label":"Cam","muted":false,"lost":false,"width":1280,"height":720,"frames":45,"span":1.5,
"seen":{"min":3,"mean":110,"max":250,"changed":2.5,"sharp":300},"hidden":false}}`
	aCall = `{"call":{"candidates":4,"granted":true,"connected":true,"setup":0.051,"packets":101,"samples":96000,"concealed":480,"tone":true,"peak":0.9,"jitter":0.001,"hidden":false}}`
	anEnd = `{"ended":{"why":"done"}}`
)

func posted() []string {
	return []string{aPage, aPopup, aSound, aStorage, aSocket, aSpeed, aMicrophone, aCamera, aCall, anEnd}
}

// post sends an event and answers the status and the state.
func post(t *testing.T, h http.Handler, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/event", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var got struct{ State string }
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Error(err)
		}
	}
	return w.Code, got.State
}

// visit is an ask whose page posts these events, and then leaves the question open until its context ends.
func visit(t *testing.T, p *Probe, events ...string) checks.Ask {
	return func(ctx context.Context, _ checks.Question) (string, error) {
		h := p.Handler()
		for _, e := range events {
			if code, _ := post(t, h, e); code != http.StatusOK {
				t.Errorf("%s: %d", e, code)
			}
		}
		if p.told().Ended != nil {
			return "", nil
		}
		<-ctx.Done()
		return "", ctx.Err()
	}
}

func TestProbeConforms(t *testing.T) {
	probe := NewProbe(time.Now)
	all := fake{all: []found{{"Google Chrome", "156.0.8078.79"}}, name: "Google Chrome"}
	for name, ask := range map[string]checks.Ask{
		"whole": visit(t, probe, posted()...),
		"short": visit(t, probe, aPage, `{"microphone":{"error":"NotAllowedError"}}`, `{"camera":{"error":"NotFoundError"}}`, `{"call":{"error":"TypeError"}}`, anEnd),
		"none":  func(context.Context, checks.Question) (string, error) { return "", checks.ErrNoPanel },
	} {
		t.Run(name, func(t *testing.T) {
			checktest.Conforms(t, check(Options{Now: on("2026-11-22"), Probe: probe, Ask: ask}, all))
		})
	}
}

func TestProved(t *testing.T) {
	probe := NewProbe(time.Now)
	got := run(t, Options{Now: on("2026-11-22"), Probe: probe, Ask: visit(t, probe, posted()...)},
		fake{all: []found{{"Google Chrome", "156.0.8078.79"}}, name: "Microsoft Edge"})
	const chrome = "Google Chrome"
	for metric, want := range map[string]said{
		"observed": {chrome, "156.0.8078.79", 0, ""}, "observed_default": {chrome, "", 0, ""}, "automated": {chrome, "", 0, ""},
		"lacks": {chrome, "nothing", 0, ""}, "webrtc": {chrome, "", 1, ""}, "call_setup": {chrome, "", 0.051, ""},
		"call_heard": {chrome, "", 1, ""}, "call_concealed": {chrome, "", 0.005, ""}, "microphone": {chrome, "", 1, ""},
		"microphone_state": {chrome, "good", 0, ""}, "microphone_name": {chrome, "Jabra Evolve2 30 (0b0e:0e55)", 0, ""},
		"microphone_level": {chrome, "", -26, ""}, "camera": {chrome, "", 1, ""}, "camera_state": {chrome, "good", 0, ""},
		"camera_size": {chrome, "1280x720", 0, ""}, "camera_frames": {chrome, "", 30, ""}, "sound": {chrome, "", 1, ""},
		"sound_latency": {chrome, "", 0.02, ""}, "storage": {chrome, "", 1, ""}, "websocket": {chrome, "", 1, ""},
		"popups": {chrome, "", 1, ""}, "notifications": {chrome, "default", 0, ""}, "codecs": {chrome, "opus vp8", 0, ""},
		"wasm": {chrome, "simd", 0, ""}, "webgl": {chrome, "hardware", 0, ""}, "js_speed": {chrome, "", 20000, ""},
		"js_jank": {chrome, "", 0.017, ""}, "timezone": {chrome, "Asia/Manila", 0, ""}, "screen": {chrome, "1920x1080", 0, ""},
		"screen_width": {chrome, "", 1536, ""}, "screen_height": {chrome, "", 864, ""}, "screen_extended": {chrome, "", 1, ""},
	} {
		if all := got["browser."+metric]; len(all) != 1 || all[0] != want {
			t.Errorf("%s: %+v, want %+v", metric, all, want)
		}
	}
}

// TestUnproved holds that what no page told is missing, for the reason.
func TestUnproved(t *testing.T) {
	for _, tt := range []struct {
		name   string
		events []string
		want   map[string]string
	}{
		{"never came", nil, map[string]string{"webrtc": codeGone, "observed": codeGone}},
		{"closed in the middle", []string{aPage, aSound}, map[string]string{"sound": "", "microphone": codeGone, "camera_state": codeGone}},
		{"refused", []string{aPage, `{"ended":{"why":"skipped"}}`}, map[string]string{"sound": checks.CodeDenied, "observed": ""}},
		{"nobody there", []string{aPage, `{"ended":{"why":"timeout"}}`}, map[string]string{"sound": checks.CodeTimeout}},
		{"no step without its browser", []string{aSound, anEnd}, map[string]string{"sound": codeGone}},
		{"another browser begins anew", []string{aPage, aSound, strings.ReplaceAll(aPage, "Linux", "Windows"), anEnd}, map[string]string{"sound": codeGone}},
		{"the same browser goes on", []string{aPage, aSound, aPage, anEnd}, map[string]string{"sound": ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				probe := NewProbe(time.Now)
				began := time.Now()
				got := run(t, Options{Now: on("2026-11-22"), Probe: probe, Ask: visit(t, probe, tt.events...)}, fake{})
				if took := time.Since(began); took > silence+5*time.Second {
					t.Errorf("took %v", took)
				}
				for metric, code := range tt.want {
					if all := got["browser."+metric]; len(all) != 1 || all[0].missing != code {
						t.Errorf("%s: %+v, want missing %q", metric, all, code)
					}
				}
			})
		})
	}
}

// TestLetGo holds that whoever asks may end the question for any reason, and nobody calls it a fault of this program.
func TestLetGo(t *testing.T) {
	for err, code := range map[error]string{
		io.ErrUnexpectedEOF: codeGone, checks.ErrNoPanel: codeNoPage, &checks.Problem{Code: checks.CodeDenied, Side: checks.SideHire}: checks.CodeDenied,
	} {
		got := run(t, Options{Now: on("2026-11-22"), Probe: NewProbe(time.Now), Ask: func(context.Context, checks.Question) (string, error) { return "", err }}, fake{})
		if all := got["browser.webrtc"]; len(all) != 1 || all[0].missing != code {
			t.Errorf("%v: %+v, want %s", err, all, code)
		}
	}
}

// TestPatience holds that a page which only says that it is there is not waited for without end.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := NewProbe(time.Now)
		began := time.Now()
		_, err := probe.attend(t.Context(), func(ctx context.Context, _ checks.Question) (string, error) {
			for ctx.Err() == nil {
				time.Sleep(10 * time.Second)
				post(t, probe.Handler(), `{"alive":{}}`)
			}
			return "", ctx.Err()
		})
		if took := time.Since(began); err != nil || took < patience || took > patience+time.Minute {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestEventRefused(t *testing.T) {
	h := NewProbe(time.Now).Handler()
	for _, body := range []string{
		``, `{}`, `null`, `[]`, `{"page":null}`, `{"popup":{"opened":true},"sound":{}}`, `{"popup":{"opened":true}} {}`,
		`{"popup":{"opened":true,"opened":true}}`, `{"popup":{"Opened":true}}`, `{"Popup":{"opened":true}}`, `{"popup":{"opened":1}}`,
		`{"evil":{}}`, `{"popup":{"evil":1}}`, `{"alive":{"evil":1}}`, `{"sound":{"advanced":-1}}`, `{"sound":{"advanced":1e9}}`, `{"sound":{"advanced":1e999}}`,
		`{"sound":{"latency":-0.1}}`, `{"sound":{"outputs":-1}}`, `{"websocket":{"echoes":33}}`, `{"websocket":{"echoes":1.5}}`, `{"speed":{"rounds":1e13}}`, `{"ended":{"why":"because"}}`,
		`{"microphone":{"before":"maybe"}}`, `{"microphone":{"heard":{"live":2}}}`, `{"camera":{"width":100001}}`, `{"camera":{"seen":{"max":256}}}`,
		`{"call":{"candidates":-1}}`, `{"popup":{"error":"` + strings.Repeat("x", maxName+1) + `"}}`,
		`{"microphone":{"label":"` + strings.Repeat("x", maxText+1) + `"}}`, "{\"microphone\":{\"label\":\"\xff\"}}",
		`{"page":{"notifications":"default","wasm":"simd","codecs":[` + strings.Repeat(`"a",`, maxItems) + `"a"]}}`,
		`{"page":{"notifications":"default","wasm":"simd","brands":[` + strings.Repeat(`{},`, maxItems) + `{}]}}`,
		`{"page":{"notifications":"yes","wasm":"simd"}}`, strings.Repeat(`{"popup":`, 5000),
	} {
		if code, _ := post(t, h, body); code != http.StatusBadRequest {
			t.Errorf("%.80q: %d", body, code)
		}
	}
	if code, _ := post(t, h, `{"alive":{}`+strings.Repeat(" ", maxEvent)+`}`); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large event: %d", code)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/event", strings.NewReader(aPopup))
	r.Header.Set("Content-Type", "text/plain")
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("text/plain: %d", w.Code)
	}
}

func FuzzEvent(f *testing.F) {
	for _, e := range posted() {
		f.Add([]byte(e))
	}
	f.Add([]byte(`{"microphone":{"error":"NotReadableError"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := readEvent(data)
		if err != nil {
			return
		}
		account := event{Page: &pageFacts{}}
		account.merge(e)
		for _, m := range account.measurements(inventoried{}) {
			if m.Missing == nil && m.Unit == checks.Text && checks.Clean(m.Text, 200) == "" {
				t.Errorf("%s is an empty text", m.Metric)
			}
			if m.Missing != nil && m.Missing.Code == "" {
				t.Errorf("%s is missing for no reason", m.Metric)
			}
			if _, err := checks.Round(m.Value, 3); err != nil {
				t.Errorf("%s: %v", m.Metric, m.Value)
			}
		}
	})
}

func TestStates(t *testing.T) {
	for body, want := range map[string]string{
		aPage: good, aPopup: good, `{"popup":{"opened":false}}`: bad, `{"popup":{"error":"Error"}}`: failed,
		aSound: good, `{"sound":{"advanced":0,"elapsed":2}}`: bad, `{"sound":{"advanced":0,"elapsed":2,"hidden":true}}`: hidden,
		`{"sound":{"error":"TimeoutError"}}`:                   timeout,
		`{"sound":{"advanced":0.5,"elapsed":0.5,"outputs":0}}`: bad, `{"sound":{"advanced":0.5,"elapsed":0.5,"outputs":1}}`: good,
		aStorage: good, `{"storage":{"local":true,"indexed":true,"cookies":false}}`: bad,
		aSocket: good, `{"websocket":{"echoes":0}}`: bad, `{"websocket":{"error":"ReferenceError"}}`: bad, `{"websocket":{"error":"TimeoutError"}}`: timeout,
		aSpeed: good, `{"speed":{"rounds":1,"elapsed":1,"hidden":true}}`: hidden,

		aMicrophone: good,
		`{"microphone":{"error":"NotAllowedError","before":"prompt"}}`:             denied,
		`{"microphone":{"error":"NotAllowedError","before":"denied"}}`:             blocked,
		`{"microphone":{"error":"NotAllowedError","by_system":true}}`:              system,
		`{"microphone":{"error":"NotFoundError"}}`:                                 absent,
		`{"microphone":{"error":"OverconstrainedError"}}`:                          absent,
		`{"microphone":{"error":"NotReadableError"}}`:                              busy,
		`{"microphone":{"error":"AbortError"}}`:                                    busy,
		`{"microphone":{"error":"TypeError"}}`:                                     unsupported,
		`{"microphone":{"error":"TimeoutError"}}`:                                  timeout,
		`{"microphone":{"error":"StrangeError"}}`:                                  failed,
		`{"microphone":{"skipped":true}}`:                                          skipped,
		`{"microphone":{"lost":true,"heard":{"rms":0.1,"peak":1,"live":1}}}`:       lost,
		`{"microphone":{"heard":{"rms":0,"peak":0,"live":0}}}`:                     silent,
		`{"microphone":{"heard":{"rms":0,"peak":0,"live":0},"muted":true}}`:        muted,
		`{"microphone":{"heard":{"rms":0.0005,"peak":0.002,"live":0.9}}}`:          low,
		`{"microphone":{"heard":{"rms":0.00001,"peak":0.3,"live":0.00001}}}`:       silent,
		`{"microphone":{"heard":null}}`:                                            unheard,
		`{"microphone":{"heard":{"rms":0.01,"peak":0.1,"live":0.2},"muted":true}}`: good, // it was heard
		aCamera: good, `{"camera":{"error":"NotFoundError"}}`: absent, `{"camera":{"seen":null}}`: frozen, `{"camera":{"seen":null,"hidden":true}}`: hidden,
		`{"camera":{"seen":{"min":0,"mean":2,"max":10,"changed":0,"sharp":0}}}`:                  black,
		`{"camera":{"seen":{"min":0,"mean":90,"max":200,"changed":0,"sharp":50}}}`:               frozen,
		`{"camera":{"seen":{"min":0,"mean":90,"max":200,"changed":0,"sharp":50},"hidden":true}}`: hidden,
		`{"camera":{"seen":{"min":0,"mean":20,"max":90,"changed":1,"sharp":50}}}`:                dark,
		`{"camera":{"seen":{"min":0,"mean":90,"max":200,"changed":1,"sharp":1}}}`:                blurred,
		`{"camera":{"lost":true,"seen":{"min":0,"mean":90,"max":200,"changed":1,"sharp":90}}}`:   lost,

		aCall: good, `{"call":{"error":"TypeError"}}`: unsupported, `{"call":{"error":"ReferenceError"}}`: unsupported, `{"call":{"error":"OperationError"}}`: failed,
		`{"call":{"candidates":0,"granted":false}}`:                           bad,
		`{"call":{"candidates":2,"granted":false}}`:                           unlinked,
		`{"call":{"candidates":2,"granted":true}}`:                            bad,
		`{"call":{"candidates":2,"granted":true,"hidden":true}}`:              hidden,
		`{"call":{"candidates":2,"connected":true,"packets":0}}`:              bad,
		`{"call":{"candidates":2,"connected":true,"packets":9,"tone":true}}`:  silent,
		`{"call":{"candidates":2,"connected":true,"packets":9,"tone":false}}`: good,
	} {
		e, err := readEvent([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if got := e.state(); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

// TestStatesHaveTexts holds that the panel can say each state of each step, and each text that its script asks for.
func TestStatesHaveTexts(t *testing.T) {
	probe := NewProbe(time.Now)
	w := httptest.NewRecorder()
	probe.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/texts.json?lang=es", nil))
	var got map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got["start"] != "Empezar" {
		t.Errorf("Spanish: %q", got["start"])
	}
	device := []string{denied, blocked, system, absent, busy, unsupported, timeout, failed, skipped, lost, hidden}
	for step, states := range map[string][]string{
		"popup": {bad, timeout, failed}, "sound": {bad, hidden, timeout, failed}, "storage": {bad, timeout, failed}, "websocket": {bad, timeout},
		"speed": {hidden, timeout, failed}, "microphone": append([]string{low, silent, muted, unheard}, device...),
		"camera": append([]string{black, dark, frozen, blurred}, device...), "call": {bad, silent, unsupported, unlinked, hidden, timeout, failed},
	} {
		for _, s := range states {
			if got[step+"."+s] == "" {
				t.Errorf("no text for %s.%s", step, s)
			}
		}
		for _, key := range []string{"step." + step, "doing." + step} {
			if got[key] == "" {
				t.Errorf("no text for %s", key)
			}
		}
	}
	for _, key := range []string{
		"intro", "start", "skip_all", "skip.microphone", "skip.camera", "again", "go_on", "level", "preview", "allow.microphone", "allow.camera",
		"speak", "look", "all_good", "some_bad", "lost", "running", "state.good", "state.doing", "state.other",
	} {
		if got[key] == "" {
			t.Errorf("no text for %s", key)
		}
	}
}

func TestTextsOfTheCaller(t *testing.T) {
	probe := NewProbe(time.Now)
	probe.Texts = func(key string) string { return "<" + key + ">" }
	for _, query := range []string{"", "?lang=es", "?lang=../en", "?lang=xx"} {
		w := httptest.NewRecorder()
		probe.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/texts.json"+query, nil))
		var got map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got["start"] != "<browser.panel.start>" {
			t.Errorf("%s: %q, %v", query, got["start"], err)
		}
	}
}

// TestIdentify reads real and likely user agents.
func TestIdentify(t *testing.T) {
	brands := func(names ...string) []brand {
		list := []brand{{"Not)A;Brand", "99.0.0.0"}, {"Chromium", "156.0.8078.79"}}
		for _, n := range names {
			list = append(list, brand{n, "156.0.1.2"})
		}
		return list
	}
	esr := []found{{firefoxESR, "153.7.0esr"}}
	for _, tt := range []struct {
		agent         string
		brands        []brand
		all           []found
		name, version string
	}{
		{"Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", nil, esr, firefoxESR, "153.0"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:160.0) Gecko/20100101 Firefox/160.0", nil, nil, firefox, "160.0"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15", nil, nil, safari, "26.1"},
		{"Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0", brands("Microsoft Edge"), nil, "Microsoft Edge", "156.0.1.2"},
		{"Chrome/156.0.0.0 Safari/537.36", brands("Google Chrome"), nil, "Google Chrome", "156.0.1.2"},
		{"Chrome/156.0.0.0 Safari/537.36", brands(), []found{{"Chromium", "156.0.8078.79"}}, "Chromium", "156.0.8078.79"},
		{"HeadlessChrome/156.0.0.0 Safari/537.36", append(brands(), brand{"HeadlessChrome", "156.0.8078.79"}), []found{{"Google Chrome", "1.2"}}, "Google Chrome", "156.0.8078.79"},
		{"Chrome/156.0.0.0 Safari/537.36 OPR/140.0.0.0", nil, nil, "Opera", "140.0.0.0"},
		{"Chrome/156.0.0.0 Safari/537.36", append(brands("Brave"), brand{"Brave", ""}), nil, "Brave", "156.0.1.2"},
		{"Chrome/156.0.0.0 Safari/537.36", nil, nil, "Google Chrome", "156.0.0.0"},
		{"Chrome/156.0.0.0 Safari/537.36", brands("Google Chrome"), []found{{"Vivaldi", "7.6"}}, "Vivaldi", "156.0.1.2"},
		{"Chrome/156.0.0.0 Safari/537.36", brands("Google Chrome"), []found{{"Vivaldi", "7.6"}, {"Google Chrome", "156"}}, "Google Chrome", "156.0.1.2"},
		{"curl/8", nil, nil, "", ""},
	} {
		p := pageFacts{Agent: tt.agent, Brands: tt.brands}
		if name, version := p.identify(tt.all); name != tt.name || version != tt.version {
			t.Errorf("%s %v: %q %q, want %q %q", tt.agent, tt.brands, name, version, tt.name, tt.version)
		}
	}
}

// TestHandler goes over the wire: the files, the cookie, the echo.
func TestHandler(t *testing.T) {
	s := httptest.NewServer(http.StripPrefix("/panel/browser", NewProbe(time.Now).Handler()))
	defer s.Close()
	total := 0
	for name, kind := range map[string]string{"panel.js": "text/javascript", "media.js": "text/javascript", "facts.js": "text/javascript", "panel.css": "text/css", "popup": "text/html"} {
		body, head := get(t, s, name, nil)
		total += len(body)
		if !strings.HasPrefix(head.Get("Content-Type"), kind) || head.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, head)
		}
		if strings.Contains(body, "innerHTML") || strings.Contains(body, " style=") || strings.Contains(body, "eval(") {
			t.Errorf("%s: what a strict policy of content forbids", name)
		}
	}
	if total > 40<<10 {
		t.Errorf("the panel is %d bytes", total)
	}
	body, head := get(t, s, "cookie", nil)
	if strings.TrimSpace(body) != `{"came":false}` || !strings.Contains(head.Get("Set-Cookie"), "Max-Age=60") {
		t.Errorf("%s %v", body, head)
	}
	body, head = get(t, s, "cookie", http.Header{"Cookie": {"deskready_probe=1"}})
	if strings.TrimSpace(body) != `{"came":true}` || !strings.Contains(head.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("%s %v", body, head)
	}
}

func get(t *testing.T, s *httptest.Server, name string, head http.Header) (string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/panel/browser/"+name, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = head
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s, %v", name, resp.Status, err)
	}
	return string(body), resp.Header
}

func TestEcho(t *testing.T) {
	s := httptest.NewServer(NewProbe(time.Now).Handler())
	defer s.Close()
	dial := func(origin string) (*websocket.Conn, error) {
		c, resp, err := websocket.Dial(t.Context(), s.URL+"/ws", &websocket.DialOptions{
			Subprotocols: []string{"deskready", "secret"}, HTTPHeader: http.Header{"Origin": {origin}},
		})
		if resp != nil && resp.Body != nil {
			resp.Body.Close()
		}
		return c, err
	}
	if _, err := dial("http://evil.example"); err == nil {
		t.Error("another site's page was let in")
	}
	c, err := dial(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if c.Subprotocol() != "deskready" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
	for i := range maxEchoes {
		text := fmt.Sprintf("echo %d", i)
		if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(t.Context()); err != nil || string(got) != text {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("after %d: %v", maxEchoes, err)
	}
	c, err = dial(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	_ = c.Write(t.Context(), websocket.MessageText, make([]byte, 4<<10)) // it may be cut off while it writes
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("a large message came back")
	}
}
