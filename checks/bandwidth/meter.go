package bandwidth

import (
	"time"

	"deskready/checks"
)

// A meter tells how far the check is.
type meter struct {
	tell    checks.Progress
	began   time.Time
	options Options
}

// total is about how long the check takes, once it is its turn.
func (m *meter) total() time.Duration {
	if m.options.Exact || m.options.Quick {
		return 2*m.options.Direction + 3*time.Second
	}
	return 2*min(m.options.Direction, early+time.Second) + 3*time.Second
}

func (m *meter) event(step string) checks.Event {
	done := min(float64(time.Since(m.began))/float64(m.total()), 0.99)
	return checks.Event{Step: step, Done: done, Left: max(m.total()-time.Since(m.began), 0)}
}

// queued tells the wait for a turn: so many are before us, with the one who is measuring.
func (m *meter) queued(before int64) {
	m.tell(checks.Event{Step: "bandwidth.step.queue", Left: time.Duration(before+1) * m.total()})
}

func (m *meter) searching() { m.tell(m.event("bandwidth.step.server")) }

func (m *meter) calling() { m.tell(m.event("bandwidth.step.beside")) }

func (m *meter) pinged() { m.tell(m.event("bandwidth.step.rtt")) }

// live is told the rate of a direction several times a second.
func (m *meter) live(way direction) func(rate float64) {
	return func(rate float64) {
		e := m.event(way.step)
		e.Metric, e.Value = way.metric.ID, rate
		m.tell(e)
	}
}
