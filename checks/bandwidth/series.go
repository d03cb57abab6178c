package bandwidth

import (
	"sync"
	"time"

	"deskready/checks"
)

const (
	tick  = 50 * time.Millisecond  // resolution of a series
	slice = 250 * time.Millisecond // resolution of what is reported
	warm  = 1500 * time.Millisecond
	// maxTicks bounds a series to a minute; what comes later is not counted.
	maxTicks = 1200
)

// A series is bytes over time. Time runs from the first byte, on the monotonic clock of the end that counts.
type series struct {
	mu    sync.Mutex
	began time.Time
	last  time.Time
	ticks []int64
	total int64
}

// add counts n bytes that arrived at a moment, and gives the sum of all.
func (s *series) add(at time.Time, n int64) (total int64) { return s.spread(at, at, n) }

// spread counts n bytes that arrived evenly between two moments.
func (s *series) spread(from, to time.Time, n int64) (total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n <= 0 {
		return s.total
	}
	if s.began.IsZero() {
		s.began = from
	}
	if to.After(s.last) {
		s.last = to
	}
	first := max(0, int(from.Sub(s.began)/tick))
	end := max(first, int(to.Sub(s.began)/tick))
	if end >= maxTicks {
		return s.total
	}
	for len(s.ticks) <= end {
		s.ticks = append(s.ticks, 0)
	}
	s.total += n
	span, done := to.Sub(from), int64(0)
	for i := first; i < end; i++ {
		upto := s.began.Add(time.Duration(i+1) * tick).Sub(from)
		part := int64(float64(n)*float64(upto)/float64(span)) - done
		s.ticks[i] += part
		done += part
	}
	s.ticks[end] += n - done
	return s.total
}

// start is when the first byte came.
func (s *series) start() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.began
}

// grain is how much to write at once: little at first, so that a count of whole TLS records keeps up with a slow line,
// and never more than a thousandth of what has passed.
func (s *series) grain() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(min(max(s.total>>10, 4<<10), most))
}

// tally is a series at rest, as it goes over the wire.
type tally struct {
	Bytes int64   `json:"bytes"`
	Span  float64 `json:"span"` // seconds from first to last byte
	Ticks []int64 `json:"ticks"`
}

func (s *series) tally() tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	return tally{
		Bytes: s.total,
		Span:  s.last.Sub(s.began).Seconds(),
		Ticks: append([]int64{}, s.ticks...),
	}
}

// upTo leaves off what came more than d after the first byte.
func (t tally) upTo(d time.Duration) tally {
	if d.Seconds() < t.Span {
		t.Span = d.Seconds()
		t.Ticks = t.Ticks[:min(len(t.Ticks), int(d/tick))]
		t.Bytes = sum(t.Ticks)
	}
	return t
}

// downTo counts silence at the end as what it is: a transfer that went on for d without a byte had a rate of nothing.
func (t tally) downTo(d time.Duration) tally {
	for time.Duration(len(t.Ticks))*tick < d && len(t.Ticks) < maxTicks {
		t.Ticks = append(t.Ticks, 0)
	}
	t.Span = max(t.Span, d.Seconds())
	return t
}

// idle is how long ago the last byte came.
func (s *series) idle(now time.Time) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.last), !s.last.IsZero()
}

// age is how long ago the first byte came.
func (s *series) age(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.began.IsZero() {
		return 0
	}
	return now.Sub(s.began)
}

// whole is how many ticks are over: the last one may have been cut short.
func (t tally) whole() int { return min(len(t.Ticks), int(t.Span/tick.Seconds())) }

// slices is the throughput of each whole slice, in bit/s.
func (t tally) slices() []float64 {
	const each = int(slice / tick)
	var out []float64
	for i := each; i <= t.whole() && len(out) < checks.MaxSamples; i += each {
		out = append(out, float64(sum(t.Ticks[i-each:i]))*8/slice.Seconds())
	}
	return out
}

// live is the throughput of the last second, for meters.
func (t tally) live() float64 {
	n := t.whole()
	from := max(0, n-int(time.Second/tick))
	if n == from {
		return 0
	}
	return float64(sum(t.Ticks[from:n])) * 8 / (float64(n-from) * tick.Seconds())
}

// throughput is the estimate from the whole slices. A transfer that was over within 2.5 s, because so many bytes had
// come, gives the mean of its last two thirds or, where that is less than a fifth of a second, of all of it: on such a
// line that is a lower bound, without an interval, and its series is shorter than ten slices. False where there is too
// little to go by.
func (t tally) throughput(short bool) (f figure, ok bool) {
	const enough = int((warm + time.Second) / slice)
	if s := t.slices(); len(s) >= enough {
		return estimate(s), true
	}
	if !short || t.Bytes <= 0 || t.Span < 0.001 {
		return figure{}, false
	}
	n := t.whole()
	from := (n + 2) / 3
	if time.Duration(n-from)*tick >= time.Second/5 {
		return figure{rate: float64(sum(t.Ticks[from:n])) * 8 / (float64(n-from) * tick.Seconds())}, true
	}
	return figure{rate: float64(t.Bytes) * 8 / t.Span}, true
}

func sum(ticks []int64) int64 {
	var n int64
	for _, t := range ticks {
		n += t
	}
	return n
}
