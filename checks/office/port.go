package office

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// A Port is one UDP socket that several office ends share: hires' networks need to let only one port through, and
// whoever runs the office opens only one.
type Port struct {
	conn    net.PacketConn
	udp     *net.UDPConn // conn, where it is one: reading from it costs no memory
	faces   *faces       // nil: the socket has one address
	control [facingSpace]byte
	ends    [kinds]*packets
	strange atomic.Uint64
	done    chan struct{}
}

const (
	maxPacket   = 2048    // longer ones are dropped: nothing here is sent over lines with jumbo frames
	socketQueue = 4 << 20 // asked for: the system may give less
	queueLength = 1024    // packets of one kind that wait; at 2 KiB each, 2 MiB
	firstBreath = time.Millisecond
	lastBreath  = 100 * time.Millisecond
)

// Share starts to read the socket and to hand out what arrives. Close ends it, and closes the socket.
func Share(conn net.PacketConn) *Port {
	p := &Port{conn: conn, done: make(chan struct{})}
	p.udp, _ = conn.(*net.UDPConn)
	if p.udp != nil { // best effort: the packets of twenty calls come in bursts
		_ = p.udp.SetReadBuffer(socketQueue)
		_ = p.udp.SetWriteBuffer(socketQueue)
		p.faces = openFaces(p.udp)
	}
	for k := range p.ends {
		p.ends[k] = newPackets(p, queueLength)
	}
	go p.read()
	return p
}

// Packets is the part of the port that one kind of packets goes to. It is the same for each call; once closed, its
// packets are dropped. Its write deadline is its own, and it implements pion's AddrPortReaderWriter.
func (p *Port) Packets(k Kind) net.PacketConn { return p.ends[k] }

// Lost is how many packets of a kind the office itself dropped, because whoever they were for did not keep up: that is
// not the line's doing.
func (p *Port) Lost(k Kind) uint64 { return p.ends[k].lost.Load() }

// Strange is how many packets were for nobody.
func (p *Port) Strange() uint64 { return p.strange.Load() }

// LocalAddr is the socket's.
func (p *Port) LocalAddr() net.Addr { return p.conn.LocalAddr() }

// Close closes the socket and all its parts. Whoever reads one gets net.ErrClosed.
func (p *Port) Close() error {
	err := p.conn.Close()
	<-p.done
	return err
}

func (p *Port) read() {
	defer close(p.done)
	defer func() {
		for _, e := range p.ends {
			e.shut()
		}
	}()
	breath := firstBreath
	buf := make([]byte, maxPacket+1)
	for {
		n, from, err := p.receive(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // what an earlier packet of ours met on its way; Windows tells oversized packets so, too
			time.Sleep(breath)
			breath = min(2*breath, lastBreath)
			continue
		}
		at := time.Now()
		breath = firstBreath
		k := nobody
		if n <= maxPacket {
			k = classify(buf[:n])
		}
		if k == nobody {
			p.strange.Add(1)
			continue
		}
		p.ends[k].put(buf[:n], from, at)
	}
}

func (p *Port) receive(b []byte) (int, netip.AddrPort, error) {
	switch {
	case p.udp == nil:
		n, from, err := p.conn.ReadFrom(b)
		if err != nil {
			return n, netip.AddrPort{}, err
		}
		return n, addrPort(from), nil
	case p.faces == nil:
		n, from, err := p.udp.ReadFromUDPAddrPort(b)
		return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
	}
	n, more, _, from, err := p.udp.ReadMsgUDPAddrPort(b, p.control[:])
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if err == nil {
		p.faces.learn(from, p.control[:more])
	}
	return n, from, err
}

func (p *Port) send(b []byte, to netip.AddrPort) (int, error) {
	if p.udp == nil {
		return p.conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
	}
	if p.faces != nil {
		if with := p.faces.with(to); with != nil {
			n, _, err := p.udp.WriteMsgUDPAddrPort(b, with, to)
			if err == nil {
				return n, nil
			}
			p.faces.forget(to) // that address may be gone
		}
	}
	return p.udp.WriteToUDPAddrPort(b, to)
}

// addrPort is the zero AddrPort for what is no UDP address.
func addrPort(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
