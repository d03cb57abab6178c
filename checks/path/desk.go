package path

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// deskSeen is what one connection to the office end told.
type deskSeen struct {
	about   fact[about]
	trips   []exchange // of the clock
	binding fact[bool] // opened on the way
	issuer  string     // of the certificate that the connection brought; empty for none
	isp     fact[string]
}

const (
	deskPatience = 4 * time.Second // for one reply
	clockTime    = 3 * time.Second // for all exchanges of the clock
	clockPause   = 20 * time.Millisecond
	fewest       = 3 // exchanges that are worth a median
)

// A desk talks to the office end over one connection.
type desk struct {
	options Options
	guard   *office.Guard
	certs   *witnessed
}

func newDesk(o Options) (*desk, func()) {
	t := o.Transport.Clone()
	t.MaxConnsPerHost, t.MaxIdleConnsPerHost = 1, 1
	t.DisableCompression = true
	certs := &witnessed{}
	t.TLSClientConfig = certs.watch(t.TLSClientConfig)
	t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	t.ForceAttemptHTTP2 = false
	g := &office.Guard{Ticket: o.Ticket, Transport: certs.over(t), Small: maxReply, Patience: deskPatience}
	return &desk{options: o, guard: g, certs: certs}, t.CloseIdleConnections
}

// askOffice holds the whole conversation, and tells the first answer as soon as it is there. What it could not ask is
// missing for the reason of the first thing it asked.
func askOffice(ctx context.Context, o Options, tell func(fact[about])) deskSeen {
	var seen deskSeen
	d, hangUp := newDesk(o)
	defer hangUp()
	body, _, err := d.get(ctx, "path/about")
	if err == nil {
		seen.about.value, err = parseAbout(body)
	}
	if err != nil {
		p := d.certs.explain(err)
		seen.about.missing, seen.binding.missing, seen.isp.missing = p, p, p
		seen.issuer = d.certs.issuer()
		tell(seen.about)
		return seen
	}
	tell(seen.about)
	count := 8
	if o.Quick {
		count = 5
	}
	seen.trips = d.clock(ctx, count)
	seen.binding = d.binding(ctx)
	seen.issuer = d.certs.issuer()
	seen.isp = d.isp(ctx)
	return seen
}

func (d *desk) get(ctx context.Context, path string) ([]byte, *tls.ConnectionState, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.options.Ticket.At(path), nil)
	if err != nil {
		return nil, nil, err
	}
	resp, err := d.guard.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return body, resp.TLS, err
}

// clock compares clocks, one exchange after another on the connection that is there.
func (d *desk) clock(ctx context.Context, count int) []exchange {
	ctx, cancel := context.WithTimeout(ctx, clockTime)
	defer cancel()
	var trips []exchange
	for range count {
		one, err := d.exchange(ctx)
		if ctx.Err() != nil {
			break
		}
		if err == nil {
			trips = append(trips, one)
		}
		select {
		case <-ctx.Done():
		case <-time.After(clockPause):
		}
	}
	return trips
}

// exchange is one request that is timed at both ends: from its last byte out to the first byte back.
func (d *desk) exchange(ctx context.Context) (exchange, error) {
	var mu sync.Mutex
	var out, back time.Time
	fresh := true
	note := func(at *time.Time) {
		mu.Lock()
		defer mu.Unlock()
		*at = time.Now()
	}
	trace := &httptrace.ClientTrace{
		GotConn:              func(c httptrace.GotConnInfo) { fresh = !c.Reused },
		WroteRequest:         func(httptrace.WroteRequestInfo) { note(&out) },
		GotFirstResponseByte: func() { note(&back) },
	}
	wall, mono := d.options.Now(), time.Now()
	body, _, err := d.get(httptrace.WithClientTrace(ctx, trace), "path/clock")
	if err != nil {
		return exchange{}, err
	}
	mu.Lock()
	defer mu.Unlock()
	got, sent, err := parseClock(body)
	if err != nil || fresh || out.IsZero() || !back.After(out) {
		return exchange{}, errors.Join(err, errReply)
	}
	return exchange{t1: wall.Add(out.Sub(mono)), t2: got, t3: sent, t4: wall.Add(back.Sub(mono))}, nil
}

// binding compares what both ends know of the TLS connection: something that opens it on the way has two of them.
func (d *desk) binding(ctx context.Context) fact[bool] {
	body, state, err := d.get(ctx, "path/binding")
	if err != nil {
		return fact[bool]{missing: office.Explain(err)}
	}
	theirs, err := parseBinding(body)
	if err != nil {
		return fact[bool]{missing: &checks.Problem{Code: office.CodeGarbled, Side: checks.SideUnknown}}
	}
	if state == nil || theirs == nil {
		return fact[bool]{missing: &checks.Problem{Code: codeNotEncrypted, Side: checks.SideOffice}}
	}
	own, ok := office.Binding(state)
	if !ok { // TLS 1.2 without extended master secret (RFC 7627)
		return fact[bool]{missing: &checks.Problem{Code: checks.CodeUnsupported, Detail: "TLS session without exporter", Side: checks.SideUnknown}}
	}
	return fact[bool]{value: subtle.ConstantTimeCompare(own, theirs) == 0}
}

func (d *desk) isp(ctx context.Context) fact[string] {
	body, _, err := d.get(ctx, "path/isp")
	if err != nil {
		return fact[string]{missing: office.Explain(err)}
	}
	name, err := parseISP(body)
	switch {
	case err != nil:
		return fact[string]{missing: &checks.Problem{Code: office.CodeGarbled, Side: checks.SideUnknown}}
	case name == "":
		return fact[string]{missing: &checks.Problem{Code: codeISPUnnamed, Side: checks.SideUnknown}}
	}
	return fact[string]{value: name}
}

// witnessed keeps the certificate that a connection brought, also where it was refused.
type witnessed struct {
	mu    sync.Mutex
	leaf  *x509.Certificate
	dated bool // refused for its dates alone: it may be the office's own
}

func (w *witnessed) note(certs []*x509.Certificate) {
	if len(certs) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leaf = certs[0]
}

// watch gives a configuration that looks on, and changes nothing of what is trusted.
func (w *witnessed) watch(c *tls.Config) *tls.Config {
	if c == nil {
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	c = c.Clone()
	decide := c.VerifyConnection
	c.VerifyConnection = func(state tls.ConnectionState) error {
		w.note(state.PeerCertificates)
		if decide == nil {
			return nil
		}
		return decide(state)
	}
	c.NextProtos = nil
	return c
}

// over looks at refusals, which come before VerifyConnection.
func (w *witnessed) over(next http.RoundTripper) http.RoundTripper {
	return tripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		var refused *tls.CertificateVerificationError
		if errors.As(err, &refused) {
			w.note(refused.UnverifiedCertificates)
			var invalid x509.CertificateInvalidError
			w.mu.Lock()
			w.dated = errors.As(err, &invalid) && invalid.Reason == x509.Expired
			w.mu.Unlock()
		}
		return resp, err
	})
}

// explain tells a certificate of the wrong time from one of the wrong maker: the first is what a computer sees whose
// clock is far off.
func (w *witnessed) explain(err error) *checks.Problem {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := office.Explain(err); p.Code != office.CodeUntrusted || !w.dated {
		return p
	}
	return &checks.Problem{Code: codeCertificateDate, Side: checks.SideUnknown}
}

func (w *witnessed) issuer() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dated {
		return ""
	}
	return issuerOf(w.leaf)
}

// issuerOf names who made a certificate: the organisation, or else the common name. Nothing of the subject, which may
// name the hire's own computer.
func issuerOf(cert *x509.Certificate) string {
	const longest = 60
	if cert == nil {
		return ""
	}
	for _, name := range append(slices.Clone(cert.Issuer.Organization), cert.Issuer.CommonName) {
		if name = checks.Clean(name, longest); name != "" {
			return name
		}
	}
	return ""
}

type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }
