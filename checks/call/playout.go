package call

import (
	"math"
	"time"
)

// Two readings of lateness, and what each is for.
//
// The fixed buffer drives call.late. "More than 60 ms behind the quickest" means the same on every line, a line cannot hide from
// it, and a reader can check it by hand. An adaptive buffer hides lateness by its nature: it trades it for delay, so that on a
// line with 333 ms of PDV its own share of late packets stays at a few percent.
//
// The adaptive buffer drives R and MOS, where that trade has its price: what still comes too late counts as loss, and the wait
// for the others as delay. Its length is the one between 40 and 400 ms that gives the best R (Sun and Ifeachor, "Voice quality
// prediction models and their application in VoIP networks", 2006). The plain rule "the 95th percentile of PDV", which is among the
// tried lengths, discards 5 % by construction: on a line with an even 0 to 50 ms it does worse than a fixed 60 ms, which no buffer that
// adapts would.
const (
	fixedBuffer = 0.060 // s
	leastBuffer = 0.040 // s: two packets, about what browsers start from
	mostBuffer  = 0.400 // s: ITU-T G.114's upper limit of planning, already without the rest of the way
	bufferStep  = 0.010 // s
)

// beside is what the way from mouth to ear takes beside network and buffer: a packet is filled (20 ms), the codec looks ahead
// (6.5 ms, RFC 6716), devices and their drivers take about 20 ms.
const beside = 0.0465 // s

// A played is what a buffer of one length makes of a stretch.
type played struct {
	buffer  float64 // s
	gone    tally   // lost or too late
	delay   float64 // s, from mouth to ear
	r, mos  float64
	dropped int // too late alone
}

// play lets a stretch through a buffer of one length. The way there is half the round trip: an asymmetric delay cannot be
// told from outside, and both ends of a conversation suffer the sum.
func play(slots []slot, buffer, rtt float64) played {
	p := played{buffer: buffer, delay: rtt/2 + buffer + beside}
	for i := range slots {
		s := &slots[i]
		tardy := s.came && s.transit > buffer
		p.gone.add(!s.came || tardy, s.void)
		if tardy && !s.void {
			p.dropped++
		}
	}
	delay := time.Duration(min(p.delay, implausible) * float64(time.Second))
	p.r, p.mos = rating(delay, p.gone.share(), p.gone.burstR())
	return p
}

// rate finds the buffer that suits the stretch best, and fills what comes of it.
func (q *quality) rate(slots []slot, rtts []float64) {
	if q.counted == 0 {
		return
	}
	rtt, ok := least(rtts)
	q.rated = ok || !q.timed // where nothing comes, the round trip does not matter
	best := play(slots, leastBuffer, rtt)
	try := func(buffer float64) {
		if p := play(slots, buffer, rtt); p.r > best.r {
			best = p
		}
	}
	for i := 1; best.dropped > 0 && i <= int(math.Round((mostBuffer-leastBuffer)/bufferStep)); i++ {
		try(leastBuffer + float64(i)*bufferStep)
	}
	try(min(max(q.pdv95, leastBuffer), mostBuffer))
	switch {
	case !q.timed:
		best.r, best.mos = 0, 1
	case !ok:
		best.r, best.mos, best.delay = 0, 0, 0
	}
	q.buffer, q.delay, q.r, q.mos = best.buffer, best.delay, best.r, best.mos
	q.discarded = float64(best.dropped) / float64(q.counted)
	q.hole, q.burstR = best.gone.longest, best.gone.burstR()
}

// least is the shortest round trip that can be one.
func least(rtts []float64) (float64, bool) {
	shortest, ok := 0.0, false
	for _, rtt := range rtts {
		if rtt >= 0 && rtt < implausible && (!ok || rtt < shortest) {
			shortest, ok = rtt, true
		}
	}
	return shortest, ok
}
