package call

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// incoming is the direction in which the other end sends, as this end counted it. sent is how many packets it says it sent from
// first on; it cannot have sent fewer than came.
func (l *ledger) incoming(s stage, first, sent uint32, stalls []span) stretch {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := stretch{phase: s.String(), first: first, sent: sent, stalls: stalls, rtts: slices.Clone(l.out[s].trips)}
	for _, p := range l.in[s].packets {
		if p.seq >= first {
			out.packets = append(out.packets, p)
		}
	}
	if !l.trusts {
		out.packets = punctual(out.packets, first)
	}
	return out
}

// offSchedule is what clocks and rounding explain.
const offSchedule = 2 * time.Millisecond

// punctual leaves out packets whose sending times are made up. Every sender keeps to one schedule and writes down how late it was
// with each packet: a hire that dates its packets the later the longer they wait in its line would hide the wait. Only a
// sender that slept lays down a new schedule.
func punctual(list []packet, first uint32) []packet {
	good := map[uint32]bool{}
	var schedule time.Duration
	for i, p := range slices.SortedStableFunc(slices.Values(list), func(a, b packet) int { return cmp.Compare(a.seq, b.seq) }) {
		at := p.sent - p.late - time.Duration(p.seq-first)*interval
		if i == 0 || at-schedule > lostBeat {
			schedule = at
		}
		if (at - schedule).Abs() <= offSchedule {
			good[p.seq] = true
		}
	}
	return slices.DeleteFunc(list, func(p packet) bool { return !good[p.seq] })
}

// window is the part of a stretch that has so many numbers from its first on.
func (s stretch) window(count uint32) stretch {
	s.sent = min(s.sent, count)
	s.packets = slices.DeleteFunc(slices.Clone(s.packets), func(p packet) bool { return p.seq-s.first >= count })
	return s
}

// reported is the highest number seen, as a count from first on.
func (s stretch) reported() uint32 {
	n := uint32(0)
	for _, p := range s.packets {
		n = max(n, p.seq-s.first+1)
	}
	return n
}

// Echoes that were held for longer than this are strange, where many are: usually they wait for the next packet.
const (
	usualHold = 60 * time.Millisecond
	mostHold  = time.Second
)

// outgoing is the direction in which this end sends, as the other end counted it: by its account, which must prove what it says
// came, and by its echoes. Without an account (told is nil) there are the echoes alone.
//
// The other end may wish to look better than it is. What it cannot prove did not come. When a packet came is taken from the echo,
// which arrived here when it arrived; holding echoes back to hide a delay is charged to the delay, and so is saying nothing.
func (l *ledger) outgoing(s stage, first, count uint32, told *entry) stretch {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := &l.out[s]
	out := stretch{phase: s.String(), first: first, sent: count, rtts: slices.Clone(o.trips)}
	if first < o.first {
		return out
	}
	mine := o.sent[min(int(first-o.first), len(o.sent)):]
	mine = mine[:min(int(count), len(mine))]
	l.correct(mine)
	var claims []arrival
	if told != nil {
		out.stalls = told.spans()
		claims = l.proven(s, first, uint32(len(mine)), *told)
	}
	if told != nil && !l.trusts {
		claims = believed(claims, mine, first, l.in[s].missed(first, told.Sent))
	}
	done := make([]bool, len(mine))
	for _, c := range claims {
		d := mine[c.seq-first]
		if d.echoed && !done[c.seq-first] {
			c.got = d.heard
		}
		done[c.seq-first] = true
		out.packets = append(out.packets, packet{seq: c.seq, sent: d.at, got: c.got, arrived: true, late: d.late})
	}
	for i, d := range mine {
		if d.echoed && !done[i] {
			out.packets = append(out.packets, packet{seq: first + uint32(i), sent: d.at, got: d.heard, arrived: true, late: d.late})
		}
	}
	if told == nil {
		slices.SortStableFunc(out.packets, func(a, b packet) int { return cmp.Compare(a.got, b.got) })
	}
	return out
}

// proven are the arrivals of an account if its proof is good.
func (l *ledger) proven(s stage, first, count uint32, told entry) []arrival {
	list, err := unpackArrivals(told.Got, first, count)
	if err != nil || len(list) == 0 {
		return nil
	}
	want := proof(s, numbers(list), func(_ int, seq uint32) uint64 { return l.token(s, seq) })
	if !bytes.Equal(want, told.Proof) {
		return nil
	}
	return list
}

// believed leaves out arrivals without an echo where there are more than lost packets explain: a packet carries four echoes, and
// each echo travels three times or more.
func believed(claims []arrival, mine []departure, first uint32, missed int) []arrival {
	mute := 0
	for _, c := range claims {
		if !mine[c.seq-first].echoed {
			mute++
		}
	}
	if mute <= 2*maxEchoes+2*missed {
		return claims
	}
	return slices.DeleteFunc(claims, func(c arrival) bool { return !mine[c.seq-first].echoed })
}

// missed is how many of the packets that the other end says it sent did not come.
func (in *receiving) missed(first, sent uint32) int {
	seen := map[uint32]bool{}
	for _, p := range in.packets {
		if p.seq >= first && p.seq-first < sent {
			seen[p.seq] = true
		}
	}
	return int(sent) - len(seen)
}

// correct takes from echoes the time for which nobody holds them.
func (l *ledger) correct(mine []departure) {
	var holds []time.Duration
	for _, d := range mine {
		if d.echoed {
			holds = append(holds, d.hold)
		}
	}
	if len(holds) == 0 {
		return
	}
	slices.Sort(holds)
	most := usualHold
	if holds[len(holds)*9/10] <= usualHold {
		most = mostHold
	}
	for i, d := range mine {
		if d.echoed && d.hold > most {
			mine[i].heard += d.hold - most
			mine[i].hold = most
		}
	}
}

// settle forgets what was accounted for: the numbers below next of both directions.
func (l *ledger) settle(s stage, next uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o, in := &l.out[s], &l.in[s]
	if next > o.first {
		n := min(int(next-o.first), len(o.sent))
		o.sent, o.first = slices.Clone(o.sent[n:]), o.first+uint32(n)
	}
	o.trips = nil
	in.first = max(in.first, next)
	var packets []packet
	var tokens []uint64
	for i, p := range in.packets {
		if p.seq >= next {
			packets, tokens = append(packets, p), append(tokens, in.tokens[i])
		}
	}
	in.packets, in.tokens = packets, tokens
}

// settled is the number from which on a stage was not settled yet.
func (l *ledger) settled(s stage) uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out[s].first
}

// lastTrip is the longest of the last second's round trips.
func (l *ledger) lastTrip() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	longest := 0.0
	for s := range l.out {
		trips := l.out[s].trips
		for _, t := range trips[max(0, len(trips)-perSecond):] {
			longest = max(longest, t)
		}
	}
	return time.Duration(longest * float64(time.Second))
}
