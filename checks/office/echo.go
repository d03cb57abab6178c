package office

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"net"
	"net/netip"
	"sync"
	"time"
)

// An Echo is the office end of the UDP echo: the other is Ping. It keeps no table that a stranger could fill, answers
// packets under a good ticket alone, each once, never with more bytes than it was asked with, and silently drops the
// rest.
type Echo struct {
	Secret Secret
	Now    func() time.Time // the wall clock, for the expiry of tickets
	Limits EchoLimits

	mu     sync.Mutex
	began  time.Time
	guests map[string]*guest // by claims
	swept  time.Time
	all    bucket
	short  time.Time // when the office last dropped what it should have answered
	sum    [sha256.Size]byte
}

// EchoLimits bound what the echo answers. Zero values stand for DefaultEchoLimits.
type EchoLimits struct {
	Rate    int   // packets a second under one ticket
	Total   int   // packets a second under all of them
	Bytes   int64 // answered under one ticket in all
	Tickets int   // in use at one time
	Streams int   // under one ticket, as long as it lives: each Ping is one, or two while it looks for its way
}

// DefaultEchoLimits fit several Pings at once of their default rate, for an hour.
func DefaultEchoLimits() EchoLimits {
	return EchoLimits{Rate: 200, Total: 20_000, Bytes: 32 << 20, Tickets: 4096, Streams: 64}
}

// A Tally is what the echo saw of one run.
type Tally struct {
	Received    uint64 // packets, all different
	Twice       uint64 // packets that had come before: the line doubled them, or somebody replays them
	Refused     uint64 // packets over a limit, which got no answer
	First, Last time.Time
}

const (
	sweepEvery = time.Minute
	busyFor    = 10 * time.Second // the office says so after it dropped something
)

// guest is a ticket of which at least one good packet has come.
type guest struct {
	claims  Claims
	key     hash.Hash
	streams map[uint32]*window
	rate    bucket
	bytes   int64
	short   time.Time // when one of its packets last was over a limit
	tally   Tally
}

// Serve answers until conn is closed, then it returns nil. It may serve several conns.
func (e *Echo) Serve(conn net.PacketConn) error {
	e.open()
	from := source{conn: conn}
	from.port, _ = conn.(*packets)
	buf := make([]byte, maxPacket)
	for {
		n, at, err := from.next(buf)
		var passing net.Error
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case errors.As(err, &passing) && passing.Timeout():
			return err
		case err != nil: // what an earlier answer met on its way
			time.Sleep(firstBreath)
			continue
		}
		if from.dropped() {
			e.mu.Lock()
			e.short = at
			e.mu.Unlock()
		}
		if answer := e.answer(buf[:n], at); answer != nil {
			from.answer(answer)
		}
	}
}

// source is where the packets of Serve come from. A part of a Port tells when it read them, and costs no memory.
type source struct {
	conn net.PacketConn
	port *packets // conn, where it is one
	to   netip.AddrPort
	addr net.Addr
	lost uint64
}

func (s *source) next(b []byte) (n int, at time.Time, err error) {
	if s.port != nil {
		n, s.to, at, err = s.port.next(b)
		return n, at, err
	}
	n, s.addr, err = s.conn.ReadFrom(b)
	return n, time.Now(), err
}

// answer answers the last. What cannot be sent is lost, as on the way.
func (s *source) answer(b []byte) {
	if s.port != nil {
		_, _ = s.port.WriteToAddrPort(b, s.to)
	} else {
		_, _ = s.conn.WriteTo(b, s.addr)
	}
}

// dropped says whether packets for here did not fit since it was last asked.
func (s *source) dropped() bool {
	if s.port == nil {
		return false
	}
	before := s.lost
	s.lost = s.port.lost.Load()
	return s.lost != before
}

func (e *Echo) open() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.guests != nil {
		return
	}
	d := DefaultEchoLimits()
	l := &e.Limits
	l.Rate, l.Total = either(l.Rate, d.Rate), either(l.Total, d.Total)
	l.Tickets, l.Streams = either(l.Tickets, d.Tickets), either(l.Streams, d.Streams)
	if l.Bytes <= 0 {
		l.Bytes = d.Bytes
	}
	e.began, e.guests = time.Now(), map[string]*guest{}
}

func either(n, other int) int {
	if n > 0 {
		return n
	}
	return other
}

// answer makes the answer to b in its place; nil for none.
func (e *Echo) answer(b []byte, at time.Time) []byte {
	if !isProbe(b, false) {
		return nil
	}
	claims, ok := claimed(b)
	if !ok {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	g := e.admit(b, claims)
	if g == nil {
		return nil
	}
	if g.tally.Last = at; g.tally.First.IsZero() {
		g.tally.First = at
	}
	stream, seq := binary.BigEndian.Uint32(b[atStream:]), binary.BigEndian.Uint32(b[atSeq:])
	if w := g.streams[stream]; w != nil && w.stale(seq) { // before it uses up what good ones may use
		g.tally.Twice++
		return nil
	}
	w := e.within(g, stream, len(b), at)
	if w == nil {
		return nil
	}
	w.add(seq)
	g.tally.Received++
	out := putAnswer(b, echoed{
		at: at.Sub(e.began), held: time.Since(at), count: w.count, mask: w.last64(seq),
		left: g.claims.Until.Sub(e.Now()), busy: at.Sub(e.short) < busyFor || at.Sub(g.short) < busyFor,
	})
	g.bytes += int64(len(out))
	sealProbe(g.key, out, &e.sum)
	return out
}

// within finds the stream of a packet; nil if it is over a limit.
func (e *Echo) within(g *guest, stream uint32, size int, at time.Time) *window {
	w := g.streams[stream]
	if w == nil && len(g.streams) < e.Limits.Streams {
		w = new(window)
		g.streams[stream] = w
	}
	switch {
	case w == nil || g.bytes+int64(size) > e.Limits.Bytes || !g.rate.take(at, e.Limits.Rate):
		g.short = at
	case !e.all.take(at, e.Limits.Total):
		e.short = at
	default:
		return w
	}
	g.tally.Refused++
	return nil
}

// admit finds whose packet it is. Only a packet with a good MAC makes a new guest.
func (e *Echo) admit(b, claims []byte) *guest {
	if g := e.guests[string(claims)]; g != nil {
		if !e.Now().Before(g.claims.Until) || !openProbe(g.key, b, &e.sum) {
			return nil
		}
		return g
	}
	c, mac, err := e.Secret.read(claims, e.Now())
	if err != nil {
		return nil
	}
	key := echoKey(mac)
	if !openProbe(key, b, &e.sum) || !e.room() {
		return nil
	}
	g := &guest{claims: c, key: key, streams: map[uint32]*window{}}
	e.guests[string(claims)] = g
	return g
}

// room forgets tickets that have expired, now and then, and says whether there is room for one more.
func (e *Echo) room() bool {
	now := e.Now()
	if len(e.guests) < e.Limits.Tickets && now.Sub(e.swept) < sweepEvery {
		return true
	}
	e.swept = now
	for k, g := range e.guests {
		if !now.Before(g.claims.Until) {
			delete(e.guests, k)
		}
	}
	return len(e.guests) < e.Limits.Tickets
}

// read makes claims of the part of a token before its MAC, and that MAC.
func (s Secret) read(body []byte, now time.Time) (Claims, []byte, error) {
	if len(s) < secretSize || len(body) < tokenHead || body[0] != tokenVersion {
		return Claims{}, nil, ErrForged
	}
	until := time.Unix(int64(binary.BigEndian.Uint64(body[1:])), 0)
	if !now.Before(until) { // before the costly part
		return Claims{}, nil, ErrExpired
	}
	mac := s.mac(body)
	return claims(body, mac), mac, nil
}

// bucket is a token bucket that holds a second's worth.
type bucket struct {
	left float64
	last time.Time
}

func (k *bucket) take(now time.Time, rate int) bool {
	if k.last.IsZero() {
		k.left, k.last = float64(rate), now
	}
	if d := now.Sub(k.last); d > 0 {
		k.left, k.last = min(float64(rate), k.left+d.Seconds()*float64(rate)), now
	}
	if k.left < 1 {
		return false
	}
	k.left--
	return true
}

// window knows which sequence numbers have come, as far back as packets may be late: a replay is told as in RFC 6479.
type window struct {
	top   uint32 // the highest
	count uint32
	seen  [windowSize / 64]uint64 // bit seq%windowSize, of those above top-windowSize
}

const windowSize = 1024 // packets: at 200 a second, five seconds

// stale says that a number has come before, or is too old to tell.
func (w *window) stale(seq uint32) bool {
	return w.count > 0 && seq <= w.top && (w.top-seq >= windowSize || w.has(seq))
}

// add is for numbers that are not stale.
func (w *window) add(seq uint32) {
	if w.count == 0 {
		w.top = seq
	}
	if seq > w.top {
		for s := w.top + 1; s != seq && s-w.top <= windowSize; s++ {
			w.seen[s%windowSize/64] &^= 1 << (s % 64)
		}
		w.top = seq
	}
	w.seen[seq%windowSize/64] |= 1 << (seq % 64)
	w.count++
}

func (w *window) has(seq uint32) bool {
	return seq <= w.top && w.top-seq < windowSize && w.seen[seq%windowSize/64]>>(seq%64)&1 == 1
}

// last64 says which of seq and the 63 before it have come: bit 0 is seq.
func (w *window) last64(seq uint32) uint64 {
	var mask uint64
	for i := range uint32(min(63, seq)) + 1 {
		if w.has(seq - i) {
			mask |= 1 << i
		}
	}
	return mask
}
