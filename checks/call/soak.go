package call

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"deskready/checks"
)

// A long call is settled window by window: both ends exchange accounts of 15 s, judge them, and forget the packets.
const (
	perWindowSent = uint32(perWindow)
	straggle      = uint32(3 * perSecond) // packets after the end of a window before it is settled
)

// soaking is what one end knows of a long call.
type soaking struct {
	up, down           *windows
	allUp, allDown     merged
	sentUp, sentDown   uint32
	lastUp, lastDown   time.Duration // until when stalls were told
	allTrips, sumTrips float64
}

func newSoaking() *soaking { return &soaking{up: newWindows(0), down: newWindows(0)} }

// add takes the next window, or what is left at the end.
func (k *soaking) add(s sides) {
	k.lastUp = feed(k.up, s.up, k.lastUp)
	k.lastDown = feed(k.down, s.down, k.lastDown)
	k.allUp.add(s.up.quality())
	k.allDown.add(s.down.quality())
	k.sentUp, k.sentDown = k.sentUp+s.up.sent, k.sentDown+s.down.sent
	for _, trip := range s.down.rtts {
		k.allTrips, k.sumTrips = k.allTrips+1, k.sumTrips+trip
	}
}

// feed gives a stretch to the windows, with the stalls in their place; it answers until when stalls were told.
func feed(w *windows, s stretch, told time.Duration) time.Duration {
	stalls := s.stalls
	for len(stalls) > 0 && stalls[0].to <= told {
		stalls = stalls[1:]
	}
	for _, p := range s.packets {
		for len(stalls) > 0 && stalls[0].to <= p.got {
			w.stalled(stalls[0])
			told, stalls = stalls[0].to, stalls[1:]
		}
		w.add(p)
	}
	for _, trip := range s.rtts {
		w.echoed(trip)
	}
	return told
}

// merged are the figures of all windows together: counts added up, shares by their packets, and of the worst window what the
// worst window decides. The estimate is what nineteen of twenty windows reach: a mean would call a line good that is dead now and
// then, and each window is as long as a call that is judged by itself.
type merged struct {
	q          quality
	rated      []quality // of those windows whose estimate is known
	late, lost float64
}

// reached is the share of windows that may be worse than the estimate.
const reached = 0.05

func (m *merged) add(q quality) {
	if q.why != "" {
		return
	}
	m.q.sent, m.q.received, m.q.reordered = m.q.sent+q.sent, m.q.received+q.received, m.q.reordered+q.reordered
	m.q.counted += q.counted
	m.lost += q.loss * float64(q.counted)
	m.late += q.late * float64(q.counted)
	m.q.hole, m.q.jitter, m.q.timed = max(m.q.hole, q.hole), max(m.q.jitter, q.jitter), m.q.timed || q.timed
	if q.rated && (q.sent >= perWindow/3 || len(m.rated) == 0) { // a shorter end says too little
		m.rated = append(m.rated, quality{r: q.r, mos: q.mos})
	}
}

func (m merged) quality() quality {
	q := m.q
	if q.counted == 0 {
		return quality{why: whyNothing}
	}
	n := float64(q.counted)
	q.loss, q.late = m.lost/n, m.late/n
	if q.received > 0 {
		q.reorder = float64(q.reordered) / float64(q.received)
	}
	if q.rated = len(m.rated) > 0; q.rated {
		worst := slices.SortedFunc(slices.Values(m.rated), func(a, b quality) int { return cmp.Compare(a.r, b.r) })
		at := worst[int(math.Ceil(reached*float64(len(worst))))-1]
		q.mos, q.r = at.mos, at.r
	}
	return q
}

// soak makes the long call. When ctx ends, what was measured until then is told.
func (t *teller) soak(ctx context.Context, p *phone, o Options, tell checks.Progress) ([]checks.Measurement, error) {
	k := newSoaking()
	windows := make(chan struct{}, 1)
	settled := make(chan struct{})
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(settled)
		for range windows {
			for p.settleWindow(inner, k) {
			}
		}
	}()
	p.converse(ctx, o.Soak, time.Second, tell, func() {
		select {
		case windows <- struct{}{}:
		default:
		}
	})
	close(windows)
	cancel() // of an exchange that is under way: its window is told by echoes
	<-settled
	seen, err := map[stage]sides(nil), ctx.Err()
	if err == nil {
		tell(checks.Event{Step: "call.step.compare", Done: 0.95, Left: time.Second})
		seen, err = p.finishing(ctx)
	} else {
		p.vanish(ctx)
	}
	if err != nil {
		seen = map[stage]sides{idle: p.alone()}
	}
	k.add(seen[idle])
	t.soaked(k)
	if ctx.Err() != nil {
		return t.out, ctx.Err()
	}
	return t.out, nil
}

// soaked tells of a long call.
func (t *teller) soaked(k *soaking) {
	j := judgedSides{k.allUp.quality(), k.allDown.quality()}
	q, p := j.deciding()
	t.add(mos, q.mos, 0, p)
	t.add(rFactor, q.r, 0, p)
	if k.allTrips > 0 {
		t.add(rtt, k.sumTrips/k.allTrips, 0, nil)
	}
	t.each(j.up, "_up", j.up.fault(true), false)
	t.each(j.down, "_down", j.down.fault(false), false)
	t.long(k.up.close(k.sentUp), k.down.close(k.sentDown))
}

// settleWindow settles the oldest window that is over. Where the office does not answer, its echoes must do.
func (p *phone) settleWindow(ctx context.Context, k *soaking) bool {
	l := p.talk.ledger
	first := l.settled(idle)
	if l.count(idle) < first+perWindowSent+straggle {
		return false
	}
	stalls := p.pulse.since(l.began)
	mine := account{Version: accountVersion, Entries: []entry{l.entry(idle, first, perWindowSent, stalls)}}
	var theirs *entry
	if told, err := p.desk.account(ctx, p.id, mine); err == nil {
		if e, ok := told[idle]; ok && e.First == first {
			theirs = &e
		}
	}
	k.add(l.window(idle, first, perWindowSent, theirs, stalls))
	l.settle(idle, first+perWindowSent)
	return true
}

// window is both directions of so many numbers from first on.
func (l *ledger) window(s stage, first, count uint32, theirs *entry, stalls []span) sides {
	return sides{
		up:   l.outgoing(s, first, count, theirs),
		down: l.incoming(s, first, count, stalls).window(count),
	}
}

// alone is what this end knows by itself of what was not settled yet.
func (p *phone) alone() sides {
	l := p.talk.ledger
	first := l.settled(idle)
	down := l.incoming(idle, first, 0, p.pulse.since(l.began))
	down.sent = down.reported()
	return sides{up: l.outgoing(idle, first, l.count(idle)-first, nil), down: down}
}
