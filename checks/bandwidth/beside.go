package bandwidth

import (
	"context"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"deskready/checks/office"
)

// wire is what went over connections of ours: in bytes as they were written, or of IP packets as far as this end can know.
type wire struct{ up, down atomic.Int64 }

// asItIs counts the bytes of a connection themselves.
func asItIs(n int) int64 { return int64(n) }

const tcpHeaders = 52 // of IPv4 and TCP with timestamps, on each packet

func (w *wire) counting(dial dialer, weigh func(n int) int64) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &wired{c, w, weigh}, nil
	}
}

type wired struct {
	net.Conn
	wire  *wire
	weigh func(n int) int64
}

func (w *wired) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.wire.down.Add(w.weigh(n))
	return n, err
}

func (w *wired) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.wire.up.Add(w.weigh(n))
	return n, err
}

func onWire(n int) int64 {
	const segment = 1448
	if n <= 0 {
		return 0
	}
	return int64(n) + int64((n+segment-1)/segment)*tcpHeaders
}

// beside is what runs beside the load to see what the load does to others: probes that take the round trip, by UDP echo
// where the office end has one and the line lets it through, else by small requests on a connection of their own; and
// requests on new connections.
type beside struct {
	o      Options
	to     target
	wire   *wire
	ledger *ledger
	began  time.Time
	udp    atomic.Pointer[office.Pinger]
	dialed chan struct{} // closed when it is known whether there is an echo to ask
	idle   float64       // seconds; of the idle line
	rate   atomic.Uint64 // float64 bits: the load's, as of now

	mu      sync.Mutex
	trips   []trip     // over HTTP
	foreign []newcomer // in order
}

// trip is a round trip that began at a time.
type trip struct {
	at      time.Time
	seconds float64
}

// A newcomer is a request on a new connection: the mean of its round trips for TCP, TLS and HTTP.
type newcomer struct {
	at      time.Time
	seconds float64
}

// newBeside begins to probe the idle line.
func newBeside(ctx context.Context, o Options, to target, w *wire) *beside {
	b := &beside{o: o, to: to, wire: w, began: time.Now(), dialed: make(chan struct{})}
	b.ledger = keepLedger(ctx, o, w)
	if to.desk == nil || o.Ticket.Media == "" {
		close(b.dialed)
		return b
	}
	go func() {
		defer close(b.dialed)
		if p, err := office.Ping(ctx, *o.Ticket, office.PingOptions{}); err == nil {
			b.udp.Store(p)
		}
	}()
	return b
}

// rest ends the look at the idle line: http are the round trips that were taken over HTTP meanwhile.
func (b *beside) rest(http trips) trips {
	select {
	case <-b.dialed:
	default: // it has had seconds: whatever it waits for, we do not
	}
	got := http
	if p := b.udp.Load(); p != nil {
		if echoed := echoes(p.Since(b.began), time.Now()); len(echoed.seconds) >= 5 {
			n := float64(office100 + p.Overhead())
			got = trips{seconds: echoed.seconds, up: n, down: n}
		} else {
			b.udp.Store(nil) // no way for UDP
		}
	}
	b.idle = median(got.seconds)
	return got
}

// office100 is the usual size of a probe.
const office100 = 100

type echoed struct {
	seconds []float64
	sent    int64 // bytes of UDP payload
	back    int64
}

// echoes are the round trips that are known. One that is still under way has taken as long as it has been.
func echoes(list []office.Trip, now time.Time) echoed {
	var e echoed
	for _, t := range list {
		e.sent += int64(t.Size)
		switch t.Fate {
		case office.Back:
			e.seconds = append(e.seconds, t.RTT.Seconds())
			e.back += int64(t.Size)
		case office.Waiting:
			if waited := now.Sub(t.Sent).Seconds(); len(e.seconds) > 0 && waited > e.seconds[len(e.seconds)-1] {
				e.seconds = append(e.seconds, waited)
			}
		}
	}
	return e
}

// between are the round trips that began in a stretch of time, in seconds.
func (b *beside) between(from, to time.Time) []float64 {
	if p := b.udp.Load(); p != nil {
		list := slices.DeleteFunc(p.Since(from), func(t office.Trip) bool { return t.Sent.After(to) })
		return echoes(list, time.Now()).seconds
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []float64
	for _, t := range b.trips {
		if !t.at.Before(from) && !t.at.After(to) {
			out = append(out, t.seconds)
		}
	}
	return out
}

// swollen is how much longer than on the idle line the round trip has been since then.
func (b *beside) swollen(since time.Time) (float64, bool) {
	got := b.between(since, time.Now())
	if len(got) < 2 || b.idle <= 0 {
		return 0, false
	}
	return median(got) - b.idle, true
}

// aside is how much of the line's rate our probes took in a stretch of time, in bit/s of TCP payload: of 1500 bytes on
// the line, 1448 would have been that.
func (b *beside) aside(up bool, from, to time.Time) float64 {
	bytes, seconds := b.ledger.probes(up, from, to)
	if p := b.udp.Load(); p != nil {
		list := slices.DeleteFunc(p.Since(from), func(t office.Trip) bool { return t.Sent.After(to) })
		each := float64(p.Overhead())
		for _, t := range list {
			if t.Fate == office.Back || up && t.Fate != office.LostUp && t.Fate != office.Lost && t.Fate != office.Unsent {
				bytes += (each + float64(t.Size)) * seconds / to.Sub(from).Seconds()
			}
		}
	}
	if seconds <= 0 {
		return 0
	}
	return bytes * 8 / seconds * 1448 / 1500
}

// during probes while a load goes on, until stop is called.
func (b *beside) during(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var both sync.WaitGroup
	both.Go(func() { b.newcomers(ctx) })
	if b.udp.Load() == nil {
		both.Go(func() { b.requests(ctx) })
	}
	return func() {
		cancel()
		both.Wait()
	}
}

func (b *beside) live() float64 { return math.Float64frombits(b.rate.Load()) }

// pause is how long to wait between probes of so many bytes, so that they take about a fiftieth of the line at the most.
func (b *beside) pause(bytes float64, least, longest time.Duration) time.Duration {
	const share = 0.02
	rate := b.live()
	if rate <= 0 { // not known yet
		return (least + longest) / 2
	}
	return min(max(time.Duration(bytes*8/(share*rate)*float64(time.Second)), least), longest)
}

// requests takes the round trip of small requests on a connection of their own, one after the other.
func (b *beside) requests(ctx context.Context) {
	lines := b.o.lines(1)
	lines.DialContext = b.wire.counting(lines.DialContext, onWire)
	defer lines.CloseIdleConnections()
	through := b.to.guard(lines, maxReply, 0)
	for ctx.Err() == nil {
		began := time.Now()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.small(), nil)
		if err != nil {
			return
		}
		req, after := timed(req)
		resp, err := through.RoundTrip(req)
		took, warm := after()
		if err == nil {
			_ = resp.Body.Close()
		} else if ctx.Err() != nil { // still under way
			took, warm = time.Since(began), true
		}
		if (err == nil || ctx.Err() != nil) && warm {
			b.mu.Lock()
			b.trips = append(b.trips, trip{began, took.Seconds()})
			b.mu.Unlock()
		}
		sleep(ctx, b.pause(400, 100*time.Millisecond, 500*time.Millisecond)-time.Since(began))
	}
}

func (b *beside) small() string { return next(b.to.url, "latency.txt") }

// next is the address of something that lies beside an address.
func next(address, name string) string { return address[:strings.LastIndexByte(address, '/')+1] + name }

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// newcomers opens connections of their own, one after the other, once the load has had a moment to fill the line.
func (b *beside) newcomers(ctx context.Context) {
	const bytes = 6000 // of a TLS handshake with a usual chain, and a small exchange
	most := 40
	if b.o.LowData {
		most = 2
	}
	sleep(ctx, time.Second/2)
	for n := 0; n < most && ctx.Err() == nil; n++ {
		began := time.Now()
		took, ok := b.newcomer(ctx)
		if ctx.Err() != nil && !ok {
			// Still under way: so long, or longer. What has only just begun says nothing.
			if took = time.Since(began).Seconds() / 3; took < b.idle {
				return
			}
			ok = true
		}
		if ok {
			b.mu.Lock()
			b.foreign = append(b.foreign, newcomer{began, took})
			b.mu.Unlock()
		}
		sleep(ctx, b.pause(bytes, 300*time.Millisecond, 1500*time.Millisecond)-time.Since(began))
	}
}

// newcomer is one request on a new connection: the mean of the seconds for TCP, for TLS where it is spoken, and HTTP.
func (b *beside) newcomer(ctx context.Context) (float64, bool) {
	lines := b.o.lines(1)
	lines.DialContext = b.wire.counting(lines.DialContext, onWire)
	defer lines.CloseIdleConnections()
	var p legs
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, p.trace()), http.MethodGet, b.small(), nil)
	if err != nil {
		return 0, false
	}
	resp, err := b.to.guard(lines, maxReply, 0).RoundTrip(req)
	if err != nil {
		return 0, false
	}
	_ = resp.Body.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	return mean(p.seconds), len(p.seconds) >= 2
}

// legs are the seconds that the parts of a request on a new connection took.
type legs struct {
	mu      sync.Mutex // the trace is called by goroutines of the transport
	seconds []float64
}

func (p *legs) trace() *httptrace.ClientTrace {
	var dialed, secure, sent time.Time
	begin := func(at *time.Time) {
		p.mu.Lock()
		*at = time.Now()
		p.mu.Unlock()
	}
	end := func(from *time.Time) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !from.IsZero() {
			p.seconds = append(p.seconds, time.Since(*from).Seconds())
		}
	}
	return &httptrace.ClientTrace{
		ConnectStart:         func(string, string) { begin(&dialed) },
		ConnectDone:          func(_, _ string, err error) { end(&dialed) },
		TLSHandshakeStart:    func() { begin(&secure) },
		TLSHandshakeDone:     func(tlsState, error) { end(&secure) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { begin(&sent) },
		GotFirstResponseByte: func() { end(&sent) },
	}
}

// arrived are the requests on new connections that began in a stretch of time.
func (b *beside) arrived(from, to time.Time) []float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []float64
	for _, n := range b.foreign {
		if !n.at.Before(from) && !n.at.After(to) {
			out = append(out, n.seconds)
		}
	}
	return out
}
