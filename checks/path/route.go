package path

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"deskready/checks"
)

// A defaultRoute is one that leads to everywhere.
type defaultRoute struct {
	gateway netip.Addr // invalid where the link itself is the way (a modem, a tunnel)
	index   int        // of the interface; zero where only its name is known
	name    string
	metric  uint64
}

// A card is an interface as any system shows it.
type card struct {
	index    int
	name     string
	mtu      int
	loopback bool
	hardware string // its address, to be compared with what the system's files say, and told to nobody
	addrs    []netip.Addr
}

// A way is how packets leave the computer for the office.
type way struct {
	egress   adapter // the interface that they leave by
	hardware adapter // the network card beneath: egress itself, unless that is a tunnel
	bare     *checks.Problem
	others   adapter // the interface that packets to the rest of the internet leave by
	mtu      int
	gateway  netip.Addr
}

// anywhere are addresses that nobody has (RFC 5737, RFC 3849). No packet goes there: connecting a UDP socket only asks
// for the route.
func anywhere() []netip.Addr {
	return []netip.Addr{netip.AddrFrom4([4]byte{198, 51, 100, 1}), netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: 1})}
}

// way finds the interfaces that lead to the office and to the rest of the internet.
func (c computer) way(ctx context.Context, remote netip.Addr) (way, error) {
	cards, err := c.cards(ctx)
	if err != nil {
		return way{}, err
	}
	others, elsewhere := c.leading(ctx, cards, anywhere()...)
	out := others
	if remote.IsValid() {
		if out, err = c.leading(ctx, cards, remote); err != nil {
			return way{}, err
		}
	} else if elsewhere != nil {
		return way{}, elsewhere
	}
	if out.loopback {
		return way{}, because(codeLoopback)
	}
	w := way{mtu: out.mtu}
	if w.egress, err = c.adapter(ctx, out); err != nil {
		return way{}, err
	}
	if w.others = w.egress; elsewhere == nil && others.index != out.index {
		if w.others, err = c.adapter(ctx, others); err != nil {
			return way{}, err
		}
	}
	routes, _ := c.routes(ctx) // without them the gateway is unknown, and what is beneath a tunnel
	c.beneath(ctx, &w, cards, routes)
	return w, nil
}

// leading is the card that packets to the first reachable of the addresses leave by.
func (c computer) leading(ctx context.Context, cards []card, remotes ...netip.Addr) (card, error) {
	for _, remote := range remotes {
		local, err := c.local(ctx, remote)
		if err != nil || local.IsLinkLocalUnicast() != remote.IsLinkLocalUnicast() { // an address that leads nowhere
			continue
		}
		for _, one := range cards {
			if slices.Contains(one.addrs, local.WithZone("").Unmap()) {
				return one, nil
			}
		}
	}
	return card{}, &checks.Problem{Code: codeNoRoute, Side: checks.SideHire}
}

// beneath finds the hardware that carries the way, and its first router: beneath a tunnel, that is the best of the
// default routes by hardware, which VPN programs leave in place, or nothing would carry the tunnel itself.
func (c computer) beneath(ctx context.Context, w *way, cards []card, routes []defaultRoute) {
	slices.SortStableFunc(routes, func(a, b defaultRoute) int {
		return cmp.Or(cmp.Compare(family(a), family(b)), cmp.Compare(a.metric, b.metric))
	})
	w.hardware = w.egress
	if w.egress.tunnel != "" {
		w.hardware, w.bare = adapter{}, &checks.Problem{Code: codeLinkUntold, Side: checks.SideUnknown}
	}
	for _, r := range routes {
		at := slices.IndexFunc(cards, func(one card) bool { return one.index == r.index || r.index == 0 && one.name == r.name })
		if at < 0 || !r.gateway.IsValid() && w.bare == nil {
			continue
		}
		if w.bare != nil {
			under, err := c.adapter(ctx, cards[at])
			if err != nil || under.tunnel != "" {
				continue
			}
			w.hardware, w.bare = under, nil
		}
		if cards[at].index == w.hardware.index && r.gateway.IsValid() {
			w.gateway = r.gateway
			if r.gateway.IsLinkLocalUnicast() && r.gateway.Is6() {
				w.gateway = r.gateway.WithZone(cards[at].name)
			}
			return
		}
	}
}

// family puts IPv4 first: its gateways answer to more methods. A route without a gateway comes last.
func family(r defaultRoute) int {
	switch {
	case r.gateway.Is4():
		return 0
	case r.gateway.IsValid():
		return 1
	}
	return 2
}

// localAddress asks the system which own address packets to remote would carry. No packet is sent.
func localAddress(ctx context.Context, remote netip.Addr) (netip.Addr, error) {
	const discard = 9 // RFC 863: connecting names a port, whichever
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", netip.AddrPortFrom(remote, discard).String())
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr(), nil
}

// readCards lists the interfaces that are up.
func readCards(context.Context) ([]card, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var cards []card
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		one := card{index: i.Index, name: i.Name, mtu: i.MTU, loopback: i.Flags&net.FlagLoopback != 0, hardware: i.HardwareAddr.String()}
		addrs, _ := i.Addrs() // an interface that went away meanwhile has none
		for _, a := range addrs {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				one.addrs = append(one.addrs, prefix.Addr().WithZone("").Unmap())
			}
		}
		cards = append(cards, one)
	}
	return cards, nil
}

// Flags of a route in /proc/net/route and /proc/net/ipv6_route (linux/route.h).
const (
	routeUp      = 0x1
	routeGateway = 0x2
	routeReject  = 0x200
)

// parseRoute4 reads the default routes in /proc/net/route. Addresses stand there as hexadecimal numbers in the
// machine's own byte order, and order is that.
func parseRoute4(text string, order binary.ByteOrder) []defaultRoute {
	var routes []defaultRoute
	for line := range strings.Lines(text) {
		// Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
		field := strings.Fields(line)
		if len(field) < 8 || field[1] != "00000000" || field[7] != "00000000" {
			continue
		}
		flags, err := strconv.ParseUint(field[3], 16, 32)
		metric, err2 := strconv.ParseUint(field[6], 10, 64)
		number, err3 := strconv.ParseUint(field[2], 16, 32)
		if err != nil || err2 != nil || err3 != nil || flags&routeUp == 0 || flags&routeReject != 0 {
			continue
		}
		r := defaultRoute{name: field[0], metric: metric}
		if flags&routeGateway != 0 {
			var bytes [4]byte
			order.PutUint32(bytes[:], uint32(number))
			r.gateway = netip.AddrFrom4(bytes)
		}
		routes = append(routes, r)
	}
	return routes
}

// parseRoute6 reads the default routes in /proc/net/ipv6_route, where addresses are in the network's order.
func parseRoute6(text string) []defaultRoute {
	const everywhere = "00000000000000000000000000000000"
	var routes []defaultRoute
	for line := range strings.Lines(text) {
		// destination, its prefix, source, its prefix, next hop, metric, references, uses, flags, device
		field := strings.Fields(line)
		if len(field) != 10 || field[0] != everywhere || field[1] != "00" {
			continue
		}
		flags, err := strconv.ParseUint(field[8], 16, 32)
		metric, err2 := strconv.ParseUint(field[5], 16, 64)
		hop, err3 := hex.DecodeString(field[4])
		if err != nil || err2 != nil || err3 != nil || len(hop) != 16 || flags&routeUp == 0 || flags&routeReject != 0 {
			continue
		}
		r := defaultRoute{name: field[9], metric: metric}
		if flags&routeGateway != 0 {
			r.gateway = netip.AddrFrom16([16]byte(hop))
		}
		routes = append(routes, r)
	}
	return routes
}
