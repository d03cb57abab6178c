//go:build linux

package main

import (
	"flag"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

func parse(line string) (*Profile, error) {
	fs := flag.NewFlagSet("netlab", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	p := profileFlags(fs)
	return p, fs.Parse(strings.Fields(line))
}

func TestProfileFlags(t *testing.T) {
	got, err := parse("-down 25 -up 5 -rtt 40ms -jitter 5ms/1ms -loss 0.5 -burst 3 -queue 100ms/50p -block udp,tcp/8080 -allow tcp/443,ip6 -seed 9 -cc reno")
	want := &Profile{
		Down: Shape{Rate: 25, Delay: 20 * ms, Jitter: 5 * ms, Loss: 0.5, Burst: 3, Queue: Queue{Time: 100 * ms}},
		Up:   Shape{Rate: 5, Delay: 20 * ms, Jitter: 1 * ms, Loss: 0.5, Burst: 3, Queue: Queue{Packets: 50}},
		Firewall: Firewall{
			Block: []Rule{{Proto: 17}, {Proto: 6, Port: 8080}},
			Allow: []Rule{{Proto: 6, Port: 443}, {Version: 6}},
		},
		Seed:       9,
		Congestion: "reno",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestDelayIsOneWay(t *testing.T) {
	for line, want := range map[string][2]time.Duration{
		"-rtt 300ms":                    {150 * ms, 150 * ms},
		"-delay 300ms/5ms":              {300 * ms, 5 * ms},
		"-rtt 40ms -delay 10ms":         {10 * ms, 10 * ms},
		"-delay 300ms/5ms -jitter 2/1x": {},
	} {
		got, err := parse(line)
		if (err != nil) != (want == [2]time.Duration{}) || err == nil && (got.Down.Delay != want[0] || got.Up.Delay != want[1]) {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
}

func TestProfileFlagsRefuse(t *testing.T) {
	for _, line := range []string{
		"-down -1", "-up fast", "-down NaN", "-rtt 40", "-rtt -1ms", "-jitter 1ms/x", "-loss 101", "-loss 1/",
		"-burst 0", "-queue 0p", "-queue 5", "-block gre", "-block udp/0", "-block tcp/65536", "-block icmp/1", "-block ip6/80", "-allow http", "-delay 5", "-delay 5ms/",
	} {
		if _, err := parse(line); err == nil {
			t.Errorf("%s: accepted", line)
		}
	}
}

func ipv4(proto byte, from, to uint16) []byte {
	pkt := make([]byte, 28)
	pkt[0], pkt[9] = 0x45, proto
	pkt[20], pkt[21], pkt[22], pkt[23] = byte(from>>8), byte(from), byte(to>>8), byte(to)
	return pkt
}

func ipv6(proto byte, from, to uint16) []byte {
	pkt := make([]byte, 48)
	pkt[0], pkt[6] = 0x60, proto
	copy(pkt[40:], ipv4(proto, from, to)[20:24])
	return pkt
}

// fragment is a later part of a packet, which has no ports.
func fragment(proto byte) []byte {
	pkt := ipv4(proto, 0x1f90, 0x1f90)
	pkt[7] = 1
	return pkt
}

func TestFirewall(t *testing.T) {
	tests := []struct {
		block, allow string
		pkt          []byte
		dropped      bool
	}{
		{"", "", ipv4(17, 1, 2), false},
		{"udp", "", ipv4(17, 1, 2), true},
		{"udp", "", ipv6(17, 1, 2), true},
		{"udp", "", ipv4(6, 1, 2), false},
		{"tcp/8080", "", ipv4(6, 40000, 8080), true},
		{"tcp/8080", "", ipv6(6, 8080, 40000), true},
		{"tcp/8080", "", ipv4(6, 40000, 8081), false},
		{"tcp/8080", "", ipv4(17, 40000, 8080), false},
		{"tcp/8080", "", fragment(6), false},
		{"icmp", "", ipv4(1, 0, 0), true},
		{"icmp", "", ipv6(58, 0, 0), true},
		{"tcp/80,udp/53", "", ipv4(17, 40000, 53), true},
		{"udp/53", "", ipv4(17, 0, 0)[:20], false}, // no ports to see
		{"udp", "", nil, false},
		{"udp", "", []byte{0x4f, 0, 0}, false},
		{"ip6", "", ipv6(6, 1, 2), true},
		{"ip6", "", ipv6(58, 0, 0), true},
		{"ip6", "", ipv4(6, 1, 2), false},
		{"ip4", "", ipv4(6, 1, 2), true},
		{"", "tcp/443", ipv4(6, 40000, 443), false},
		{"", "tcp/443", ipv4(6, 443, 40000), false},
		{"", "tcp/443", ipv4(6, 40000, 80), true},
		{"", "tcp/443", ipv4(17, 40000, 443), true},
		{"", "tcp/443", ipv4(1, 0, 0), true},
		{"", "tcp/443", fragment(6), true},
		{"", "tcp/443", []byte{0x4f, 0, 0}, true},
		{"ip6", "tcp/443", ipv6(6, 40000, 443), true},
	}
	for _, tt := range tests {
		block, err := ParseRules(tt.block)
		if err != nil {
			t.Fatal(err)
		}
		allow, err := ParseRules(tt.allow)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Firewall{block, allow}).Drops(tt.pkt); got != tt.dropped {
			t.Errorf("block %q, allow %q on % x: dropped %v, want %v", tt.block, tt.allow, tt.pkt, got, tt.dropped)
		}
	}
}

func FuzzFirewall(f *testing.F) {
	f.Add("udp,tcp/8080", ipv4(17, 1, 2))
	f.Add("icmp,ip6", ipv6(58, 0, 0))
	f.Add("udp/53", []byte{0x4f, 0, 0})
	f.Fuzz(func(t *testing.T, list string, pkt []byte) {
		rules, err := ParseRules(list)
		if err != nil {
			return
		}
		if len(pkt) < 20 && (Firewall{Block: rules}).Drops(pkt) {
			t.Errorf("%q blocks % x, which is no packet", list, pkt)
		}
		if ports := (Ports{}); len(pkt) < 20 && ports.of(pkt, 2) != nil {
			t.Errorf("% x, which is no packet, has a port", pkt)
		}
	})
}
