package call

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const (
	pace        = 20 * time.Millisecond                 // one packet every 20 ms from both ends
	perSecond   = int(time.Second / pace)               // packets in a second
	perWindow   = 15 * perSecond                        // Teams judges loss and jitter by windows of 15 s
	perSpike    = int(200 * time.Millisecond / pace)    // and bursts of loss by windows of 200 ms
	mostPackets = 1 << 16                               // packets in a stretch, more than twenty minutes: no far end may claim more
	tooLate     = 10 * time.Millisecond                 // a sender whose p95 of lateness is above this spoils the second
	neverHeld   = 15 * time.Second                      // no line holds a packet this long: a computer slept, or its clock was set
	mostlyVoid  = 0.5                                   // above this share nothing can be said of the line
	skewAfter   = 60 * time.Second                      // shorter stretches do not tell skew from a queue that fills
	steepest    = 500e-6                                // the fastest that clocks are slewed: a steeper line is no clock
	settled     = 32                                    // updates after which RFC 3550's estimate has forgotten its start from 0
	z95         = 1.959963984540054                     // standard normal quantile of a two-sided 95 % interval
	implausible = float64(24 * time.Hour / time.Second) // s: a round trip beyond this was not measured but made up
)

// Why a stretch says nothing of the line. These are problem codes.
const (
	whyBusy    = "busy"    // one end's computer was too busy in more than half of it
	whyNothing = "not_run" // no packet was sent
	whyGarbled = "garbled" // the far end claims what cannot be
)

// A quality is one direction of a call over one stretch. Counts are of the whole stretch and exact; shares, times and ratings leave
// out void seconds, in which a computer rather than the line was late.
type quality struct {
	why string // a problem code where the figures must not be used, else empty

	sent, received, lost int // packets: as the sender says, different ones that came, and the rest
	dups, strange        int // packets: came again; carried a number that was never sent
	reordered            int // packets that came after a later one (RFC 4737, Type-P-Reordered)

	counted          int     // packets sent in seconds that are not void
	void             float64 // share of packets in void seconds
	sender, receiver float64 // the same by whose doing it was; a second may be both

	loss, lossWithin float64 // share of counted lost, and how far the ends of its 95 % interval are at most
	late, lateWithin float64 // share of counted that came more than 60 ms after the quickest
	reorder          float64 // reordered by received
	spike            float64 // greatest share lost in any 200 ms

	timed               bool    // whether anything came to tell times by; without, those below are zero and mean nothing
	jitter              float64 // s, RFC 3550 by real send times, mean over the worst 15 s
	pdv50, pdv95, pdv99 float64 // s, quantiles of transit time less its least

	rated     bool    // whether R and MOS are known: nothing is rated without a round trip unless nothing came at all
	buffer    float64 // s, the playout buffer that suits this stretch best
	discarded float64 // share of counted that came too late for that buffer
	hole      int     // packets, longest run lost or discarded in it: what the listener misses in one piece
	burstR    float64 // mean such run against what chance alone would make of as many, at least 1
	delay     float64 // s, estimated from mouth to ear
	r, mos    float64 // estimates by ITU-T G.107
}

// A slot is one sent packet's place, by number.
type slot struct {
	known, came bool
	sent, got   float64 // s, each on its own end's clock
	late        time.Duration
	transit     float64 // s, over the least of the stretch once levelled
	void        bool
}

// quality turns what the packets did into figures. It reads no clock and keeps nothing.
func (s stretch) quality() quality {
	if s.sent == 0 || s.sent > mostPackets {
		q := quality{why: whyNothing, strange: len(s.packets)}
		if s.sent > 0 {
			q.why = whyGarbled
		}
		return q
	}
	slots := make([]slot, s.sent)
	q := quality{sent: len(slots)}
	order := q.count(s, slots)
	level(slots)
	q.exclude(slots, s.stalls)
	q.losses(slots)
	q.times(slots, order)
	q.rate(slots, s.rtts)
	if q.void > mostlyVoid || neverHeld.Seconds() < spread(slots) {
		q.why = whyBusy
	}
	return q
}

// count puts each packet into its slot and gives the slots in order of first arrival.
func (q *quality) count(s stretch, slots []slot) []int {
	order := make([]int, 0, min(len(s.packets), len(slots)))
	next := 0
	for _, p := range s.packets {
		i := int64(p.seq - s.first) // numbers may wrap: the distance does not
		switch {
		case i >= int64(len(slots)):
			q.strange++
			continue
		case !p.arrived: // the sender told of it, the line did not bring it
			if !slots[i].known {
				slots[i] = slot{known: true, sent: p.sent.Seconds(), late: p.late}
			}
			continue
		case slots[i].came:
			q.dups++
			continue
		case int(i) < next:
			q.reordered++
		default:
			next = int(i) + 1
		}
		slots[i] = slot{known: true, came: true, sent: p.sent.Seconds(), got: p.got.Seconds(), late: p.late}
		slots[i].transit = slots[i].got - slots[i].sent
		order = append(order, int(i))
	}
	q.received = len(order)
	q.lost = q.sent - q.received
	if q.received > 0 {
		q.reorder = float64(q.reordered) / float64(q.received)
	}
	return order
}

// losses fills the shares of loss over the seconds that count.
func (q *quality) losses(slots []slot) {
	var lost tally
	var recent [perSpike]bool
	unbroken, gone := 0, 0
	for i, s := range slots {
		lost.add(!s.came, s.void)
		if s.void {
			recent, unbroken, gone = [perSpike]bool{}, 0, 0
			continue
		}
		at := &recent[i%perSpike]
		if *at {
			gone--
		}
		if *at = !s.came; *at {
			gone++
		}
		if unbroken++; unbroken >= perSpike {
			q.spike = max(q.spike, float64(gone)/float64(perSpike))
		}
	}
	q.counted = lost.of
	q.loss, q.lossWithin = lost.share(), lost.within()
}

// times fills late, PDV and jitter.
func (q *quality) times(slots []slot, order []int) {
	var late tally
	pdv := make([]float64, 0, len(order))
	for _, s := range slots {
		late.add(s.came && s.transit > fixedBuffer, s.void)
		if s.came && !s.void {
			pdv = append(pdv, s.transit)
		}
	}
	if len(pdv) == 0 {
		return
	}
	q.timed = true
	q.late, q.lateWithin = late.share(), late.within()
	slices.Sort(pdv)
	q.pdv50, q.pdv95, q.pdv99 = quantile(pdv, 0.50), quantile(pdv, 0.95), quantile(pdv, 0.99)
	q.jitter = jitter(slots, order)
}

// quantile is the nearest rank of a sorted series: a value that was measured, not one between two.
func quantile(sorted []float64, p float64) float64 {
	return sorted[min(max(int(math.Ceil(p*float64(len(sorted))))-1, 0), len(sorted)-1)]
}

// jitter is RFC 3550's estimate (6.4.1 and A.8) along the order of arrival, with the real sending times of the payload in the place of
// RTP timestamps, so that an uneven sender is not taken for an uneven line. The figure is the mean of the running estimate over
// the worst 15 s; of a stretch too short to settle, the estimate as it stands in the end.
func jitter(slots []slot, order []int) float64 {
	var now, sum, worst, before float64
	var updates, in, window int
	fresh := true
	for _, i := range order {
		s := slots[i]
		if s.void {
			fresh = true
			continue
		}
		if !fresh {
			now += (math.Abs(s.transit-before) - now) / 16
			if updates++; updates > settled {
				if i/perWindow > window && in >= perWindow/3 { // a sliver of a window says too little
					worst, sum, in = max(worst, sum/float64(in)), 0, 0
				}
				window = i / perWindow
				sum, in = sum+now, in+1
			}
		}
		before, fresh = s.transit, false
	}
	if updates < 2*settled {
		return now
	}
	if in >= perWindow/3 || worst == 0 {
		worst = max(worst, sum/float64(in))
	}
	return worst
}

// A tally counts those hit in a row of packets, and the runs they make. A void packet breaks a run.
type tally struct {
	of, hit, runs int
	run, longest  int
}

func (t *tally) add(hit, void bool) {
	if void {
		t.run = 0
		return
	}
	t.of++
	if !hit {
		t.run = 0
		return
	}
	if t.run == 0 {
		t.runs++
	}
	t.hit++
	t.run++
	t.longest = max(t.longest, t.run)
}

// share is how many of all were hit, 0 to 1.
func (t *tally) share() float64 {
	if t.of == 0 {
		return 0
	}
	return float64(t.hit) / float64(t.of)
}

// burstR is G.107's burst ratio: the mean run against 1/(1-p), the mean run by chance alone. At least 1.
func (t *tally) burstR() float64 {
	if t.runs == 0 {
		return 1
	}
	return max(1, float64(t.hit)/float64(t.runs)*(1-t.share()))
}

// within is the greater distance of share from the ends of its 95 % interval (Wilson 1927), so that share ± within holds all of it:
// the interval leans, above all where nothing was hit. Packets that go in bursts tell less than as many that go alone. In a
// two-state Markov chain (Gilbert 1960) the variance is 2·BurstR-1 times that of chance: so many packets count as one.
func (t *tally) within() float64 {
	if t.of == 0 {
		return 0
	}
	p, n := t.share(), max(1, float64(t.of)/(2*t.burstR()-1))
	lean := 1 + z95*z95/n
	middle := (p + z95*z95/(2*n)) / lean
	half := z95 / lean * math.Sqrt(p*(1-p)/n+z95*z95/(4*n*n))
	return min(1, math.Abs(middle-p)+half)
}

// worse is the direction that decides: the lower estimate. One that is unknown is worse than any known.
func worse(a, b quality) quality {
	return slices.MinFunc([]quality{a, b}, func(x, y quality) int {
		return cmp.Or(cmp.Compare(known(x), known(y)), cmp.Compare(x.mos, y.mos))
	})
}

func known(q quality) int {
	if q.why != "" || !q.rated {
		return 0
	}
	return 1
}
