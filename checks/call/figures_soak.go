package call

import "time"

// What makes a window of 15 s bad is fixed and published: more than 1 % lost or more than 30 ms of jitter (Microsoft's targets for
// Teams, which name windows of 15 s), or an R below 70, where ITU-T G.109 sees many users dissatisfied.
const (
	badLoss   = 0.01
	badJitter = 0.030 // s
	badR      = 70
)

const (
	silence     = time.Second   // without any packet this long, a call is felt to be cut
	mostWindows = 6 * 60 * 4    // six hours: no far end may claim more
	keptMOS     = 600           // windows whose estimate is kept for plots
	keptPackets = 2 * perWindow // of one window, duplicates included: a flood of them must not fill the memory
)

// windows turns an endless stream of packets into figures by windows of 15 s, in bounded memory. A window is 750 numbers in a row,
// so that each lost packet has its window; stragglers are waited for until the window after is over. Not for concurrent use.
type windows struct {
	first uint32
	base  int        // index of the older of the two open windows
	open  [2]stretch // by their arrival; reused
	rtt   float64    // s, the shortest of the last window that had any
	told  bool       // whether rtt is known
	sum   soak

	last  packet        // the one that came before
	any   bool          // whether there was one
	stood time.Duration // how long the receiver stood still since
	slept [2]uint32     // from which packet to which it was asleep, counted from first
}

// A soak is what became of a long call.
type soak struct {
	windows int // windows that say something of the line
	void    int // windows in which a computer was too busy for that
	bad     int // of windows
	gaps    int // silences above 1 s that the line made
	longest time.Duration
	worst   quality   // of the windows that say something, the one with the lowest MOS
	worstAt int       // its number: times 15 s from the beginning
	mos     []float64 // of the first 600 windows, for plots; 0 where unknown

	sent, received, lost int // packets in all windows, exact but for what came more than 15 s late
}

// newWindows begins with the number of the first packet.
func newWindows(first uint32) *windows {
	w := &windows{first: first, sum: soak{worstAt: -1}}
	for i := range w.open {
		w.open[i].packets = make([]packet, 0, keptPackets)
		w.open[i].rtts = make([]float64, 0, perWindow)
	}
	return w
}

// add takes the next packet that arrived. It allocates nothing but where a window ends.
func (w *windows) add(p packet) {
	i := int64(p.seq - w.first)
	if !p.arrived || i >= int64(mostWindows*perWindow) || i < int64(w.base*perWindow) {
		return
	}
	w.listen(p)
	at := int(i / int64(perWindow))
	for at > w.base+1 {
		w.shut(perWindow)
	}
	s := &w.open[at-w.base]
	if len(s.packets) < keptPackets {
		s.packets = append(s.packets, p)
	}
}

// echoed takes a round trip, in seconds.
func (w *windows) echoed(rtt float64) {
	s := &w.open[w.newest()]
	if len(s.rtts) < perWindow {
		s.rtts = append(s.rtts, rtt)
	}
}

// stalled takes a stall of the receiver.
func (w *windows) stalled(stall span) {
	w.stood += stall.to - stall.from
	for i := range w.open { // it may have held packets of both
		if len(w.open[i].stalls) < perWindow {
			w.open[i].stalls = append(w.open[i].stalls, stall)
		}
	}
}

func (w *windows) newest() int {
	if len(w.open[1].packets) > 0 {
		return 1
	}
	return 0
}

// listen notices silences. What the sender paused beyond its pace, and what the receiver slept, was not the line.
func (w *windows) listen(p packet) {
	quiet := time.Duration(p.seq-w.first) * pace // what of the beginning never came
	if w.any {
		sent, got := p.sent-w.last.sent, p.got-w.last.got
		pause := sent - time.Duration(int32(p.seq-w.last.seq))*pace
		quiet = got - max(0, pause) - w.stood
		if w.stood > silence || sent-got > neverHeld {
			w.sleep(w.last.seq-w.first, p.seq-w.first)
		}
	}
	w.silent(quiet)
	w.any = true
	w.last, w.stood = p, 0
}

// sleep remembers between which packets the receiver was asleep. Its clock may have stood still with it: then packets seem to have
// come long before they can have. Several such whiles in the open windows are taken as one.
func (w *windows) sleep(from, to uint32) {
	if w.slept[1] <= uint32(w.base*perWindow) {
		w.slept[0] = from
	}
	w.slept[1] = max(w.slept[1], to+1)
}

// asleep says whether the receiver slept in the window that is being shut.
func (w *windows) asleep() bool {
	from := uint32(w.base * perWindow)
	return w.slept[1] > from && w.slept[0] < from+uint32(perWindow)
}

func (w *windows) silent(quiet time.Duration) {
	if quiet > silence {
		w.sum.gaps++
		w.sum.longest = max(w.sum.longest, quiet)
	}
}

// close ends it with the number of packets that the far end says it sent, and gives the figures. A last window of less than 5 s is
// counted but not judged.
func (w *windows) close(sent uint32) soak {
	all := int(min(int64(sent), int64(mostWindows*perWindow)))
	if tail := w.first + sent - 1 - w.last.seq; w.any && sent > 0 && tail < uint32(all) {
		w.silent(time.Duration(tail) * pace)
	} else if !w.any {
		w.silent(time.Duration(all) * pace)
	}
	for left := all - w.base*perWindow; left > 0; left = all - w.base*perWindow {
		w.shut(min(left, perWindow))
	}
	return w.sum
}

// shut closes the older window, of which so many packets were sent, and opens another.
func (w *windows) shut(sent int) {
	s := w.open[0]
	s.first, s.sent = w.first+uint32(w.base*perWindow), uint32(sent)
	if rtt, ok := least(s.rtts); ok {
		w.rtt, w.told = rtt, true
	} else if w.told {
		s.rtts = append(s.rtts, w.rtt)
	}
	w.judge(s.quality(), sent)
	w.base++
	w.open[0], w.open[1] = w.open[1], stretch{packets: s.packets[:0], rtts: s.rtts[:0], stalls: s.stalls[:0]}
}

// judge adds one window's figures to the sum.
func (w *windows) judge(q quality, sent int) {
	n := &w.sum
	n.sent, n.received, n.lost = n.sent+q.sent, n.received+q.received, n.lost+q.lost
	if sent < perWindow/3 && w.base > 0 {
		return
	}
	estimate := 0.0
	switch {
	case q.why != "" || !q.rated || w.asleep():
		n.void++
	default:
		estimate = q.mos
		n.windows++
		if q.bad() {
			n.bad++
		}
		if n.worstAt < 0 || q.mos < n.worst.mos {
			n.worst, n.worstAt = q, w.base
		}
	}
	if len(n.mos) < keptMOS {
		n.mos = append(n.mos, estimate)
	}
}

// bad says whether a window of 15 s is.
func (q quality) bad() bool {
	return q.loss > badLoss || q.jitter > badJitter || q.r < badR
}

// share is the share of bad windows.
func (s soak) share() float64 {
	if s.windows == 0 {
		return 0
	}
	return float64(s.bad) / float64(s.windows)
}

// live keeps the last five seconds for a meter. Not for concurrent use.
type live struct {
	ring  [256]packet
	n     int // packets ever
	trips [64]float64
	m     int // round trips ever
	order []packet
}

// add takes the next packet that arrived.
func (l *live) add(p packet) {
	l.ring[l.n%len(l.ring)] = p
	l.n++
}

// echoed takes a round trip, in seconds.
func (l *live) echoed(rtt float64) {
	l.trips[l.m%len(l.trips)] = rtt
	l.m++
}

// now is the estimate at a moment of the receiver's clock. When nothing has come for a while, what should have come counts as lost.
func (l *live) now(at time.Duration) quality {
	if l.n == 0 {
		return quality{why: whyNothing}
	}
	kept := min(l.n, len(l.ring))
	l.order = l.order[:0]
	for i := l.n - kept; i < l.n; i++ {
		l.order = append(l.order, l.ring[i%len(l.ring)])
	}
	newest, last := l.order[kept-1].seq, l.order[kept-1].got
	for _, p := range l.order {
		if int32(p.seq-newest) > 0 {
			newest = p.seq
		}
		last = max(last, p.got)
	}
	var back uint32
	for _, p := range l.order {
		if d := newest - p.seq; d < uint32(len(l.ring)) {
			back = max(back, d)
		}
	}
	quiet := min(max(0, (at-last)/pace-2), time.Duration(len(l.ring))) // two may be on their way
	s := stretch{first: newest - back, sent: back + 1 + uint32(quiet), packets: l.order, rtts: l.trips[:min(l.m, len(l.trips))]}
	return s.quality()
}
