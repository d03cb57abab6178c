package bandwidth

import (
	"context"
	"time"
)

// call is what runs beside the load for others. Its zero value is none.
type call struct {
	tell  func(name string)
	ready chan func(name string)
	there bool
}

// startCall starts it while the line is still idle, so that it stands when the load begins.
func (o Options) startCall(ctx context.Context) *call {
	if o.Beside == nil {
		return &call{}
	}
	c := &call{ready: make(chan func(string), 1)}
	go func() { c.ready <- o.Beside(ctx) }()
	return c
}

// stand waits until the call stands, for no more than five seconds: without it the load is measured alone.
func (c *call) stand(ctx context.Context, m *meter) {
	const longest = 5 * time.Second
	if c.ready == nil {
		return
	}
	m.calling()
	select {
	case c.tell = <-c.ready:
		c.there = c.tell != nil
	case <-time.After(longest):
	case <-ctx.Done():
	}
}

func (c *call) phase(name string) {
	if c.tell != nil {
		c.tell(name)
	}
}

// atLeast keeps a phase up until the call has sent enough in it to tell anything: 90 packets. Only a line that has carried
// all our bytes sooner is waited for; the phase then holds the load and the moment after it.
func (c *call) atLeast(ctx context.Context, began time.Time) {
	const least = 1800 * time.Millisecond
	if c.tell == nil {
		return
	}
	select {
	case <-time.After(least - time.Since(began)):
	case <-ctx.Done():
	}
}
