package path

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"deskready/checks"
)

// answers is a probe whose nth question is answered as the nth letter says: y yes, n no, h never.
func answers(method, letters string) probe {
	var asked atomic.Int32 // one that hangs is still there when the next is asked
	return probe{method: method, ask: func(ctx context.Context, _ netip.Addr) (time.Duration, error) {
		letter := byte('n')
		if at := int(asked.Add(1)) - 1; at < len(letters) {
			letter = letters[at]
		}
		switch letter {
		case 'y':
			time.Sleep(2 * time.Millisecond)
			return 2 * time.Millisecond, nil
		case 'h':
			<-ctx.Done()
			time.Sleep(time.Minute) // beyond any context
		}
		return 0, errors.New("refused by nobody")
	}}
}

func TestGatewayMethods(t *testing.T) {
	tests := []struct {
		what   string
		probes []probe
		there  bool
		method string
		times  int
		code   string
	}{
		{"all answer", []probe{answers("icmp", "yyyyyy"), answers("udp", "yyyyyy")}, true, "icmp", 5, ""},
		{"no right to ICMP", []probe{answers("icmp", ""), answers("udp", "yyyyyy")}, true, "udp", 5, ""},
		{"answers only when asked again", []probe{answers("icmp", "nyyyyyy")}, true, "icmp", 5, ""},
		{"one is lost on the way", []probe{answers("icmp", "yyynyy")}, true, "icmp", 4, ""},
		{"errors are rationed, TCP is not", []probe{answers("udp", "yynn"), answers("tcp", "yyyyyy")}, true, "tcp", 5, ""},
		{"errors are rationed, and all there is", []probe{answers("udp", "yynn")}, true, "udp", 1, ""},
		{"hangs", []probe{answers("icmp", "hhhhhhh"), answers("tcp", "yyyyyyy")}, true, "tcp", 5, ""},
		{"silent", []probe{answers("icmp", ""), answers("tcp", "hh")}, true, "", 0, codeGatewaySilent},
		{"gone", []probe{answers("icmp", "")}, false, "", 0, codeGatewayGone},
		{"silent from then on", []probe{answers("icmp", "y")}, true, "", 0, codeGatewaySilent},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := computer{probes: test.probes, answered: func(context.Context, netip.Addr) (bool, error) { return test.there, nil }}
				began := time.Now()
				r, err := c.gateway(t.Context(), way{gateway: netip.MustParseAddr("192.168.1.1")})
				var p *checks.Problem
				if errors.As(err, &p); (err != nil) != (test.code != "") || p != nil && p.Code != test.code {
					t.Errorf("%v, want %q", err, test.code)
				}
				if err == nil && (r.method != test.method || len(r.times) != test.times) {
					t.Errorf("%d times by %s, want %d by %s", len(r.times), r.method, test.times, test.method)
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("took %v", took)
				}
				time.Sleep(time.Hour) // what was left behind ends
			})
		})
	}
}

func TestNoGateway(t *testing.T) {
	_, err := computer{}.gateway(t.Context(), way{})
	var p *checks.Problem
	if !errors.As(err, &p) || p.Code != codeNoGateway {
		t.Error(err)
	}
}

// The far end of these is this computer: its system refuses and takes connections as a router's does.
func TestPortProbes(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	own := netip.MustParseAddr("127.0.0.1")
	if took, err := closedPort(ctx, own); err != nil || took <= 0 || took > 5*time.Second {
		t.Errorf("closed UDP port: %v, %v", took, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr).AddrPort()
	if took, err := handshake(ctx, at); err != nil || took <= 0 {
		t.Errorf("open TCP port: %v, %v", took, err)
	}
	l.Close()
	if took, err := handshake(ctx, at); err != nil || took <= 0 {
		t.Errorf("closed TCP port: %v, %v", took, err)
	}
	ended, end := context.WithCancel(ctx)
	end()
	if _, err := handshake(ended, at); err == nil {
		t.Error("a handshake that was called off has a time")
	}
}
