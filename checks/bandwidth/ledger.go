package bandwidth

import (
	"context"
	"net"
	"net/url"
	"sync"
	"time"

	counters "github.com/shirou/gopsutil/v3/net"

	"deskready/checks"
)

// A ledger writes down, twice a second, what went over the network interface that leads to the far end, and what our own
// probes put there.
type ledger struct {
	nics map[string]bool // whose counters are read

	mu      sync.Mutex
	entries []entry
}

// entry is the counters at a moment.
type entry struct {
	at       time.Time
	down, up uint64 // bytes, of all programs
	seen     bool   // the system told them
	ownDown  int64
	ownUp    int64
}

const (
	entryEach  = 500 * time.Millisecond
	mostEntry  = 1200
	framed     = 66.0 / 1448                  // Ethernet, IPv4 and TCP headers with timestamps, on a full segment
	callPacket = 130                          // of the call that runs beside: 80 bytes of speech under RTP, SRTP, UDP and IPv4
	callEach   = 50                           // a second, each way
	callBytes  = callEach * (callPacket + 14) // in Ethernet frames
	leastWatch = 900 * time.Millisecond
)

// keepLedger keeps one until ctx ends.
func keepLedger(ctx context.Context, o Options, w *wire) *ledger {
	l := &ledger{}
	go func() {
		l.nics = leading(ctx, o)
		beat := time.NewTicker(entryEach)
		defer beat.Stop()
		for n := 0; n < mostEntry; n++ {
			l.write(ctx, w)
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
			}
		}
	}()
	return l
}

// leading names the interface through which the far end is reached, by the address that this computer would send from:
// the counters of all of them would count what goes through a VPN twice. Where it cannot be told, or the far end is this
// computer itself, it is all but loopback.
func leading(ctx context.Context, o Options) map[string]bool {
	names := map[string]bool{}
	list, err := net.Interfaces()
	if err != nil {
		return names
	}
	from := sender(ctx, o)
	for _, nic := range list {
		if nic.Flags&net.FlagLoopback != 0 || nic.Flags&net.FlagUp == 0 {
			continue
		}
		names[nic.Name] = true
		addrs, _ := nic.Addrs()
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && from != nil && n.IP.Equal(from) {
				return map[string]bool{nic.Name: true}
			}
		}
	}
	return names
}

// sender is the address that this computer would send from; nil where it is not known. Nothing is sent but a look-up of
// the office's name, and without an office not even that: the way to an address of the documentation (RFC 5737) is that
// to any other.
func sender(ctx context.Context, o Options) net.IP {
	host := "192.0.2.1"
	if o.Ticket != nil {
		u, err := url.Parse(o.Ticket.Base)
		if err != nil {
			return nil
		}
		host = u.Hostname()
	}
	c, err := (&net.Dialer{Timeout: o.Patience}).DialContext(ctx, "udp", net.JoinHostPort(host, "9"))
	if err != nil {
		return nil
	}
	defer func() { _ = c.Close() }()
	if a, ok := c.LocalAddr().(*net.UDPAddr); ok {
		return a.IP
	}
	return nil
}

func (l *ledger) write(ctx context.Context, w *wire) {
	e := entry{ownDown: w.down.Load(), ownUp: w.up.Load()}
	if all, err := counters.IOCountersWithContext(ctx, true); err == nil {
		for _, nic := range all {
			if l.nics[nic.Name] {
				e.down, e.up, e.seen = e.down+nic.BytesRecv, e.up+nic.BytesSent, true
			}
		}
	}
	e.at = time.Now()
	l.mu.Lock()
	l.entries = append(l.entries, e)
	l.mu.Unlock()
}

// span is the first and the last entry within a stretch of time.
func (l *ledger) span(from, to time.Time) (first, last entry, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if e.at.Before(from) || e.at.After(to) {
			continue
		}
		if !ok {
			first, ok = e, true
		}
		last = e
	}
	return first, last, ok && last.at.Sub(first.at) >= leastWatch
}

// probes is how many bytes our own probes took in a stretch of time, but for UDP, and how many seconds of it that was.
func (l *ledger) probes(up bool, from, to time.Time) (bytes, seconds float64) {
	first, last, ok := l.span(from, to)
	if !ok {
		return 0, 0
	}
	if up {
		return float64(last.ownUp - first.ownUp), last.at.Sub(first.at).Seconds()
	}
	return float64(last.ownDown - first.ownDown), last.at.Sub(first.at).Seconds()
}

// rates are what went over the interface in a stretch of time, in bit/s of frames.
func (l *ledger) rates(from, to time.Time) (down, up float64, ok bool) {
	first, last, ok := l.span(from, to)
	if !ok || !first.seen || !last.seen || last.down < first.down || last.up < first.up { // less: counted anew
		return 0, 0, false
	}
	seconds := last.at.Sub(first.at).Seconds()
	return float64(last.down-first.down) * 8 / seconds, float64(last.up-first.up) * 8 / seconds, true
}

// othersAtRest is the rate of what is not ours on the idle line, each way, in bit/s. call is what the call that is being
// set up may have.
func (b *beside) othersAtRest(from, to time.Time, call float64) (down, up float64, ok bool) {
	down, up, ok = b.ledger.rates(from, to)
	own := func(up bool) float64 { return b.aside(up, from, to)*(1500./1448+framed) + call }
	return max(0, down-own(false)), max(0, up-own(true)), ok
}

// othersBeside is the same while one direction is loaded.
//
// Headers are taken off at their fullest, for systems that merge segments count fewer of them, and so is the way back of
// acknowledgements, one for each segment: up to a twentieth of the load of other traffic may go unnoticed, and none is
// ever made up. The loaded direction itself is looked at only when it is the download: of an upload this computer sends a
// part twice, and only some systems tell how much.
func (b *beside) othersBeside(d passed, call float64) (down, up float64, ok bool) {
	down, up, ok = b.ledger.rates(d.from, d.to)
	own := func(up bool) float64 { return b.aside(up, d.from, d.to)*(1500./1448+framed) + call }
	load, acks := (d.measurement.Value-d.aside)*(1+framed), d.measurement.Value*80/1448
	if d.up {
		return max(0, down-acks-own(false)), 0, ok
	}
	return max(0, down-load-own(false)), max(0, up-acks-own(true)), ok
}

// otherTraffic is the greatest share of a direction's measured rate that others had, before the load or during it.
func (b *beside) otherTraffic(restFrom, restTo time.Time, called bool, done []passed) checks.Measurement {
	const long = 2 * time.Second // shorter stretches are a matter of chance
	call := 0.0
	if called {
		call = callBytes * 8
	}
	var down, up float64
	known := false
	take := func(d, u float64, ok bool) {
		if ok {
			down, up, known = max(down, d), max(up, u), true
		}
	}
	take(b.othersAtRest(restFrom, restTo, call))
	for _, d := range done {
		if d.to.Sub(d.from) >= long {
			take(b.othersBeside(d, call))
		}
	}
	if !known {
		return other.Missing("", &checks.Problem{Code: checks.CodeUnsupported, Detail: "no counters", Side: checks.SideTool})
	}
	worst := 0.0
	for _, d := range done {
		rate, others := d.measurement.Value, down
		if d.up {
			others = up
		}
		worst = max(worst, others/max(rate, 1))
	}
	return other.Of("", min(worst, 1))
}
