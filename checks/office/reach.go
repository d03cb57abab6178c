package office

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"deskready/checks"
)

const (
	raceLength = 1500 * time.Millisecond
	raceEvery  = 250 * time.Millisecond
)

// reach opens the socket to the office. An address that is announced but leads nowhere is a fault of the line, but not
// that UDP is blocked: so the families race, where there are both, as they do for TCP (RFC 8305).
func reach(ctx context.Context, t Ticket, o PingOptions) (*line, error) {
	claims, mac, ok := parts(t.Token)
	host, port, err := t.where()
	if !ok || err != nil {
		return nil, &checks.Problem{Code: CodeForged, Detail: "ticket", Side: checks.SideTool}
	}
	addrs, err := addresses(ctx, host, o)
	if err != nil {
		return nil, Explain(err)
	}
	var lines []*line
	for _, a := range addrs {
		var l *line
		if l, err = dial(ctx, netip.AddrPortFrom(a, port), o); err == nil {
			l.claims, l.mac, l.key, l.stream = claims, mac, echoKey(mac), randomStream()
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return nil, Explain(err)
	}
	best := 0
	if len(lines) > 1 {
		best = race(ctx, lines)
	}
	for i, l := range lines {
		if i != best {
			_ = l.conn.Close()
		}
	}
	l := lines[best]
	if err := ctx.Err(); err != nil {
		_ = l.conn.Close()
		return nil, Explain(err)
	}
	_ = l.conn.SetReadDeadline(time.Time{})
	l.stream = randomStream() // the race's probes are not the measurement's
	return l, nil
}

// addresses is one of each family at most, IPv4 last.
func addresses(ctx context.Context, host string, o PingOptions) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	found, err := o.Resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var four, six netip.Addr
	for _, a := range found {
		switch a = a.Unmap(); {
		case a.Is4() && !four.IsValid():
			four = a
		case a.Is6() && !six.IsValid():
			six = a
		}
	}
	var list []netip.Addr
	for _, a := range []netip.Addr{six, four} {
		if a.IsValid() {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no address", IsNotFound: true}
	}
	return list, nil
}

// where is the host and the port at which the office takes UDP.
func (t Ticket) where() (string, uint16, error) {
	host, port, err := net.SplitHostPort(t.Media)
	if err != nil {
		return "", 0, fmt.Errorf("the office takes no UDP: %w", err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return host, uint16(n), err
}

func dial(ctx context.Context, to netip.AddrPort, o PingOptions) (*line, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", to.String())
	if err != nil {
		return nil, err
	}
	conn := c.(*net.UDPConn)
	if o.Whole {
		if err := keepWhole(conn, to.Addr().Is4()); err != nil {
			_ = conn.Close()
			return nil, &checks.Problem{Code: checks.CodeUnsupported, Detail: "do not fragment", Side: checks.SideHire}
		}
	}
	return &line{conn: conn}, nil
}

func (l *line) remote() netip.AddrPort { return addrPort(l.conn.RemoteAddr()) }

func randomStream() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return binary.BigEndian.Uint32(b[:])
}

// race says which line answers first; the last if none does.
func race(ctx context.Context, lines []*line) int {
	ctx, cancel := context.WithTimeout(ctx, raceLength)
	defer cancel()
	first := make(chan int, len(lines))
	ended := make(chan struct{}, len(lines))
	for i, l := range lines {
		go func() {
			if l.answers(ctx) {
				first <- i
			}
			ended <- struct{}{}
		}()
	}
	best := len(lines) - 1
	select {
	case best = <-first:
		cancel()
	case <-ctx.Done():
	}
	for range lines {
		<-ended
	}
	return best
}

// answers sends probes until one comes back.
func (l *line) answers(ctx context.Context) bool {
	stop := context.AfterFunc(ctx, func() { _ = l.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	key := echoKey(l.mac)
	var sum [sha256.Size]byte
	out, in := make([]byte, probeSize(l.claims)), make([]byte, maxPacket)
	for seq := uint32(0); ctx.Err() == nil; seq++ {
		putRequest(out, l.claims, l.stream, seq, flagBrief)
		sealProbe(key, out, &sum)
		_, _ = l.conn.Write(out)
		next := time.Now().Add(raceEvery)
		for time.Now().Before(next) && ctx.Err() == nil {
			_ = l.conn.SetReadDeadline(next)
			n, err := l.conn.Read(in)
			if err != nil {
				time.Sleep(firstBreath) // refused, perhaps for an earlier one
				continue
			}
			if b := in[:n]; isProbe(b, true) && binary.BigEndian.Uint32(b[atStream:]) == l.stream && openProbe(key, b, &sum) {
				return true
			}
		}
	}
	return false
}
