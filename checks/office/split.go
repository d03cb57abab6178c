package office

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Bounds of Split.
const (
	sniffLimit  = 512              // connections of which it is not known yet what they are; the oldest gives way
	sniffTime   = 10 * time.Second // for a TLS handshake and one byte, on a line with a second of queue
	relayLimit  = 256              // connections to the relay at one time
	relayShare  = 96               // of them from one network: twenty hires behind one address, each with two ways for two calls
	relayIdle   = 2 * time.Minute  // a relay's client refreshes and keeps alive more often (RFC 8656, section 3.9)
	relayWrite  = 10 * time.Second
	alpnHTTP    = "http/1.1"
	alpnTURN    = "stun.turn"          // RFC 7443
	alpnSTUN    = "stun.nat-discovery" // RFC 7443
	tlsFirst    = 22                   // a handshake record (RFC 8446, section 5.1)
	acceptFirst = 5 * time.Millisecond
	acceptLast  = time.Second
)

// Split shares one TCP port out, by the first byte of what clients send: STUN and TURN to relay, HTTP to web. With t, that
// is decided inside of TLS, and what speaks no TLS is STUN and TURN, for relay, or HTTP, for plain: a page's sign-in
// trap is found by asking in plain. Without t nothing speaks TLS, and plain gets nothing.
//
// HTTP is HTTP/1.1: HTTP/2 over one connection would measure that connection. net/http sees the TLS state of requests;
// Connected tells handlers which TCP connection they are on. A client that says nothing is dropped.
//
// Closing web closes the port and all three; closing one of the others turns its clients away.
func Split(l net.Listener, t *tls.Config) (web, relay, plain net.Listener) {
	s := &splitter{l: l, sniffed: list.New(), seats: map[netip.Prefix]int{}, done: make(chan struct{})}
	if t != nil {
		s.tls = t.Clone()
		s.tls.NextProtos = []string{alpnHTTP, alpnTURN, alpnSTUN}
	}
	s.web, s.relay, s.plain = s.door(), s.door(), s.door()
	s.web.all = s
	go s.accept()
	return s.web, s.relay, s.plain
}

type splitter struct {
	l                 net.Listener
	tls               *tls.Config
	web, relay, plain *door
	done              chan struct{}

	mu      sync.Mutex
	sniffed *list.List           // of net.Conn, the oldest first
	relays  int                  // connections to the relay
	seats   map[netip.Prefix]int // of them, by the network they come from
}

// door is a listener that gets its connections from the splitter.
type door struct {
	addr  net.Addr
	conns chan net.Conn
	shut  chan struct{}
	once  sync.Once
	err   error     // why there are no more: set before shut is closed
	all   *splitter // of the door that closes all
}

func (s *splitter) door() *door {
	return &door{addr: s.l.Addr(), conns: make(chan net.Conn), shut: make(chan struct{})}
}

func (d *door) Accept() (net.Conn, error) {
	select {
	case <-d.shut:
		return nil, d.err
	default:
	}
	select {
	case c := <-d.conns:
		return c, nil
	case <-d.shut:
		return nil, d.err
	}
}

func (d *door) Addr() net.Addr { return d.addr }

func (d *door) Close() error {
	d.end(&net.OpError{Op: "accept", Net: "tcp", Addr: d.addr, Err: net.ErrClosed})
	if d.all == nil {
		return nil
	}
	err := d.all.l.Close()
	<-d.all.done
	return err
}

func (d *door) end(err error) {
	d.once.Do(func() {
		d.err = err
		close(d.shut)
	})
}

func (s *splitter) accept() {
	defer close(s.done)
	pause := acceptFirst
	for {
		c, err := s.l.Accept()
		var passing net.Error
		if errors.As(err, &passing) && passing.Timeout() || errors.Is(err, errFiles) { // of files: it passes
			time.Sleep(pause)
			pause = min(2*pause, acceptLast)
			continue
		}
		if err != nil {
			for _, d := range []*door{s.web, s.relay, s.plain} {
				d.end(err)
			}
			s.dropAll()
			return
		}
		pause = acceptFirst
		at := s.hold(c)
		go func() {
			defer s.release(at)
			s.sniff(c)
		}()
	}
}

// hold notes a connection of which it is not known yet what it is. If there are too many, the oldest is dropped: it had the
// most time, and whoever opens many and says nothing keeps nobody else out, unless he opens as many again while others say
// their first word.
func (s *splitter) hold(c net.Conn) *list.Element {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sniffed.Len() >= sniffLimit {
		oldest := s.sniffed.Front()
		s.sniffed.Remove(oldest)
		_ = oldest.Value.(net.Conn).Close()
	}
	return s.sniffed.PushBack(c)
}

func (s *splitter) release(at *list.Element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sniffed.Remove(at) // does nothing if it has been dropped
}

func (s *splitter) dropAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := s.sniffed.Front(); at != nil; at = at.Next() {
		_ = at.Value.(net.Conn).Close()
	}
}

// sniff finds out what a connection is, and takes it there.
func (s *splitter) sniff(c net.Conn) {
	until := time.Now().Add(sniffTime)
	_ = c.SetDeadline(until)
	first := &peeked{Conn: c}
	b, err := first.peek()
	switch {
	case err != nil:
		_ = c.Close()
	case s.tls != nil && b == tlsFirst:
		s.inside(first, until)
	case b <= stunLast:
		s.give(s.relay, first, until)
	case s.tls != nil:
		s.give(s.plain, first, until)
	default:
		s.give(s.web, first, until)
	}
}

// inside goes on under TLS. A client that says by ALPN what it speaks may be silent for as long as whom it is for allows;
// Go's own HTTP/1.1 client and TURN clients say nothing.
func (s *splitter) inside(c net.Conn, until time.Time) {
	t := tls.Server(c, s.tls)
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	if t.HandshakeContext(ctx) != nil {
		_ = c.Close()
		return
	}
	switch t.ConnectionState().NegotiatedProtocol {
	case alpnHTTP:
		s.give(s.web, t, until)
		return
	case alpnTURN, alpnSTUN:
		s.give(s.relay, t, until)
		return
	}
	first := &peeked{Conn: t}
	switch b, err := first.peek(); {
	case err != nil:
		_ = c.Close()
	case b <= stunLast:
		s.give(s.relay, first, until)
	default:
		s.give(s.web, secure{first, t}, until)
	}
}

// give waits for whoever accepts, no longer than until.
func (s *splitter) give(d *door, c net.Conn, until time.Time) {
	if d == s.relay {
		free := s.seat(c)
		if free == nil {
			_ = c.Close()
			return
		}
		c = &relayed{Conn: c, free: free}
	}
	_ = c.SetDeadline(time.Time{})
	late := time.NewTimer(time.Until(until))
	defer late.Stop()
	select {
	case d.conns <- c:
	case <-d.shut:
		_ = c.Close()
	case <-late.C:
		_ = c.Close()
	}
}

// seat takes one of the relay's places; nil where there is none left, or none for that network: a stranger who holds on to
// all that he gets leaves some to others.
func (s *splitter) seat(c net.Conn) (free func()) {
	from := network(c.RemoteAddr())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.relays >= relayLimit || from.IsValid() && s.seats[from] >= relayShare {
		return nil
	}
	s.relays++
	s.seats[from]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.relays--
		if s.seats[from]--; s.seats[from] == 0 {
			delete(s.seats, from)
		}
	})
}

// network is what one client has for himself: an IPv4 address, or an IPv6 network of 64 bits (RFC 6177). It is not valid
// for what is no TCP address.
func network(a net.Addr) netip.Prefix {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	addr := t.AddrPort().Addr().Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	p, err := addr.Prefix(bits)
	if err != nil { // no address at all
		return netip.Prefix{}
	}
	return p
}
