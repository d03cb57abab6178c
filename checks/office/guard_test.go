package office

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"deskready/checks"
)

func TestExplain(t *testing.T) {
	dial := func(err error) error {
		return &url.Error{Op: "Get", URL: "http://secret.example", Err: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}}
	}
	for name, c := range map[string]struct {
		err        error
		code, side string
	}{
		"refused":    {dial(errRefused), CodeRefused, checks.SideOffice},
		"no network": {dial(errNoNet), checks.CodeNoNetwork, checks.SideLine},
		"no host":    {dial(errNoHost), checks.CodeNoNetwork, checks.SideLine},
		"reset":      {dial(errReset), CodeLost, checks.SideLine},
		"other":      {dial(errors.New("odd")), CodeLost, checks.SideLine},
		"name":       {&url.Error{Err: &net.DNSError{Name: "secret.example", IsTimeout: true}}, checks.CodeNoNetwork, checks.SideLine},
		"deadline":   {fmt.Errorf("x: %w", context.DeadlineExceeded), checks.CodeTimeout, checks.SideUnknown},
		"cancelled":  {context.Canceled, checks.CodeInterrupted, checks.SideHire},
		"authority":  {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, CodeUntrusted, checks.SideLine},
		"pin":        {fmt.Errorf("x: %w", ErrPin), CodeUntrusted, checks.SideLine},
		"no TLS":     {tls.RecordHeaderError{}, CodePortal, checks.SideLine},
		"cut":        {io.ErrUnexpectedEOF, CodeLost, checks.SideLine},
		"no HTTP":    {errors.New(`malformed HTTP response "SSH"`), CodeGarbled, checks.SideUnknown},
		"known":      {&url.Error{Err: &checks.Problem{Code: "x", Side: "y"}}, "x", "y"},
	} {
		p := Explain(c.err)
		if p.Code != c.code || p.Side != c.side {
			t.Errorf("%s: %s by %s, want %s by %s", name, p, p.Side, c.code, c.side)
		}
		if strings.Contains(p.Detail, "secret") {
			t.Errorf("%s: the detail %q holds a name", name, p.Detail)
		}
	}
}

// TestRest: a server that is not well is asked less and less often, however many ask.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		g := &Guard{Transport: trip(func(*http.Request) (*http.Response, error) {
			asked.Add(1)
			return nil, io.ErrUnexpectedEOF
		})}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for range 8 {
			go func() {
				for ctx.Err() == nil {
					req, _ := http.NewRequestWithContext(ctx, "GET", "http://office", nil)
					if resp, err := g.RoundTrip(req); err == nil {
						resp.Body.Close()
					}
				}
			}()
		}
		time.Sleep(11 * time.Second)
		if n := asked.Load(); n < 16 || n > 8*8 {
			t.Errorf("asked %d times", n)
		}
	})
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestGuardLetsTheOfficeThrough(t *testing.T) {
	secret := someSecret()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.URL.Path, "/s/")
		if _, ok := secret.Admit(w, r, token, time.Now()); ok {
			Sign(w, r, token, 200)
			io.WriteString(w, strings.Repeat("x", 100))
		}
	}))
	defer srv.Close()
	good := secret.Issue("r", time.Now().Add(time.Minute), DefaultCaps())
	for name, c := range map[string]struct {
		token string
		small int64
		code  string
	}{
		"good":      {good, 100, ""},
		"streaming": {good, 0, ""},
		"too long":  {good, 99, CodeGarbled},
		"expired":   {secret.Issue("r", time.Now().Add(-time.Minute), DefaultCaps()), 100, CodeExpired},
		"forged":    {"x", 100, CodeForged},
	} {
		g := &Guard{Ticket: &Ticket{Base: srv.URL + "/", Token: c.token}, Transport: &http.Transport{}, Small: c.small, Patience: time.Second}
		resp, err := g.Client().Get(strings.TrimSuffix(g.Ticket.At(""), "/"))
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if body, err := io.ReadAll(resp.Body); err != nil || len(body) != 100 {
				t.Errorf("%s: %d bytes, %v", name, len(body), err)
			}
			resp.Body.Close()
		} else if p := (*checks.Problem)(nil); !errors.As(err, &p) || p.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}
