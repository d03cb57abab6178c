package bandwidth

import (
	"net"
	"sync"
	"time"
)

// acks is what the system of the office end knows of the connections that carry a session's downloads. Its zero value is
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
type acked struct{ at info }

// info is what the system tells of a TCP connection (RFC 4898 has most of it by other names).
type info struct {
	acked  int64 // bytes that the other end has acknowledged
	minRTT time.Duration
	sent   int64 // segments with data
	again  int64 // segments sent again
}

const mostConns = 64

// watch looks at a connection from now on, and counts into s what is acknowledged. False where the system does not tell.
func (a *acks) watch(c *net.TCPConn, s *series) bool {
	if c == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over || len(a.conns) >= mostConns {
		return false
	}
	if _, known := a.conns[c]; known {
		return true
	}
	now, ok := tcpInfo(c)
	if !ok {
		return false
	}
	if a.conns == nil {
		a.conns, a.stop = map[*net.TCPConn]*acked{}, make(chan struct{})
		go a.look(s)
	}
	a.conns[c] = &acked{now}
	return true
}

// look counts until the session is over or no connection is left.
func (a *acks) look(s *series) {
	beat := time.NewTicker(tick / 2)
	defer beat.Stop()
	for {
		select {
		case <-a.stop:
			return
		case <-beat.C:
			if !a.all(s) {
				return
			}
		}
	}
}

// all looks once at each connection.
func (a *acks) all(s *series) (more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c, last := range a.conns {
		now, ok := tcpInfo(c)
		if !ok { // closed
			delete(a.conns, c)
			continue
		}
		s.add(time.Now(), now.acked-last.at.acked)
		a.sum.Sent += max(now.sent-last.at.sent, 0)
		a.sum.Again += max(now.again-last.at.again, 0)
		if trip := now.minRTT.Seconds(); trip > 0 && (!a.any || trip < a.sum.MinRTT) {
			a.sum.MinRTT, a.any = trip, true
		}
		last.at = now
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
