//go:build lab

package path

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"deskready/checks"
)

// a glimpse is what one computer of the lab says of itself.
type glimpse struct {
	Link, Band, VPN, Kind, Proxy, Gateway string
	MTU, Times                            int
	Longest                               float64 // s
}

func (f facts) glimpse() glimpse {
	or := func(value string, p *checks.Problem) string {
		if p != nil {
			return p.Code
		}
		return value
	}
	s := glimpse{
		Link: or(f.link.value, f.link.missing), Band: or(f.band.value, f.band.missing), Kind: f.vpn.value.kind,
		VPN:   or(fmt.Sprint(f.vpn.value.office, f.vpn.value.others), f.vpn.missing),
		Proxy: or(f.proxy.value.kind, f.proxy.missing), Gateway: or(f.gateway.value.method, f.gateway.missing),
		MTU: f.mtu.value, Times: len(f.gateway.value.times),
	}
	for _, one := range f.gateway.value.times {
		s.Longest = max(s.Longest, one.Seconds())
	}
	return s
}

// inside names the office to the test program when it runs as the hire's computer.
const inside = "DESKREADY_LAB_OFFICE"

// TestFactsOfRealInterfaces asks the kernel: two network namespaces stand for the hire's computer and the router.
func TestFactsOfRealInterfaces(t *testing.T) {
	if office := os.Getenv(inside); office != "" {
		f := readFacts(t.Context(), asked{env: func(string) string { return "" }, remote: netip.MustParseAddr(office)})
		if err := json.NewEncoder(os.Stdout).Encode(f.glimpse()); err != nil {
			t.Fatal(err)
		}
		return
	}
	hire, router := fmt.Sprintf("dr-hire-%d", os.Getpid()), fmt.Sprintf("dr-router-%d", os.Getpid())
	ip := func(args string) { must(t, "ip "+args) }
	for _, name := range []string{hire, router} {
		ip("netns add " + name)
		t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
	}
	at := func(name, command string) { must(t, "ip netns exec "+name+" "+command) }
	ip(fmt.Sprintf("link add home netns %s mtu 1400 type veth peer name lan netns %s", hire, router))
	at(hire, "ip addr add 192.0.2.2/24 dev home")
	at(router, "ip addr add 192.0.2.1/24 dev lan")
	for _, link := range [][2]string{{hire, "home"}, {hire, "lo"}, {router, "lan"}, {router, "lo"}} {
		at(link[0], "ip link set "+link[1]+" up")
	}
	at(hire, "ip route add default via 192.0.2.1")

	steps := []struct {
		what     string
		commands [][2]string
		want     glimpse
	}{
		{"ICMP allowed", [][2]string{{hire, "sysctl -qw net.ipv4.ping_group_range=0\t2147483647"}}, glimpse{Link: codeVirtualLink, VPN: "false false", Gateway: methodICMP, Times: gatewayRounds, MTU: 1400}},
		{"ICMP denied", [][2]string{{hire, "sysctl -qw net.ipv4.ping_group_range=1\t0"}}, glimpse{Link: codeVirtualLink, VPN: "false false", Gateway: methodUDP, Times: gatewayRounds, MTU: 1400}},
		{"all through a tunnel", [][2]string{
			{hire, "ip tuntap add dev tun0 mode tun"}, {hire, "ip addr add 10.9.0.2/24 dev tun0"}, {hire, "ip link set tun0 mtu 1380 up"},
			{hire, "ip route add 0.0.0.0/1 dev tun0"}, {hire, "ip route add 128.0.0.0/1 dev tun0"},
		}, glimpse{Link: codeVirtualLink, VPN: "true true", Kind: tunnelOther, Gateway: methodUDP, Times: gatewayRounds, MTU: 1380}},
		{"all but the office through a tunnel", [][2]string{{hire, "ip route add 203.0.113.0/24 via 192.0.2.1"}}, glimpse{Link: codeVirtualLink, VPN: "false true", Kind: tunnelOther, Gateway: methodUDP, Times: gatewayRounds, MTU: 1400}},
		{"the router is gone", [][2]string{{router, "ip addr flush dev lan"}, {hire, "ip neigh flush dev home"}}, glimpse{Link: codeVirtualLink, VPN: "false true", Kind: tunnelOther, Gateway: codeGatewayGone, MTU: 1400}},
		{"no router", [][2]string{{hire, "ip route del default"}}, glimpse{Link: codeVirtualLink, VPN: "false true", Kind: tunnelOther, Gateway: codeNoGateway, MTU: 1400}},
		{"no way", [][2]string{{hire, "ip link set home down"}, {hire, "ip link del tun0"}}, glimpse{Link: codeNoRoute, VPN: codeNoRoute, Gateway: codeNoRoute}},
	}
	for _, step := range steps {
		for _, c := range step.commands {
			at(c[0], c[1])
		}
		got := askInside(t, hire)
		if got.Longest > 0.25 {
			t.Errorf("%s: %v s to a router beside", step.what, got.Longest)
		}
		step.want.Band, step.want.Proxy, got.Longest = step.want.Link, proxyNone, 0
		if step.want.Gateway == methodUDP && got.Times >= gatewayEnough { // the kernel rations ICMP errors
			got.Gateway, got.Times = methodUDP, gatewayRounds
		}
		if got != step.want {
			t.Errorf("%s: got %+v, want %+v", step.what, got, step.want)
		}
	}
}

func must(t *testing.T, command string) {
	t.Helper()
	args := strings.Split(command, " ")
	if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// askInside runs this test program as the hire's computer.
func askInside(t *testing.T, hire string) glimpse {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ip", "netns", "exec", hire, os.Args[0], "-test.run=^TestFactsOfRealInterfaces$")
	cmd.Env = append(cmd.Environ(), inside+"=203.0.113.5")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var s glimpse
	if err := json.NewDecoder(strings.NewReader(string(out))).Decode(&s); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return s
}
