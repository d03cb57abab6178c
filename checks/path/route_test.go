package path

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"testing"

	"deskready/checks"
)

// The tables of a Debian 12 virtual machine, shortened, with lines added as the kernel writes them of tunnels and
// routes that refuse (synthetic).
const (
	table4 = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	100	00000000	0	0	0
tun0	00000000	0100080A	0003	0	0	50	00000080	0	0	0
wwan0	00000000	00000000	0001	0	0	700	00000000	0	0	0
*	00000000	00000000	0200	0	0	9	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
`
	table6 = `fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000003 00000000 00000003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`
)

func TestRoutesOfLinux(t *testing.T) {
	want := []defaultRoute{{gateway: netip.MustParseAddr("192.0.2.1"), name: "eth0", metric: 100}, {name: "wwan0", metric: 700}}
	if got := parseRoute4(table4, binary.LittleEndian); !reflect.DeepEqual(got, want) {
		t.Errorf("IPv4: %v, want %v", got, want)
	}
	want = []defaultRoute{{gateway: netip.MustParseAddr("fe80::1"), name: "eth0", metric: 0x400}}
	if got := parseRoute6(table6); !reflect.DeepEqual(got, want) {
		t.Errorf("IPv6: %v, want %v", got, want)
	}
}

func FuzzRoutes(f *testing.F) {
	f.Add(table4)
	f.Add(table6)
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range parseRoute4(text, binary.BigEndian) {
			if r.name == "" || r.gateway.IsValid() && !r.gateway.Is4() {
				t.Errorf("%+v", r)
			}
		}
		for _, r := range parseRoute6(text) {
			if r.name == "" || r.gateway.IsValid() && r.gateway.Is4() {
				t.Errorf("%+v", r)
			}
		}
	})
}

// house is a computer with a cable, Wi-Fi and a VPN, whose own addresses end in the interface's number. leads says
// which of them leads to an address.
func house(leads map[string]int, adapters map[int]adapter, routes ...defaultRoute) computer {
	own := func(index int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(index)}) }
	return computer{
		local: func(_ context.Context, remote netip.Addr) (netip.Addr, error) {
			index, ok := leads[remote.String()]
			if !ok {
				return netip.Addr{}, &net.OpError{Op: "dial", Err: errors.New("network is unreachable")}
			}
			return own(index), nil
		},
		cards: func(context.Context) ([]card, error) {
			cards := []card{{index: 1, name: "lo", mtu: 65536, loopback: true, addrs: []netip.Addr{own(1)}}}
			for index, a := range adapters {
				cards = append(cards, card{index: index, name: a.name, mtu: 1500 - index, addrs: []netip.Addr{own(index)}})
			}
			return cards, nil
		},
		adapter: func(_ context.Context, one card) (adapter, error) { return adapters[one.index], nil },
		routes:  func(context.Context) ([]defaultRoute, error) { return routes, nil },
		radio:   func(context.Context, adapter) (radio, error) { return radio{signal: -60, band: "5", rate: 3e8}, nil },
		proxy:   func(context.Context) (proxying, error) { return proxying{kind: proxyNone}, nil },
		answered: func(context.Context, netip.Addr) (bool, error) {
			return true, nil
		},
	}
}

const (
	atOffice  = "203.0.113.5"
	elsewhere = "198.51.100.1" // where anywhere leads
)

var errNoTable = errors.New("no table")

func TestWay(t *testing.T) {
	adapters := map[int]adapter{
		2: {index: 2, name: "eth0", id: "eth0", kind: linkWired, rate: 1e9},
		3: {index: 3, name: "wlan0", id: "wlan0", kind: linkWifi},
		4: {index: 4, name: "tun0", id: "tun0", tunnel: "openvpn"},
		5: {index: 5, name: "ppp0", id: "ppp0", why: codeLinkUntold, unsure: true},
		6: {index: 6, name: "veth", id: "veth", why: codeVirtualLink},
	}
	home, vpn := netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("10.8.0.1")
	byWifi := defaultRoute{gateway: home, name: "wlan0", metric: 600}
	byCable := defaultRoute{gateway: netip.MustParseAddr("192.168.2.1"), index: 2, metric: 100}
	byTunnel := defaultRoute{gateway: vpn, index: 4, metric: 50}
	tests := []struct {
		what    string
		leads   map[string]int
		routes  []defaultRoute
		link    string
		code    string // why there is no link
		vpn     tunnelled
		unsure  bool
		mtu     int
		gateway netip.Addr
	}{
		{what: "a cable", leads: map[string]int{atOffice: 2, elsewhere: 2}, routes: []defaultRoute{byWifi, byCable}, link: linkWired, mtu: 1498, gateway: byCable.gateway},
		{what: "Wi-Fi", leads: map[string]int{atOffice: 3, elsewhere: 3}, routes: []defaultRoute{byCable, byWifi}, link: linkWifi, mtu: 1497, gateway: home},
		{what: "all through a VPN over Wi-Fi", leads: map[string]int{atOffice: 4, elsewhere: 4}, routes: []defaultRoute{byTunnel, byWifi}, link: linkWifi, vpn: tunnelled{true, true, "openvpn"}, mtu: 1496, gateway: home},
		{what: "the best of two beneath a VPN", leads: map[string]int{atOffice: 4, elsewhere: 4}, routes: []defaultRoute{byWifi, byTunnel, byCable}, link: linkWired, vpn: tunnelled{true, true, "openvpn"}, mtu: 1496, gateway: byCable.gateway},
		{what: "only the office through a VPN", leads: map[string]int{atOffice: 4, elsewhere: 2}, routes: []defaultRoute{byCable}, link: linkWired, vpn: tunnelled{true, false, "openvpn"}, mtu: 1496, gateway: byCable.gateway},
		{what: "all but the office through a VPN", leads: map[string]int{atOffice: 2, elsewhere: 4}, routes: []defaultRoute{byTunnel, byCable}, link: linkWired, vpn: tunnelled{false, true, "openvpn"}, mtu: 1498, gateway: byCable.gateway},
		{what: "a VPN over nothing that is seen", leads: map[string]int{atOffice: 4, elsewhere: 4}, routes: []defaultRoute{byTunnel}, code: codeLinkUntold, vpn: tunnelled{true, true, "openvpn"}, mtu: 1496},
		{what: "no internet beside the office", leads: map[string]int{atOffice: 2}, link: linkWired, mtu: 1498},
		{what: "PPP", leads: map[string]int{atOffice: 5, elsewhere: 5}, code: codeLinkUntold, unsure: true, mtu: 1495},
		{what: "a container", leads: map[string]int{atOffice: 6, elsewhere: 6}, routes: []defaultRoute{{gateway: home, name: "veth"}}, code: codeVirtualLink, mtu: 1494, gateway: home},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			w, err := house(test.leads, adapters, test.routes...).way(t.Context(), netip.MustParseAddr(atOffice))
			if err != nil {
				t.Fatal(err)
			}
			f := w.facts()
			if f.link.value != test.link || (f.link.missing != nil) != (test.code != "") || test.code != "" && f.link.missing.Code != test.code {
				t.Errorf("link %q, %v; want %q %q", f.link.value, f.link.missing, test.link, test.code)
			}
			if (f.vpn.missing != nil) != test.unsure || !test.unsure && f.vpn.value != test.vpn {
				t.Errorf("vpn %+v, %v; want %+v", f.vpn.value, f.vpn.missing, test.vpn)
			}
			if f.mtu.value != test.mtu || w.gateway != test.gateway {
				t.Errorf("mtu %d, gateway %v; want %d, %v", f.mtu.value, w.gateway, test.mtu, test.gateway)
			}
		})
	}
}

func TestNoWay(t *testing.T) {
	adapters := map[int]adapter{2: {index: 2, name: "eth0", kind: linkWired}}
	cable := map[string]int{atOffice: 2, elsewhere: 2}
	broken := house(cable, adapters)
	broken.cards = func(context.Context) ([]card, error) { return nil, errNoTable }
	tests := []struct {
		what   string
		c      computer
		remote string
		code   string
	}{
		{"the office is this computer", house(map[string]int{"127.0.0.1": 1, elsewhere: 2}, adapters), "127.0.0.1", codeLoopback},
		{"no route to it", house(map[string]int{elsewhere: 2}, adapters), atOffice, codeNoRoute},
		{"no route at all", house(nil, adapters), "", codeNoRoute},
		{"an own address of no card", house(map[string]int{atOffice: 9}, adapters), atOffice, codeNoRoute},
		{"no list of cards", broken, atOffice, codeLinkUntold},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			var remote netip.Addr
			if test.remote != "" {
				remote = netip.MustParseAddr(test.remote)
			}
			f := test.c.facts(t.Context(), asked{remote: remote})
			for name, p := range map[string]*checks.Problem{"link": f.link.missing, "signal": f.signal.missing, "band": f.band.missing, "rate": f.rate.missing, "mtu": f.mtu.missing, "vpn": f.vpn.missing, "gateway": f.gateway.missing} {
				if p == nil || p.Code != test.code {
					t.Errorf("%s: %v, want %s", name, p, test.code)
				}
			}
			if f.proxy.missing != nil || f.proxy.value.kind != proxyNone {
				t.Errorf("proxy: %+v", f.proxy)
			}
		})
	}
}

func TestOwnAddress(t *testing.T) {
	if own, err := localAddress(t.Context(), netip.MustParseAddr("127.0.0.1")); err != nil || !own.IsLoopback() {
		t.Errorf("towards itself: %v, %v", own, err)
	}
	cards, err := readCards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range cards {
		for _, a := range one.addrs {
			if one.loopback && a == netip.MustParseAddr("127.0.0.1") {
				return
			}
		}
	}
	t.Errorf("no loopback with its address among %d cards", len(cards))
}
