package path

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/lab"
	"deskready/checks/office"
)

// quiet keeps the noise of refused handshakes out of the tests' output.
func quietServer(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// at points the ticket elsewhere.
func (d desktop) at(base string) Options {
	o := d.options
	ticket := d.ticket
	ticket.Base = base
	o.Ticket = &ticket
	return o
}

func TestCaptivePortal(t *testing.T) {
	t.Parallel()
	d := startOffice(t, nil, nil)
	l := listen(t)
	lab.Portal(l)
	untrusted := quietServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, lab.PortalPage) }))
	o := d.at("http://" + l.Addr().String())
	o.Endpoints = []Endpoint{endpointOf(untrusted, protoHTTPS)}
	got := runCheck(t, o)
	subject := " " + o.Endpoints[0].subject()
	says(t, got, map[string]string{
		"path.portal": "1", "path.clock_skew": "?portal line", "path.intercepted": "?portal line",
		"path.endpoint" + subject: "?portal line", "path.endpoint_rtt" + subject: "?portal line",
	})
}

// TestPortalOnPlainPort: an office that is reached over TLS knows where plain HTTP would be trapped.
func TestPortalOnPlainPort(t *testing.T) {
	t.Parallel()
	trap := listen(t)
	lab.Portal(trap)
	elsewhere := httptest.NewServer(http.RedirectHandler("http://sign-in.invalid/", http.StatusFound))
	defer elsewhere.Close()
	hello := httptest.NewServer(Hello())
	defer hello.Close()
	dead := listen(t)
	dead.Close()
	for name, c := range map[string]struct {
		port int
		want string
	}{
		"page":     {portOf(trap), "1"},
		"redirect": {portOf(elsewhere.Listener), "1"},
		"hello":    {portOf(hello.Listener), "0"},
		"nothing":  {portOf(dead), "0"}, // the signed answer over TLS shows that there is no portal
		"none":     {0, "0"},
	} {
		d := startOffice(t, func(o *Office) { o.Plain = c.port }, nil)
		f := probePortal(t.Context(), d.options, fact[about]{value: about{plain: c.port}})
		says(t, map[string]checks.Measurement{name: truth(portal, f)}, map[string]string{name: c.want})
	}
}

// TestPortalWithoutTLS: only plain HTTP tells, where the office cannot be reached.
func TestPortalWithoutTLS(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.RedirectHandler("http://sign-in.invalid/", http.StatusFound))
	defer elsewhere.Close()
	trap := listen(t)
	lab.Portal(trap)
	untrusted := &checks.Problem{Code: office.CodeUntrusted, Side: checks.SideLine}
	silent := &checks.Problem{Code: checks.CodeTimeout, Side: checks.SideUnknown}
	for name, c := range map[string]struct {
		at   string
		why  *checks.Problem
		want string
	}{
		"redirect":           {elsewhere.Listener.Addr().String(), silent, "1"},
		"page, untrusted":    {trap.Addr().String(), untrusted, "1"},
		"page, only silence": {trap.Addr().String(), silent, "?timeout unknown"}, // a web server may stand beside the office
	} {
		ticket := office.Ticket{Base: "https://" + c.at, Token: "x"}
		f := probePortal(t.Context(), Options{Ticket: &ticket}.withDefaults(), fact[about]{missing: c.why})
		says(t, map[string]checks.Measurement{name: truth(portal, f)}, map[string]string{name: c.want})
	}
}

func TestInterception(t *testing.T) {
	t.Parallel()
	d := startOffice(t, nil, nil)
	l := listen(t)
	pem, err := lab.Intercept(l, d.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	o := d.at("https://" + l.Addr().String())

	trusted := o
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	trusted.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}}

	o.Transport = o.Transport.Clone()
	o.Transport.TLSClientConfig.ServerName = "example.com"

	pinned := o
	pinned.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error { return office.ErrPin }}}
	together(t, map[string]situation{
		"trusted by the computer": {trusted, map[string]string{"path.intercepted": "1", "path.issuer": lab.Interceptor, "path.portal": "0"}},
		"not trusted":             {o, map[string]string{"path.intercepted": "?office_untrusted line", "path.issuer": lab.Interceptor}},
		"another key than pinned": {pinned, map[string]string{"path.intercepted": "?office_untrusted line", "path.issuer": lab.Interceptor}},
	})
}

// TestCertificateDate: to a computer whose clock is far off the office's own certificate is not valid. Nobody opens that
// connection, and nobody is named.
func TestCertificateDate(t *testing.T) {
	d := startOffice(t, nil, nil)
	o := d.options
	o.Transport = o.Transport.Clone()
	o.Transport.TLSClientConfig.Time = func() time.Time { return time.Now().AddDate(100, 0, 0) }
	says(t, runCheck(t, o), map[string]string{
		"path.clock_skew": "?certificate_date unknown", "path.intercepted": "?certificate_date unknown", "path.issuer": "?certificate_date unknown",
	})
}

// TestInterceptionUnsupported: where a proxy of the office's own ends TLS, nothing can be compared, and nothing is claimed.
func TestInterceptionUnsupported(t *testing.T) {
	t.Parallel()
	d := startOffice(t, nil, nil)
	upstream, _ := url.Parse(d.URL)
	reverse := &http.Transport{TLSClientConfig: d.options.Transport.TLSClientConfig}
	plain := httptest.NewServer((&Office{Secret: testSecret(), Now: time.Now}).Handler())
	defer plain.Close()
	upstream, _ = url.Parse(plain.URL)
	front := quietServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host, out.RequestURI = upstream.Scheme, upstream.Host, ""
		resp, err := reverse.RoundTrip(out)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		for k, v := range resp.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}))
	o := d.at(front.URL)
	o.Transport = trusting(front)
	says(t, runCheck(t, o), map[string]string{"path.intercepted": "?not_encrypted office", "path.issuer": "?not_encrypted office"})
	says(t, runCheck(t, d.at(plain.URL)), map[string]string{"path.intercepted": "?not_encrypted office"})
}

// hole is a UDP port that swallows everything.
func hole(t *testing.T, address string) int {
	t.Helper()
	conn, err := net.ListenPacket("udp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().(*net.UDPAddr).Port
}

func TestUDPBlocked(t *testing.T) {
	t.Parallel()
	srv := quietServer(t, (&Office{Secret: testSecret(), Now: time.Now}).Handler())
	port := hole(t, srv.Listener.Addr().String())
	ticket := office.Ticket{Base: srv.URL, Media: "127.0.0.1:" + strconv.Itoa(port),
		Token: testSecret().Issue("run", time.Now().Add(time.Hour), office.DefaultCaps())}
	o := Options{Ticket: &ticket, Transport: trusting(srv), Resolver: noNames()}
	service := o
	service.Endpoints = []Endpoint{{Host: "127.0.0.1", Port: alternate(t), Proto: protoSTUN, Profile: "lab"}}
	none, without := o, ticket
	without.Media = ""
	none.Ticket = &without
	together(t, map[string]situation{
		"all of it": {o, map[string]string{
			"path.udp": "0", "path.nat": "blocked", "path.mtu": "?udp_blocked line", "path.intercepted": "0"}},
		"only the office's": {service, map[string]string{"path.udp": "1", "path.nat": "none", "path.mtu": "?mtu_unclear unknown"}},
		"none offered": {none, map[string]string{
			"path.udp": "?udp_not_offered office", "path.nat": "?udp_not_offered office", "path.mtu": "?udp_not_offered office"}},
	})
}

// A situation is a check to run, and what it has to say.
type situation struct {
	options Options
	want    map[string]string
}

// together runs situations at the same time: they mostly wait. None may take longer than the check promises.
func together(t *testing.T, all map[string]situation) {
	t.Helper()
	var mu sync.Mutex
	var wait sync.WaitGroup
	got, took := map[string]map[string]checks.Measurement{}, map[string]time.Duration{}
	for name, s := range all {
		wait.Go(func() {
			began := time.Now()
			measured := runCheck(t, s.options)
			mu.Lock()
			defer mu.Unlock()
			got[name], took[name] = measured, time.Since(began)
		})
	}
	wait.Wait()
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			says(t, got[name], s.want)
			if took[name] > whole+spare {
				t.Errorf("took %v", took[name])
			}
		})
	}
}

func TestDNSDead(t *testing.T) {
	t.Parallel()
	d := startOffice(t, nil, nil)
	o := d.options
	o.Resolver = silentResolver()
	o.Endpoints = []Endpoint{{Profile: "p", Region: "r", Host: "service.example", Port: 443, Proto: protoTLS}}
	named, ticket := o, d.ticket
	ticket.Base, ticket.Media = "https://office.example", "office.example:443"
	named.Ticket = &ticket
	named.Transport = d.options.Transport.Clone()
	named.Transport.DialContext = (&net.Dialer{Resolver: silentResolver()}).DialContext
	together(t, map[string]situation{
		"office by address": {o, map[string]string{
			"path.dns": "?dns_dead line", "path.dns_lies": "?dns_dead line", "path.udp": "1", "path.intercepted": "0",
			"path.endpoint p/r/service.example:443/tls": "0", "path.endpoint_dns p/r/service.example:443/tls": "?endpoint_dns line"}},
		"office by name": {named, map[string]string{
			"path.dns": "?dns_dead line", "path.portal": "?dns_dead line", "path.clock_skew": "?dns_dead line", "path.udp": "?dns_dead line",
			"path.endpoint p/r/service.example:443/tls": "?no_network line"}},
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	loop := netip.MustParseAddr("192.0.2.1")
	known := func(lie string, delay bool) *net.Resolver {
		return resolver(func(name string) []netip.Addr {
			if delay {
				time.Sleep(60 * time.Millisecond)
			}
			if name == "service.example" || strings.HasSuffix(name, lie) {
				return []netip.Addr{loop}
			}
			return nil
		})
	}
	o := Options{Endpoints: []Endpoint{{Host: "service.example", Port: 443, Proto: protoTLS}}}
	for name, c := range map[string]struct {
		r    *net.Resolver
		lies string
	}{"honest": {known("none", true), "0"}, "lying": {known(".invalid", true), "1"}, "lying of real domains": {known(".com", true), "1"}} {
		o.Resolver = c.r
		s := probeDNS(t.Context(), o)
		says(t, map[string]checks.Measurement{name: truth(dnsLies, s.lie)}, map[string]string{name: c.lies})
		if m := s.measurement(); m.Missing != nil || m.Value < 0.06 || m.Value > 1 || m.AtLeast {
			t.Errorf("%s: %+v", name, m)
		}
	}
	// "No such name" for a name that is there is what a system without a resolver says.
	o.Resolver = noNames()
	s := probeDNS(t.Context(), o)
	says(t, map[string]checks.Measurement{"dns": s.measurement(), "lies": truth(dnsLies, s.lie)}, map[string]string{"dns": "?dns_dead line", "lies": "?dns_dead line"})
	// Half of the answers lost: the median is no figure but a bound.
	s = dnsSeen{asked: 3, found: 1, times: []float64{0.01}, silent: 2}
	if m := s.measurement(); !m.AtLeast || m.Value != lookupPatience.Seconds() {
		t.Errorf("%+v", m)
	}
}

// TestClocks: who is wrong is said only where a third clock tells.
func TestClocks(t *testing.T) {
	t.Parallel()
	ahead := func(by time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(by) } }
	web := quietServer(t, http.NotFoundHandler())
	d := startOffice(t, nil, nil)
	wrong := startOffice(t, func(o *Office) { o.Now = ahead(30 * time.Minute) }, nil)
	third := []Endpoint{endpointOf(web, protoHTTPS)}
	roots := trusting(web).TLSClientConfig.RootCAs
	for name, c := range map[string]struct {
		of   desktop
		now  func() time.Time
		ends []Endpoint
		want string
		from float64
	}{
		"both right":             {d, time.Now, nil, "", 0},
		"office wrong, third":    {wrong, time.Now, third, "?office_clock office", 0},
		"office wrong, nobody":   {wrong, time.Now, nil, "?clocks_differ unknown", 0},
		"hire wrong, third":      {d, ahead(time.Hour), third, "", 3600},
		"hire behind, third":     {d, ahead(-time.Hour), third, "", -3600},
		"hire wrong, nobody":     {d, ahead(time.Hour), nil, "?clocks_differ unknown", 0},
		"all differ":             {wrong, ahead(-time.Hour), third, "?clocks_differ unknown", 0},
		"hire wrong by a little": {d, ahead(3 * time.Second), nil, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.of.options
			o.Now, o.Endpoints, o.Roots = c.now, c.ends, roots
			m := runCheck(t, o)["path.clock_skew"]
			if c.want != "" {
				says(t, map[string]checks.Measurement{name: m}, map[string]string{name: c.want})
			} else if m.Missing != nil || m.Value < c.from-0.1 || m.Value > c.from+0.1 {
				t.Errorf("%+v, want %v", m, c.from)
			}
		})
	}
}

// TestOneWayDelay: 300 ms on one way make an error of 150 ms, and the figure says so itself.
func TestOneWayDelay(t *testing.T) {
	t.Parallel()
	d := startOffice(t, nil, nil)
	l := listen(t)
	go relay(l, d.Listener.Addr().String(), 300*time.Millisecond)
	o := d.at("https://" + l.Addr().String())
	m := runCheck(t, o)["path.clock_skew"]
	if m.Missing != nil || m.Within < 0.150 || m.Within > 0.25 || max(m.Value, -m.Value) > m.Within || max(m.Value, -m.Value) < 0.1 {
		t.Errorf("%+v: the clocks are one and the same", m)
	}
}

// relay holds up what goes towards the office.
func relay(l net.Listener, to string, delay time.Duration) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", to)
		if err != nil {
			near.Close()
			continue
		}
		go func() { defer near.Close(); _, _ = io.Copy(near, far) }()
		go func() {
			defer far.Close()
			buf := make([]byte, 16<<10)
			for {
				n, err := near.Read(buf)
				if err != nil {
					return
				}
				time.Sleep(delay) // requests are single and small: this delays each, and nothing else
				if _, err := far.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
	}
}

// TestOfficeSilent: an office that does not answer is the office's doing where others answer, and unknown else.
func TestOfficeSilent(t *testing.T) {
	t.Parallel()
	d := startOffice(t, nil, nil)
	l := listen(t)
	lab.Hole(l)
	web := quietServer(t, http.NotFoundHandler())
	o := d.at("https://" + l.Addr().String())
	others := o
	others.Roots = trusting(web).TLSClientConfig.RootCAs
	others.Endpoints = []Endpoint{endpointOf(web, protoHTTPS)}
	dead := listen(t)
	dead.Close()
	broken := d.at(web.URL)
	broken.Transport = trusting(web)
	together(t, map[string]situation{
		"alone":         {o, map[string]string{"path.clock_skew": "?timeout unknown", "path.intercepted": "?timeout unknown"}},
		"others answer": {others, map[string]string{"path.clock_skew": "?timeout office", "path.portal": "?timeout office"}},
		"gone":          {d.at("https://" + dead.Addr().String()), map[string]string{"path.clock_skew": "?office_refused office"}},
		"404":           {broken, map[string]string{"path.clock_skew": "?office_refused office", "path.portal": "?office_refused office"}},
	})
}

func TestNothingToReach(t *testing.T) {
	t.Parallel()
	got := runCheck(t, Options{Resolver: noNames()})
	says(t, got, map[string]string{
		"path.portal": "?no_collector unknown", "path.intercepted": "?no_collector unknown", "path.clock_skew": "?no_collector unknown",
		"path.mtu": "?no_collector unknown", "path.udp": "?no_collector unknown", "path.nat": "?no_collector unknown",
		"path.office_rtt": "?no_collector unknown", "path.isp": "?no_collector unknown", "path.issuer": "?no_collector unknown",
		"path.dns": "?dns_no_names unknown", "path.endpoint": "?no_endpoints unknown",
	})
}

// TestProgress: what is said never goes back, and each step has words.
func TestProgress(t *testing.T) {
	d := startOffice(t, nil, nil)
	last := 0.0
	_, err := New(d.options).Measure(context.Background(), func(e checks.Event) {
		if e.Done < last || e.Done > 1 || e.Step == "" {
			t.Errorf("%+v after %v", e, last)
		}
		last = e.Done
	})
	if err != nil || last < 0.5 {
		t.Errorf("%v, at the end %v", err, last)
	}
}
