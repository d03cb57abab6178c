package path

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"deskready/checks"
	"deskready/checks/lab"
	"deskready/checks/office"
	texts "deskready/checks/words"
)

func TestEndpoints(t *testing.T) {
	t.Parallel()
	web := quietServer(t, http.NotFoundHandler())
	other := quietServer(t, http.NotFoundHandler())
	silent := listen(t)
	lab.Hole(silent)
	dead := listen(t)
	dead.Close()
	mute := quietServer(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	o := Options{Roots: trusting(web).TLSClientConfig.RootCAs, Resolver: resolver(func(name string) []netip.Addr {
		switch name {
		case "blocked.example":
			return []netip.Addr{netip.IPv4Unspecified()}
		case "back.example":
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}
		}
		return nil
	})}.withDefaults()
	at := func(l net.Listener, proto string) Endpoint {
		return Endpoint{Host: "127.0.0.1", Port: portOf(l), Proto: proto}
	}
	foreign := o
	foreign.Roots = nil
	cases := map[string]struct {
		o      Options
		e      Endpoint
		failed string // the stage
		known  string // why it is not known
		stages string // those with a time
	}{
		"https":               {o, endpointOf(web, protoHTTPS), "", "", "tcp tls http"},
		"tls":                 {o, endpointOf(other, protoTLS), "", "", "tcp tls http"},
		"tls, mute after":     {o, endpointOf(mute, protoTLS), "", "", "tcp tls"},
		"https, mute":         {o, endpointOf(mute, protoHTTPS), stageHTTP, "", "tcp tls"},
		"tcp":                 {o, at(silent, protoTCP), "", "", "tcp"},
		"tls, not trusted":    {foreign, endpointOf(web, protoTLS), stageTLS, "", "tcp"},
		"tls, silent":         {o, at(silent, protoTLS), stageTLS, "", "tcp"},
		"refused":             {o, at(dead, protoTLS), stageTCP, "", ""},
		"no such name":        {o, Endpoint{Host: "gone.example", Port: 443, Proto: protoTLS}, stageDNS, "", ""},
		"blocked name":        {o, Endpoint{Host: "blocked.example", Port: 443, Proto: protoTLS}, stageDNS, "", "dns"},
		"name that goes back": {o, Endpoint{Host: "back.example", Port: portOf(web.Listener), Proto: protoTLS}, stageDNS, "", "dns"},
		"stun":                {o, Endpoint{Host: "127.0.0.1", Port: alternate(t), Proto: protoSTUN}, "", "", "udp"},
		"stun, silent":        {o, Endpoint{Host: "127.0.0.1", Port: hole(t, "127.0.0.1:0"), Proto: protoSTUN}, stageUDP, "", ""},
		"udp":                 {o, Endpoint{Host: "127.0.0.1", Port: alternate(t), Proto: protoUDP}, "", "", "udp"},
		"udp, silent":         {o, Endpoint{Host: "127.0.0.1", Port: hole(t, "127.0.0.1:0"), Proto: protoUDP}, "", codeEndpointSilent, ""},
		"unknown protocol":    {o, Endpoint{Host: "127.0.0.1", Port: 1, Proto: "carrier pigeon"}, "", codeEndpointOdd, ""},
		"no port":             {o, Endpoint{Host: "127.0.0.1", Proto: protoTLS}, "", codeEndpointOdd, ""},
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	reached := map[string]endSeen{}
	for name, c := range cases { // at once: half of them wait for nothing
		all.Go(func() {
			seen := probeEndpoint(t.Context(), c.o, c.e)
			mu.Lock()
			defer mu.Unlock()
			reached[name] = seen
		})
	}
	all.Wait()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			seen := reached[name]
			if got := codeOf(seen.failed); got != c.failed {
				t.Errorf("failed at %q, want %q", got, c.failed)
			}
			if got := codeOf(seen.unknown); got != c.known {
				t.Errorf("unknown for %q, want %q", got, c.known)
			}
			var stages []string
			for i, d := range []time.Duration{seen.dns, seen.tcp, seen.tls, seen.http, seen.udp} {
				if d > 0 {
					stages = append(stages, strings.Fields("dns tcp tls http udp")[i])
				}
			}
			if got := strings.Join(stages, " "); got != c.stages {
				t.Errorf("stages %q, want %q", got, c.stages)
			}
			for _, m := range seen.measurements() {
				if m.Missing == nil && m.Metric == endpoint.ID && (m.Value == 1) != (c.failed == "") {
					t.Errorf("%+v", m)
				}
			}
		})
	}
}

func codeOf(p *checks.Problem) string {
	if p == nil {
		return ""
	}
	return p.Code
}

// TestEndpointsThroughProxy: where the program would use a proxy, so do the endpoints, and what the proxy does for it has no time.
func TestEndpointsThroughProxy(t *testing.T) {
	t.Parallel()
	web := quietServer(t, http.NotFoundHandler())
	var connects atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connects.Add(1)
		far, err := net.Dial("tcp", r.Host)
		if r.Method != http.MethodConnect || err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		near, _, _ := http.NewResponseController(w).Hijack()
		fmt.Fprint(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { defer far.Close(); _, _ = io.Copy(far, near) }()
		_, _ = io.Copy(near, far)
		near.Close()
	}))
	defer proxy.Close()
	at, _ := url.Parse(proxy.URL)
	dead := listen(t)
	dead.Close()
	o := Options{Roots: trusting(web).TLSClientConfig.RootCAs, Resolver: silentResolver(), Transport: &http.Transport{Proxy: http.ProxyURL(at)},
		Endpoints: []Endpoint{endpointOf(web, protoTLS), {Host: "127.0.0.1", Port: portOf(dead), Proto: protoHTTPS}}}
	got := runCheck(t, o)
	good, bad := " "+o.Endpoints[0].subject(), " "+o.Endpoints[1].subject()
	says(t, got, map[string]string{
		"path.endpoint" + good: "1", "path.endpoint_rtt" + good: "?by_proxy unknown",
		"path.endpoint" + bad: "0", "path.endpoint_rtt" + bad: "?endpoint_proxy line",
	})
	if n := connects.Load(); n != 2 {
		t.Errorf("%d requests at the proxy", n)
	}
}

func TestSubject(t *testing.T) {
	for want, e := range map[string]Endpoint{
		"host.example:443/tls":                          {Host: "host.example", Port: 443, Proto: "tls"},
		"amazon-connect/host.example:443/tls":           {Profile: "amazon-connect", Host: "host.example", Port: 443, Proto: "tls"},
		"amazon-connect/us-east-1/host.example:443/tls": {Profile: "amazon-connect", Region: "us-east-1", Host: "host.example", Port: 443, Proto: "tls"},
		"[2001:db8::1]:3478/stun":                       {Host: "2001:db8::1", Port: 3478, Proto: "stun"},
	} {
		if got := e.subject(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestManyEndpoints: dead ones in number do not take the check past its time, and what it had no time for is no failure.
func TestManyEndpoints(t *testing.T) {
	t.Parallel()
	var ends []Endpoint
	for i := range 60 {
		ends = append(ends, Endpoint{Host: fmt.Sprintf("h%d.example", i), Port: 443, Proto: protoTLS})
	}
	began := time.Now()
	r := &run{options: Options{Endpoints: ends, Resolver: silentResolver()}.withDefaults(), tell: func(checks.Event) {}, quiet: make(chan struct{})}
	close(r.quiet)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	seen := r.visitEndpoints(ctx)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	failed, unknown := 0, 0
	for _, s := range seen {
		if s.failed != nil {
			failed++
		}
		if codeOf(s.unknown) == checks.CodeTimeout {
			unknown++
		}
	}
	if failed != abreastEnd || failed+unknown != len(ends) {
		t.Errorf("%d failed, %d unknown of %d", failed, unknown, len(ends))
	}
}

// TestTooManyEndpoints: none is left out without a word, and one that several profiles name is asked once.
func TestTooManyEndpoints(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 2*mostEnds)
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
			asked <- struct{}{}
		}
	}()
	var ends []Endpoint
	for i := range mostEnds + 1 {
		ends = append(ends, Endpoint{Profile: fmt.Sprintf("p%d", i), Host: "127.0.0.1", Port: portOf(l), Proto: protoTCP})
	}
	got := runCheck(t, Options{Endpoints: ends, Resolver: noNames()})
	says(t, got, map[string]string{"path.endpoint " + ends[0].subject(): "1", "path.endpoint " + ends[mostEnds-1].subject(): "1", "path.endpoint " + ends[mostEnds].subject(): "?not_run office"})
	if len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
}

// TestRace: an address that leads nowhere costs a moment, not the connection.
func TestRace(t *testing.T) {
	l := listen(t)
	nowhere := netip.MustParseAddr("2001:db8::1")
	if got := alternating([]netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2"), nowhere}); got[0] != nowhere || got[1].String() != "127.0.0.1" {
		t.Errorf("%v", got)
	}
	conn, took, err := race(t.Context(), []netip.Addr{netip.MustParseAddr("127.0.0.1"), nowhere}, portOf(l))
	if err != nil || took > stagger {
		t.Fatalf("%v, %v", took, err)
	}
	conn.Close()
}

func TestIssuer(t *testing.T) {
	for want, name := range map[string]pkix.Name{
		"Lab Inspection": {Organization: []string{"", "Lab Inspection"}, CommonName: "CA of it"},
		"CA of it":       {CommonName: "CA\tof\u202e it"},
		"":               {},
	} {
		if got := issuerOf(&x509.Certificate{Issuer: name, Subject: pkix.Name{CommonName: "hire's own"}}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestOffline(t *testing.T) {
	e := Endpoint{Host: "h.example", Port: 443, Proto: protoTLS}
	s := seen{ticket: true, dns: fact[dnsSeen]{value: dnsSeen{asked: 1, silent: 1}}, ends: []endSeen{{at: e, failed: &checks.Problem{Code: stageDNS, Side: checks.SideLine}}}}
	p := &checks.Problem{Code: checks.CodeTimeout, Side: checks.SideUnknown}
	s.desk = settle(fact[deskSeen]{missing: p})
	s.portal.missing = p
	s.facts = nowhere(p)
	s.mtu.missing = p
	s.nat.value = natSeen{office: true}
	got := map[string]checks.Measurement{}
	for _, m := range conclude(s) {
		got[m.Metric] = m
	}
	says(t, got, map[string]string{"path.endpoint": "?no_network line", "path.clock_skew": "?no_network line", "path.dns": "?no_network line", "path.udp": "?no_network line", "path.portal": "?no_network line"})
}

func TestNAT(t *testing.T) {
	a := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	own, out, out2, other := a("192.168.1.2:5000"), a("203.0.113.7:1024"), a("203.0.113.7:1025"), a("192.168.1.2:5001")
	yes, no := fact[bool]{value: true}, fact[bool]{value: false}
	for name, c := range map[string]struct {
		maps   []mapping
		passes fact[bool]
		want   string
	}{
		"none":                {[]mapping{{own, own, 1}}, yes, "none"},
		"none, twice":         {[]mapping{{own, own, 1}, {own, own, 1}}, yes, "none"},
		"same":                {[]mapping{{own, out, 1}, {own, out, 1}}, yes, "endpoint_independent"},
		"varies":              {[]mapping{{own, out, 1}, {own, out2, 1}}, yes, "endpoint_dependent"},
		"one answer":          {[]mapping{{own, out, 1}}, yes, "?nat_unclear unknown"},
		"other socket":        {[]mapping{{own, out, 1}, {other, out2, 1}}, yes, "?nat_unclear unknown"},
		"other family":        {[]mapping{{own, own, 1}, {own, a("[2001:db8::7]:9"), 1}}, yes, "none"},
		"echo alone answered": {nil, yes, "?nat_unclear unknown"},
		"blocked":             {nil, no, "blocked"},
	} {
		m := judgeNAT(natSeen{maps: c.maps}, c.passes)
		says(t, map[string]checks.Measurement{name: m}, map[string]string{name: c.want})
	}
}

func TestUDPSilence(t *testing.T) {
	for name, c := range map[string]struct {
		s     natSeen
		other otherUDP
		want  string
	}{
		"office silent, reached over TCP":        {natSeen{office: true}, otherUDP{office: true, tcp: true}, "0"},
		"office silent, not reached at all":      {natSeen{office: true}, otherUDP{}, "?udp_unclear unknown"},
		"office silent, another answers":         {natSeen{office: true, others: 1}, otherUDP{office: true, answered: true}, "1"},
		"one service silent":                     {natSeen{others: 1}, otherUDP{tcp: true}, "?udp_unclear unknown"},
		"two services silent":                    {natSeen{others: 2}, otherUDP{tcp: true}, "0"},
		"two services silent, and TCP":           {natSeen{others: 2}, otherUDP{}, "?udp_unclear unknown"},
		"nobody offers UDP":                      {natSeen{}, otherUDP{office: true}, "?udp_not_offered office"},
		"office takes none, one service answers": {natSeen{others: 1, maps: make([]mapping, 1)}, otherUDP{}, "1"},
	} {
		says(t, map[string]checks.Measurement{name: truth(udp, judgeUDP(c.s, c.other))}, map[string]string{name: c.want})
	}
}

func TestIPv6(t *testing.T) {
	for name, c := range map[string]struct {
		s      v6Seen
		online bool
		want   string
	}{
		"works":                 {v6Seen{announced: true, tried: 2, works: true}, true, "works"},
		"none":                  {v6Seen{}, true, "none"},
		"black hole":            {v6Seen{announced: true, tried: 1}, true, "broken"},
		"everything is down":    {v6Seen{announced: true, tried: 1}, false, "?no_network line"},
		"nobody to try it with": {v6Seen{announced: true}, true, "?ipv6_untried unknown"},
	} {
		says(t, map[string]checks.Measurement{name: judgeIPv6(c.s, c.online)}, map[string]string{name: c.want})
	}
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	there := netip.MustParseAddrPort(l.Addr().String())
	if !answers6(t.Context(), there) {
		t.Error("a listener does not answer")
	}
	l.Close()
	if !answers6(t.Context(), there) {
		t.Error("a refusal is an answer of the way")
	}
}

// TestMTU searches lines of known size, with and without loss, for whole packets.
func TestMTU(t *testing.T) {
	big := errors.New("too long for the way")
	line := func(carries int, lossEvery int, local int) echoing {
		n := 0
		return func(ctx context.Context, size int) (time.Duration, error) {
			n++
			switch {
			case size > local:
				return 0, office.ErrTooBig
			case size > carries || lossEvery > 0 && n%lossEvery == 0:
				return 0, big
			}
			return 10 * time.Millisecond, nil
		}
	}
	for name, c := range map[string]struct {
		echo echoing
		want string
	}{
		"ethernet":       {line(1500, 0, 9000), "1500"},
		"jumbo":          {line(9000, 0, 9000), "1500"},
		"pppoe":          {line(1492, 0, 9000), "1492"},
		"odd":            {line(1433, 0, 9000), "1433"},
		"tunnel":         {line(1420, 0, 1420), "1420"},
		"lossy":          {line(1454, 4, 9000), "1454"},
		"below IPv6's":   {line(1000, 0, 9000), "1000"},
		"only small":     {line(400, 0, 9000), "?mtu_unclear unknown"},
		"nothing at all": {line(0, 0, 9000), "?udp_blocked line"},
	} {
		m := search(t.Context(), c.echo).measurement()
		says(t, map[string]checks.Measurement{name: m}, map[string]string{name: c.want})
		if exact := c.want != "1500"; m.Missing == nil && m.AtLeast == exact {
			t.Errorf("%s: at least: %v", name, m.AtLeast)
		}
	}
}

func TestProvider(t *testing.T) {
	for name, want := range map[string]string{
		"host-203-0-113-7.dyn.provider.example.": "provider.example",
		"a.b.provider.co.uk":                     "provider.co.uk",
		"c-1-2-3-4.hsd1.ca.comcast.net":          "comcast.net",
		"203-0-113-7.example":                    "", // the registered part is the address
		"co.uk":                                  "",
		"localhost":                              "",
		"":                                       "",
		"bad name.example":                       "",
		"x.\x1b[31mred.example":                  "",
		"-x.example":                             "",
	} {
		if got := registrable(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestOfficeISP(t *testing.T) {
	t.Parallel()
	asked := ""
	var seen []checks.Measurement
	o := &Office{
		Secret: testSecret(), Now: time.Now,
		Address: func(*http.Request) netip.Addr { return netip.MustParseAddr("203.0.113.7") },
		LookupAddr: func(_ context.Context, a string) ([]string, error) {
			asked = a
			return []string{"pool-203-0-113-7.provider.example."}, nil
		},
		Record: func(run string, ms []checks.Measurement) { seen = ms },
	}
	srv := httptest.NewServer(o.Handler())
	defer srv.Close()
	ticket := office.Ticket{Base: srv.URL, Token: testSecret().Issue("run", time.Now().Add(time.Hour), office.DefaultCaps())}
	options := Options{Ticket: &ticket, Resolver: noNames()}
	says(t, runCheck(t, options), map[string]string{"path.isp": "provider.example"})
	if asked != "203.0.113.7" || len(seen) != 1 || seen[0].Text != "provider.example" || seen[0].By != checks.ByCollector {
		t.Errorf("asked %q, recorded %+v", asked, seen)
	}
	asked = ""
	for _, private := range []string{"192.168.1.2", "127.0.0.1", "10.1.1.1", "fd77::2", "fe80::1"} {
		if got := o.provider(t.Context(), netip.MustParseAddr(private)); got != "" || asked != "" {
			t.Errorf("%s was looked up: %q", private, got)
		}
	}
	// A resolver that hangs holds the office up for its limit, and no longer.
	o.LookupAddr = func(ctx context.Context, _ string) ([]string, error) { <-ctx.Done(); return nil, ctx.Err() }
	began := time.Now()
	says(t, runCheck(t, options), map[string]string{"path.isp": "?isp_unnamed unknown"})
	if took := time.Since(began); took > 3*lookupLimit+8*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestOfficeRefuses(t *testing.T) {
	srv := httptest.NewServer((&Office{Secret: testSecret(), Now: time.Now}).Handler())
	defer srv.Close()
	for token, want := range map[string]int{
		"forged": http.StatusUnauthorized,
		testSecret().Issue("run", time.Now().Add(-time.Second), office.DefaultCaps()): http.StatusForbidden,
		testSecret().Issue("run", time.Now().Add(time.Hour), office.DefaultCaps()):    http.StatusOK,
	} {
		for _, path := range []string{"about", "clock", "binding", "isp"} {
			resp, err := http.Get(srv.URL + "/s/" + token + "/path/" + path)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
			}
		}
	}
}

// TestStrangersGetNothing: what is no plain Binding request gets no answer, and an answer is hardly longer than its request.
func TestStrangersGetNothing(t *testing.T) {
	from := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9}
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
	if reply := stunReply(request.Raw, from); len(reply) == 0 || len(reply) > len(request.Raw)+12 {
		t.Errorf("%d bytes for %d", len(reply), len(request.Raw))
	}
	for name, m := range map[string]*stun.Message{
		"no fingerprint": stun.MustBuild(stun.TransactionID, stun.BindingRequest),
		"an ICE check":   stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("a:b"), stun.Fingerprint),
		"an allocation":  stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), stun.Fingerprint),
		"an answer":      stun.MustBuild(stun.TransactionID, stun.BindingSuccess, stun.Fingerprint),
	} {
		if reply := stunReply(m.Raw, from); reply != nil {
			t.Errorf("%s: %d bytes", name, len(reply))
		}
	}
}

func TestReads(t *testing.T) {
	ticket := &office.Ticket{Base: "https://office.invalid"}
	for want, o := range map[string]Options{
		"path.reads.network":                                        {},
		"path.reads.network path.reads.office":                      {Ticket: ticket},
		"path.reads.network path.reads.office path.reads.endpoints": {Ticket: ticket, Endpoints: make([]Endpoint, 1)},
		"path.reads.network path.reads.endpoints":                   {Endpoints: make([]Endpoint, 1)},
	} {
		if got := strings.Join(New(o).Reads, " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestEveryReasonHasWords finds the codes and steps in the source: no run of the check meets them all.
func TestEveryReasonHasWords(t *testing.T) {
	source := ""
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && !strings.HasSuffix(f, "_test.go") {
			source += string(b)
		}
	}
	var keys []string
	for _, m := range regexp.MustCompile(`\b(?:code|stage)[A-Z]\w*\s*= "(\w+)"`).FindAllStringSubmatch(source, -1) {
		keys = append(keys, "problem."+m[1])
	}
	for _, m := range regexp.MustCompile(`"(path\.(?:step|reads)\.\w+)"`).FindAllStringSubmatch(source, -1) {
		keys = append(keys, m[1])
	}
	if len(keys) < 30 {
		t.Fatalf("only %d keys found", len(keys))
	}
	for _, lang := range []string{"en", "es"} {
		book, err := texts.Open(lang, New(Options{}).Words)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if !book.Has(key) {
				t.Errorf("%s lacks %s", lang, key)
			}
		}
	}
}

func FuzzReplies(f *testing.F) {
	f.Add([]byte(`{"version":1,"alternate":3479,"plain":80,"ipv6":"[2001:db8::1]:443"}`))
	f.Add([]byte(`{"version":1,"got":1700000000000000000,"sent":1700000000000000001}`))
	f.Add([]byte(`{"version":1,"binding":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	f.Add([]byte(`{"version":1,"isp":"provider.example"}`))
	f.Add(bytes.Repeat([]byte("["), maxReply))
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := parseAbout(data); err == nil && (a.alternate < 0 || a.alternate > 65535 || a.plain < 0 || a.plain > 65535 ||
			a.ipv6.IsValid() && (!a.ipv6.Addr().Is6() || a.ipv6.Port() == 0)) {
			t.Errorf("%+v", a)
		}
		if got, sent, err := parseClock(data); err == nil && (sent.Before(got) || sent.Sub(got) > time.Minute) {
			t.Errorf("%v %v", got, sent)
		}
		if b, err := parseBinding(data); err == nil && b != nil && len(b) != exporterSize {
			t.Errorf("%d bytes", len(b))
		}
		if name, err := parseISP(data); err == nil && name != "" && registrable(name) != name {
			t.Errorf("%q", name)
		}
	})
}

func FuzzSTUN(f *testing.F) {
	from := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9}
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint).Raw
	f.Add(request)
	f.Add(stunReply(request, from))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, mapped, err := parseSTUN(data); err == nil && (!mapped.IsValid() || mapped.Port() == 0) {
			t.Errorf("%v", mapped)
		}
		if reply := stunReply(data, from); len(reply) > len(data)+12 {
			t.Errorf("%d bytes for %d", len(reply), len(data))
		}
	})
}

func FuzzRegistrable(f *testing.F) {
	f.Add("pool-203-0-113-7.provider.example.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, name string) {
		if d := registrable(name); d != "" && (checks.Clean(d, 80) != d || registrable(d) != d) {
			t.Errorf("%q gives %q", name, d)
		}
	})
}
