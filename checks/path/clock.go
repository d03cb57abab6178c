package path

import (
	"cmp"
	"math"
	"slices"
	"time"

	"deskready/checks"
)

// An exchange is the four times of one request, as in NTP (RFC 5905, section 8): out by the hire's clock, in and out by
// the office's, and in by the hire's.
type exchange struct{ t1, t2, t3, t4 time.Time }

// ahead is by how much the hire's clock is ahead of the office's, if both ways took equally long.
func (e exchange) ahead() time.Duration {
	return -(e.t2.Sub(e.t1) + e.t3.Sub(e.t4)) / 2
}

// delay is the time on the way, both ways together.
func (e exchange) delay() time.Duration {
	return max(e.t4.Sub(e.t1)-e.t3.Sub(e.t2), 0)
}

// A skew is by how much the hire's clock is ahead, and how far off that may be: all of the delay may lie on one way.
type skew struct{ ahead, within time.Duration }

// beyond tells a difference that the error does not explain, by more than slack.
func (s skew) beyond(slack time.Duration) bool { return s.ahead.Abs() > s.within+slack }

// differs tells two differences that cannot both be right, by more than slack.
func (s skew) differs(other skew, slack time.Duration) bool {
	return (s.ahead - other.ahead).Abs() > s.within+other.within+slack
}

// best is the exchange that spent the least time on the way: it has the smallest error.
func best(trips []exchange) (skew, bool) {
	if len(trips) == 0 {
		return skew{}, false
	}
	e := slices.MinFunc(trips, func(a, b exchange) int { return cmp.Compare(a.delay(), b.delay()) })
	return skew{ahead: e.ahead(), within: e.delay() / 2}, true
}

// A third is what the Date of somebody else's reply says (RFC 9110, section 6.6.1). It is cut to whole seconds.
type third struct {
	host string
	skew skew
}

// thirdOpinion takes the reply's time to lie between the request and the reply.
func thirdOpinion(host string, date, sent, got time.Time) third {
	const half = time.Second / 2
	middle := sent.Add(got.Sub(sent) / 2)
	return third{host, skew{ahead: middle.Sub(date.Add(half)), within: got.Sub(sent)/2 + half}}
}

// Clocks that are kept by the network differ by far less than this. Beyond it, somebody's clock is wrong, and two clocks
// do not say whose.
const kept = 5 * time.Second

// judgeClock is the skew, or why there is none: a hire is not blamed for the office's clock. The others decide whose it
// is, if they agree among themselves.
func judgeClock(trips []exchange, others []third) checks.Measurement {
	s, ok := best(trips)
	if !ok {
		return clockSkew.Missing("", &checks.Problem{Code: codeClockUnread, Side: checks.SideUnknown})
	}
	figure := clockSkew.Of("", s.ahead.Seconds())
	figure.Within = s.within.Seconds()
	if !s.beyond(kept) {
		return figure
	}
	o, ok := agreed(others)
	switch {
	case ok && !o.differs(s, kept):
		return figure
	case ok && !o.beyond(kept):
		return clockSkew.Missing("", &checks.Problem{Code: codeOfficeClock, Detail: "the office's clock is " + apart(-s.ahead), Side: checks.SideOffice})
	}
	return clockSkew.Missing("", &checks.Problem{Code: codeClocksDiffer, Detail: "this computer's clock is " + apart(s.ahead) + " of the office's", Side: checks.SideUnknown})
}

// agreed is what the others say, if they do not contradict each other.
func agreed(others []third) (skew, bool) {
	if len(others) == 0 {
		return skew{}, false
	}
	for i, a := range others {
		for _, b := range others[i+1:] {
			if a.skew.differs(b.skew, kept) {
				return skew{}, false
			}
		}
	}
	o := slices.MinFunc(others, func(a, b third) int { return cmp.Compare(a.skew.within, b.skew.within) })
	return o.skew, true
}

// apart says a difference for support, coarsely.
func apart(d time.Duration) string {
	unit := time.Second
	if d.Abs() >= 10*time.Minute {
		unit = time.Minute
	}
	if d < 0 {
		return d.Abs().Round(unit).String() + " behind"
	}
	return d.Round(unit).String() + " ahead"
}

// spans are durations in seconds.
func spans(ds []time.Duration) []float64 {
	out := make([]float64, len(ds))
	for i, d := range ds {
		out[i] = d.Seconds()
	}
	return out
}

// median is the middle value; of an even number the mean of the two in the middle. None of nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
