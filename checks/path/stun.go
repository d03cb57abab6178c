package path

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"

	"deskready/checks/office"
)

// A mapping is what one far end sees of a socket.
type mapping struct {
	local, mapped netip.AddrPort
	rtt           time.Duration
}

const (
	maxSTUN   = 1500
	firstWait = 200 * time.Millisecond // before a request is sent again; doubled each time (RFC 8489, section 6.2.1)
	sendings  = 4
)

var errSTUN = errors.New("no STUN answer")

// seenBy asks one far end under which address it sees the socket. The socket is connected: nothing but that far end can
// answer, and no firewall asks the hire whether this program may listen. local is a port to come from, or zero.
func seenBy(ctx context.Context, local, to netip.AddrPort) (mapping, error) {
	var d net.Dialer
	if local.IsValid() {
		d.LocalAddr = net.UDPAddrFromAddrPort(local)
	}
	conn, err := d.DialContext(ctx, "udp", to.String())
	if err != nil {
		return mapping{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	own, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		return mapping{}, err
	}
	m := mapping{local: unmapped(own)}
	sent := map[[stun.TransactionIDSize]byte]time.Time{}
	wait := firstWait
	for range sendings {
		request, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
		if err != nil {
			return mapping{}, err
		}
		sent[request.TransactionID] = time.Now()
		if _, err := conn.Write(request.Raw); err == nil {
			if m.mapped, m.rtt, err = answered(ctx, conn, sent, wait); err == nil {
				return m, nil
			}
		}
		if err := ctx.Err(); err != nil {
			return mapping{}, err
		}
		wait *= 2
	}
	return mapping{}, errSTUN
}

// answered waits for the answer to any of the requests. Each has an identifier of its own, so that a late answer to an
// early one is timed rightly.
func answered(ctx context.Context, conn net.Conn, sent map[[stun.TransactionIDSize]byte]time.Time, wait time.Duration) (netip.AddrPort, time.Duration, error) {
	until := time.Now().Add(wait)
	buf := make([]byte, maxSTUN)
	for {
		if err := ctx.Err(); err != nil {
			return netip.AddrPort{}, 0, err
		}
		if err := conn.SetReadDeadline(until); err != nil {
			return netip.AddrPort{}, 0, err
		}
		n, err := conn.Read(buf)
		now := time.Now()
		if err != nil && !now.Before(until) {
			return netip.AddrPort{}, 0, errSTUN
		}
		if err != nil { // an ICMP error says what one packet met; the next may fare better, and one that does not is waited out
			select {
			case <-ctx.Done():
			case <-time.After(min(firstWait/4, time.Until(until))):
			}
			continue
		}
		id, mapped, err := parseSTUN(buf[:n])
		if at, ours := sent[id]; ours && err == nil {
			return mapped, now.Sub(at), nil
		}
	}
}

// parseSTUN reads a Binding success response (RFC 8489, section 14.2; older servers answer with MAPPED-ADDRESS alone).
func parseSTUN(packet []byte) (id [stun.TransactionIDSize]byte, mapped netip.AddrPort, err error) {
	var m stun.Message
	if len(packet) > maxSTUN {
		return id, mapped, errSTUN
	}
	if err := stun.Decode(packet, &m); err != nil {
		return id, mapped, err
	}
	if m.Type != stun.BindingSuccess {
		return id, mapped, errSTUN
	}
	var xor stun.XORMappedAddress
	var plain stun.MappedAddress
	ip, port := net.IP(nil), 0
	switch {
	case xor.GetFrom(&m) == nil:
		ip, port = xor.IP, xor.Port
	case plain.GetFrom(&m) == nil:
		ip, port = plain.IP, plain.Port
	default:
		return id, mapped, errSTUN
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok || port <= 0 || port > 65535 {
		return id, mapped, errSTUN
	}
	return m.TransactionID, netip.AddrPortFrom(addr.Unmap(), uint16(port)), nil
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// ServeAlternate answers STUN Binding requests on the office's second UDP port, by which a hire's computer learns whether its
// network shows the same address to both. It returns when the socket is closed. Requests with attributes that it would
// have to understand, and all other packets, are dropped. A socket that listens on all addresses answers from the one asked.
func ServeAlternate(conn net.PacketConn) error {
	if _, ok := conn.(*net.UDPConn); ok {
		conn = office.Share(conn).Packets(office.Relay)
	}
	buf := make([]byte, maxSTUN)
	for {
		n, from, err := conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil { // what an earlier packet of ours met on its way
			time.Sleep(time.Millisecond)
			continue
		}
		if reply := stunReply(buf[:n], from); reply != nil {
			_, _ = conn.WriteTo(reply, from)
		}
	}
}

// stunReply answers in 40 bytes (52 to IPv6) what takes at least 28 to ask: RFC 5389 servers may not answer with less.
func stunReply(packet []byte, from net.Addr) []byte {
	at, ok := from.(*net.UDPAddr)
	var m stun.Message
	if !ok || stun.Decode(packet, &m) != nil || m.Type != stun.BindingRequest || stun.Fingerprint.Check(&m) != nil {
		return nil
	}
	const mustUnderstand = 0x8000 // attributes below it (RFC 8489, section 14)
	for _, a := range m.Attributes {
		if a.Type < mustUnderstand {
			return nil
		}
	}
	reply, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: at.IP, Port: at.Port}, stun.Fingerprint)
	if err != nil {
		return nil
	}
	return reply.Raw
}
