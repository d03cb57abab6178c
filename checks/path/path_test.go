package path

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"deskready/checks"
	"deskready/checks/checktest"
	"deskready/checks/office"
)

// TestMain lets many tests wait at once, however few processors there are: most of their time is that of silent far ends.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func testSecret() office.Secret { return bytes.Repeat([]byte{7}, 32) }

// desktop is an office end with all of its ports on loopback: HTTPS, UDP with STUN and echo, and a second UDP port.
type desktop struct {
	*httptest.Server
	ticket  office.Ticket
	options Options
}

// startOffice starts one. change may alter the office before it serves; around may put something around its handler.
func startOffice(t *testing.T, change func(*Office), around func(http.Handler) http.Handler) desktop {
	t.Helper()
	o := &Office{Secret: testSecret(), Now: time.Now, Alternate: alternate(t)}
	if change != nil {
		change(o)
	}
	h := o.Handler()
	if around != nil {
		h = around(h)
	}
	srv := httptest.NewTLSServer(h)
	t.Cleanup(srv.Close)
	d := desktop{Server: srv}
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	shareUDP(t, "127.0.0.1:"+port)
	d.ticket = office.Ticket{Base: srv.URL, Media: "127.0.0.1:" + port,
		Token: testSecret().Issue("run", time.Now().Add(time.Hour), office.DefaultCaps())}
	d.options = Options{Ticket: &d.ticket, Transport: trusting(srv), Resolver: noNames()}
	return d
}

func trusting(srv *httptest.Server) *http.Transport {
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
}

// alternate answers STUN on a port of its own.
func alternate(t *testing.T) int {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- ServeAlternate(conn) }()
	t.Cleanup(func() {
		conn.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return conn.LocalAddr().(*net.UDPAddr).Port
}

// shareUDP serves the office's UDP port: the echo, and STUN as its relay would.
func shareUDP(t *testing.T, address string) {
	t.Helper()
	conn, err := net.ListenPacket("udp4", address)
	if err != nil {
		t.Fatal(err)
	}
	port := office.Share(conn)
	var all sync.WaitGroup
	all.Go(func() { _ = ServeAlternate(port.Packets(office.Relay)) })
	all.Go(func() {
		_ = (&office.Echo{Secret: testSecret(), Now: time.Now}).Serve(port.Packets(office.Probes))
	})
	t.Cleanup(func() { port.Close(); all.Wait() })
}

// noNames is a resolver that says of every name that there is none.
func noNames() *net.Resolver {
	return resolver(func(string) []netip.Addr { return nil })
}

// resolver asks find, over the wire format, in place of a name server.
func resolver(find func(name string) []netip.Addr) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		go serveNames(far, find)
		return near, nil
	}}
}

// silentResolver never answers.
func silentResolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			buf := make([]byte, 2048)
			for {
				if _, err := far.Read(buf); err != nil {
					return
				}
			}
		}()
		return near, nil
	}}
}

// serveNames answers one stream of queries: a pipe is a stream, so each is behind its length (RFC 1035, section 4.2.2).
func serveNames(conn net.Conn, find func(string) []netip.Addr) {
	defer conn.Close()
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		for err == nil && (n < 2 || n < 2+int(buf[0])<<8+int(buf[1])) {
			var more int
			more, err = conn.Read(buf[n:])
			n += more
		}
		if err != nil {
			return
		}
		reply := answerName(buf[2:n], find)
		if _, err := conn.Write(append([]byte{byte(len(reply) >> 8), byte(len(reply))}, reply...)); err != nil {
			return
		}
	}
}

func answerName(query []byte, find func(string) []netip.Addr) []byte {
	var p dnsmessage.Parser
	head, err := p.Start(query)
	if err != nil {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	found := find(strings.TrimSuffix(q.Name.String(), "."))
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: head.ID, Response: true, RecursionAvailable: true}, Questions: []dnsmessage.Question{q}}
	if found == nil {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range found {
		r := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: r, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: r, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	packed, _ := m.Pack()
	return packed
}

// run runs the check to its end.
func runCheck(t *testing.T, o Options) map[string]checks.Measurement {
	t.Helper()
	out := map[string]checks.Measurement{}
	for r := range checks.Run(t.Context(), time.Now, []checks.Check{New(o)}, func(checks.Event) {}) {
		for _, m := range r.Measurements {
			key := m.Metric
			if m.Subject != "" {
				key += " " + m.Subject
			}
			out[key] = m
		}
	}
	return out
}

// says holds a measurement against a text: its text, its number, or "?code side".
func says(t *testing.T, got map[string]checks.Measurement, want map[string]string) {
	t.Helper()
	for key, text := range want {
		m, ok := got[key]
		have := strconv.FormatFloat(m.Value, 'g', -1, 64)
		switch {
		case !ok:
			have = "nothing"
		case m.Missing != nil:
			have = "?" + m.Missing.Code + " " + m.Missing.Side
		case m.Unit == checks.Text:
			have = m.Text
		}
		if have != text {
			t.Errorf("%s: %s (%v), want %s", key, have, m.Missing, text)
		}
	}
}

func TestConforms(t *testing.T) {
	t.Parallel()
	d := startOffice(t, nil, nil)
	web := httptest.NewTLSServer(http.NotFoundHandler())
	defer web.Close()
	o := d.options
	o.Endpoints = []Endpoint{endpointOf(web, protoHTTPS)}
	o.Quick = true
	t.Run("with an office", func(t *testing.T) { checktest.Conforms(t, New(o)) })
	t.Run("without", func(t *testing.T) { checktest.Conforms(t, New(Options{Resolver: noNames()})) })
}

func endpointOf(srv *httptest.Server, proto string) Endpoint {
	at := netip.MustParseAddrPort(srv.Listener.Addr().String())
	return Endpoint{Profile: "lab", Host: at.Addr().String(), Port: int(at.Port()), Proto: proto}
}

func TestGoodLine(t *testing.T) {
	d := startOffice(t, nil, nil)
	got := runCheck(t, d.options)
	says(t, got, map[string]string{
		"path.portal": "0", "path.intercepted": "0", "path.issuer": "?not_intercepted unknown", "path.udp": "1", "path.nat": "none",
		"path.mtu": "1500", "path.isp": "?isp_unnamed unknown", "path.dns": "?dns_no_names unknown", "path.endpoint": "?no_endpoints unknown",
	})
	skew := got["path.clock_skew"]
	if skew.Missing != nil || skew.Value < -0.1 || skew.Value > 0.1 || skew.Within > 0.5 {
		t.Errorf("clock %+v", skew)
	}
	if rtt := got["path.office_rtt"]; rtt.Missing != nil || rtt.Value <= 0 || rtt.Value > 0.5 || len(rtt.Samples) < fewest {
		t.Errorf("office %+v", rtt)
	}
}

// TestStopsSoon: told to end, it ends within a second, whatever is silent.
func TestStopsSoon(t *testing.T) {
	d := startOffice(t, nil, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	})
	o := d.options
	o.Resolver = silentResolver()
	o.Endpoints = []Endpoint{{Host: "service.example", Port: 443, Proto: protoTLS}}
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(300*time.Millisecond, func() { cancel(errors.New("Ctrl-C")) })
	began := time.Now()
	for range checks.Run(ctx, time.Now, []checks.Check{New(o)}, func(checks.Event) {}) {
		continue
	}
	if took := time.Since(began); took > 3*300*time.Millisecond+time.Second {
		t.Errorf("took %v to end", took)
	}
}
