package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report/render"
)

// meter shows what is going on, on standard error: one line that is drawn over on a terminal, plain lines elsewhere.
type meter struct {
	mu     sync.Mutex
	world  *world
	book   words.Book
	draws  bool
	units  map[string]checks.Unit
	latest map[string]checks.Event // by check, of those at work
	steps  map[string]string       // the last step said of each check
	order  []string
	drawn  time.Time
	still  bool
	width  int
}

// often enough to look alive, seldom enough for a slow terminal over a thin line.
const redraw = 150 * time.Millisecond

func newMeter(w *world, b words.Book, plain bool, list []checks.Check) *meter {
	m := &meter{
		world: w, book: b, latest: map[string]checks.Event{}, steps: map[string]string{}, units: map[string]checks.Unit{},
		draws: w.terminal && !plain && w.env("NO_COLOR") == "" && w.env("TERM") != "dumb",
		width: max(w.width(), 20),
	}
	for _, c := range list {
		m.order = append(m.order, c.Name)
		for _, metric := range c.Metrics {
			m.units[metric.ID] = metric.Unit
		}
	}
	return m
}

// tell is a checks.Progress.
func (m *meter) tell(e checks.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.Ended {
		delete(m.latest, e.Check)
		if !m.draws && slices.Contains(m.order, e.Check) {
			m.world.say("%s", m.book.Text("cmd.done", "check", m.book.Text(e.Check+".title")))
		}
		return
	}
	m.latest[e.Check] = e
	switch {
	case m.still:
	case m.draws && time.Since(m.drawn) >= redraw:
		m.draw()
	case !m.draws && e.Step != "" && e.Step != m.steps[e.Check]:
		m.steps[e.Check] = e.Step
		m.world.say("%s", m.sentence(e))
	}
}

// sentence says one event in words.
func (m *meter) sentence(e checks.Event) string {
	text := m.book.Text(e.Check + ".title")
	if e.Step != "" {
		text += ": " + m.book.Text(e.Step)
	}
	if e.Left >= time.Second {
		text += " " + m.book.Text("cmd.left", "seconds", fmt.Sprint(int(e.Left.Round(time.Second).Seconds())))
	}
	return text
}

func (m *meter) draw() {
	m.drawn = time.Now()
	var lines []string
	for _, name := range m.order {
		if e, ok := m.latest[name]; ok {
			lines = append(lines, m.line(e))
		}
	}
	if len(lines) == 0 {
		return
	}
	line := []rune(lines[int(m.drawn.Unix()/2)%len(lines)]) // checks side by side take turns
	fmt.Fprintf(m.world.stderr, "\r\x1b[K%s", string(line[:min(len(line), m.width-1)]))
}

// line draws one event, the live figure and the time first: a narrow terminal cuts the end off.
func (m *meter) line(e checks.Event) string {
	text := bar(e.Done) + "  "
	if e.Metric != "" {
		text += m.figure(e) + "  "
	}
	if e.Left >= time.Second {
		text += m.book.Text("cmd.left_short", "seconds", strconv.Itoa(int(e.Left.Round(time.Second).Seconds()))) + "  "
	}
	if e.Step == "" {
		return text + m.book.Text(e.Check+".title")
	}
	return text + m.book.Text(e.Step)
}

// figure is the live figure. That of a call has no unit of its own that anybody would know.
func (m *meter) figure(e checks.Event) string {
	unit := m.units[e.Metric]
	text := render.Quantity(m.book, e.Value, unit)
	if unit == checks.MOS {
		return m.book.Text("cmd.live_mos", "v", text)
	}
	return text
}

func bar(done float64) string {
	const cells = 10
	full := int(min(max(done, 0), 1) * cells)
	return strings.Repeat("█", full) + strings.Repeat("░", cells-full)
}

// pause takes the line off the screen until the function it returns is called.
func (m *meter) pause() (resume func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.still = true
	m.wipe()
	return func() {
		m.mu.Lock()
		m.still = false
		m.mu.Unlock()
	}
}

func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.still = true
	m.wipe()
}

func (m *meter) wipe() {
	if m.draws {
		fmt.Fprint(m.world.stderr, "\r\x1b[K")
	}
}
