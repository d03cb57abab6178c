// Package guide is the hire's own page: it leads through a run, one step at a time, in the browser of whoever sits at
// the computer that is measured. It is served on this computer alone, to one person.
//
// The run goes on outside of it: whoever runs it puts the steps (Welcome, Consent, Ask, Decide, End) one after another,
// and each waits for the person, as a question in a terminal would. So nothing is lost with a page. A tab, whichever and
// how often it asks, is shown the step that the run is at.
package guide

import (
	"context"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"deskready/checks/words"
)

// A Config is what a guide is made of.
type Config struct {
	Book      func(lang string) (words.Book, error) // texts of the guide, the checks and the report
	Lang      string                                // to begin in
	Guess     bool                                  // begin in the browser's language, where there are texts in it
	Languages []string                              // to choose from
	Panels    map[string]http.Handler               // pages of checks, by the name that their questions give
	Rand      io.Reader                             // for secrets
	Version   string
	Patience  Patience // zero: as for people
}

// Patience is how long a guide waits for a person.
type Patience struct {
	Answer   time.Duration // for what a check asks, while a measurement waits
	Panel    time.Duration // for the page of a check, as long as nothing is heard of it
	Decision time.Duration // for what nothing waits for
	Farewell time.Duration // for the last page to be closed
	Gone     time.Duration // until a page that was there and is there no more is given up
}

func people() Patience {
	return Patience{Answer: 10 * time.Minute, Panel: 3 * time.Minute, Decision: 2 * time.Hour, Farewell: 15 * time.Minute, Gone: 30 * time.Second}
}

// ErrNobody says that the person did not answer in time.
var ErrNobody = errors.New("nobody answered on the page")

// A Guide is the page of one person.
type Guide struct {
	Config
	host   string // 127.0.0.1 and the port
	pages  map[string]*template.Template
	asking chan struct{} // one question at a time

	mu      sync.Mutex
	book    words.Book
	launch  string // the secret that opens the page, once; empty: used
	session string // the secret that the page is reached by; empty: not opened yet
	again   string // the secret by which the same user gets another link
	opened  chan struct{}
	turn    *turn // what is shown
	turns   int
	board   board
	notes   []string
	files   map[string]File
	contact time.Time // when a page last asked for something
	streams int       // pages that are listening
	heard   bool      // one has listened at all
	left    time.Time // when the last one stopped
	changed chan struct{}
	over    chan struct{}
}

// A turn is one step: a page, and what its form may answer.
type turn struct {
	number int
	page   string // name of the template
	stage  int    // of the six that the person counts
	body   any
	form   form                                    // nil: there is nothing to answer
	wrong  func(url.Values) (page, problem string) // what is wrong with an answer, and the page that says so; nil: nothing ever
	reply  chan url.Values
}

// New makes a guide that waits for its first step.
func New(c Config) (*Guide, error) {
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	if c.Patience == (Patience{}) {
		c.Patience = people()
	}
	if !slices.Contains(c.Languages, c.Lang) { // the guide would be in two languages at once
		c.Lang = words.Fallback
	}
	book, err := c.Book(c.Lang)
	if err != nil {
		return nil, err
	}
	g := &Guide{
		Config: c, pages: pages, book: book, asking: make(chan struct{}, 1),
		opened: make(chan struct{}), changed: make(chan struct{}), over: make(chan struct{}), contact: time.Now(),
		files: map[string]File{},
	}
	g.again = g.secret()
	g.Busy("opening")
	return g, nil
}

// Texts are the book that the person chose.
func (g *Guide) Texts() words.Book {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.book
}

// Note tells the person something beside the steps. It stays for the rest of the run.
func (g *Guide) Note(text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.notes) < 20 {
		g.notes = append(g.notes, text)
	}
	g.tellPages()
}

// Watched says whether a page is open now that follows the run. One without a script is not seen.
func (g *Guide) Watched() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.streams > 0
}

// Busy shows that something is done that takes a while: the text is the guide's own, under "guide.busy.".
func (g *Guide) Busy(what string, pairs ...string) {
	g.show(&turn{page: "busy", stage: busyStage(what), body: busyBody{What: what, Pairs: pairs}})
}

type busyBody struct {
	What  string
	Pairs []string
}

func busyStage(what string) int {
	switch what {
	case "opening":
		return 1
	case "sending":
		return 6
	}
	return 3
}

// show puts a step in place of the one before.
func (g *Guide) show(t *turn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set(t)
}

func (g *Guide) set(t *turn) {
	g.turns++
	t.number = g.turns
	if t.reply == nil {
		t.reply = make(chan url.Values, 1)
	}
	g.turn = t
	g.tellPages()
}

// tellPages wakes those who listen. The lock is held.
func (g *Guide) tellPages() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// put shows a step and waits for its answer, at most so long after a page last asked for something.
func (g *Guide) put(ctx context.Context, t *turn, limit time.Duration) (url.Values, error) {
	g.show(t)
	return g.await(ctx, t, limit, limit)
}

// await gives up when no page has asked for anything for so long, or when the last page that listened has gone and not
// come back.
func (g *Guide) await(ctx context.Context, t *turn, limit, gone time.Duration) (url.Values, error) {
	began := time.Now()
	tick := time.NewTicker(min(time.Second, gone))
	defer tick.Stop()
	for {
		select {
		case v := <-t.reply:
			return v, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
		g.mu.Lock()
		since := time.Since(later(g.contact, began))
		away := g.heard && g.streams == 0 && time.Since(later(g.left, began)) > gone
		g.mu.Unlock()
		if since > limit || away {
			return nil, ErrNobody
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
