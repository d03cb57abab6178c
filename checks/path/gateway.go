package path

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"deskready/checks"
)

// roundTrips are the times to the first router and back, in the order they were taken, one for each probe that was
// answered.
type roundTrips struct {
	times  []time.Duration
	method string // icmp, udp or tcp
}

// Methods, of which the first that is answered often enough counts: an ICMP echo (RFC 792), a datagram to a closed port, which brings an
// ICMP error, or a TCP connection, whether taken or refused. None needs special rights.
const (
	methodICMP = "icmp"
	methodUDP  = "udp"
	methodTCP  = "tcp"
)

// A probe takes one round trip.
type probe struct {
	method string
	ask    func(ctx context.Context, to netip.Addr) (time.Duration, error)
}

const (
	gatewayRounds = 5
	gatewayEnough = 3                      // answers, for a method to be content with
	gatewayMisses = 2                      // in a row, after which a method is given up: routers ration ICMP errors
	gatewayWait   = 300 * time.Millisecond // routers at home answer within a few, bad Wi-Fi within a hundred
	gatewayPause  = 30 * time.Millisecond
)

// gateway times the way to the first router. Which methods it answers is found by trying all at once, twice at most;
// those times are not counted, as the probes are in each other's way and the first one asks for the hardware address.
func (c computer) gateway(ctx context.Context, w way) (roundTrips, error) {
	if !w.gateway.IsValid() {
		return roundTrips{}, because(codeNoGateway)
	}
	methods := c.answering(ctx, w.gateway)
	if len(methods) == 0 {
		methods = c.answering(ctx, w.gateway)
	}
	var best roundTrips
	for _, p := range methods {
		if r := p.rounds(ctx, w.gateway); len(r.times) > len(best.times) {
			best = r
		}
		if len(best.times) >= gatewayEnough {
			break
		}
	}
	switch {
	case len(best.times) > 0:
		return best, nil
	case ctx.Err() != nil:
		return best, ctx.Err()
	}
	if there, err := c.answered(ctx, w.gateway); err == nil && !there {
		return best, &checks.Problem{Code: codeGatewayGone, Side: checks.SideHire}
	}
	return best, because(codeGatewaySilent)
}

// answering are those of the probes that are answered, in their order.
func (c computer) answering(ctx context.Context, to netip.Addr) []probe {
	ctx, cancel := context.WithTimeout(ctx, gatewayWait)
	defer cancel()
	var answers []<-chan fact[time.Duration]
	for _, p := range c.probes {
		answers = append(answers, later(ctx, func(ctx context.Context) (time.Duration, error) { return p.ask(ctx, to) }))
	}
	var methods []probe
	for i, answer := range answers {
		if f := <-answer; f.missing == nil {
			methods = append(methods, c.probes[i])
		}
	}
	return methods
}

// rounds takes the times that count.
func (p probe) rounds(ctx context.Context, to netip.Addr) roundTrips {
	r := roundTrips{method: p.method}
	misses := 0
	for range gatewayRounds {
		one, cancel := context.WithTimeout(ctx, gatewayWait)
		f := <-later(one, func(ctx context.Context) (time.Duration, error) { return p.ask(ctx, to) })
		cancel()
		if misses++; f.missing == nil {
			r.times, misses = append(r.times, f.value), 0
		}
		if misses == gatewayMisses || ctx.Err() != nil {
			break
		}
		time.Sleep(gatewayPause)
	}
	return r
}

// portProbes are those that every system has.
func portProbes() []probe {
	probes := []probe{{method: methodUDP, ask: closedPort}}
	for _, port := range []uint16{80, 443, 53} { // a router's own pages, and its DNS
		probes = append(probes, probe{method: methodTCP, ask: func(ctx context.Context, to netip.Addr) (time.Duration, error) {
			return handshake(ctx, netip.AddrPortFrom(to, port))
		}})
	}
	return probes
}

// closedPort sends a datagram to a port that hardly anything listens on, and waits for the "port unreachable" (RFC 792,
// RFC 4443), which the system tells a connected socket as a refusal. Routers answer few of these a second.
func closedPort(ctx context.Context, to netip.Addr) (time.Duration, error) {
	port := uint16(33434 + rand.IntN(90)) // where traceroute sends: firewalls know it as harmless
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", netip.AddrPortFrom(to, port).String())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	if _, err := conn.Write([]byte{0}); err != nil {
		return 0, err
	}
	_, err = conn.Read(make([]byte, 1))
	if took := time.Since(began); err == nil || refused(err) || errors.Is(err, io.EOF) {
		return took, nil
	}
	return 0, err
}

// handshake times SYN to SYN-ACK or RST (RFC 9293).
func handshake(ctx context.Context, to netip.AddrPort) (time.Duration, error) {
	var d net.Dialer
	began := time.Now()
	conn, err := d.DialContext(ctx, "tcp", to.String())
	took := time.Since(began)
	if err == nil {
		return took, conn.Close()
	}
	if refused(err) {
		return took, nil
	}
	return 0, err
}
