package path

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// Protocols of endpoints.
const (
	protoTLS   = "tls"   // a TLS handshake with a certificate for the host
	protoTCP   = "tcp"   // a connection
	protoHTTPS = "https" // any answer to a HEAD request
	protoSTUN  = "stun"  // an answer to a STUN Binding request over UDP
	protoUDP   = "udp"   // the same request; that nothing comes back says nothing
)

// Stages of reaching an endpoint; each is the code of the problem, too. There are words for each under "problem.".
const (
	stageDNS   = "endpoint_dns"
	stageTCP   = "endpoint_tcp"
	stageTLS   = "endpoint_tls"
	stageHTTP  = "endpoint_http"
	stageUDP   = "endpoint_udp"
	stageProxy = "endpoint_proxy"
)

// endSeen is one endpoint as it was reached.
type endSeen struct {
	at      Endpoint
	failed  *checks.Problem // the stage that failed; nil: reached
	unknown *checks.Problem // why it cannot be said whether it is reached
	answer  bool            // something of the way answered, be it only a name server
	proxied bool
	// Of what was reached, zero where there was no such stage.
	dns, tcp, tls, http, udp time.Duration
	date                     *third
}

const (
	endPatience = 5 * time.Second // for one endpoint
	tcpPatience = 3 * time.Second
	tlsPatience = 3 * time.Second
	stagger     = 250 * time.Millisecond // before the next address is tried beside the first (RFC 8305, section 5)
	mostAddrs   = 4
	maxHead     = 16 << 10
)

// subject names the endpoint in reports: profile, region, host and port, protocol.
func (e Endpoint) subject() string {
	parts := []string{net.JoinHostPort(e.Host, strconv.Itoa(e.Port)), e.Proto}
	if e.Region != "" {
		parts = append([]string{e.Region}, parts...)
	}
	if e.Profile != "" {
		parts = append([]string{e.Profile}, parts...)
	}
	return strings.Join(parts, "/")
}

// probeEndpoint goes through the stages until one fails.
func probeEndpoint(ctx context.Context, o Options, e Endpoint) endSeen {
	ctx, cancel := context.WithTimeout(ctx, endPatience)
	defer cancel()
	seen := endSeen{at: e}
	if e.Host == "" || e.Port <= 0 || e.Port > 65535 {
		seen.unknown = &checks.Problem{Code: codeEndpointOdd, Side: checks.SideOffice}
		return seen
	}
	switch e.Proto {
	case protoTLS, protoHTTPS:
		if proxy := o.proxyFor(e); proxy != nil {
			seen.throughProxy(ctx, o, proxy)
			return seen
		}
	case protoTCP, protoSTUN, protoUDP:
	default:
		seen.unknown = &checks.Problem{Code: codeEndpointOdd, Side: checks.SideOffice}
		return seen
	}
	addrs, ok := seen.resolve(ctx, o)
	if !ok {
		return seen
	}
	if e.Proto == protoSTUN || e.Proto == protoUDP {
		seen.bind(ctx, addrs)
		return seen
	}
	seen.connect(ctx, o, addrs)
	return seen
}

func (s *endSeen) fail(stage, detail string) {
	s.failed = &checks.Problem{Code: stage, Detail: detail, Side: checks.SideLine}
}

func (s *endSeen) resolve(ctx context.Context, o Options) ([]netip.Addr, bool) {
	began := time.Now()
	addrs, err := lookup(ctx, o.Resolver, s.at.Host)
	switch {
	case err != nil && isAbsent(err):
		s.answer = true
		s.fail(stageDNS, "no such name")
		return nil, false
	case err != nil:
		s.fail(stageDNS, "no answer to the name lookup")
		return nil, false
	}
	if !isName(s.at.Host) {
		return addrs, true
	}
	s.dns, s.answer = time.Since(began), true
	real := addrs[:0]
	for _, a := range addrs { // filters answer with an address that leads nowhere, or back
		if !a.IsUnspecified() && !a.IsLoopback() {
			real = append(real, a)
		}
	}
	if len(real) == 0 {
		s.fail(stageDNS, "the name is blocked")
	}
	return real, len(real) > 0
}

// bind asks for a STUN answer.
func (s *endSeen) bind(ctx context.Context, addrs []netip.Addr) {
	m, err := seenBy(ctx, netip.AddrPort{}, likeliest(addrs, s.at.Port, hasRoute))
	switch {
	case err == nil:
		s.udp, s.answer = m.rtt, true
	case s.at.Proto == protoUDP:
		s.unknown = &checks.Problem{Code: codeEndpointSilent, Side: checks.SideUnknown}
	default:
		s.fail(stageUDP, "no answer over UDP")
	}
}

// connect goes on from addresses to a connection, TLS and HTTP.
func (s *endSeen) connect(ctx context.Context, o Options, addrs []netip.Addr) {
	conn, took, err := race(ctx, addrs, s.at.Port)
	if err != nil {
		p := office.Explain(err)
		s.answer = s.answer || p.Code == office.CodeRefused
		s.fail(stageTCP, p.Detail)
		return
	}
	defer conn.Close()
	s.tcp, s.answer = took, true
	if s.at.Proto == protoTCP {
		return
	}
	limited, cancel := context.WithTimeout(ctx, tlsPatience)
	defer cancel()
	began := time.Now()
	secure := tls.Client(conn, &tls.Config{ServerName: s.at.Host, RootCAs: o.Roots, Time: o.Now, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(limited); err != nil {
		s.fail(stageTLS, distrust(err))
		return
	}
	s.tls = time.Since(began)
	if err := s.head(limited, o, secure); err != nil && s.at.Proto == protoHTTPS {
		s.fail(stageHTTP, "no answer to a request")
	}
}

// distrust says for support what a handshake ended with. Names of certificates are left out: they may be anything.
func distrust(err error) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "certificate out of date, or this computer's clock is wrong"
	case errors.As(err, &host):
		return "certificate for another name"
	case errors.As(err, &unknown):
		return "certificate by an unknown issuer"
	}
	return office.Explain(err).Code
}

// head sends the smallest request, and takes any answer for one. Its Date is a third opinion on the time.
func (s *endSeen) head(ctx context.Context, o Options, conn net.Conn) error {
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	wall, began := o.Now(), time.Now()
	_, err := fmt.Fprintf(conn, "HEAD / HTTP/1.1\r\nHost: %s\r\nUser-Agent: deskready\r\nConnection: close\r\n\r\n", hostHeader(s.at))
	if err != nil {
		return err
	}
	req := &http.Request{Method: http.MethodHead}
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxHead)), req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	s.answered(resp, wall, time.Since(began))
	return nil
}

func (s *endSeen) answered(resp *http.Response, wall time.Time, took time.Duration) {
	s.http = took
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil && resp.Header.Get("Age") == "" {
		opinion := thirdOpinion(s.at.Host, date, wall, wall.Add(took))
		s.date = &opinion
	}
}

func hostHeader(e Endpoint) string {
	const https = 443
	if e.Port == https && !strings.Contains(e.Host, ":") {
		return e.Host
	}
	return net.JoinHostPort(e.Host, strconv.Itoa(e.Port))
}

// proxyFor is the proxy that this program would use for the endpoint; nil for none.
func (o Options) proxyFor(e Endpoint) *url.URL {
	if o.Transport.Proxy == nil {
		return nil
	}
	at := url.URL{Scheme: "https", Host: net.JoinHostPort(e.Host, strconv.Itoa(e.Port)), Path: "/"}
	proxy, err := o.Transport.Proxy(&http.Request{Method: http.MethodHead, URL: &at, Header: http.Header{}})
	if err != nil {
		return nil
	}
	return proxy
}

// throughProxy asks by way of a proxy, which looks the name up and connects itself: those stages cannot be seen.
func (s *endSeen) throughProxy(ctx context.Context, o Options, proxy *url.URL) {
	s.proxied = true
	t := o.Transport.Clone()
	t.Proxy = http.ProxyURL(proxy)
	t.TLSClientConfig = &tls.Config{RootCAs: o.Roots, Time: o.Now, MinVersion: tls.VersionTLS12}
	t.DisableKeepAlives, t.MaxResponseHeaderBytes = true, maxHead
	defer t.CloseIdleConnections()
	at := url.URL{Scheme: "https", Host: hostHeader(s.at), Path: "/"}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, at.String(), nil)
	if err != nil {
		s.unknown = &checks.Problem{Code: codeEndpointOdd, Side: checks.SideOffice}
		return
	}
	req.Header.Set("User-Agent", "deskready")
	began, wall := time.Now(), o.Now()
	resp, err := t.RoundTrip(req)
	switch {
	case err == nil:
		_ = resp.Body.Close()
		s.answer = true
		s.answered(resp, wall, time.Since(began))
		s.http = 0 // with all stages in it: no figure of one
	case office.Explain(err).Code == office.CodeUntrusted:
		s.answer = true
		s.fail(stageTLS, distrust(err))
	default:
		s.fail(stageProxy, office.Explain(err).Code)
	}
}
