//go:build lab

package path

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/lab"
	"deskready/checks/office"
)

// labPort is the office's one port in the lab; the next one is its second for STUN.
const labPort = 7003

// serveLab is the whole office end in a process at the office: one UDP and one TCP port, and the second for STUN.
func serveLab(t *testing.T, host, host6 string) {
	l, err := net.Listen("tcp", net.JoinHostPort("", "7003"))
	if err != nil {
		t.Fatal(err)
	}
	packets := func(port int) net.PacketConn {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(host), Port: port})
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	port := office.Share(packets(labPort))
	go ServeAlternate(port.Packets(office.Relay))
	go (&office.Echo{Secret: labSecret(), Now: time.Now}).Serve(port.Packets(office.Probes))
	go ServeAlternate(packets(labPort + 1))
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	web, _, plain := office.Split(l, &tls.Config{Certificates: srv.TLS.Certificates, MinVersion: tls.VersionTLS12})
	o := &Office{Secret: labSecret(), Now: time.Now, Alternate: labPort + 1, Plain: labPort,
		IPv6: netip.AddrPortFrom(netip.MustParseAddr(host6), labPort)}
	go http.Serve(plain, Hello())
	t.Fatal(http.Serve(web, o.Handler())) // until the lab ends it
}

func labSecret() office.Secret { return bytes.Repeat([]byte{7}, 32) }

// measureLab waits until the office end is there, and runs the check.
func measureLab(t *testing.T, host string) []checks.Measurement {
	address := net.JoinHostPort(host, "7003")
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
	}
	srv := httptest.NewTLSServer(http.NotFoundHandler()) // all of httptest's servers have one certificate
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	o := Options{
		Ticket: &office.Ticket{Base: "https://" + address, Media: address,
			Token: labSecret().Issue("lab", time.Now().Add(10*time.Minute), office.DefaultCaps())},
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}},
	}
	for result := range checks.Run(t.Context(), time.Now, []checks.Check{New(o)}, func(checks.Event) {}) {
		return append(result.Measurements, checks.Measurement{Metric: "seconds", Value: result.Seconds})
	}
	return nil
}

// TestLabPath holds the check against lines of known kind: a good one, one without UDP, and one whose IPv6 is a black hole.
func TestLabPath(t *testing.T) {
	switch lab.Role() {
	case "office":
		serveLab(t, lab.Args(t)[0], lab.Args(t)[1])
		return
	case "hire":
		lab.Answer(t, measureLab(t, lab.Args(t)[0]))
		return
	}
	for name, c := range map[string]struct {
		line lab.Line
		want map[string]string
	}{
		"good": {lab.Line{Down: 25, Up: 5, RTT: 40 * time.Millisecond}, map[string]string{
			"path.udp": "1", "path.nat": "none", "path.mtu": "1500", "path.ipv6": "works", "path.portal": "0", "path.intercepted": "0"}},
		"no UDP": {lab.Line{Down: 25, Up: 5, RTT: 40 * time.Millisecond, Block: "udp"}, map[string]string{
			"path.udp": "0", "path.nat": "blocked", "path.mtu": "?udp_blocked line", "path.ipv6": "works", "path.portal": "0"}},
		"black hole": {lab.Line{Down: 25, Up: 5, RTT: 40 * time.Millisecond, Block: "ip6"}, map[string]string{
			"path.udp": "1", "path.ipv6": "broken", "path.portal": "0", "path.intercepted": "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := lab.Net(t, c.line)
			n.Office.Part(t, "office", n.Office.Addr, n.Office.Addr6).Start(t)
			got := map[string]checks.Measurement{}
			for _, m := range lab.Result[[]checks.Measurement](t, n.Hire.Part(t, "hire", n.Office.Addr)) {
				got[m.Metric] = m
			}
			says(t, got, c.want)
			skew, rtt, seconds := got["path.clock_skew"], got["path.office_rtt"], got["seconds"]
			if skew.Missing != nil || skew.Within < 0.019 || max(skew.Value, -skew.Value) > skew.Within {
				t.Errorf("clock %+v: both ends have the same", skew)
			}
			if rtt.Missing != nil || rtt.Value < 0.039 || rtt.Value > 0.06 {
				t.Errorf("RTT %+v", rtt)
			}
			if seconds.Value > whole.Seconds() {
				t.Errorf("took %v s", seconds.Value)
			}
			truth := n.Truth(t)
			bytes := truth.Down.DeliveredBytes + truth.Up.DeliveredBytes
			t.Logf("%d bytes, %.1f s, clock %.4f ± %.4f s, RTT %.4f s, MTU %v, gateway %v", bytes, seconds.Value, skew.Value, skew.Within, rtt.Value,
				got["path.mtu"].Value, got["path.gateway_rtt"].Missing)
			if bytes > 200_000 {
				t.Errorf("%d bytes over the line", bytes)
			}
		})
	}
}
