package call

import (
	"net"
	"sync"
	"time"
)

// A line is the office's end of one call, as ICE sees it. ICE is shown a made-up address for each origin: real ones may be of
// another family, or behind a relay.
type line struct {
	stamps   stamps
	exchange *exchange
	name     string
	packets  chan received
	closed   chan struct{}
	once     sync.Once

	mu      sync.Mutex
	origins []origin
	allowed float64 // packets, by a leaky bucket
	filled  time.Time
	heard   time.Time // the last packet
}

type received struct {
	data []byte
	from int // index into origins
}

func newLine(x *exchange, name string) *line {
	now := time.Now()
	return &line{
		exchange: x, name: name, packets: make(chan received, lineQueue), closed: make(chan struct{}),
		filled: now, heard: now, allowed: float64(x.rate),
	}
}

// adopt takes an origin in; there are not more than a few. The exchange holds its lock.
func (l *line) adopt(from origin) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.origins) >= maxOrigins {
		return false
	}
	l.origins = append(l.origins, from)
	return true
}

// put queues a packet, or drops it: when nobody reads, and when there are more than any call sends.
func (l *line) put(b []byte, from origin, at time.Time) {
	l.mu.Lock()
	i := 0
	for i < len(l.origins) && l.origins[i] != from {
		i++
	}
	l.allowed = min(l.allowed+at.Sub(l.filled).Seconds()*float64(l.exchange.rate), 2*float64(l.exchange.rate))
	l.filled, l.heard = at, at
	good := i < len(l.origins) && l.allowed >= 1
	if good {
		l.allowed--
	}
	l.mu.Unlock()
	if !good {
		return
	}
	l.stamps.note(b, at)
	select {
	case l.packets <- received{append([]byte(nil), b...), i}:
	default:
	}
}

// quiet is for how long nothing has come.
func (l *line) quiet() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.heard)
}

// shown is the address under which ICE knows an origin.
func shown(i int) *net.UDPAddr {
	a := herePeer()
	a.Port += i
	return a
}

func (l *line) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-l.packets:
		return copy(b, p.data), shown(p.from), nil
	case <-l.closed:
		return 0, nil, net.ErrClosed
	}
}

func (l *line) WriteTo(b []byte, to net.Addr) (int, error) {
	u, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not of this call")
	}
	l.mu.Lock()
	i := u.Port - herePeer().Port
	if i < 0 || i >= len(l.origins) || !u.IP.Equal(herePeer().IP) {
		l.mu.Unlock()
		return len(b), nil // an address that was only claimed: nothing is sent there
	}
	from := l.origins[i]
	l.mu.Unlock()
	return len(b), l.exchange.send(b, from)
}

func (l *line) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.exchange.drop(l)
	})
	return nil
}

func (l *line) LocalAddr() net.Addr              { return officePeer() }
func (l *line) SetDeadline(time.Time) error      { return nil } // Close follows at once wherever ICE sets one
func (l *line) SetReadDeadline(time.Time) error  { return nil }
func (l *line) SetWriteDeadline(time.Time) error { return nil }
