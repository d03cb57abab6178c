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

// total is how long the check takes, once it is its turn.
func (m *meter) total() time.Duration { return 2*m.options.Direction + 4*time.Second }

func (m *meter) event(step string) checks.Event {
	done := min(float64(time.Since(m.began))/float64(m.total()), 0.99)
	return checks.Event{Step: step, Done: done, Left: max(m.total()-time.Since(m.began), 0)}
}

func (m *meter) queued(longest time.Duration) {
	m.tell(checks.Event{Step: "bandwidth.step.queue", Left: max(longest, 0) + m.total()})
}

func (m *meter) searching() { m.tell(m.event("bandwidth.step.server")) }

func (m *meter) pinged(n int) { m.tell(m.event("bandwidth.step.rtt")) }

// live is told the rate of a direction several times a second.
func (m *meter) live(way direction) func(rate float64) {
	return func(rate float64) {
		e := m.event(way.step)
		e.Metric, e.Value = way.metric.ID, rate
		m.tell(e)
	}
}
