package office

import (
	"time"
)

// A Fate is what became of a probe.
type Fate uint8

// The fates of probes. Those of LostUp, LostDown and Lost may still come back: then it was Back, late.
const (
	Waiting  Fate = iota // sent less than three seconds ago
	Back                 // answered
	LostUp               // did not reach the office, as it told with a later answer
	LostDown             // reached the office; its answer did not come back
	Lost                 // on one of the ways: no answer came that could tell
	Unsent               // never left this computer: its own network refused it
)

// A Trip is one probe.
type Trip struct {
	Seq    uint32
	Size   int           // bytes of UDP payload
	Sent   time.Time     // with a monotonic reading
	Late   time.Duration // sent so much after it was due: a busy computer is not a bad line
	Fate   Fate
	RTT    time.Duration // of what is Back: from sending to receiving, less the time the office held it
	Office time.Duration // when it reached the office, on the office's own clock, which begins anywhere: the differences
	// between trips tell how much of the changes of RTT is the way up's
	Twice int // further answers to it
}

// probe is a Trip at work.
type probe struct {
	size                        uint16
	twice                       uint16
	told, reached, back, unsent bool
	sent                        time.Time
	late, rtt, held, office     time.Duration
}

// slot is where the probe of a number is kept. The numbers follow each other, so that the newest takes the oldest's.
func (p *Pinger) slot(seq uint32) *probe {
	i := int(seq % keptTrips)
	for len(p.probes) <= i {
		p.probes = append(p.probes, probe{})
	}
	return &p.probes[i]
}

func (p *Pinger) trip(seq uint32, now time.Time) Trip {
	one := p.slot(seq)
	t := Trip{Seq: seq, Size: int(one.size), Sent: one.sent, Late: max(one.late, 0), Twice: int(one.twice)}
	switch {
	case one.back:
		t.Fate, t.RTT, t.Office = Back, max(one.rtt-one.held, 0), one.office
	case one.unsent:
		t.Fate = Unsent
	case now.Sub(one.sent) < patience:
		t.Fate = Waiting
	case one.reached:
		t.Fate = LostDown
	case one.told:
		t.Fate = LostUp
	default:
		t.Fate = Lost
	}
	return t
}

// Since is what became of the probes sent at that time or later, in order; of the last 32768 of them. A later call may
// know more of those that were Waiting or lost.
func (p *Pinger) Since(from time.Time) []Trip {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	first := p.next
	for first > 0 && p.next-first < uint32(len(p.probes)) && !p.slot(first-1).sent.Before(from) {
		first--
	}
	list := make([]Trip, 0, p.next-first)
	for seq := first; seq < p.next; seq++ {
		list = append(list, p.trip(seq, now))
	}
	return list
}
