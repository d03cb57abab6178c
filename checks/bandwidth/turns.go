package bandwidth

import (
	"math"
	"net/http"
	"slices"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// A session is one run's turn at the office end.
type session struct {
	claims office.Claims
	began  time.Time
	until  time.Time
	up     series // bytes that have arrived, where the system tells; else bytes read
	down   series // bytes that have arrived at the other end, where the system tells; else as wrote
	wrote  series // bytes handed to the network
	acks   acks

	// Under Office.mu.
	open  int // requests at work
	idle  *time.Timer
	limit *time.Timer
}

func (s *session) counts() counts {
	return counts{Version: countsVersion, Tick: tick.Seconds(), Up: s.up.tally(), Down: s.down.tally(), Kernel: s.acks.kernel()}
}

// usage is what a ticket has used so far, over all its sessions.
type usage struct {
	bytes int64
	time  time.Duration
	until time.Time
}

// A waiter is a run that was told to come again.
type waiter struct {
	id   string
	seen time.Time
}

// enter finds the session for a request, or says why there is none.
func (o *Office) enter(claims office.Claims, fresh bool) (*session, office.Refusal) {
	tell := func() {}
	defer func() { tell() }() // after the lock is given back
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if s := o.present; s != nil && s.claims.ID == claims.ID && !fresh {
		s.open++
		s.idle.Stop()
		return s, office.Refusal{}
	}
	o.forget()
	if o.present != nil && o.present.claims.ID != claims.ID {
		return nil, o.queue(claims.ID, now)
	}
	if first, ok := o.next(now); ok && first != claims.ID {
		return nil, o.queue(claims.ID, now)
	}
	if s := o.present; s != nil {
		tell = o.finish(s)
	}
	left := time.Duration(claims.Caps.Seconds)*time.Second - o.used[claims.ID].time
	if left <= 0 {
		return nil, office.Refusal{Status: http.StatusTooManyRequests, Code: office.CodeSpent}
	}
	return o.open(claims, now, min(left, o.Limits.Session)), office.Refusal{}
}

func (o *Office) open(claims office.Claims, now time.Time, length time.Duration) *session {
	s := &session{claims: claims, began: now, until: now.Add(length), open: 1}
	s.idle = time.AfterFunc(o.Limits.Idle, func() { o.closeIf(s, func() bool { return s.open == 0 }) })
	s.idle.Stop()
	s.limit = time.AfterFunc(length, func() { o.close(s) })
	o.present = s
	o.waiting = slices.DeleteFunc(o.waiting, func(w waiter) bool { return w.id == claims.ID })
	return s
}

// queue puts a run at the end of the line, unless it stands there already.
func (o *Office) queue(id string, now time.Time) office.Refusal {
	i := slices.IndexFunc(o.waiting, func(w waiter) bool { return w.id == id })
	switch {
	case i >= 0:
		o.waiting[i].seen = now
	case len(o.waiting) < mostWaiting:
		o.waiting = append(o.waiting, waiter{id, now})
	}
	return office.Refusal{Status: http.StatusServiceUnavailable, Code: office.CodeBusy, Retry: turn}
}

// mostWaiting runs are in the queue at most: more of them will have given up before their turn.
const mostWaiting = 200

// place is where in the queue a run stands; the first is 1. Who found no place any more stands behind all.
func (o *Office) place(id string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.IndexFunc(o.waiting, func(w waiter) bool { return w.id == id }); i >= 0 {
		return i + 1
	}
	return mostWaiting
}

// next is the run whose turn it is. Who has not come again for three times the pause has given up.
func (o *Office) next(now time.Time) (string, bool) {
	o.waiting = slices.DeleteFunc(o.waiting, func(w waiter) bool { return now.Sub(w.seen) > 3*turn })
	if len(o.waiting) == 0 {
		return "", false
	}
	return o.waiting[0].id, true
}

// forget drops what is known of tickets that have expired.
func (o *Office) forget() {
	now := o.Now()
	for id, u := range o.used {
		if u.until.Before(now) {
			delete(o.used, id)
		}
	}
}

// leave ends a request.
func (o *Office) leave(s *session) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.open--; s.open == 0 && o.present == s {
		s.idle.Reset(o.Limits.Idle)
	}
}

// spend takes bytes from the ticket beforehand, so that a transfer is never cut short by its cap; what was not used in
// the end is given back as a negative number.
func (o *Office) spend(s *session, n int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	u := o.used[s.claims.ID]
	if u.bytes+n > s.claims.Caps.Bytes {
		return false
	}
	u.bytes, u.until = u.bytes+n, s.claims.Until
	o.used[s.claims.ID] = u
	return true
}

func (o *Office) close(s *session) { o.closeIf(s, func() bool { return true }) }

func (o *Office) closeIf(s *session, over func() bool) {
	tell := func() {}
	defer func() { tell() }() // after the lock is given back
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.present == s && over() {
		tell = o.finish(s)
	}
}

// finish gives the turn back. The caller holds the lock, and tells what was seen when it does so no more.
func (o *Office) finish(s *session) (tell func()) {
	o.present = nil
	s.acks.end()
	s.idle.Stop()
	s.limit.Stop()
	u := o.used[s.claims.ID]
	u.time, u.until = u.time+time.Since(s.began), s.claims.Until
	o.used[s.claims.ID] = u
	return func() {
		if seen := s.seen(); o.Record != nil && len(seen) > 0 {
			o.Record(s.claims.Run, seen)
		}
	}
}

// seen is what the office end can say by itself: bytes that have arrived here, and bytes of which its system has seen the
// acknowledgement (TCP_INFO), with the shortest round trip and what had to be sent again. Where the system does not tell,
// uploads are bytes read, and downloads bytes that the network took: ahead of what arrived by what the system still buffers, which the first
// 1.5 s, left out, are meant to fill. A transfer that was over within 2.5 s (fewer than ten Samples) is a lower bound.
func (s *session) seen() []checks.Measurement {
	const fast = 1 << 20 // so many bytes are enough to go by, however soon they had come
	var out []checks.Measurement
	say := func(m checks.Measurement) {
		m.By = checks.ByCollector
		out = append(out, m)
	}
	for _, w := range []struct {
		metric checks.Metric
		series *series
	}{{download, &s.down}, {upload, &s.up}} {
		t := w.series.tally()
		if f, ok := t.throughput(t.Bytes >= fast); ok {
			m := w.metric.Of("", f.rate)
			m.Samples, m.AtLeast = t.slices(), f.within == 0
			if !math.IsInf(f.within, 0) {
				m.Within = f.within
			}
			say(m)
		}
	}
	if k := s.acks.kernel(); k != nil && len(out) > 0 {
		say(rtt.Of("", k.MinRTT))
		say(k.again())
	}
	return out
}

func (k *kernel) again() checks.Measurement {
	return again.Of("", float64(k.Again)/float64(max(k.Sent, 1)))
}
