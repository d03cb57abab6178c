package call

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/pion/ice/v4"
)

// ICE sees no real address of either end: each end of a path is one of these (TEST-NET-1, RFC 5737), and what is written to it
// goes the path that was found. So neither an office behind a NAT nor a hire's private address is anybody's concern, and a relay
// can be asked for nothing but the office itself.
func officePeer() *net.UDPAddr { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1).To4(), Port: 9} }
func herePeer() *net.UDPAddr   { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2).To4(), Port: 9} }

// stamps remember when packets of the call came in, taken where the socket is read: what they then wait for inside this program
// is not the line's.
type stamps struct {
	mu   sync.Mutex
	ring [1024]struct {
		number uint16
		at     time.Time
	}
}

// note looks at one packet from the network: RTP has 2 in its first two bits and no payload type of RTCP (RFC 5761, section 4).
func (s *stamps) note(b []byte, at time.Time) {
	if len(b) < 12 || b[0]>>6 != 2 || b[1] >= 192 && b[1] <= 223 {
		return
	}
	number := binary.BigEndian.Uint16(b[2:])
	s.mu.Lock()
	slot := &s.ring[int(number)%len(s.ring)]
	slot.number, slot.at = number, at
	s.mu.Unlock()
}

// of is when the packet of this RTP sequence number came.
func (s *stamps) of(number uint16) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slot := s.ring[int(number)%len(s.ring)]; slot.number == number && !slot.at.IsZero() {
		return slot.at
	}
	return time.Now()
}

// A socket is the hire's end of the path as ICE sees it. The path is found while the call is being set up: before, what is
// written is dropped, as any network may.
type socket struct {
	stamps stamps
	ready  chan struct{} // closed once there is a path
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	path net.PacketConn
	to   net.Addr
}

func newSocket() *socket {
	return &socket{ready: make(chan struct{}), closed: make(chan struct{})}
}

// attach gives the socket its path, once.
func (s *socket) attach(path net.PacketConn, to net.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.path, s.to = path, to
	close(s.ready)
}

// ReadFrom hides errors that pass (no route for a moment, a port that answers with ICMP): a call goes on.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-s.ready:
	case <-s.closed:
		return 0, nil, net.ErrClosed
	}
	for {
		n, _, err := s.path.ReadFrom(b)
		if err == nil {
			s.stamps.note(b[:n], time.Now())
			return n, officePeer(), nil
		}
		select {
		case <-s.closed:
			return 0, nil, net.ErrClosed
		case <-time.After(interval):
		}
		if errors.Is(err, net.ErrClosed) {
			return 0, nil, err
		}
	}
}

func (s *socket) WriteTo(b []byte, _ net.Addr) (int, error) {
	s.mu.Lock()
	path, to := s.path, s.to
	s.mu.Unlock()
	if path == nil {
		return len(b), nil
	}
	return path.WriteTo(b, to)
}

// Close ends reads; the path is closed by who opened it.
func (s *socket) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.path != nil {
			_ = s.path.SetReadDeadline(time.Unix(1, 0)) // wakes the reader
		}
	})
	return nil
}

func (s *socket) LocalAddr() net.Addr              { return herePeer() }
func (s *socket) SetDeadline(time.Time) error      { return nil } // Close follows at once wherever ICE sets one
func (s *socket) SetReadDeadline(time.Time) error  { return nil }
func (s *socket) SetWriteDeadline(time.Time) error { return nil }

// A port lets ICE use one socket, and look for no other: no network interface of this computer is listed.
type port struct {
	conn net.PacketConn
}

func (p port) Close() error                                     { return p.conn.Close() }
func (p port) GetConn(string, net.Addr) (net.PacketConn, error) { return p.conn, nil }
func (p port) RemoveConnByUfrag(string)                         {}
func (p port) GetListenAddresses() []net.Addr                   { return []net.Addr{p.conn.LocalAddr()} }

var _ ice.UDPMux = port{}

// timeout is what a read answers when its deadline is over.
func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
