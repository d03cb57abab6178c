package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"deskready/checks/all"
	"deskready/checks/browser"
	"deskready/checks/words"
	"deskready/report/guide"
	"deskready/report/strict"
)

// neverOpened is how long the page waits to be opened at all.
const neverOpened = 30 * time.Minute

// A stand is where the page is served while a run goes on.
type stand struct {
	page   *guide.Guide
	probe  *browser.Probe
	ctx    context.Context //nolint:containedctx // it ends with the stand, and says why
	cancel context.CancelCauseFunc
	served chan struct{}
	place  string
}

var errNotOpened = errors.New("nobody opened the page") // read only

func (w *world) openStand(ctx context.Context, o checkOptions) (*stand, error) {
	list := w.list(all.Options{})
	b, err := w.book(o.lang, list)
	if err != nil {
		return nil, err
	}
	sources, probe := w.sources(list), browser.NewProbe(w.now)
	page, err := guide.New(guide.Config{
		Book: func(lang string) (words.Book, error) { return words.Open(lang, sources...) },
		Lang: b.Lang(), Guess: o.lang == "", Languages: words.Languages(guide.Words()), Rand: w.rand, Version: w.version,
		Panels: map[string]http.Handler{"browser": probe.Handler()},
	})
	if err != nil {
		return nil, err
	}
	l, err := page.Listen()
	if err != nil {
		return nil, &fault{exit: exitUnexpected, code: "no_page", what: "serving the page on this computer: " + err.Error(), hint: "use deskready check, which needs no page"}
	}
	s := &stand{page: page, probe: probe, served: make(chan struct{}), place: filepath.Join(w.state, "page.json")}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	go func() {
		defer close(s.served)
		_ = page.Serve(s.ctx, l) // when it ends early, nobody answers on the page, which is told
	}()
	s.leaveWord()
	w.say("%s", b.Text("cmd.guide.open"))
	w.showLink(page.Link())
	go s.waitForOpening()
	go w.tellClosed(s, b)
	if w.asks {
		w.say("%s", b.Text("cmd.guide.enter"))
		go w.linksOnEnter(s)
	}
	return s, nil
}

// close ends the page once what its browser is still loading was loaded.
func (s *stand) close() {
	select {
	case <-s.ctx.Done():
	case <-time.After(time.Second):
	}
	s.cancel(nil)
	<-s.served
	_ = os.Remove(s.place) // most often it is there
}

func (s *stand) waitForOpening() {
	select {
	case <-s.page.Opened():
	case <-s.ctx.Done():
	case <-time.After(neverOpened):
		s.cancel(errNotOpened)
	}
}

// outcome is what the program ends with.
func (s *stand) outcome(err error) error {
	if errors.Is(context.Cause(s.ctx), errNotOpened) {
		return &fault{exit: exitInterrupted, code: "not_opened", what: "nobody opened the page", hint: "copy its address into a browser on this computer, or use deskready check"}
	}
	return err
}

// closedFor is how long a page may be away, as for a reload, before it counts as closed.
const closedFor = 10 * time.Second

// tellClosed tells whoever closed the page, or whose browser died, that nothing is lost and how to get the page back. No
// new link is printed for it: that would shut out a page that only slept.
func (w *world) tellClosed(s *stand, b words.Book) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	seen, last := false, time.Now()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		switch {
		case s.page.Watched():
			seen, last = true, time.Now()
		case seen && time.Since(last) > closedFor:
			w.say("%s", b.Text("cmd.guide.closed"))
			seen = false
		}
	}
}

// linksOnEnter gives another link whenever the person presses Enter: each works once.
func (w *world) linksOnEnter(s *stand) {
	in := make([]byte, 1)
	for {
		if n, err := w.stdin.Read(in); err != nil || s.ctx.Err() != nil {
			return
		} else if n == 1 && in[0] == '\n' {
			w.showLink(s.page.Link())
		}
	}
}

// standing is where a page is served, and by which secret its user gets another link to it: a file that only he can read.
type standing struct {
	Address string `json:"address"`
	Secret  string `json:"secret"`
}

func (s *stand) leaveWord() {
	var at standing
	at.Address, at.Secret = s.page.Again()
	data, err := json.Marshal(at)
	if err == nil && os.MkdirAll(filepath.Dir(s.place), 0o700) == nil {
		_ = writeFile(s.place, data) // without it a second start says that the first is at work
	}
}

// elsewhere asks a guide that runs already for a link to its page, so that a second double click opens the page again.
func (w *world) elsewhere(ctx context.Context) string {
	data, err := readFile(filepath.Join(w.state, "page.json"), 10000)
	if err != nil {
		return ""
	}
	var at standing
	if strict.Decode(data, &at, strict.Default) != nil {
		return ""
	}
	nonce := make([]byte, 16)
	_, _ = io.ReadFull(w.rand, nonce) // crypto/rand cannot fail
	link, err := guide.Another(ctx, at.Address, at.Secret, hex.EncodeToString(nonce))
	if err != nil {
		return "" // it has ended, or crashed: this one begins
	}
	return link
}
