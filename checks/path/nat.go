package path

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"deskready/checks"
)

// natSeen is what came back over UDP, from the office and from other STUN servers, to one and the same socket.
type natSeen struct {
	office   bool      // the office takes UDP, and was asked
	answered bool      // by the office
	others   int       // STUN servers of endpoints that were asked
	maps     []mapping // one for each far end that answered
}

const (
	officeSTUN  = 3200 * time.Millisecond // all sendings and their waits
	anotherSTUN = 1500 * time.Millisecond
	mostOthers  = 2
)

// probeNAT asks the office's port, its second port, and STUN servers of endpoints, from one local port.
func probeNAT(ctx context.Context, o Options, about func() (about, bool)) natSeen {
	var seen natSeen
	var local netip.AddrPort
	ask := func(to netip.AddrPort, limit time.Duration) bool {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		m, err := seenBy(ctx, local, to)
		if err != nil {
			return false
		}
		local = m.local
		seen.maps = append(seen.maps, m)
		return true
	}
	if at, ok := mediaAddress(ctx, o); ok {
		seen.office = true
		seen.answered = ask(at, officeSTUN)
		if a, ok := about(); ok && seen.answered && a.alternate != 0 {
			ask(netip.AddrPortFrom(at.Addr(), uint16(a.alternate)), anotherSTUN)
		}
	}
	for _, e := range otherSTUN(o.Endpoints) {
		if at, ok := lookupPort(ctx, o.Resolver, e.Host, e.Port); ok && ctx.Err() == nil {
			seen.others++
			ask(at, anotherSTUN)
		}
	}
	return seen
}

// otherSTUN are the first STUN servers of different hosts.
func otherSTUN(ends []Endpoint) (out []Endpoint) {
	for _, e := range ends {
		same := func(o Endpoint) bool { return o.Host == e.Host }
		if e.Proto == protoSTUN && len(out) < mostOthers && !slices.ContainsFunc(out, same) {
			out = append(out, e)
		}
	}
	return out
}

// mediaAddress is where the office takes UDP.
func mediaAddress(ctx context.Context, o Options) (netip.AddrPort, bool) {
	if o.Ticket == nil || o.Ticket.Media == "" {
		return netip.AddrPort{}, false
	}
	host, port, err := net.SplitHostPort(o.Ticket.Media)
	if err != nil {
		return netip.AddrPort{}, false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	return lookupPort(ctx, o.Resolver, host, int(n))
}

// lookupPort finds where to send UDP.
func lookupPort(ctx context.Context, r *net.Resolver, host string, port int) (netip.AddrPort, bool) {
	addrs, err := lookup(ctx, r, host)
	if err != nil || len(addrs) == 0 || port <= 0 || port > 65535 {
		return netip.AddrPort{}, false
	}
	return likeliest(addrs, port, hasRoute), true
}

// likeliest of a host's addresses is one that this computer has a way to, by IPv4 where there is a choice: that is where addresses
// are translated. On a line of IPv6 alone, silence to an IPv4 address would look like UDP that is blocked.
func likeliest(addrs []netip.Addr, port int, routed func(netip.AddrPort) bool) netip.AddrPort {
	rank := func(a netip.Addr) int {
		n := 0
		if !routed(netip.AddrPortFrom(a, uint16(port))) {
			n = 2
		}
		if !a.Is4() {
			n++
		}
		return n
	}
	best := slices.MinFunc(addrs, func(a, b netip.Addr) int { return cmp.Compare(rank(a), rank(b)) })
	return netip.AddrPortFrom(best, uint16(port))
}

// otherUDP is what is known of UDP beside STUN: answers of the echo, answers of endpoints, and whether the office
// answered at all.
type otherUDP struct {
	answered bool // something came back over UDP
	office   bool // the office answers over TCP
	tcp      bool // something answers over TCP
}

// judgeUDP says whether UDP gets through. Silence is the line's only where somebody is known to be there: the office,
// which says that it takes UDP and answers over TCP, or two STUN servers of different services.
func judgeUDP(s natSeen, other otherUDP) fact[bool] {
	silent := s.office && other.office || s.others >= mostOthers && other.tcp
	switch {
	case len(s.maps) > 0 || other.answered:
		return fact[bool]{value: true}
	case silent:
		return fact[bool]{value: false}
	case !s.office && s.others == 0:
		return fact[bool]{missing: &checks.Problem{Code: codeNoUDP, Side: checks.SideOffice}}
	}
	return fact[bool]{missing: &checks.Problem{Code: codeUDPUnclear, Side: checks.SideUnknown}}
}

// judgeNAT tells translations apart as far as one computer can without a far end of two addresses: what is let in from
// strangers (RFC 5780, filtering) is not asked.
func judgeNAT(s natSeen, passes fact[bool]) checks.Measurement {
	if passes.missing != nil {
		return nat.Missing("", passes.missing)
	}
	maps := sameSocket(s.maps)
	switch {
	case !passes.value:
		return nat.Named("", natBlocked)
	case len(maps) == 0:
		return nat.Missing("", &checks.Problem{Code: codeNATUnclear, Detail: "no STUN answer", Side: checks.SideUnknown})
	}
	own := true
	for _, m := range maps {
		if m.mapped.Addr().Is4() != maps[0].mapped.Addr().Is4() {
			continue // two families are two different lines
		}
		if m.mapped != maps[0].mapped {
			return nat.Named("", natVaries)
		}
		own = own && m.mapped == m.local
	}
	switch {
	case own:
		return nat.Named("", natNone)
	case len(maps) > 1:
		return nat.Named("", natSame)
	}
	return nat.Missing("", &checks.Problem{Code: codeNATUnclear, Detail: "one STUN answer", Side: checks.SideUnknown})
}

// sameSocket leaves out answers to another local port than the first: they cannot be compared.
func sameSocket(all []mapping) (same []mapping) {
	for _, m := range all {
		if m.local == all[0].local {
			same = append(same, m)
		}
	}
	return same
}
