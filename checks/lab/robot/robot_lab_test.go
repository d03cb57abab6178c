//go:build lab

package robot

import (
	"bytes"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title><meta name="viewport" content="width=device-width">
<main><h1>Hello</h1><form action="/next" method="get"><label>Name <input name="who"></label>
<label><input type="checkbox" name="sure"> Sure</label><button>Go</button></form>
<button id="ask" type="button">Ask</button><p id="heard"></p><p id="why"></p><div style="height:1500px"></div>
<button id="far" type="button" onclick="this.textContent='found'">Far</button></main>
<script>document.getElementById("ask").onclick = async () => {
	try { await navigator.mediaDevices.getUserMedia({audio: true, video: true}); heard.textContent = "granted"; }
	catch (e) { heard.textContent = e.name + why.textContent; why.textContent = e.message; }
};</script>`

func serve(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(page))
	})
	mux.HandleFunc("/next", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><meta charset=\"utf-8\"><title>next</title><h1>" + r.FormValue("who") + " " + r.FormValue("sure") + "</h1>"))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestLabBrowsers(t *testing.T) {
	s := serve(t)
	for _, name := range []string{Chromium, Firefox} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := Start(t, name, Options{Lang: "ar"})
			b.Open(t, s.URL)
			if got := b.Text(t, "h1"); got != "Hello" {
				t.Fatalf("heading %q", got)
			}
			b.Click(t, "input[name=who]")
			b.Type(t, "Ana Ñu")
			b.Click(t, "input[name=sure]")
			b.Click(t, "#far")
			if got := b.Text(t, "#far"); got != "found" {
				t.Errorf("a click far down the page: %q", got)
			}
			b.Click(t, "#ask")
			b.Until(t, 10*time.Second, `heard.textContent == "granted"`)
			b.Click(t, "form button")
			b.Until(t, 10*time.Second, `document.title == "next"`)
			if got := b.Text(t, "h1"); got != "Ana Ñu on" {
				t.Errorf("the form carried %q", got)
			}
			var lang string
			if b.Eval(t, "navigator.language", &lang); lang != "ar" {
				t.Errorf("language %q", lang)
			}
			if !slices.ContainsFunc(b.Requests(), func(r Request) bool {
				return strings.HasPrefix(r.URL, s.URL+"/next?who=Ana") && r.Status == 200 && r.Bytes > 0
			}) {
				t.Errorf("the log lacks the form: %+v", b.Requests())
			}
			b.Open(t, strings.Replace(s.URL, "127.0.0.1", Rebound, 1))
			if got := b.Text(t, "h1"); got != "Hello" {
				t.Errorf("by a name that was rebound: %q", got)
			}
			// and again without a mouse, on a phone, in a tab of its own
			b = b.Tab(t)
			b.SetViewport(t, 360, 640, false)
			b.Open(t, s.URL)
			b.Reach(t, "input[name=who]")
			b.Type(t, "Bo")
			b.Reach(t, "input[name=sure]")
			b.Press(t, "Space")
			b.Press(t, "Tab", "Shift+Tab")
			shot := filepath.Join(t.TempDir(), "a", "page.png")
			b.Screenshot(t, shot)
			data, err := os.ReadFile(shot)
			if err != nil {
				t.Fatal(err)
			}
			if img, err := png.DecodeConfig(bytes.NewReader(data)); err != nil || img.Width != 360 || img.Height < 1500 {
				t.Errorf("picture: %v %+v", err, img)
			}
			b.Reach(t, "form button")
			b.Press(t, "Enter")
			b.Until(t, 10*time.Second, `document.title == "next"`)
			if got := b.Text(t, "h1"); got != "Bo on" {
				t.Errorf("the form carried %q", got)
			}
		})
		t.Run(name+" refused", func(t *testing.T) {
			t.Parallel()
			b := Start(t, name, Options{Media: Refused})
			b.Open(t, s.URL)
			b.Click(t, "#ask")
			b.Until(t, 10*time.Second, `heard.textContent == "NotAllowedError"`)
		})
		t.Run(name+" unanswered", func(t *testing.T) {
			t.Parallel()
			b := Start(t, name, Options{Media: Unanswered})
			b.Open(t, s.URL)
			b.Click(t, "#ask")
			time.Sleep(2 * time.Second)
			if got := b.Text(t, "#heard"); got != "" {
				t.Errorf("a prompt that nobody answered came back with %q %q", got, b.Text(t, "#why"))
			}
		})
	}
}

func TestLabTree(t *testing.T) {
	s := serve(t)
	b := Start(t, Chromium, Options{})
	b.Open(t, s.URL)
	all := strings.Join(b.Tree(t), "\n")
	for _, want := range []string{`RootWebArea "A page"`, `heading "Hello" level=1`, `textbox "Name"`, `checkbox "Sure"`, `button "Go"`} {
		if !strings.Contains(all, want) {
			t.Errorf("the tree lacks %s:\n%s", want, all)
		}
	}
}

// The audit must find what is wrong, or it would let everything through.
func TestLabAudit(t *testing.T) {
	bad := `<!doctype html><title></title><h1>A</h1><h1>B</h1><h4 id="x">C</h4><p id="x" style="color:#999">Pale</p><input><button style="width:10px;height:10px;padding:0;overflow:hidden">x</button>
<p aria-describedby="nowhere"></p><img src="data:,"><a href="#" tabindex="3">Go</a><div style="width:500px">Wide</div>`
	good := `<!doctype html><html lang="en"><meta charset="utf-8"><title>Good</title><style>button,input{min-height:44px;min-width:44px}</style><main><h1>A</h1><h2>B</h2>
<p style="color:#555">Grey, but dark</p><label>Name <input></label><button>Go</button><p role="status"></p></main>`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(map[string]string{"/good": good, "/bad": bad}[r.URL.Path]))
	}))
	defer s.Close()
	b := Start(t, Chromium, Options{})
	b.Open(t, s.URL+"/good")
	if got, ok := b.Audit(t); !ok || len(got) > 0 {
		t.Errorf("complaints of a good page:\n%s", strings.Join(got, "\n"))
	}
	b.Open(t, s.URL+"/bad")
	got, _ := b.Audit(t)
	all := strings.Join(got, "\n")
	for _, want := range []string{"no title", "no language", "main parts", "2 first headings", "level 4 after one of level 1", "id x", "contrast 2.8", "without a name",
		"under 24 px", "nowhere", "no live region", "without words", "order of its own", "at 320 px"} {
		if !strings.Contains(all, want) {
			t.Errorf("the audit did not find %q in\n%s", want, all)
		}
	}
}
