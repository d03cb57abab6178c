package office

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"net"
	"net/netip"
	"sync"
	"time"

	"deskready/checks"
)

// PingOptions say how to probe. The zero value is 20 probes of 100 bytes a second.
type PingOptions struct {
	Every time.Duration // between probes; zero: 50 ms, negative: none but those of Try; at least 10 ms
	Size  int           // bytes of UDP payload; zero: 100, the size of a packet of speech; raised to what the ticket needs
	Whole bool          // no router may cut a probe into fragments: for the path MTU; not every system can say so
	Brief bool          // answers as short as can be: what happens to long ones is then the way to the office alone

	// Resolve finds the addresses of the office; nil: the system's way.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
}

const (
	defaultEvery = 50 * time.Millisecond
	leastEvery   = 10 * time.Millisecond
	defaultSize  = 100
	keptTrips    = 1 << 15 // 27 minutes of the default rate
	patience     = 3 * time.Second
	silentAfter  = 2 * time.Second
	silentProbes = 10
	lastSecond   = 2 * time.Second // for the way, and what is left is told in whole seconds
)

// ErrTooBig is that this computer itself would not send a whole probe of that size.
var ErrTooBig = errors.New("the probe does not fit the link whole")

// errOver is that the office will not answer any more.
var errOver error = &checks.Problem{Code: CodeExpired, Side: checks.SideTool}

// A Pinger sends probes to the office's UDP echo, until its context or its ticket ends, and knows what became of each.
type Pinger struct {
	o    PingOptions
	line *line
	done chan struct{}

	sendMu sync.Mutex // one packet at a time: its number, its buffer and its MAC
	out    [maxProbe]byte
	sum    [sha256.Size]byte

	mu      sync.Mutex
	began   time.Time
	next    uint32
	probes  []probe // by sequence number, round and round
	waiting map[uint32]chan struct{}
	heard   bool
	refused bool
	busy    bool
	until   time.Time // when the ticket ends, as far as known
	broken  error     // the last reason why a probe could not be sent
}

// line is a socket to the office and what is needed to speak under a ticket there.
type line struct {
	conn   *net.UDPConn
	claims []byte
	mac    []byte
	key    hash.Hash // of the sender
	stream uint32
}

// Ping begins to probe. It opens a socket of its own that only dials. Where the office has an address of both families,
// it first tries which of them answers, for up to a second and a half, and takes IPv4 if none does.
func Ping(ctx context.Context, t Ticket, o PingOptions) (*Pinger, error) {
	o = o.orDefault()
	l, err := reach(ctx, t, o)
	if err != nil {
		return nil, err
	}
	o.Size = min(max(o.Size, probeSize(l.claims)), maxProbe)
	p := &Pinger{
		o: o, line: l, done: make(chan struct{}), began: time.Now(),
		probes: make([]probe, 0, 256), waiting: map[uint32]chan struct{}{},
	}
	_, _ = rand.Read(p.out[:]) // padding that cannot be compressed on the way
	var both sync.WaitGroup
	both.Go(p.receive)
	if o.Every > 0 {
		both.Go(func() { p.keepSending(ctx) })
	}
	stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	go func() {
		both.Wait()
		stop()
		_ = l.conn.Close()
		close(p.done)
	}()
	return p, nil
}

func (o PingOptions) orDefault() PingOptions {
	switch {
	case o.Every == 0:
		o.Every = defaultEvery
	case o.Every > 0:
		o.Every = max(o.Every, leastEvery)
	}
	if o.Size <= 0 {
		o.Size = defaultSize
	}
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	return o
}

// Done is closed once the context has ended and nothing is sent or read any more.
func (p *Pinger) Done() <-chan struct{} { return p.done }

// Overhead is how many bytes IP and UDP put before a probe: 28 over IPv4, 48 over IPv6.
func (p *Pinger) Overhead() int {
	if p.line.remote().Addr().Is4() {
		return 28
	}
	return 48
}

// Busy says that the office itself dropped probes, of this run or of all, while this Pinger was at work: what is lost is
// then not the line's doing.
func (p *Pinger) Busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.busy
}

// keepSending keeps to a timetable: a probe that is late does not make the next one late. What was missed while the
// computer slept is left out, not sent at once.
func (p *Pinger) keepSending(ctx context.Context) {
	due := time.Now()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		if late := time.Since(due); late > 0 && ctx.Err() == nil {
			if _, err := p.send(p.o.Size, due, nil); errors.Is(err, errOver) {
				return
			}
			due = due.Add(late - late%p.o.Every)
		}
		due = due.Add(p.o.Every)
		wait.Reset(time.Until(due))
	}
}

// Try sends one probe of a size now, and waits until it is back, or ctx ends. The error is ErrTooBig, ctx's, that
// the ticket has expired, or why nothing could be sent. The probe is among those of Since, too.
func (p *Pinger) Try(ctx context.Context, size int) (Trip, error) {
	back := make(chan struct{})
	seq, err := p.send(min(max(size, probeSize(p.line.claims)), maxProbe), time.Time{}, back)
	if err != nil {
		return Trip{}, err
	}
	defer func() {
		p.mu.Lock()
		delete(p.waiting, seq)
		p.mu.Unlock()
	}()
	select {
	case <-back:
	case <-ctx.Done():
		err = ctx.Err()
	case <-p.done:
		err = net.ErrClosed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trip(seq, time.Now()), err
}

// send is for a probe that was due then; zero: now. back is closed when its answer comes.
func (p *Pinger) send(size int, due time.Time, back chan struct{}) (uint32, error) {
	p.sendMu.Lock()
	defer p.sendMu.Unlock()
	b := p.out[:size]
	p.mu.Lock()
	seq := p.next // which only this function moves
	if !p.until.IsZero() && time.Now().After(p.until) {
		p.mu.Unlock()
		return 0, errOver
	}
	p.mu.Unlock()
	var flags byte
	if p.o.Brief {
		flags |= flagBrief
	}
	putRequest(b, p.line.claims, p.line.stream, seq, flags)
	sealProbe(p.line.key, b, &p.sum)

	// The answer may be back before Write has returned: the probe must be known by then.
	p.mu.Lock()
	p.next++
	if back != nil {
		p.waiting[seq] = back
	}
	one := p.slot(seq)
	*one = probe{size: uint16(size), sent: time.Now()}
	if !due.IsZero() {
		one.late = one.sent.Sub(due)
	}
	p.mu.Unlock()
	if _, err := p.line.conn.Write(b); err != nil {
		return seq, p.unsent(seq, err)
	}
	return seq, nil
}

// unsent notes why. A refusal is told to the next Write, and is about an earlier probe.
func (p *Pinger) unsent(seq uint32, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, seq)
	p.slot(seq).unsent = true
	switch {
	case errors.Is(err, errTooBig):
		return ErrTooBig
	case errors.Is(err, errRefused), errors.Is(err, errReset):
		p.refused = true
	case !errors.Is(err, net.ErrClosed):
		p.broken = err
	}
	return err
}

func (p *Pinger) receive() {
	key := echoKey(p.line.mac)
	var sum [sha256.Size]byte
	buf := make([]byte, maxPacket)
	for {
		n, err := p.line.conn.Read(buf)
		now := time.Now()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case errors.Is(err, errRefused), errors.Is(err, errReset):
			p.mu.Lock()
			p.refused = true
			p.mu.Unlock()
			continue
		case err != nil:
			time.Sleep(firstBreath)
			continue
		}
		if b := buf[:n]; isProbe(b, true) && binary.BigEndian.Uint32(b[atStream:]) == p.line.stream && openProbe(key, b, &sum) {
			p.arrived(readAnswer(b), now)
		}
	}
}

func (p *Pinger) arrived(e echoed, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.seq >= p.next || p.next-e.seq > uint32(len(p.probes)) {
		return
	}
	p.heard, p.busy = true, p.busy || e.busy
	p.until = now.Add(e.left - lastSecond)
	for i := range min(64, e.seq+1) {
		if e.seq-i+uint32(len(p.probes)) < p.next {
			break
		}
		one := p.slot(e.seq - i)
		one.told = true
		if e.mask>>i&1 == 1 {
			one.reached = true
		}
	}
	one := p.slot(e.seq)
	if one.back {
		one.twice++
		return
	}
	one.back, one.unsent = true, false
	one.rtt, one.held, one.office = now.Sub(one.sent), e.held, e.at
	if c := p.waiting[e.seq]; c != nil {
		delete(p.waiting, e.seq)
		close(c)
	}
}

// Silence is why nothing at all came back; nil when something did, or when it is too early to say: before ten probes
// and two seconds.
func (p *Pinger) Silence() *checks.Problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.heard || p.next < silentProbes || time.Since(p.began) < silentAfter:
		return nil
	case errors.Is(p.broken, errDenied):
		return &checks.Problem{Code: CodeUDP, Detail: "firewall of this computer", Side: checks.SideHire}
	case p.broken != nil:
		return Explain(p.broken)
	case p.refused: // by the office's computer, or by a filter that says so in its name
		return &checks.Problem{Code: CodeUDP, Detail: "port refused", Side: checks.SideUnknown}
	}
	return &checks.Problem{Code: CodeUDP, Detail: "no answer", Side: checks.SideLine}
}
