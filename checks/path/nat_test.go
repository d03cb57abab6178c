package path

import (
	"net"
	"net/netip"
	"strconv"
	"testing"

	"deskready/checks/office"
)

// translate is a network address translator on loopback with two inner ports, one for each far end. What comes out of it
// comes from one outer port for both, or from one for each. It answers the inner ports.
func translate(t *testing.T, shared bool, far ...int) (inner []int) {
	t.Helper()
	socket := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	var out *net.UDPConn
	var ins []*net.UDPConn
	hire := make(chan *net.UDPAddr, 1) // who asked last
	back := func(out *net.UDPConn, to map[int]*net.UDPConn) {
		buf := make([]byte, 2048)
		for {
			n, from, err := out.ReadFromUDP(buf)
			if err != nil {
				return
			}
			at := <-hire
			hire <- at
			_, _ = to[from.Port].WriteToUDP(buf[:n], at)
		}
	}
	byFar := map[int]*net.UDPConn{}
	for _, port := range far {
		in := socket()
		ins, byFar[port] = append(ins, in), in
		inner = append(inner, in.LocalAddr().(*net.UDPAddr).Port)
	}
	for i, in := range ins {
		if out == nil || !shared {
			out = socket()
			go back(out, byFar)
		}
		go func(out *net.UDPConn) {
			buf := make([]byte, 2048)
			for {
				n, from, err := in.ReadFromUDP(buf)
				if err != nil {
					return
				}
				select {
				case <-hire:
				default:
				}
				hire <- from
				_, _ = out.WriteToUDP(buf[:n], &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: far[i]})
			}
		}(out)
	}
	return inner
}

// TestTranslators asks through real sockets.
func TestTranslators(t *testing.T) {
	t.Parallel()
	for want, shared := range map[string]bool{natSame: true, natVaries: false} {
		t.Run(want, func(t *testing.T) {
			inner := translate(t, shared, alternate(t), alternate(t))
			ticket := office.Ticket{Media: "127.0.0.1:" + strconv.Itoa(inner[0])}
			o := Options{Ticket: &ticket}.withDefaults()
			seen := probeNAT(t.Context(), o, func() (about, bool) { return about{alternate: inner[1]}, true })
			if len(seen.maps) != 2 || !seen.answered {
				t.Fatalf("%+v", seen)
			}
			if got := judgeNAT(seen, fact[bool]{value: true}); got.Text != want {
				t.Errorf("%+v from %+v", got, seen.maps)
			}
			// By STUN servers of services alone, where the office names no second port.
			o = Options{Endpoints: []Endpoint{{Host: "127.0.0.1", Port: inner[0], Proto: protoSTUN}, {Host: "::ffff:127.0.0.1", Port: inner[1], Proto: protoSTUN}}}.withDefaults()
			seen = probeNAT(t.Context(), o, func() (about, bool) { return about{}, false })
			if got := judgeNAT(seen, fact[bool]{value: true}); got.Text != want || seen.others != 2 {
				t.Errorf("by services: %+v from %+v", got, seen.maps)
			}
		})
	}
}

// TestLikeliest: a line of one family is probed by that.
func TestLikeliest(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for name, c := range map[string]struct {
		found  []netip.Addr
		routed func(netip.AddrPort) bool
		want   netip.Addr
	}{
		"both":      {[]netip.Addr{six, four}, func(netip.AddrPort) bool { return true }, four},
		"only IPv6": {[]netip.Addr{four, six}, func(a netip.AddrPort) bool { return a.Addr().Is6() }, six},
		"only IPv4": {[]netip.Addr{six, four}, func(a netip.AddrPort) bool { return a.Addr().Is4() }, four},
		"no way":    {[]netip.Addr{six, four}, func(netip.AddrPort) bool { return false }, four},
	} {
		if got := likeliest(c.found, 9, c.routed); got != netip.AddrPortFrom(c.want, 9) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
