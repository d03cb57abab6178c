package call

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"

	"deskready/checks"
	"deskready/checks/office"
)

// The ways of a call, in the order in which they are liked: values of call.path.
const (
	byUDP     = "udp"
	byTurnUDP = "turn-udp"
	byTurnTCP = "turn-tcp"
	byTurnTLS = "turn-tls"
)

// A way carries packets to the office.
type way struct {
	name  string
	conn  net.PacketConn
	to    net.Addr
	close func()
}

// An opener opens one way. It returns soon after its context has ended.
type opener struct {
	name string
	open func(ctx context.Context) (*way, error)
}

const socketBuffer = 1 << 20 // asked for: five minutes of call; the system may give less

// openers are the ways to the office's media under a call's name, without those found bad.
func (d *desk) openers(ctx context.Context, id string, bad []string) ([]opener, error) {
	where, err := d.media(ctx)
	if err != nil {
		return nil, err
	}
	password := relayKey(d.ticket.Token, id)
	through := func(name string, dial func(context.Context) (net.PacketConn, error)) opener {
		return opener{name, func(ctx context.Context) (*way, error) {
			conn, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			return relayed(ctx, name, conn, id, password)
		}}
	}
	list := []opener{
		{byUDP, func(ctx context.Context) (*way, error) {
			conn, err := dialUDP(ctx, where)
			if err != nil {
				return nil, err
			}
			return &way{byUDP, conn, officePeer(), func() { _ = conn.Close() }}, nil
		}},
		through(byTurnUDP, func(ctx context.Context) (net.PacketConn, error) { return dialUDP(ctx, where) }),
		through(byTurnTCP, func(ctx context.Context) (net.PacketConn, error) { return d.dialTCP(ctx, where, false) }),
	}
	if base, err := url.Parse(d.ticket.Base); err == nil && base.Scheme == "https" {
		list = append(list, through(byTurnTLS, func(ctx context.Context) (net.PacketConn, error) { return d.dialTCP(ctx, where, true) }))
	}
	return slices.DeleteFunc(list, func(o opener) bool { return slices.Contains(bad, o.name) }), nil
}

// media is where the office takes media, by the address at which HTTPS has just reached it if that is the same host.
func (d *desk) media(ctx context.Context) (netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(d.ticket.Media)
	number, perr := strconv.ParseUint(service, 10, 16)
	if err != nil || perr != nil {
		return netip.AddrPort{}, &checks.Problem{Code: checks.CodeInternal, Detail: "media address", Side: checks.SideTool}
	}
	base, err := url.Parse(d.ticket.Base)
	d.mu.Lock()
	addr := d.remote
	d.mu.Unlock()
	if err == nil && base.Hostname() == host && addr.IsValid() {
		return netip.AddrPortFrom(addr, uint16(number)), nil
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil && d.proxy() != nil {
		return netip.AddrPort{}, nil // the proxy knows the name, and UDP goes nowhere
	}
	if err != nil {
		return netip.AddrPort{}, office.Explain(err)
	}
	return netip.AddrPortFrom(likeliest(found, addr), uint16(number)), nil
}

// likeliest of a host's addresses is the one at which HTTPS has just reached the office, or else one of the same family, for the
// other may lead nowhere. Where nothing was reached, it is IPv4.
func likeliest(found []netip.Addr, reached netip.Addr) netip.Addr {
	rank := func(a netip.Addr) int {
		switch a = a.Unmap(); {
		case a == reached:
			return 0
		case a.Is4() == (reached.Is4() || !reached.IsValid()):
			return 1
		}
		return 2
	}
	if len(found) == 0 {
		return netip.Addr{}
	}
	return slices.MinFunc(found, func(a, b netip.Addr) int { return cmp.Compare(rank(a), rank(b)) }).Unmap()
}

// oneWay is a connected socket as a net.PacketConn: it never listens, so that no firewall asks about it.
type oneWay struct{ net.Conn }

func (c oneWay) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := c.Read(b)
	return n, officePeer(), err
}
func (c oneWay) WriteTo(b []byte, _ net.Addr) (int, error) { return c.Write(b) }

func dialUDP(ctx context.Context, where netip.AddrPort) (net.PacketConn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", where.String())
	if err != nil {
		return nil, err
	}
	if u, ok := conn.(*net.UDPConn); ok { // what the system does not give is no fault
		_ = u.SetReadBuffer(socketBuffer)
		_ = u.SetWriteBuffer(socketBuffer)
	}
	return oneWay{conn}, nil
}

// dialTCP goes as HTTPS goes, through a proxy where there is one.
func (d *desk) dialTCP(ctx context.Context, where netip.AddrPort, secure bool) (net.PacketConn, error) {
	dial := d.lines.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	var conn net.Conn
	var err error
	if proxy := d.proxy(); proxy != nil {
		conn, err = d.tunnel(ctx, proxy, dial)
	} else {
		conn, err = dial(ctx, "tcp", where.String())
	}
	if err != nil {
		return nil, err
	}
	if secure {
		if conn, err = d.secure(ctx, conn); err != nil {
			return nil, err
		}
	}
	return turn.NewSTUNConn(&framed{Conn: conn}), nil
}

// secure speaks TLS over a connection, under the same trust as HTTPS, and with the same certificate: it may be for a name where Media
// is an address.
func (d *desk) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if d.lines.TLSClientConfig != nil {
		config = d.lines.TLSClientConfig.Clone()
	}
	if config.ServerName == "" {
		if base, err := url.Parse(d.ticket.Base); err == nil {
			config.ServerName = base.Hostname()
		}
	}
	config.NextProtos = []string{"stun.turn"} // RFC 7443
	wrapped := tls.Client(conn, config)
	if err := wrapped.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return wrapped, nil
}

// relayed asks for a relay to the office over a connection.
func relayed(ctx context.Context, name string, conn net.PacketConn, user, password string) (*way, error) {
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: officePeer().String(), Conn: conn, Username: user, Password: password, Realm: relayRealm,
		LoggerFactory: quiet{}, RequestedAddressFamily: turn.RequestedAddressFamilyIPv4,
	})
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	stop := func() {
		client.Close()
		_ = conn.Close()
	}
	released := context.AfterFunc(ctx, stop)
	defer released()
	if err := client.Listen(); err != nil {
		stop()
		return nil, err
	}
	relay, err := client.Allocate()
	if err != nil {
		stop()
		return nil, err
	}
	return &way{name, relay, officePeer(), func() {
		_ = relay.Close() // gives the relay back
		stop()
	}}, nil
}

// probe finds out whether a way leads to the office: a STUN binding (RFC 8489), sent again as often as that is likely to help.
func probe(ctx context.Context, w *way) error {
	ask, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		return err
	}
	defer func() { _ = w.conn.SetReadDeadline(time.Time{}) }()
	b := make([]byte, maxPacket)
	pause := 150 * time.Millisecond
	for {
		if _, err := w.conn.WriteTo(ask.Raw, w.to); err != nil {
			return err
		}
		until := time.Now().Add(pause)
		if end, ok := ctx.Deadline(); ok && end.Before(until) {
			until = end
		}
		if err := w.conn.SetReadDeadline(until); err != nil {
			return err
		}
		for ctx.Err() == nil {
			n, _, err := w.conn.ReadFrom(b)
			if isTimeout(err) {
				break
			}
			if err != nil {
				return err
			}
			m := stun.Message{Raw: b[:n]}
			if m.Decode() == nil && m.TransactionID == ask.TransactionID && m.Type == stun.BindingSuccess {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause = min(2*pause, time.Second)
	}
}
