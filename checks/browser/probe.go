package browser

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"deskready/checks"

	"github.com/coder/websocket"
)

//go:embed panel
var panel embed.FS

// A Probe is one page's account of the browser it runs in: the office end of the page's own script. A page can say what
// it likes, and the hire owns it: what it says is marked as the browser's.
type Probe struct {
	// Texts is the text for a key of this check's words, in the language of the page. Nil: as the page asks, or English.
	Texts func(key string) string

	now     func() time.Time
	silence time.Duration // without a sign of life, after which the page is taken to be closed

	mu      sync.Mutex
	account event
	seen    time.Time // the last sign of life
}

// The page says every ten seconds that it is there. Browsers wake the clock of a page that nobody looks at once a minute.
const silence = 2 * time.Minute

// patience is how long a page may take in all: three times what its own limits come to.
const patience = 20 * time.Minute

// NewProbe is a probe of which no page has said anything.
func NewProbe(now func() time.Time) *Probe {
	return &Probe{now: now, silence: silence}
}

// Handler serves the page's script, and takes what it says. All lies below one prefix, which the caller strips; who may
// reach it (session, host, origin) is the caller's to say.
func (p *Probe) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, name := range []string{"panel.js", "media.js", "facts.js", "panel.css", "popup"} {
		mux.HandleFunc("GET /"+name, file(name))
	}
	mux.HandleFunc("GET /texts.json", p.serveTexts)
	mux.HandleFunc("GET /cookie", cookie)
	mux.HandleFunc("GET /ws", echo)
	mux.HandleFunc("POST /event", p.take)
	return mux
}

// file serves one of the panel's.
func file(name string) http.HandlerFunc {
	kinds := map[string]string{"js": "text/javascript", "css": "text/css"}
	data, err := panel.ReadFile("panel/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = panel.ReadFile("panel/" + name + ".html")
	}
	if err != nil {
		panic(err) // the names are constant and good
	}
	_, end, _ := strings.Cut(name, ".")
	kind := kinds[end]
	if kind == "" {
		kind = "text/html"
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		head(w, kind+"; charset=utf-8")
		_, _ = w.Write(data) // a page that left needs no answer
	}
}

func head(w http.ResponseWriter, kind string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

func answer(w http.ResponseWriter, v any) {
	head(w, "application/json")
	_ = json.NewEncoder(w).Encode(v) // maps of strings, and a page that left needs no answer
}

// spoken is what the keys of the page's texts begin with.
const spoken = "browser.panel."

// serveTexts gives the page its texts, in the caller's language.
func (p *Probe) serveTexts(w http.ResponseWriter, r *http.Request) {
	all, err := ownTexts("en")
	if err != nil {
		http.Error(w, "the texts cannot be read", http.StatusInternalServerError)
		return
	}
	asked := map[string]string{}
	if lang := r.URL.Query().Get("lang"); p.Texts == nil && !strings.ContainsAny(lang, `./\`) {
		asked, _ = ownTexts(lang) // English where there are none
	}
	out := map[string]string{}
	for key, text := range all {
		if name, ok := strings.CutPrefix(key, spoken); ok {
			switch {
			case p.Texts != nil:
				text = p.Texts(key)
			case asked[key] != "":
				text = asked[key]
			}
			out[name] = text
		}
	}
	answer(w, out)
}

func ownTexts(lang string) (map[string]string, error) {
	data, err := fs.ReadFile(wordFiles, "words/"+lang+".json")
	if err != nil {
		return nil, err
	}
	var all map[string]string
	return all, json.Unmarshal(data, &all)
}

// cookie sets one, and says at the next time whether it came back; then it is taken away again.
func cookie(w http.ResponseWriter, r *http.Request) {
	c := &http.Cookie{Name: "deskready_probe", Value: "1", MaxAge: 60, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	_, err := r.Cookie(c.Name)
	if err == nil {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
	answer(w, map[string]bool{"came": err == nil})
}

const (
	maxEchoes   = 32
	echoTimeout = 15 * time.Second
)

// echo sends back what comes over a WebSocket.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"deskready"}})
	if err != nil {
		return // it has answered
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 10)
	ctx, cancel := context.WithTimeout(r.Context(), echoTimeout)
	defer cancel()
	for range maxEchoes {
		kind, data, err := c.Read(ctx)
		if err != nil {
			return
		}
		if err := c.Write(ctx, kind, data); err != nil {
			return
		}
	}
	c.Close(websocket.StatusNormalClosure, "")
}

// take takes an event, and answers how the step stands, for the page to say.
func (p *Probe) take(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		http.Error(w, "an event is application/json", http.StatusUnsupportedMediaType)
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		http.Error(w, "the event is too large", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "the event did not come whole", http.StatusBadRequest)
		return
	}
	e, err := readEvent(data)
	if err != nil {
		http.Error(w, "this is no event", http.StatusBadRequest)
		return
	}
	p.keep(e)
	answer(w, map[string]string{"state": e.state()})
}

// keep adds to the account. Another browser's page begins a new one: two would be taken for one.
func (p *Probe) keep(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Page != nil && p.account.Page != nil && e.Page.Agent != p.account.Page.Agent {
		p.account = event{}
	}
	if e.Page != nil {
		p.account.Ended = nil // loaded again
	}
	p.account.merge(e)
	p.seen = p.now()
}

func (p *Probe) told() event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.account
}

// errSilent ends the wait for a page that has nothing more to say.
var errSilent = errors.New("the page is silent")

// attend waits for a page to give its account: until it says that it has ended, or is no longer there.
func (p *Probe) attend(ctx context.Context, ask checks.Ask) (event, error) {
	p.mu.Lock()
	p.account, p.seen = event{}, p.now()
	p.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go p.watch(ctx, func() { cancel(errSilent) })
	_, err := ask.Put(ctx, checks.Question{Key: "browser.ask.page", Panel: "browser"})
	if errors.Is(context.Cause(ctx), errSilent) {
		err = nil // the account says that the page has not ended
	}
	return p.told(), err
}

func (p *Probe) watch(ctx context.Context, end func()) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	began := p.now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		p.mu.Lock()
		quiet := p.now().Sub(p.seen)
		p.mu.Unlock()
		if quiet > p.silence || p.now().Sub(began) > patience {
			end()
			return
		}
	}
}
