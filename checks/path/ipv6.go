package path

import (
	"context"
	"net"
	"net/netip"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// v6Seen is what IPv6 did.
type v6Seen struct {
	announced bool // this computer has a way to send it
	tried     int  // far ends that were dialled
	works     bool // one of them answered
}

const (
	v6Patience = 2 * time.Second
	v6Lookups  = 3 * time.Second // for finding out who has an IPv6 address
	mostV6     = 3               // far ends that are dialled
	mostAsked  = 8               // endpoints whose addresses are looked up for it
)

// probeIPv6 dials the office, and endpoints that have an IPv6 address, by it alone. A refusal is an answer, too.
func probeIPv6(ctx context.Context, o Options, about func() (about, bool)) v6Seen {
	targets := v6Targets(ctx, o, about)
	seen := v6Seen{announced: hasRoute(anywhere6())}
	answers := make(chan bool, len(targets))
	for _, t := range targets {
		if !hasRoute(t) {
			continue
		}
		seen.announced = true
		seen.tried++
		go func() { answers <- answers6(ctx, t) }()
	}
	for range seen.tried {
		seen.works = <-answers || seen.works
	}
	return seen
}

// v6Targets are far ends that have an IPv6 address.
func v6Targets(ctx context.Context, o Options, about func() (about, bool)) []netip.AddrPort {
	var targets []netip.AddrPort
	if a, ok := about(); ok && a.ipv6.IsValid() {
		targets = append(targets, a.ipv6)
	}
	ctx, cancel := context.WithTimeout(ctx, v6Lookups)
	defer cancel()
	if o.Ticket != nil {
		host, port := officeHost(o)
		targets = append(targets, v6Of(ctx, o, host, port)...)
	}
	for _, e := range o.Endpoints[:min(len(o.Endpoints), mostAsked)] {
		if e.Proto == protoTLS || e.Proto == protoHTTPS || e.Proto == protoTCP {
			targets = append(targets, v6Of(ctx, o, e.Host, e.Port)...)
		}
	}
	return targets[:min(len(targets), mostV6)]
}

// v6Of is the first IPv6 address of a host.
func v6Of(ctx context.Context, o Options, host string, port int) []netip.AddrPort {
	addrs, err := lookup(ctx, o.Resolver, host)
	if err != nil || port <= 0 || port > 65535 {
		return nil
	}
	for _, a := range addrs {
		if a.Is6() {
			return []netip.AddrPort{netip.AddrPortFrom(a, uint16(port))}
		}
	}
	return nil
}

// anywhere6 and anywhere4 are addresses of documentation (RFC 3849, RFC 5737), to which nothing is ever sent.
func anywhere6() netip.AddrPort { return netip.MustParseAddrPort("[2001:db8::1]:9") }
func anywhere4() netip.AddrPort { return netip.MustParseAddrPort("192.0.2.1:9") }

// hasRoute says whether the system would know where to send a packet for the address. Connecting a UDP socket sends none.
func hasRoute(to netip.AddrPort) bool {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return false
	}
	defer conn.Close()
	from, err := netip.ParseAddrPort(conn.LocalAddr().String())
	return err == nil && !from.Addr().IsLinkLocalUnicast() && (!from.Addr().IsLoopback() || to.Addr().IsLoopback())
}

func answers6(ctx context.Context, to netip.AddrPort) bool {
	ctx, cancel := context.WithTimeout(ctx, v6Patience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp6", to.String())
	if err != nil {
		return office.Explain(err).Code == office.CodeRefused
	}
	_ = conn.Close()
	return true
}

// judgeIPv6 calls IPv6 broken only while something answers by IPv4: a line that is down has no broken IPv6.
func judgeIPv6(s v6Seen, online bool) checks.Measurement {
	switch {
	case s.works:
		return ipv6.Named("", v6Works)
	case !s.announced:
		return ipv6.Named("", v6None)
	case s.tried > 0 && online:
		return ipv6.Named("", v6Broken)
	case s.tried == 0:
		return ipv6.Missing("", &checks.Problem{Code: codeIPv6Untried, Side: checks.SideUnknown})
	}
	return ipv6.Missing("", &checks.Problem{Code: checks.CodeNoNetwork, Side: checks.SideLine})
}
