package path

import "deskready/checks"

var (
	link       = checks.Metric{ID: "path.link", Unit: checks.Text, Values: []string{linkWired, linkWifi, linkCellular}}
	linkRate   = checks.Metric{ID: "path.link_rate", Unit: checks.BitsPerSecond, Better: checks.Higher}
	phone      = checks.Metric{ID: "path.phone", Unit: checks.Text, Values: []string{phoneNone, phoneModem, phoneTethering, phoneHotspot}}
	wifiSignal = checks.Metric{ID: "path.wifi_signal", Unit: checks.DBm, Better: checks.Higher}
	wifiBand   = checks.Metric{ID: "path.wifi_band", Unit: checks.Text, Values: []string{"2.4", "5", "6"}}
	vpn        = checks.Metric{ID: "path.vpn", Unit: checks.Truth, Better: checks.Lower}
	proxy      = checks.Metric{ID: "path.proxy", Unit: checks.Truth, Better: checks.Lower}
	gatewayRTT = checks.Metric{ID: "path.gateway_rtt", Unit: checks.Seconds, Better: checks.Lower, Decimals: 5}
	officeRTT  = checks.Metric{ID: "path.office_rtt", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
	isp        = checks.Metric{ID: "path.isp", Unit: checks.Text}

	dns         = checks.Metric{ID: "path.dns", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
	dnsLies     = checks.Metric{ID: "path.dns_lies", Unit: checks.Truth, Better: checks.Lower}
	portal      = checks.Metric{ID: "path.portal", Unit: checks.Truth, Better: checks.Lower}
	intercepted = checks.Metric{ID: "path.intercepted", Unit: checks.Truth, Better: checks.Lower}
	issuer      = checks.Metric{ID: "path.issuer", Unit: checks.Text}
	udp         = checks.Metric{ID: "path.udp", Unit: checks.Truth, Better: checks.Higher}
	nat         = checks.Metric{ID: "path.nat", Unit: checks.Text, Values: []string{natNone, natSame, natVaries, natBlocked}}
	ipv6        = checks.Metric{ID: "path.ipv6", Unit: checks.Text, Values: []string{v6Works, v6None, v6Broken}}
	mtu         = checks.Metric{ID: "path.mtu", Unit: checks.Bytes, Better: checks.Higher}
	clockSkew   = checks.Metric{ID: "path.clock_skew", Unit: checks.Seconds, Decimals: 4}

	endpoint     = checks.Metric{ID: "path.endpoint", Unit: checks.Truth, Better: checks.Higher}
	endpointRTT  = checks.Metric{ID: "path.endpoint_rtt", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
	endpointDNS  = checks.Metric{ID: "path.endpoint_dns", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
	endpointTCP  = checks.Metric{ID: "path.endpoint_tcp", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
	endpointTLS  = checks.Metric{ID: "path.endpoint_tls", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
	endpointHTTP = checks.Metric{ID: "path.endpoint_http", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
)

// phoneNone says that nothing hints at a telephone's network.
const phoneNone = "none"

// Kinds of address translation, by RFC 4787 section 4.1, as far as one socket and two far ends tell them apart.
const (
	natNone    = "none"                 // the address is the computer's own
	natSame    = "endpoint_independent" // the same outer address towards everybody
	natVaries  = "endpoint_dependent"   // another for each far end: "symmetric" in RFC 3489
	natBlocked = "blocked"              // no answer over UDP
)

// What IPv6 does.
const (
	v6Works  = "works"
	v6None   = "none"   // the line has none: nothing is wrong with that
	v6Broken = "broken" // announced, and nothing comes back
)

func metrics() []checks.Metric {
	return []checks.Metric{link, linkRate, phone, wifiSignal, wifiBand, vpn, proxy, gatewayRTT, officeRTT, isp,
		dns, dnsLies, portal, intercepted, issuer, udp, nat, ipv6, mtu, clockSkew,
		endpoint, endpointRTT, endpointDNS, endpointTCP, endpointTLS, endpointHTTP}
}
