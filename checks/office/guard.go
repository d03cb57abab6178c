package office

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"sync"
	"time"

	"deskready/checks"
)

// A Guard is a way to an office end that lets nothing through but what the office end itself said. Redirects, sign-in
// pages, error pages and broken connections come back as a *checks.Problem; after one, the next request waits, longer
// each time, so that no caller can hammer a server that is not well. It may be used by many goroutines.
type Guard struct {
	Ticket    *Ticket // nil: the far end is no office end, and its replies cannot prove where they come from
	Transport http.RoundTripper
	Small     int64         // replies are read whole, and must not be longer; zero leaves the body to the caller
	Patience  time.Duration // how long a reply may take: to its last byte with Small, which it needs; zero for ever

	mu    sync.Mutex
	rest  time.Duration // how long to wait after a bad reply
	until time.Time     // no request before
}

const (
	firstRest = 250 * time.Millisecond
	lastRest  = 4 * time.Second
)

// Client is an http.Client over the guard.
func (g *Guard) Client() *http.Client {
	return &http.Client{
		Transport:     g,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// RoundTrip sends one request.
func (g *Guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.wait(req.Context()); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	ctx, cancel := req.Context(), func() {}
	if g.Patience > 0 && g.Small > 0 {
		ctx, cancel = context.WithTimeout(ctx, g.Patience)
	}
	defer cancel()
	out := req.Clone(ctx)
	nonce := rand.Text()[:16] // 80 bits: they must only not come twice
	out.Header.Set("User-Agent", "deskready")
	if g.Ticket != nil {
		out.Header.Set(NonceHeader, nonce)
	}
	resp, err := g.Transport.RoundTrip(out)
	if err == nil {
		err = g.hold(resp, nonce)
	}
	if err != nil && req.Context().Err() != nil {
		return nil, req.Context().Err() // the caller's own doing, and no sign of a bad office
	}
	g.note(err == nil, pause(resp))
	if err != nil {
		return nil, Explain(err)
	}
	return resp, nil
}

// hold closes the body of replies that it does not let through.
func (g *Guard) hold(resp *http.Response, nonce string) error {
	if p := g.doubt(resp, nonce); p != nil {
		_ = resp.Body.Close()
		return p
	}
	if g.Small == 0 {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, g.Small+1))
	_ = resp.Body.Close()
	if err != nil {
		return err
	}
	if int64(len(body)) > g.Small {
		return &checks.Problem{Code: CodeGarbled, Detail: "reply too long", Side: checks.SideUnknown}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// doubt says what is wrong with a reply, by its head.
func (g *Guard) doubt(resp *http.Response, nonce string) *checks.Problem {
	status := fmt.Sprintf("HTTP %d", resp.StatusCode)
	signed := g.Ticket != nil && hmac.Equal([]byte(resp.Header.Get(SessionHeader)),
		[]byte(session(g.Ticket.Token, nonce, resp.StatusCode)))
	good := resp.StatusCode >= 200 && resp.StatusCode < 300
	switch {
	case signed && good, g.Ticket == nil && good && !isPage(resp):
		return nil
	case signed:
		return &checks.Problem{Code: refusal(resp.Header.Get(ProblemHeader)), Detail: status, Side: checks.SideOffice}
	case good, resp.StatusCode < 400,
		resp.StatusCode == http.StatusProxyAuthRequired,
		resp.StatusCode == http.StatusNetworkAuthenticationRequired: // RFC 6585, section 6
		return &checks.Problem{Code: CodePortal, Detail: status, Side: checks.SideLine}
	case resp.StatusCode == http.StatusForbidden, resp.StatusCode == http.StatusUnavailableForLegalReasons:
		// A filter on the way says the same as a server that is set up wrongly.
		return &checks.Problem{Code: CodeRefused, Detail: status, Side: checks.SideUnknown}
	}
	return &checks.Problem{Code: CodeRefused, Detail: status, Side: checks.SideOffice}
}

// refusal lets only known codes of the other end into a report.
func refusal(code string) string {
	switch code {
	case CodeBusy, CodeExpired, CodeForged, CodeSpent:
		return code
	}
	return CodeRefused
}

func isPage(resp *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml"
}

func (g *Guard) wait(ctx context.Context) error {
	g.mu.Lock()
	rest := time.Until(g.until)
	g.mu.Unlock()
	if rest <= 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rest):
		return nil
	}
}

// pause is how long the other end asks for (RFC 9110, section 10.2.3: seconds; the date form is not ours).
func pause(resp *http.Response) time.Duration {
	if resp == nil {
		return 0
	}
	n, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, lastRest)
}

// note lengthens the rest once for all requests that failed in the same round.
func (g *Guard) note(good bool, asked time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	switch {
	case good:
		g.rest = 0
	case !now.Before(g.until):
		g.rest = max(min(max(firstRest, 2*g.rest), lastRest), asked)
		g.until = now.Add(g.rest)
	}
}
