package guide

import (
	"context"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"deskready/report/render"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

//go:embed words/*.json
var wordFiles embed.FS

// Words are the texts of the guide.
func Words() fs.FS {
	sub, err := fs.Sub(wordFiles, "words")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

func parsePages() (map[string]*template.Template, error) {
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, n := range names {
		t, err := template.ParseFS(pageFiles, "pages/layout.html", n)
		if err != nil {
			return nil, err
		}
		pages[strings.TrimSuffix(path.Base(n), ".html")] = t
	}
	return pages, nil
}

const (
	openPath  = "/open/"
	pagePath  = "/s/"
	panelPath = "/panel/"
	againPath = "/again"
)

// Listen takes a place on this computer that no other computer can reach.
func (g *Guide) Listen() (net.Listener, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g.host = l.Addr().String()
	return l, nil
}

// Serve answers on l until ctx ends. What is being loaded then is still loaded.
func (g *Guide) Serve(ctx context.Context, l net.Listener) error {
	s := &http.Server{
		Handler: g.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	context.AfterFunc(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		close(g.over)
	})
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := s.Shutdown(end)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	return err
}

// Link is a fresh link that opens the page, once. Those before it, and the page they opened, are closed to everybody: who
// asks for another one did not get to the page, or lost it.
func (g *Guide) Link() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.launch, g.session = g.secret(), ""
	g.contact, g.heard = time.Now(), false
	g.tellPages()
	return g.origin() + openPath + g.launch
}

// SecretHeader carries the session's secret in what scripts of the page send: a header that no form of another page can
// set, so that a browser asks first, and is refused.
const SecretHeader = "X-Deskready"

// Opened is closed once a link was followed.
func (g *Guide) Opened() <-chan struct{} { return g.opened }

// Handler is all of it. Tests may serve it themselves.
func (g *Guide) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+openPath+"{token}", g.open)
	mux.HandleFunc("POST "+againPath, g.another)
	mux.HandleFunc("GET /static/{file}", g.static)
	session := func(pattern string, h func(http.ResponseWriter, *http.Request)) {
		method, rest, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+pagePath+"{secret}/"+rest, g.known(h))
	}
	session("GET {$}", g.current)
	session("GET sign", g.signPage)
	session("GET events", g.events)
	session("GET file/{name}", g.file)
	session("POST answer/{turn}", g.answer)
	session("POST language", g.language)
	for name, panel := range g.Panels {
		prefix := panelPath + name + "/"
		mux.Handle(prefix, g.panel(http.StripPrefix(strings.TrimSuffix(prefix, "/"), panel)))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound) })
	return g.guarded(mux)
}

// open swaps the launch secret, which others on this computer may see in the list of programs, for the session's. That
// rides in the path, so that plain forms, reloads and the history work without a script. A cookie would be shared with
// whatever else is served on 127.0.0.1, on any port.
//
// What only looks ahead (a browser that prefetches, a scanner that asks for the head) does not spend the link.
func (g *Guide) open(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.Header.Get("Sec-Purpose") != "" || r.Header.Get("Purpose") != "" {
		refuse(w, http.StatusForbidden)
		return
	}
	g.mu.Lock()
	good := same(g.launch, r.PathValue("token"))
	if good {
		g.launch, g.session = "", g.secret()
		g.contact = time.Now()
		select {
		case <-g.opened:
		default:
			g.guess(r.Header.Get("Accept-Language"))
			close(g.opened)
		}
	}
	session := g.session
	g.mu.Unlock()
	if !good {
		g.render(w, r, http.StatusForbidden, &turn{page: "used", stage: 0}, "", "")
		return
	}
	http.Redirect(w, r, pagePath+session+"/", http.StatusSeeOther)
}

// known lets in who has the session's secret.
func (g *Guide) known(next func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		good := same(g.session, r.PathValue("secret"))
		if good {
			g.contact = time.Now()
		}
		g.mu.Unlock()
		switch {
		case good:
			next(w, r)
		case r.Method == http.MethodPost:
			refuse(w, http.StatusForbidden)
		default:
			g.render(w, r, http.StatusForbidden, &turn{page: "used"}, "", "")
		}
	}
}

// panel guards the page of a check. Its files are no secret; what it says is taken only with the session's secret, and
// only while its question is put.
func (g *Guide) panel(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, socket := r.Header.Get(SecretHeader), r.Header.Get("Upgrade") != ""
		if socket { // no script can set a header on these, but it names what it speaks
			_, given, _ = strings.Cut(r.Header.Get("Sec-WebSocket-Protocol"), ", ")
		}
		g.mu.Lock()
		good := same(g.session, given) && g.turn.page == "panel"
		if good {
			g.contact = time.Now()
		}
		g.mu.Unlock()
		if (socket || r.Method == http.MethodPost) && !good {
			refuse(w, http.StatusForbidden)
			return
		}
		g.forPanel(w.Header())
		r.Body = http.MaxBytesReader(w, r.Body, maxPanel)
		next.ServeHTTP(w, r)
	})
}

// static serves what pages link to. It is the same for everybody, and may be kept for a while: the last page is shown
// when nobody serves it any more.
func (g *Guide) static(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	data, err := staticFiles.ReadFile("static/" + name)
	if name == "report.css" {
		data, err = []byte(render.Style()), nil
	}
	if err != nil || !fs.ValidPath(name) {
		refuse(w, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", kinds[path.Ext(name)])
	w.Header().Set("Cache-Control", "private, max-age=600")
	_, _ = w.Write(data) // the reader is gone
}
