package bandwidth

import (
	"cmp"
	"net"
	"slices"
	"sync"
	"time"
)

// acks is what the system of the office end knows of the connections that carry a session's transfers. Its zero value is
// ready.
type acks struct {
	mu    sync.Mutex
	conns map[*net.TCPConn]*acked
	stop  chan struct{}
	over  bool
	sum   kernel
	any   bool
}

// acked is a connection as it was last looked at.
type acked struct {
	at       info
	down, up *way // nil: nothing is counted
}

// A way is one direction of a connection, counted into a series.
type way struct {
	from    progress
	into    *series
	counted int64
	looked  time.Time // last
	lengths []length  // of the last looks
}

// length is what segments were long on the whole, at a look.
type length struct {
	at       time.Time
	segments int64
	bytes    float64 // each
}

// segment is how long segments are: the most that bytes by segments were of late, for that is told best when none is
// waited for. Of late is two seconds, or three hundred segments where those took longer: lengths change with the size of
// what is written, and on a slow line it is long before none is missing.
func (w *way) segment(now length) float64 {
	const few, late = 300, 2 * time.Second
	w.lengths = append(slices.DeleteFunc(w.lengths, func(l length) bool {
		return now.at.Sub(l.at) > late && now.segments-l.segments > few
	}), now)
	return slices.MaxFunc(w.lengths, func(a, b length) int { return cmp.Compare(a.bytes, b.bytes) }).bytes
}

// count takes every segment that has arrived for as long as segments are on the whole, those that came twice among them.
// What has come since the last look has come evenly, as far as anybody can tell: a busy office does not look often.
func (w *way) count(now progress, at time.Time) {
	before := w.looked
	w.looked = at
	segments, bytes := now.segments-w.from.segments, now.bytes-w.from.bytes
	if segments <= 0 || bytes <= 0 {
		return
	}
	each := w.segment(length{at, segments, float64(bytes) / float64(segments)})
	if more := int64(each*float64(segments)) - w.counted; more > 0 {
		w.into.spread(before, at, more)
		w.counted += more
	}
}

// info is what the system tells of a TCP connection (RFC 4898 has most of it by other names).
type info struct {
	down   progress // what the other end has acknowledged
	up     progress // what the other end has sent
	minRTT time.Duration
	sent   int64 // segments with data
	again  int64 // segments sent again
}

// progress is how many segments have arrived in whatever order, selectively acknowledged ones among them (RFC 2018), and
// the bytes that have done so in order. The former do not stand still while a lost one is waited for.
type progress struct{ segments, bytes int64 }

const mostConns = 64

// watch looks at a connection from now on, and counts what arrives at the other end into down and what arrives here into
// up; nil leaves that as it is. False where the system does not tell.
func (a *acks) watch(c *net.TCPConn, down, up *series) bool {
	if c == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	one, known := a.conns[c]
	if !known {
		now, ok := tcpInfo(c)
		if !ok || a.over || len(a.conns) >= mostConns {
			return false
		}
		if a.conns == nil {
			a.conns, a.stop = map[*net.TCPConn]*acked{}, make(chan struct{})
			go a.look(a.stop)
		}
		one = &acked{at: now}
		a.conns[c] = one
	}
	if down != nil && one.down == nil {
		one.down = &way{from: one.at.down, into: down, looked: time.Now()}
	}
	if up != nil && one.up == nil {
		one.up = &way{from: one.at.up, into: up, looked: time.Now()}
	}
	return true
}

// look counts until the session is over or no connection is left.
func (a *acks) look(stop chan struct{}) {
	beat := time.NewTicker(tick / 2)
	defer beat.Stop()
	for {
		select {
		case <-stop:
			return
		case <-beat.C:
			if !a.all() {
				return
			}
		}
	}
}

// all looks once at each connection.
func (a *acks) all() (more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c, one := range a.conns {
		now, ok := tcpInfo(c)
		if !ok { // closed
			delete(a.conns, c)
			continue
		}
		if one.down != nil {
			one.down.count(now.down, time.Now())
		}
		if one.up != nil {
			one.up.count(now.up, time.Now())
		}
		a.sum.Sent += max(now.sent-one.at.sent, 0)
		a.sum.Again += max(now.again-one.at.again, 0)
		if trip := now.minRTT.Seconds(); trip > 0 && (!a.any || trip < a.sum.MinRTT) {
			a.sum.MinRTT, a.any = trip, true
		}
		one.at = now
	}
	if len(a.conns) == 0 {
		a.conns = nil
	}
	return a.conns != nil
}

// end lets go of all connections.
func (a *acks) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conns != nil {
		close(a.stop)
		a.conns = nil
	}
	a.over = true
}

// kernel is the sum; nil where nothing is known.
func (a *acks) kernel() *kernel {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.any {
		return nil
	}
	k := a.sum
	k.Again = min(k.Again, k.Sent)
	return &k
}
