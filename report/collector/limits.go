package collector

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bound what one side may ask of the collector. A zero stands for the default.
type Limits struct {
	Requests int // a minute, from one network, of what needs no login; 300: an office of hires behind one address is normal
	Logins   int // tries in a quarter of an hour, for one name from one network; 10
	InFlight int // reports read at the same time; 64
	Runs     int // a day, under one invite; 20
}

func (l Limits) orDefault() Limits {
	or := func(have, otherwise int) int {
		if have > 0 {
			return have
		}
		return otherwise
	}
	return Limits{Requests: or(l.Requests, 300), Logins: or(l.Logins, 10), InFlight: or(l.InFlight, 64), Runs: or(l.Runs, 20)}
}

// maxBuckets bounds the memory of a limiter.
const maxBuckets = 20000

// limiter is a rate limit by key. It lives in memory alone: what it knows of addresses is gone with the process.
type limiter struct {
	mu      sync.Mutex
	now     func() time.Time
	every   rate.Limit
	burst   int
	buckets map[string]*rate.Limiter
}

// newLimiter allows n events within the span, all at once or spread.
func newLimiter(now func() time.Time, n int, span time.Duration) *limiter {
	return &limiter{now: now, every: rate.Every(span / time.Duration(n)), burst: n, buckets: map[string]*rate.Limiter{}}
}

// allow takes one event of the key, or says how long to wait.
func (l *limiter) allow(key string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, known := l.buckets[key]
	if !known {
		l.sweep(now)
		b = rate.NewLimiter(l.every, l.burst)
		l.buckets[key] = b
	}
	r := b.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// sweep forgets full buckets when there are many, and all of them when that is not enough: to forget is to be lenient
// for a moment, to grow without end is to fall over.
func (l *limiter) sweep(now time.Time) {
	if len(l.buckets) < maxBuckets {
		return
	}
	for key, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.burst) {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
}

// network is the address of a request as coarse as it is ever used: /24 of IPv4, /48 of IPv6.
func (s *Server) network(r *http.Request) string {
	var addr netip.Addr
	if s.Address != nil {
		addr = s.Address(r)
	} else if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		addr, _ = netip.ParseAddr(host) // no address: one bucket for all such
	}
	addr = addr.Unmap().WithZone("")
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	prefix, err := addr.Prefix(bits)
	if err != nil || !addr.IsValid() {
		return "unknown"
	}
	return prefix.String()
}

// retryAfter says how long to wait, in whole seconds as RFC 9110 has it.
func retryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(max(wait.Round(time.Second), time.Second)/time.Second)))
}
