package guide

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"deskready/checks"
	"deskready/report/render"
)

// A Stage is one check of a run, as it is shown while it is measured.
type Stage struct {
	Check   string
	Metrics []checks.Metric
	Typical time.Duration // how long it usually takes: for the time left, before the check itself knows
}

// board is what is known of a run that goes on.
type board struct {
	stages []Stage
	began  time.Time
	events map[string]checks.Event
	heard  map[string]time.Time
	ended  map[string]bool
}

// Watch shows the checks of a list at work. What Tell hears is shown until the next step.
func (g *Guide) Watch(list []Stage) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.board = board{stages: list, began: time.Now(), events: map[string]checks.Event{}, heard: map[string]time.Time{}, ended: map[string]bool{}}
	g.set(&turn{page: "running", stage: 3, body: runningBody{g}})
}

// Tell is a checks.Progress.
func (g *Guide) Tell(e checks.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.ContainsFunc(g.board.stages, func(s Stage) bool { return s.Check == e.Check }) {
		return
	}
	g.board.events[e.Check], g.board.heard[e.Check] = e, time.Now()
	if e.Ended {
		g.board.ended[e.Check] = true
	}
	g.tellPages()
}

// A Moment is what a page shows of a run.
type Moment struct {
	Turn  int      `json:"turn"`
	Lang  string   `json:"lang"`
	Notes int      `json:"notes"`
	Left  string   `json:"left"`
	Share int      `json:"share"`  // percent of the run
	Said  string   `json:"status"` // for screen readers: changes when a check begins or ends, not with each figure
	Rows  []Action `json:"rows"`
}

// An Action is one check in it.
type Action struct {
	Check  string `json:"check"`
	Title  string `json:"title"`
	State  string `json:"state"` // "waiting", "now", "done"
	Word   string `json:"word"`  // the state in words
	Step   string `json:"step"`
	Share  int    `json:"share"`
	Figure string `json:"figure"`
	Level  int    `json:"level"` // percent of a level meter; -1: there is none
}

type runningBody struct{ g *Guide }

func (b runningBody) in(page) any { return b.g.moment() }

func (g *Guide) moment() Moment {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := Moment{Turn: g.turn.number, Lang: g.book.Lang(), Notes: len(g.notes)}
	if g.turn.page != "running" {
		return m
	}
	var left, all time.Duration
	for _, s := range g.board.stages {
		a := g.action(s)
		m.Rows = append(m.Rows, a)
		rest := g.board.rest(s)
		left += rest
		all += max(s.Typical, time.Second)
		if a.State == "now" && m.Said == "" {
			m.Said = a.Title + ". " + a.Step
		}
	}
	if all > 0 {
		m.Share = min(100, max(0, int(100*(1-left.Seconds()/max(all, left).Seconds()))))
	}
	m.Left = g.leftText(left)
	return m
}

// rest is what is left of a check, by itself or by what it usually takes.
func (b board) rest(s Stage) time.Duration {
	e, heard := b.events[s.Check]
	switch {
	case b.ended[s.Check]:
		return 0
	case heard && e.Left > 0:
		return max(e.Left-time.Since(b.heard[s.Check]), time.Second)
	case heard:
		return time.Duration(float64(s.Typical) * (1 - min(max(e.Done, 0), 1)))
	}
	return s.Typical
}

// leftText is the time left, as coarse as it is known.
func (g *Guide) leftText(left time.Duration) string {
	s := int(left.Round(time.Second).Seconds())
	switch {
	case s <= 5:
		return g.book.Text("guide.left.soon")
	case s < 100:
		return g.book.Text("guide.left.seconds", "n", strconv.Itoa((s+4)/5*5))
	}
	return g.book.Text("guide.left.minutes", "n", strconv.Itoa((s+59)/60))
}

func (g *Guide) action(s Stage) Action {
	a := Action{Check: s.Check, Title: g.book.Text(s.Check + ".title"), State: "waiting", Level: -1}
	e, heard := g.board.events[s.Check]
	switch {
	case g.board.ended[s.Check]:
		a.State, a.Share = "done", 100
	case heard:
		a.State, a.Share = "now", int(100*min(max(e.Done, 0), 1))
		if e.Step != "" {
			a.Step = g.book.Text(e.Step)
		}
		g.figure(&a, s, e)
	}
	a.Word = g.book.Text("guide.state." + a.State)
	return a
}

// figure is the live figure. A level of sound says nothing to most people in decibels: it is a bar, and a word.
func (g *Guide) figure(a *Action, s Stage, e checks.Event) {
	at := slices.IndexFunc(s.Metrics, func(m checks.Metric) bool { return m.ID == e.Metric })
	if at < 0 {
		return
	}
	switch unit := s.Metrics[at].Unit; unit {
	case checks.DBFS, checks.DBov:
		a.Level = min(100, max(0, int((e.Value+60)*100/60)))
		a.Figure = g.book.Text("guide.level." + loudness(e.Value))
	case checks.MOS:
		a.Figure = g.book.Text("guide.live_mos", "v", render.Quantity(g.book, e.Value, unit))
	default:
		a.Figure = render.Quantity(g.book, e.Value, unit)
	}
}

// loudness is what a level sounds like: speech is usually at -26 dBov (ITU-T P.56), a quiet room below -50.
func loudness(level float64) string {
	switch {
	case level < -50:
		return "quiet"
	case level < -6:
		return "heard"
	}
	return "loud"
}

const (
	mostStreams = 8
	sayAtMost   = 200 * time.Millisecond
	sayAtLeast  = 10 * time.Second // keeps a connection from looking dead
)

// events tells a page what goes on, as server-sent events. A page without a script asks again by itself.
func (g *Guide) events(w http.ResponseWriter, r *http.Request) {
	flush, ok := w.(http.Flusher)
	if !ok || !g.tune(1) {
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	defer g.tune(-1)
	secret := r.PathValue("secret")
	w.Header().Set("Content-Type", "text/event-stream")
	var last string
	for {
		g.mu.Lock()
		changed, mine := g.changed, same(g.session, secret)
		g.mu.Unlock()
		if !mine { // the page was opened anew elsewhere
			fmt.Fprint(w, "event: over\ndata: {}\n\n")
			return
		}
		data, _ := json.Marshal(g.moment()) // strings and numbers
		if text := string(data); text != last {
			fmt.Fprintf(w, "data: %s\n\n", text)
			last = text
		} else {
			fmt.Fprint(w, ": still here\n\n")
		}
		flush.Flush()
		if !g.pause(r, changed) {
			return
		}
	}
}

// pause waits for something to say, and no less than a moment. It says false when the page or the guide has gone.
func (g *Guide) pause(r *http.Request, changed <-chan struct{}) bool {
	gone := func(c <-chan time.Time, changed <-chan struct{}) bool {
		select {
		case <-r.Context().Done():
			return true
		case <-g.over:
			return true
		case <-c:
		case <-changed:
		}
		return false
	}
	return !gone(time.After(sayAtMost), nil) && !gone(time.After(sayAtLeast), changed)
}

// tune counts the pages that listen.
func (g *Guide) tune(by int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if by > 0 && g.streams >= mostStreams {
		return false
	}
	g.streams += by
	g.heard = true
	g.left = time.Now()
	return true
}
