package call

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

// An exchange is the office's switchboard: it gives packets to the calls they belong to, whether they came over the office's
// socket or through its relay. ICE checks name their call; the other packets come from where a check came from.
type exchange struct {
	media net.PacketConn
	rate  int // packets a second that a call may send

	mu    sync.Mutex
	lines map[string]*line // by the name in ICE checks (the ufrag)
	froms map[origin]*line
	relay map[int]*relay
	next  int // port of the next relay
}

// An origin is where packets come from: an address on the network, or a relay of ours.
type origin struct {
	addr  netip.AddrPort
	relay *relay
}

const (
	maxPacket  = 1500
	maxOrigins = 8   // of one call: its paths, and what a NAT makes of them
	lineQueue  = 256 // packets of a call that wait to be read: five seconds
	relayPorts = 1 << 15
)

func newExchange(media net.PacketConn, rate int) *exchange {
	return &exchange{media: media, rate: rate, lines: map[string]*line{}, froms: map[origin]*line{}, relay: map[int]*relay{}}
}

// serve reads the office's socket until it is closed.
func (x *exchange) serve() error {
	b := make([]byte, maxPacket)
	for {
		n, from, err := x.media.ReadFrom(b)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil { // what became of a packet sent earlier, such as a port that is closed: not the end
			time.Sleep(time.Millisecond)
			continue
		}
		if u, ok := from.(*net.UDPAddr); ok {
			ap := u.AddrPort()
			x.take(b[:n], origin{addr: netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())}, time.Now())
		}
	}
}

// take gives a packet to its call. Packets of nobody are dropped, but for plain STUN (RFC 8489): that says only that this is the
// way here, and with what address one comes; the answer goes where the question came from, and is hardly longer.
func (x *exchange) take(b []byte, from origin, at time.Time) {
	if !stun.IsMessage(b) {
		x.mu.Lock()
		l := x.froms[from]
		x.mu.Unlock()
		if l != nil {
			l.put(b, from, at)
		}
		return
	}
	m := stun.Message{Raw: append([]byte(nil), b...)}
	if m.Decode() != nil {
		return
	}
	var name stun.Username
	if m.Type == stun.BindingRequest && name.GetFrom(&m) != nil {
		x.bounce(&m, from)
		return
	}
	ours, _, _ := strings.Cut(string(name), ":") // RFC 8445, section 7.2.2
	if l := x.find(ours, from); l != nil {
		l.put(b, from, at)
	}
}

func (x *exchange) find(name string, from origin) *line {
	x.mu.Lock()
	defer x.mu.Unlock()
	if name == "" {
		return x.froms[from]
	}
	l := x.lines[name]
	if l != nil && x.froms[from] != l && l.adopt(from) {
		x.froms[from] = l
	}
	return l
}

// bounce answers a plain binding request.
func (x *exchange) bounce(ask *stun.Message, from origin) {
	seen := &stun.XORMappedAddress{IP: officePeer().IP, Port: officePeer().Port}
	if from.relay == nil {
		seen = &stun.XORMappedAddress{IP: from.addr.Addr().AsSlice(), Port: int(from.addr.Port())}
	}
	if m, err := stun.Build(ask, stun.BindingSuccess, seen); err == nil {
		_ = x.send(m.Raw, from)
	}
}

func (x *exchange) send(b []byte, to origin) error {
	if to.relay != nil {
		to.relay.give(b)
		return nil
	}
	if w, ok := x.media.(interface {
		WriteToAddrPort([]byte, netip.AddrPort) (int, error)
	}); ok {
		_, err := w.WriteToAddrPort(b, to.addr)
		return err
	}
	_, err := x.media.WriteTo(b, net.UDPAddrFromAddrPort(to.addr))
	return err
}

// open makes the line of a call.
func (x *exchange) open(name string) *line {
	l := newLine(x, name)
	x.mu.Lock()
	x.lines[name] = l
	x.mu.Unlock()
	return l
}

// drop forgets a line, and ends its relays.
func (x *exchange) drop(l *line) {
	x.mu.Lock()
	delete(x.lines, l.name)
	var over []*relay
	for _, r := range x.relay {
		if r.call == l.name {
			over = append(over, r)
		}
	}
	for from, to := range x.froms {
		if to == l {
			delete(x.froms, from)
		}
	}
	x.mu.Unlock()
	for _, r := range over {
		_ = r.Close() // the relay's server then lets go of it
	}
}
