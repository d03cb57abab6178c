package path

import (
	"context"
	"net/netip"
	"time"

	"deskready/checks"
)

// facts is what the computer itself tells of the way to the office. None of it names the network, a device or an
// address: what is here may be measured.
type facts struct {
	link    fact[string]   // the hardware beneath, also where a tunnel leads over it: wired, wifi or cellular
	phone   string         // why a telephone's network is suspected: modem, tethering, hotspot; empty where it is not
	signal  fact[float64]  // of Wi-Fi, dBm
	band    fact[string]   // of Wi-Fi, GHz: 2.4, 5 or 6
	rate    fact[float64]  // what Wi-Fi or the cable agreed on to send, bit/s: never what the line carries
	mtu     fact[int]      // of the interface that leads to the office, tunnel or not, B
	vpn     fact[tunnelled]
	proxy   fact[proxying]
	gateway fact[roundTrips] // the router at home
}

// A fact is something the computer told, or why it did not.
type fact[T any] struct {
	value   T
	missing *checks.Problem
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
	phoneHotspot   = "hotspot"   // the router has the address that telephones take
)

// tunnelled says whether the way leads through a VPN.
type tunnelled struct {
	office bool   // the way to the office does
	others bool   // the way to the rest of the internet does
	kind   string // of what make: wireguard, openvpn, ipsec, ppp, anyconnect, ...; "other" where no name tells
}

// any is the answer to "is there a VPN in the way?"
func (t tunnelled) any() bool { return t.office || t.others }

// proxying says what the system and the environment set for the way to web pages.
type proxying struct {
	kind string // none, manual or auto (a script, or one looked for in the network)
	from string // environment or system; empty for none
}

// Kinds of proxy setting.
const (
	proxyNone   = "none"
	proxyManual = "manual"
	proxyAuto   = "auto"
)

// roundTrips are the times to the first router and back, in the order they were taken.
type roundTrips struct {
	times  []time.Duration
	method string // icmp, udp or tcp
}

// Codes of this computer's own reasons.
const (
	codeLocation      = "location"       // Windows tells of Wi-Fi only to programs that may know where the computer is
	codeVirtualLink   = "virtual_link"   // a virtual machine's or container's network card: the real one is the host's
	codeNotWifi       = "not_wifi"       // there is no signal to tell of on a cable
	codeNoRoute       = "no_route"       // no interface leads there
	codeLoopback      = "loopback"       // the office is this computer
	codeLinkUntold    = "link_untold"    // the system does not say what kind it is
	codeSystemDenied  = "system_denied"  // the system keeps it from this user
	codeGatewaySilent = "gateway_silent" // the router is there and does not answer: many do not
	codeGatewayGone   = "gateway_gone"   // the router does not even say that it is there
	codeNoGateway     = "no_gateway"     // the way to the office has no router of its own (a modem, a tunnel alone)
)

// asked is what the computer is asked about.
type asked struct {
	env    func(string) string
	remote netip.Addr    // the office's address; invalid for none: then the way to the internet at large
	limit  time.Duration // zero: three seconds. More lets macOS tell its Wi-Fi, which takes it up to eight
}

// readFacts asks the computer, each fact apart and all within the limit.
func readFacts(ctx context.Context, q asked) facts {
	return facts{}
}
