package path

import (
	"context"
	"net/netip"
	"time"

	"deskready/checks"
)

// facts is what the computer itself tells of the way to the office. None of it names the network, a device or an
// address: all of it may be measured.
type facts struct {
	link    fact[string]  // the hardware beneath, also where a tunnel leads over it: wired, wifi or cellular
	phone   string        // why a telephone's network is suspected: modem, tethering, hotspot; empty where it is not
	signal  fact[float64] // of Wi-Fi, dBm
	band    fact[string]  // of Wi-Fi, GHz: 2.4, 5 or 6
	rate    fact[float64] // what the Wi-Fi or the cable agreed on to send, bit/s: not what the line carries
	mtu     fact[int]     // of the interface that leads to the office, tunnel or not, B
	vpn     fact[tunnelled]
	proxy   fact[proxying]
	gateway fact[roundTrips] // the first router on the hardware's way: at home, the hire's own
}

// A fact is something the computer told, or why it did not.
type fact[T any] struct {
	value   T
	missing *checks.Problem
}

func told[T any](value T) fact[T] { return fact[T]{value: value} }

func untold[T any](code, side string) fact[T] {
	return fact[T]{missing: &checks.Problem{Code: code, Side: side}}
}

// Kinds of link.
const (
	linkWired    = "wired"
	linkWifi     = "wifi"
	linkCellular = "cellular"
)

// Why a telephone's network is suspected behind the link.
const (
	phoneModem     = "modem"     // a mobile modem
	phoneTethering = "tethering" // a telephone on USB or Bluetooth
	phoneHotspot   = "hotspot"   // the router has an address that telephones take
)

// Codes of the computer's own reasons.
const (
	codeLocation      = "location"       // Windows tells of Wi-Fi only to programs that may know where the computer is
	codeVirtualLink   = "virtual_link"   // a virtual machine's or container's network card: the real one is the host's
	codeNotWifi       = "not_wifi"       // there is no signal to tell of on a cable
	codeNotConnected  = "not_connected"  // the Wi-Fi card has no network
	codeNoRoute       = "no_route"       // no interface leads there
	codeLoopback      = "loopback"       // the office is this computer
	codeLinkUntold    = "link_untold"    // the system does not say what kind it is
	codeSystemDenied  = "system_denied"  // the system keeps it from this user
	codeGatewaySilent = "gateway_silent" // the router is there, or may be, and does not answer: many do not
	codeGatewayGone   = "gateway_gone"   // the router does not even answer on its own cable or radio
	codeNoGateway     = "no_gateway"     // the way has no router of its own (a modem, a tunnel alone)
)

// asked is what the computer is asked about.
type asked struct {
	env    func(string) string
	remote netip.Addr    // the office's address; invalid for none: then the way to the internet at large
	limit  time.Duration // zero: three seconds. Up to eight let macOS tell of its Wi-Fi, which takes it that long
}

const factsLimit = 3 * time.Second

// readFacts asks the computer, each fact apart, and all of them within the limit: what hangs is left behind, and is
// missing with code "timeout".
func readFacts(ctx context.Context, q asked) facts {
	return thisComputer(q.env).facts(ctx, q)
}

// A computer is what an operating system answers. Each answers within its context or is left behind.
type computer struct {
	local    func(ctx context.Context, remote netip.Addr) (netip.Addr, error) // the own address that packets to remote carry
	cards    func(context.Context) ([]card, error)                            // index, name, MTU and addresses
	adapter  func(context.Context, card) (adapter, error)
	routes   func(context.Context) ([]defaultRoute, error) // default routes
	radio    func(context.Context, adapter) (radio, error)
	proxy    func(context.Context) (proxying, error)
	probes   []probe
	answered func(context.Context, netip.Addr) (bool, error) // whether the neighbour answered on its cable or radio
}

// facts asks all that it can at once.
func (c computer) facts(ctx context.Context, q asked) facts {
	limit := q.limit
	if limit <= 0 {
		limit = factsLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	proxy := later(ctx, c.proxy)
	w := <-later(ctx, func(ctx context.Context) (way, error) { return c.way(ctx, q.remote) })
	if w.missing != nil {
		f := nowhere(w.missing)
		f.proxy = <-proxy
		return f
	}
	f := w.value.facts()
	gateway := later(ctx, func(ctx context.Context) (roundTrips, error) { return c.gateway(ctx, w.value) })
	if f.link.value == linkWifi {
		f.hear(<-later(ctx, func(ctx context.Context) (radio, error) { return c.radio(ctx, w.value.hardware) }))
	}
	f.gateway, f.proxy = <-gateway, <-proxy
	return f
}

// nowhere is what can be told when the way could not be found.
func nowhere(p *checks.Problem) facts {
	return facts{
		link: fact[string]{missing: p}, signal: fact[float64]{missing: p}, band: fact[string]{missing: p},
		rate: fact[float64]{missing: p}, mtu: fact[int]{missing: p}, vpn: fact[tunnelled]{missing: p},
		gateway: fact[roundTrips]{missing: p},
	}
}
