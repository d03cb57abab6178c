package office

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// packets is one kind's part of a Port: a net.PacketConn with a queue of its own, which drops what does not fit, so that
// an end that does not keep up costs the others nothing.
type packets struct {
	port  *Port
	queue chan *packet
	spare chan *packet // as many as the queue holds at most, made when first needed
	lost  atomic.Uint64

	gone     chan struct{}
	goneOnce sync.Once
	reading  alarm
	writing  alarm
}

type packet struct {
	n    int
	from netip.AddrPort
	at   time.Time // when it was read from the socket
	data [maxPacket]byte
}

func newPackets(p *Port, length int) *packets {
	return &packets{
		port: p, queue: make(chan *packet, length), spare: make(chan *packet, length),
		gone: make(chan struct{}),
	}
}

// put is called by the port's reader alone.
func (c *packets) put(b []byte, from netip.AddrPort, at time.Time) {
	select {
	case <-c.gone:
		return
	default:
	}
	var p *packet
	select {
	case p = <-c.spare:
	default:
		p = new(packet)
	}
	p.n, p.from, p.at = copy(p.data[:], b), from, at
	select {
	case c.queue <- p:
	default:
		c.lost.Add(1)
		c.keep(p)
	}
}

func (c *packets) keep(p *packet) {
	select {
	case c.spare <- p:
	default:
	}
}

// next is ReadFrom, with the time at which the packet was read from the socket.
func (c *packets) next(b []byte) (int, netip.AddrPort, time.Time, error) {
	rang := c.reading.bell()
	select { // a deadline in the past wins over packets that wait
	case <-c.gone:
		return 0, netip.AddrPort{}, time.Time{}, c.failed("read", net.ErrClosed)
	case <-rang:
		return 0, netip.AddrPort{}, time.Time{}, c.failed("read", os.ErrDeadlineExceeded)
	default:
	}
	select {
	case <-c.gone:
		return 0, netip.AddrPort{}, time.Time{}, c.failed("read", net.ErrClosed)
	case <-rang:
		return 0, netip.AddrPort{}, time.Time{}, c.failed("read", os.ErrDeadlineExceeded)
	case p := <-c.queue:
		n, from, at := copy(b, p.data[:p.n]), p.from, p.at
		c.keep(p)
		return n, from, at, nil
	}
}

// ReadFromAddrPort is ReadFrom without a net.Addr, which costs memory.
func (c *packets) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, _, err := c.next(b)
	return n, from, err
}

func (c *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, _, err := c.next(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteToAddrPort is WriteTo without a net.Addr.
func (c *packets) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	select {
	case <-c.gone:
		return 0, c.failed("write", net.ErrClosed)
	case <-c.writing.bell():
		return 0, c.failed("write", os.ErrDeadlineExceeded)
	default:
	}
	return c.port.send(b, to)
}

func (c *packets) WriteTo(b []byte, to net.Addr) (int, error) {
	ap := addrPort(to)
	if !ap.IsValid() {
		return 0, c.failed("write", net.InvalidAddrError("no UDP address"))
	}
	return c.WriteToAddrPort(b, ap)
}

func (c *packets) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "udp", Source: c.LocalAddr(), Err: err}
}

// Close ends this part alone: the others go on.
func (c *packets) Close() error {
	c.shut()
	return nil
}

func (c *packets) shut() {
	c.goneOnce.Do(func() {
		close(c.gone)
		c.reading.set(time.Time{})
		c.writing.set(time.Time{})
	})
}

func (c *packets) LocalAddr() net.Addr { return c.port.LocalAddr() }

func (c *packets) SetDeadline(t time.Time) error {
	c.reading.set(t)
	c.writing.set(t)
	return nil
}

func (c *packets) SetReadDeadline(t time.Time) error {
	c.reading.set(t)
	return nil
}

// SetWriteDeadline is this part's own: the socket's would stop the others' packets too.
func (c *packets) SetWriteDeadline(t time.Time) error {
	c.writing.set(t)
	return nil
}

// alarm is a deadline that may be moved while somebody waits for it.
type alarm struct {
	mu    sync.Mutex
	timer *time.Timer
	moved uint64        // how often it was set: a timer that fires late finds out that it is of the past
	rang  chan struct{} // closed once the deadline has passed
}

func (a *alarm) bell() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rang == nil {
		a.rang = make(chan struct{})
	}
	return a.rang
}

// set is for no deadline when t is zero.
func (a *alarm) set(t time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
	a.moved++
	if a.rang == nil || over(a.rang) {
		a.rang = make(chan struct{})
	}
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		close(a.rang)
		return
	}
	mine := a.moved
	a.timer = time.AfterFunc(left, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.moved == mine {
			close(a.rang)
		}
	})
}

func over(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
