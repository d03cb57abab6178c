package path

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// HelloPath is where Hello belongs on a port without TLS, preferably 80: sign-in pages take the place of plain web pages.
const HelloPath = "/.well-known/deskready/hello"

const (
	portalPatience = 3 * time.Second
	helloHeader    = "Deskready-Hello"
	maxHello       = 64
)

// Hello answers 204 and the caller's nonce, and nothing else: what answers otherwise stands in its place.
func Hello() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nonce := r.Header.Get(office.NonceHeader)
		if nonce == "" || len(nonce) > maxHello || r.Method != http.MethodGet {
			http.Error(w, "hello", http.StatusBadRequest)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set(helloHeader, nonce)
		w.WriteHeader(http.StatusNoContent)
	})
}

// plainAnswer is what came back over plain HTTP.
type plainAnswer int

const (
	plainNone      plainAnswer = iota // nothing, or a refusal that any server may give
	plainHello                        // the office's own
	plainPage                         // a page in its place
	plainElsewhere                    // sent on to another host
)

// probePlain asks one port of the office's host without TLS, straight and without following anything.
func probePlain(ctx context.Context, o Options, host string, port int) plainAnswer {
	ctx, cancel := context.WithTimeout(ctx, portalPatience)
	defer cancel()
	t := &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10, DialContext: o.Transport.DialContext}
	defer t.CloseIdleConnections()
	at := url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(port)), Path: HelloPath}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return plainNone
	}
	nonce := rand.Text()[:16]
	req.Header.Set(office.NonceHeader, nonce)
	req.Header.Set("User-Agent", "deskready")
	resp, err := t.RoundTrip(req)
	if err != nil {
		return plainNone
	}
	_ = resp.Body.Close() // unread: only the head counts
	return readPlain(resp, host, nonce)
}

func readPlain(resp *http.Response, host, nonce string) plainAnswer {
	switch {
	case resp.StatusCode == http.StatusNoContent && resp.Header.Get(helloHeader) == nonce:
		return plainHello
	case resp.StatusCode == http.StatusNetworkAuthenticationRequired: // RFC 6585, section 6
		return plainElsewhere
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		to, err := resp.Location()
		if err != nil || to.Hostname() == host || to.Hostname() == "" {
			return plainNone
		}
		return plainElsewhere
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return plainPage
	}
	return plainNone
}

// probePortal looks for a sign-in page in the office's place. An office that gave its signed answer has been reached, and
// then only its own plain port can still tell of something in between.
func probePortal(ctx context.Context, o Options, first fact[about]) fact[bool] {
	host, port := officeHost(o)
	if first.missing != nil && first.missing.Code == office.CodePortal {
		return fact[bool]{value: true}
	}
	if first.missing == nil {
		if first.value.plain == 0 {
			return fact[bool]{value: false}
		}
		got := probePlain(ctx, o, host, first.value.plain)
		return fact[bool]{value: got == plainPage || got == plainElsewhere}
	}
	const web = 80
	ports := []int{web, port}
	answers := make(chan plainAnswer, len(ports))
	for _, p := range ports {
		go func() { answers <- probePlain(ctx, o, host, p) }()
	}
	got := []plainAnswer{<-answers, <-answers}
	switch {
	case slices.Contains(got, plainHello):
		return fact[bool]{value: false}
	case slices.Contains(got, plainElsewhere),
		first.missing.Code == office.CodeUntrusted && slices.Contains(got, plainPage):
		return fact[bool]{value: true}
	}
	return fact[bool]{missing: first.missing}
}

// officeHost is the host and port of the office's web address.
func officeHost(o Options) (string, int) {
	u, err := url.Parse(o.Ticket.Base)
	if err != nil {
		return "", 0
	}
	if p, err := strconv.Atoi(u.Port()); err == nil {
		return u.Hostname(), p
	}
	if u.Scheme == "http" {
		return u.Hostname(), 80
	}
	return u.Hostname(), 443
}

// truth is a fact as a measurement.
func truth(m checks.Metric, f fact[bool]) checks.Measurement {
	if f.missing != nil {
		return m.Missing("", f.missing)
	}
	return m.True("", f.value)
}
