package lab_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"deskready/checks/lab"
)

func local(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestPortal(t *testing.T) {
	l := local(t)
	lab.Portal(l)
	for _, method := range []string{"GET", "POST"} {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+l.Addr().String()+"/generate_204", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || string(body) != lab.PortalPage {
			t.Errorf("%s: %d %s %v", method, resp.StatusCode, body, err)
		}
	}
}

func TestHole(t *testing.T) {
	l := local(t)
	lab.Hole(l)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, 1<<20)); err != nil {
		t.Error("did not take what was sent:", err)
	}
	c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n != 0 || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("answered %d bytes, %v", n, err)
	}
}

// TestIntercept has the real office behind the proxy: the client reaches it, sees another's certificate, and the secret
// that both ends of TLS can compute (RFC 9266) differs between client and office.
func TestIntercept(t *testing.T) {
	var officeKey []byte
	office := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		officeKey, _ = r.TLS.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
		io.WriteString(w, "office "+r.Host)
	}))
	defer office.Close()
	l := local(t)
	ca, err := lab.Intercept(l, office.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatal("no certificate in what Intercept answered")
	}
	config := func() *tls.Config { return &tls.Config{RootCAs: roots} }
	dialled := func(tr *http.Transport) *http.Transport { // whatever the name, the way leads to the proxy
		tr.DialContext = (&turned{l.Addr().String()}).dial
		return tr
	}
	for name, try := range map[string]struct {
		tr     *http.Transport
		target string
	}{
		"by address":  {&http.Transport{TLSClientConfig: config()}, "https://" + l.Addr().String()},
		"by name":     {dialled(&http.Transport{TLSClientConfig: config()}), "https://office.example:8440"},
		"as proxy":    {&http.Transport{TLSClientConfig: config(), Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: l.Addr().String()})}, "https://office.example:8440"},
		"another's":   {&http.Transport{}, "https://" + l.Addr().String()},
		"not trusted": {dialled(&http.Transport{TLSClientConfig: office.Client().Transport.(*http.Transport).TLSClientConfig.Clone()}), "https://example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			trusts := name != "another's" && name != "not trusted"
			resp, err := (&http.Client{Transport: try.tr}).Get(try.target)
			if !trusts {
				if err == nil || !strings.Contains(err.Error(), "certificate") {
					t.Errorf("accepted: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if want := "office " + strings.TrimPrefix(try.target, "https://"); err != nil || string(body) != want {
				t.Errorf("got %q, %v, want %q", body, err, want)
			}
			if issuer := resp.TLS.PeerCertificates[0].Issuer.CommonName; issuer != lab.Interceptor+" CA" {
				t.Errorf("issuer %q", issuer)
			}
			key, err := resp.TLS.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
			if err != nil || string(key) == string(officeKey) || len(officeKey) != 32 {
				t.Errorf("both ends have one key: %x, %v", key, err)
			}
		})
	}
}

// turned sends every connection to one address, as a router does.
type turned struct{ to string }

func (d *turned) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, d.to)
}

func TestInterceptPassesPlain(t *testing.T) {
	office := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "plain") }))
	defer office.Close()
	l := local(t)
	if _, err := lab.Intercept(l, office.Listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "plain" {
		t.Errorf("got %q", body)
	}
}
