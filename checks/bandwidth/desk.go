package bandwidth

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// latencyBody is what speedtest.net's latency.txt holds.
const latencyBody = "test=test\n"

// A desk is where a run takes its turn at the office end, and hears what that has counted.
type desk struct {
	ticket office.Ticket
	client *http.Client
	wire   *wire
	kernel atomic.Pointer[kernel]
	place  atomic.Int64 // in the queue, as the office end said last; the first is 1
}

func newDesk(o Options, w *wire) *desk {
	d := &desk{ticket: *o.Ticket, wire: w}
	lines := o.lines(1)
	lines.DialContext = w.counting(lines.DialContext, onWire)
	through := ways(func(req *http.Request) (*http.Response, error) {
		resp, err := lines.RoundTrip(req)
		if err == nil {
			d.place.Store(parsePlace(resp.Header.Get(placeHeader)))
		}
		return resp, err
	})
	guard := &office.Guard{Ticket: o.Ticket, Transport: through, Small: maxCounts, Patience: o.Patience}
	d.client = guard.Client()
	d.client.Transport = &closing{guard, lines}
	return d
}

// closing lets CloseIdleConnections reach the connections beneath.
type closing struct {
	http.RoundTripper
	lines *http.Transport
}

func (c *closing) CloseIdleConnections() { c.lines.CloseIdleConnections() }

// parsePlace reads the place in the queue; zero where there is none.
func parsePlace(text string) int64 {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostWaiting {
		return 0
	}
	return int64(n)
}

// ask sends a request to the desk; what stands in the way is a *checks.Problem.
func (d *desk) ask(ctx context.Context, method, what string) (counts, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.ticket.At("speedtest/"+what), nil)
	if err != nil {
		return counts{}, &checks.Problem{Code: checks.CodeInternal, Detail: "office address", Side: checks.SideTool}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return counts{}, office.Explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return counts{}, office.Explain(err)
	}
	c, err := parseCounts(body)
	if err != nil {
		return counts{}, &checks.Problem{Code: office.CodeGarbled, Detail: "counts", Side: checks.SideOffice}
	}
	if c.Kernel != nil {
		d.kernel.Store(c.Kernel)
	}
	return c, nil
}

// counts asks for the count, again where the connection was lost.
func (d *desk) counts(ctx context.Context) (counts, error) {
	return d.insist(ctx, http.MethodGet, "counts")
}

func (d *desk) insist(ctx context.Context, method, what string) (counts, error) {
	const tries = 3
	for n := 1; ; n++ {
		c, err := d.ask(ctx, method, what)
		var p *checks.Problem
		if err == nil || n == tries || ctx.Err() != nil || !errors.As(err, &p) || !passing(p) {
			return c, err
		}
	}
}

// passing tells problems that may be over in a moment.
func passing(p *checks.Problem) bool {
	switch p.Code {
	case office.CodeLost, office.CodeRefused, checks.CodeNoNetwork:
		return true
	}
	return false
}

// queue waits for a turn. What is asked for is not answered by a longer wait than the place in the queue needs; who
// waits for other people's turns uses up nothing of the time that the check may take.
func (d *desk) queue(ctx context.Context, longest time.Duration, m *meter) error {
	wait := checks.Ask(func(ctx context.Context, _ checks.Question) (string, error) {
		return "", d.await(ctx, longest, m)
	})
	_, err := wait.Put(ctx, checks.Question{}) // nobody is asked: the limit of the check stands still meanwhile
	return err
}

// eachTurn is how long one turn of somebody else takes at the most, as a rule.
const eachTurn = 25 * time.Second

func (d *desk) await(ctx context.Context, longest time.Duration, m *meter) error {
	began, first := time.Now(), int64(0)
	for {
		_, err := d.insist(ctx, http.MethodPost, "begin")
		var p *checks.Problem
		if busy := errors.As(err, &p) && p.Code == office.CodeBusy; !busy {
			return err
		}
		place := d.place.Load()
		first = max(first, place)
		if time.Since(began) > longest+time.Duration(first)*eachTurn {
			return err
		}
		m.queued(max(place, 1))
	}
}

// heard is the latest count of the office end.
type heard struct{ counts atomic.Pointer[counts] }

// latest is that of one direction.
func (h *heard) latest(down bool) tally {
	switch c := h.counts.Load(); {
	case c == nil, down && c.Kernel == nil: // bytes handed to the office's network are none that have arrived
		return tally{}
	case down:
		return c.Down
	default:
		return c.Up
	}
}

// listen hears from the office end what has arrived, several times a second, while a transfer goes on. Where that does
// not come (a proxy holds it back, or the connection breaks), it asks once a second: seldom enough to leave a slow line
// alone. Without an office end there is nothing to hear.
func (d *desk) listen(ctx context.Context, o Options) *heard {
	h := &heard{}
	if d == nil {
		return h
	}
	go d.follow(ctx, o, h)
	go func() {
		beat := time.NewTicker(time.Second)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
			}
			before := h.counts.Load()
			if before != nil && before.sent { // the lines come
				continue
			}
			if c, err := d.ask(ctx, http.MethodGet, "counts"); err == nil {
				h.counts.CompareAndSwap(before, &c)
			}
		}
	}()
	return h
}

// follow hears each count that the office end sends by itself, until ctx ends or the connection does.
func (d *desk) follow(ctx context.Context, o Options, h *heard) {
	lines := o.lines(1)
	lines.DialContext = d.wire.counting(lines.DialContext, onWire)
	defer lines.CloseIdleConnections()
	guard := &office.Guard{Ticket: o.Ticket, Transport: lines}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.ticket.At("speedtest/follow"), nil)
	if err != nil {
		return
	}
	resp, err := guard.RoundTrip(req)
	if err != nil {
		return
	}
	defer func() { _ = resp.Body.Close() }()
	lineByLine := bufio.NewScanner(resp.Body)
	lineByLine.Buffer(make([]byte, 0, 4<<10), maxCounts)
	for lineByLine.Scan() {
		c, err := parseCounts(lineByLine.Bytes())
		if err != nil {
			break
		}
		c.sent = true
		h.counts.Store(&c)
	}
	if c := h.counts.Load(); c != nil { // no more of them: asked again from now on
		last := *c
		last.sent = false
		h.counts.Store(&last)
	}
}

// release gives the turn back, for the next in the queue. Without it the office end waits a few seconds.
func (d *desk) release(ctx context.Context) {
	stopped := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		_, _ = d.ask(ctx, http.MethodPost, "end")
		d.client.CloseIdleConnections()
	}()
	if !stopped {
		<-done
	}
}
