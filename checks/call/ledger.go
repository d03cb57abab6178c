package call

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"
)

const (
	interval = 20 * time.Millisecond // one packet of voice
	// maxKept bounds what one end keeps of one stage and direction: what a call of 200 s sends. A longer call settles
	// its windows as it goes.
	maxKept    = 10_000
	maxPending = 1000 // echoes that wait for a packet to carry them
	maxTrips   = maxKept
	// fairHold is how long an echo waits for the next packet, which is never far. What goes beyond is believed of nobody who gains by it.
	fairHold = interval + 5*time.Millisecond
)

// A ledger is what one end of a call keeps of it, on its own clock.
type ledger struct {
	began  time.Time
	trusts bool         // the other end has no reason to look better than it is
	tokens cipher.Block // makes the tokens of our packets: nobody else knows them beforehand

	mu     sync.Mutex
	out    [stages]sending
	in     [stages]receiving
	fresh  []due         // arrivals that were not echoed yet, oldest first
	recent []due         // the last echoed ones: said again while there is room
	newest time.Duration // the other end's clock, by its newest packet
	seen   time.Duration // when that came
	far    stage         // what it says
	meter  *meter        // nil: nobody watches
}

// sending is our side of one stage.
type sending struct {
	first uint32      // number of sent[0]: what is settled is dropped
	sent  []departure // one a packet
	trips []float64   // s: round trips, by echoes
}

// A departure is a packet we sent.
type departure struct {
	at, late time.Duration
	heard    time.Duration // when it came there, on the other end's clock, by its echo
	hold     time.Duration // how long the other end then held the echo, though it could have told
	echoed   bool
}

// receiving is the other end's side of one stage.
type receiving struct {
	first   uint32 // packets below are settled
	packets []packet
	tokens  []uint64 // of packets, one each
}

// due is an echo that we owe.
type due struct {
	echo
	got time.Duration
}

func newLedger() *ledger {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // only for a key of another size
	}
	return &ledger{began: time.Now(), tokens: block}
}

func (l *ledger) now() time.Duration { return time.Since(l.began) }

// token is what only who got the packet can know.
func (l *ledger) token(s stage, seq uint32) uint64 {
	var b [aes.BlockSize]byte
	b[0] = byte(s)
	binary.BigEndian.PutUint32(b[1:], seq)
	l.tokens.Encrypt(b[:], b[:])
	return binary.BigEndian.Uint64(b[:])
}

// depart notes a packet that is sent now and was due at that moment, and gives what it carries. It reports false where the stage
// is full.
func (l *ledger) depart(s stage, due time.Duration) (payload, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := &l.out[s]
	if len(o.sent) >= maxKept {
		if s != rest {
			return payload{}, false
		}
		*o = sending{first: o.first + uint32(len(o.sent))}
	}
	at := l.now()
	d := departure{at: at, late: max(at-due, 0)}
	seq := o.first + uint32(len(o.sent))
	o.sent = append(o.sent, d)
	return payload{stage: s, seq: seq, sent: at, late: d.late, token: l.token(s, seq), echoes: l.owed(at)}, true
}

// owed takes the echoes for the next packet: new ones first, then those said last, in case their packets were lost.
func (l *ledger) owed(at time.Duration) []echo {
	var out []echo
	n := min(len(l.fresh), maxEchoes)
	for _, d := range l.fresh[:n] {
		d.hold = at - d.got
		out = append(out, d.echo)
	}
	for i := len(l.recent) - 1; i >= 0 && len(out) < maxEchoes; i-- {
		d := l.recent[i]
		d.hold = at - d.got
		out = append(out, d.echo)
	}
	l.recent = append(l.recent, l.fresh[:n]...)
	if extra := len(l.recent) - maxEchoes; extra > 0 {
		l.recent = append(l.recent[:0], l.recent[extra:]...)
	}
	l.fresh = l.fresh[n:]
	return out
}

// arrive notes a packet of the other end that came at that moment.
func (l *ledger) arrive(p payload, got time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	in, before := &l.in[p.stage], l.newest
	if p.sent >= l.newest {
		l.newest, l.seen, l.far = p.sent, got, p.stage
	}
	for _, e := range p.echoes {
		l.hear(e, p.sent, before, got)
	}
	if p.stage == rest || p.seq < in.first || p.seq-in.first >= maxKept || len(in.packets) >= maxKept {
		if p.stage == rest {
			l.owe(p, got)
		}
		return
	}
	one := packet{seq: p.seq, sent: p.sent, got: got, arrived: true, late: p.late}
	if l.meter != nil {
		l.meter.down.add(one)
	}
	in.packets = append(in.packets, one)
	in.tokens = append(in.tokens, p.token)
	l.owe(p, got)
}

func (l *ledger) owe(p payload, got time.Duration) {
	if len(l.fresh) < maxPending {
		l.fresh = append(l.fresh, due{echo{p.stage, p.seq, uint32(p.token >> 32), 0}, got})
	}
}

// hear takes the other end's word that a packet of ours came there, if it can prove it. It said so in a packet that it sent at that
// time; the one that came from there before was sent at before. In between it could tell nothing, and so need not have held the echo.
func (l *ledger) hear(e echo, said, before, got time.Duration) {
	o := &l.out[e.stage]
	i := e.seq - o.first
	if e.seq < o.first || i >= uint32(len(o.sent)) || o.sent[i].echoed || uint32(l.token(e.stage, e.seq)>>32) != e.token {
		return
	}
	d := &o.sent[i]
	trip := got - d.at - e.hold
	if trip < 0 {
		return // the echo was held for longer than it was away
	}
	d.echoed, d.heard = true, said-e.hold
	if d.heard < before {
		d.hold = e.hold
	}
	if !l.trusts { // a long hold would make a long way short
		trip += max(d.hold-fairHold, 0)
	}
	if l.meter != nil && e.stage != rest {
		l.meter.up.add(packet{seq: e.seq, sent: d.at, got: d.heard, arrived: true, late: d.late})
		l.meter.up.echoed(trip.Seconds())
		l.meter.down.echoed(trip.Seconds())
	}
	if len(o.trips) < maxTrips {
		o.trips = append(o.trips, trip.Seconds())
	}
}

// A meter is what a call looks like just now, both ways.
type meter struct{ up, down live }

// watch gives the estimate of the last seconds, the worse direction's; false where there is none yet.
func (l *ledger) watch() (float64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	q := worse(l.meter.up.now(l.newest+now-l.seen), l.meter.down.now(now))
	return q.mos, known(q) > 0
}

// farStage is the stage that the other end is in.
func (l *ledger) farStage() stage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.far
}

// count is how many packets of a stage were sent so far.
func (l *ledger) count(s stage) uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out[s].first + uint32(len(l.out[s].sent))
}
