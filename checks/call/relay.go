package call

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/pion/turn/v5"
)

// The relay serves hires whose networks let no UDP through: TURN (RFC 8656) over UDP, TCP and TLS. It is no relay to anywhere: the
// only peer it knows is the office itself, and that hop stays inside this program. There is no socket that could reach others.

const relayRealm = "deskready"

// relayKey is the password of a call's relay: of use only while the call lives, and never sent.
func relayKey(token, name string) string {
	h := hmac.New(sha256.New, []byte("deskready relay\x00"+token))
	h.Write([]byte(name))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// A relay is one allocation: packets for it come from the exchange, packets from it go there. It ends with its call: hires that
// give up a way do not always manage to say so.
type relay struct {
	exchange *exchange
	call     string
	port     int
	packets  chan []byte
	closed   chan struct{}
	once     sync.Once
}

const relayQueue = 128

var errRelay = errors.New("no relay to be had")

// give queues a packet for the hire.
func (r *relay) give(b []byte) {
	select {
	case r.packets <- append([]byte(nil), b...):
	default:
	}
}

func (r *relay) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-r.packets:
		return copy(b, p), officePeer(), nil
	case <-r.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo takes packets for the office, and loses all others.
func (r *relay) WriteTo(b []byte, to net.Addr) (int, error) {
	if to.String() == officePeer().String() {
		r.exchange.take(b, origin{relay: r}, time.Now())
	}
	return len(b), nil
}

func (r *relay) Close() error {
	r.once.Do(func() {
		close(r.closed)
		r.exchange.mu.Lock()
		defer r.exchange.mu.Unlock()
		r.exchange.forget(r)
	})
	return nil
}

// forget takes a relay out. The caller holds the lock.
func (x *exchange) forget(r *relay) {
	delete(x.relay, r.port)
	delete(x.froms, origin{relay: r})
}

func (r *relay) LocalAddr() net.Addr              { return &net.UDPAddr{IP: officePeer().IP, Port: r.port} }
func (r *relay) SetDeadline(time.Time) error      { return nil }
func (r *relay) SetReadDeadline(time.Time) error  { return nil }
func (r *relay) SetWriteDeadline(time.Time) error { return nil }

// Validate, AllocatePacketConn, AllocateListener and AllocateConn make the exchange the only place that relays lead to.
func (x *exchange) Validate() error { return nil }

// AllocatePacketConn makes a relay for a call that is under way.
func (x *exchange) AllocatePacketConn(ask turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.lines[ask.UserID] == nil || len(x.relay) >= relayPorts/2 {
		return nil, nil, errRelay
	}
	for {
		x.next = (x.next + 1) % relayPorts
		if port := relayPorts + x.next; x.relay[port] == nil {
			r := &relay{exchange: x, call: ask.UserID, port: port, packets: make(chan []byte, relayQueue), closed: make(chan struct{})}
			x.relay[port] = r
			return r, r.LocalAddr(), nil
		}
	}
}

// AllocateListener refuses: nothing is relayed over TCP to peers (RFC 6062).
func (x *exchange) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errRelay
}

// AllocateConn refuses, as AllocateListener does.
func (x *exchange) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errRelay }

// serveRelay answers STUN and TURN until the returned function is called.
func (o *Office) serveRelay(x *exchange, datagrams net.PacketConn, streams net.Listener) (func(), error) {
	only := func(_ net.Addr, peer net.IP) bool { return peer.Equal(officePeer().IP) }
	config := turn.ServerConfig{
		LoggerFactory: quiet{}, Realm: relayRealm, AuthHandler: o.relayUser, QuotaHandler: o.relayQuota,
		EventHandler: turn.EventHandler{
			OnAllocationCreated: func(_, _ net.Addr, _, name, _ string, _ net.Addr, _ int) { o.relays(name, 1) },
			OnAllocationDeleted: func(_, _ net.Addr, _, name, _ string) { o.relays(name, -1) },
		},
	}
	if datagrams != nil {
		config.PacketConnConfigs = []turn.PacketConnConfig{{PacketConn: datagrams, RelayAddressGenerator: x, PermissionHandler: only}}
	}
	if streams != nil {
		config.ListenerConfigs = []turn.ListenerConfig{{Listener: framing{streams}, RelayAddressGenerator: x, PermissionHandler: only}}
	}
	if datagrams == nil && streams == nil {
		return func() {}, nil
	}
	server, err := turn.NewServer(config)
	if err != nil {
		return nil, err
	}
	return func() { _ = server.Close() }, nil
}

// framing lets whole messages through only: pion keeps what is unfinished for as long as it takes, whatever its length.
type framing struct{ net.Listener }

func (f framing) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &framed{Conn: c}, nil
}

type framed struct {
	net.Conn
	buf  [maxPacket + 64]byte
	have int
	used int // of have: given out already
}

var errFrame = errors.New("neither STUN nor ChannelData")

// Read gives one whole STUN or ChannelData message (RFC 8656, section 12.5).
func (f *framed) Read(b []byte) (int, error) {
	f.have = copy(f.buf[:], f.buf[f.used:f.have])
	f.used = 0
	for {
		n, err := frame(f.buf[:f.have])
		if err != nil {
			return 0, err
		}
		if n > 0 && n <= f.have {
			if n > len(b) {
				return 0, errFrame
			}
			f.used = n
			return copy(b, f.buf[:n]), nil
		}
		if n > len(f.buf) {
			return 0, errFrame
		}
		got, err := f.Conn.Read(f.buf[f.have:])
		if f.have += got; got == 0 && err != nil {
			return 0, err
		}
	}
}

// frame is the length of the message that b begins with; 0 if that is not to be told yet.
func frame(b []byte) (int, error) {
	if len(b) < 4 {
		return 0, nil
	}
	size := int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case b[0] < 4:
		return 20 + size, nil
	case b[0] >= 0x40 && b[0] < 0x50:
		return 4 + (size+3)&^3, nil
	}
	return 0, errFrame
}
