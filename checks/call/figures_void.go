package call

import (
	"math"
	"slices"
	"time"
)

// level takes the least transit time as zero, which rids it of the offset of the two clocks, and in long stretches of their
// different speeds as well.
func level(slots []slot) {
	slope := skew(slots)
	least := math.Inf(1)
	for i := range slots {
		if s := &slots[i]; s.came {
			s.transit -= slope * s.sent
			least = min(least, s.transit)
		}
	}
	for i := range slots {
		if s := &slots[i]; s.came {
			s.transit -= least
		}
	}
}

// spread is the longest transit time once levelled, in seconds.
func spread(slots []slot) float64 {
	longest := 0.0
	for _, s := range slots {
		if s.came {
			longest = max(longest, s.transit)
		}
	}
	return longest
}

// skew is the slope, in seconds per second, of the line below all transit times that lies closest to them (Moon, Skelly, Towsley,
// "Estimation and removal of clock skew from network delay measurements", 1999). A queue only ever adds to that line. Of all such
// lines the closest is the edge of the lower convex hull over the mean of the sending times.
func skew(slots []slot) float64 {
	hull := make([]slot, 0, 64)
	var from, to, sum float64
	n := 0
	for _, s := range slots {
		if !s.came || (n > 0 && s.sent <= to) { // a sender whose clock goes back makes no line
			continue
		}
		if n++; n == 1 {
			from = s.sent
		}
		to, sum = s.sent, sum+(s.sent-from)
		for len(hull) > 1 && above(hull[len(hull)-2], hull[len(hull)-1], s) {
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, s)
	}
	if n < 2 || to-from <= skewAfter.Seconds() {
		return 0
	}
	middle := from + sum/float64(n)
	i, _ := slices.BinarySearchFunc(hull, middle, func(s slot, x float64) int {
		if s.sent < x {
			return -1
		}
		return 1
	})
	a, b := hull[min(max(i-1, 0), len(hull)-2)], hull[min(max(i, 1), len(hull)-1)]
	slope := (b.transit - a.transit) / (b.sent - a.sent)
	if !(math.Abs(slope) <= steepest) {
		return 0
	}
	return slope
}

// above says whether b lies on or over the line from a to c, and so is no corner of the hull.
func above(a, b, c slot) bool {
	return (b.transit-a.transit)*(c.sent-a.sent) >= (c.transit-a.transit)*(b.sent-a.sent)
}

// exclude marks the seconds in which not the line but a computer was late. A second is fifty numbers in a row: as long as the sender
// keeps its schedule at all, that is a second of the time at which they were due.
func (q *quality) exclude(slots []slot, stalls []span) {
	mark := stood(slots, stalls)
	late := make([]time.Duration, 0, perSecond)
	var void, sender, receiver int
	for from := 0; from < len(slots); from += perSecond {
		to := min(from+perSecond, len(slots))
		late = late[:0]
		for _, s := range slots[from:to] {
			if s.known {
				late = append(late, s.late)
			}
		}
		slow, stood := dawdled(late), touched(mark[from:to])
		if slow {
			sender += to - from
		}
		if stood {
			receiver += to - from
		}
		if !slow && !stood {
			continue
		}
		void += to - from
		for i := from; i < to; i++ {
			slots[i].void = true
		}
	}
	all := float64(len(slots))
	q.void, q.sender, q.receiver = float64(void)/all, float64(sender)/all, float64(receiver)/all
}

// dawdled says whether the 95th percentile of lateness is too much.
func dawdled(late []time.Duration) bool {
	if len(late) == 0 {
		return false
	}
	slices.Sort(late)
	return late[int(math.Ceil(0.95*float64(len(late))))-1] > tooLate
}

// touched says whether more than 5 % are marked, the counterpart of the 95th percentile: a stall of a packet's time or two, which
// every computer has now and then, moves no figure and must not void a second.
func touched(mark []bool) bool {
	n := 0
	for _, m := range mark {
		if m {
			n++
		}
	}
	return 20*n > len(mark)
}

// stood marks the packets that came, or on an empty line would have come, while the receiver stood still, or was still reading what
// had waited.
func stood(slots []slot, stalls []span) []bool {
	mark := make([]bool, len(slots))
	if len(stalls) == 0 {
		return mark
	}
	stalls = slices.Clone(stalls)
	slices.SortFunc(stalls, func(a, b span) int { return int(min(max(a.from-b.from, -1), 1)) })
	due, ok := arrivals(slots)
	for i, s := range slots {
		mark[i] = s.came && during(stalls, s.got) || ok && during(stalls, due[i])
	}
	return mark
}

// arrivals tells when each packet would have come at best, on the receiver's clock. Those of which nothing is known are taken to have
// been sent at the usual pace after the one before.
func arrivals(slots []slot) ([]float64, bool) {
	i := slices.IndexFunc(slots, func(s slot) bool { return s.came })
	if i < 0 {
		return nil, false
	}
	lead := func(s slot) float64 { return s.got - s.sent - s.transit } // between the clocks, and the least transit time
	ahead, at := lead(slots[i]), slots[i].sent-float64(i)*pace.Seconds()
	due := make([]float64, len(slots))
	for i, s := range slots {
		if s.known {
			at = s.sent
		}
		if s.came { // clocks of different speed drift apart
			ahead = lead(s)
		}
		due[i] = at + ahead
		at += pace.Seconds()
	}
	return due, true
}

const backlog = 5 * time.Millisecond

// during says whether a moment lies in one of the stalls, which are sorted by their beginning.
func during(stalls []span, at float64) bool {
	i, _ := slices.BinarySearchFunc(stalls, at, func(s span, at float64) int {
		if s.from.Seconds() <= at {
			return -1
		}
		return 1
	})
	return i > 0 && at <= (stalls[i-1].to+backlog).Seconds()
}
