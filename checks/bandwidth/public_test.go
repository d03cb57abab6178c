package bandwidth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// ookla is a host of the shape of speedtest.net's: list and server in one.
func ookla(t *testing.T, list string) (o Options, server *httptest.Server) {
	t.Helper()
	mux := http.NewServeMux()
	server = httptest.NewServer(mux)
	t.Cleanup(server.Close)
	list = strings.ReplaceAll(list, "HOST", server.Listener.Addr().String())
	mux.HandleFunc("GET /api/js/servers", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, list) })
	mux.HandleFunc("GET /speedtest/latency.txt", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "test=test\n") })
	mux.HandleFunc("GET /speedtest/random1000x1000.jpg", func(w http.ResponseWriter, _ *http.Request) {
		body := make([]byte, 1986284)
		for i := range body {
			body[i] = byte(rand.Uint32())
		}
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body)
	})
	mux.HandleFunc("POST /speedtest/upload.php", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "size=%d", n)
	})
	return Options{Transport: toward(server), Direction: 3 * time.Second, Bytes: 8e6, Patience: time.Second}, server
}

// toward is a transport in which speedtest.net is the server, and plain: its address is written into the library.
func toward(server *httptest.Server) *http.Transport {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, listHost) || server == nil {
			if server == nil {
				return nil, &net.OpError{Op: "dial", Err: errors.New("nothing there")}
			}
			address = server.Listener.Addr().String()
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return &http.Transport{DialContext: dial, DialTLSContext: dial}
}

const goodList = `[{"id":"1","url":"http://HOST/speedtest/upload.php","lat":"1","lon":"2","distance":3,"name":"x"}]`

func TestPublic(t *testing.T) {
	o, _ := ookla(t, goodList)
	o.Bytes = 100e6
	fast := o.Transport.DialContext
	o.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := fast(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &slow{c}, nil
	}
	wantPublic(t, run(t.Context(), t, o, nil))
}

func wantPublic(t *testing.T, got map[string]checks.Measurement) {
	t.Helper()
	for id, m := range got {
		switch id {
		case again.ID: // nobody tells
			if m.Missing == nil || m.Missing.Code != checks.CodeUnsupported {
				t.Errorf("%s: %+v", id, m)
			}
		case other.ID, bloat.ID:
			if m.Missing != nil {
				t.Errorf("%s: %+v", id, m)
			}
		default:
			if m.Missing != nil || m.Value <= 0 {
				t.Errorf("%s: %+v", id, m)
			}
		}
	}
}

// TestPublicThroughProxy: where the given transport names a proxy, everything goes through it, the search for a server
// over TLS as well, and nothing beside it.
func TestPublicThroughProxy(t *testing.T) {
	t.Parallel()
	o, plain := ookla(t, goodList)
	o.Patience = 3 * time.Second // other tests keep this computer busy
	list := httptest.NewTLSServer(plain.Config.Handler)
	t.Cleanup(list.Close)
	p := &proxy{list: list.Listener.Addr().String()}
	way := httptest.NewServer(p)
	t.Cleanup(func() { way.CloseClientConnections(); way.Close() })
	address, err := url.Parse(way.URL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(list.Certificate())
	o.Transport = &http.Transport{
		Proxy:           http.ProxyURL(address),
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"},
		DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			if to != address.Host {
				t.Errorf("dials %s beside the proxy", to)
			}
			return (&net.Dialer{}).DialContext(ctx, network, to)
		},
	}
	got := run(t.Context(), t, o, nil)
	for _, id := range everything {
		if m := got[id]; m.Missing != nil || m.Value <= 0 {
			t.Errorf("%s: %+v", id, m)
		}
	}
	for _, what := range []string{"CONNECT", "latency.txt", "random1000x1000.jpg", "upload.php"} {
		if p.count(what) == 0 {
			t.Errorf("no %s went through the proxy", what)
		}
	}
}

// proxy is a forward proxy (RFC 9110, sections 7.1 and 9.3.6) that counts. Tunnels all lead to list.
type proxy struct {
	list string
	mu   sync.Mutex
	seen map[string]int // by method for tunnels, by the last part of the path for the rest
}

func (p *proxy) count(what string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[what]
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := path.Base(r.URL.Path)
	if r.Method == http.MethodConnect {
		what = r.Method
	}
	p.mu.Lock()
	if p.seen == nil {
		p.seen = map[string]int{}
	}
	p.seen[what]++
	p.mu.Unlock()
	if r.Method == http.MethodConnect {
		p.tunnel(w, r)
		return
	}
	(&httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}, ErrorLog: log.New(io.Discard, "", 0)}).ServeHTTP(w, r)
}

func (p *proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	if r.Host != listHost+":443" {
		http.Error(w, "no such host", http.StatusBadGateway)
		return
	}
	far, err := net.Dial("tcp", p.list)
	if err != nil {
		http.Error(w, "list", http.StatusBadGateway)
		return
	}
	defer far.Close()
	near := hijack(w)
	defer near.Close()
	io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		defer far.Close()
		_, _ = io.Copy(far, near)
	}()
	_, _ = io.Copy(near, far)
}

// TestPublicList: whatever the list holds, there is an answer or a reason, and soon.
func TestPublicList(t *testing.T) {
	entry := goodList[1 : len(goodList)-1]
	for name, c := range map[string]struct{ list, code string }{
		"null entry":   {`[null,` + entry + `]`, ""},
		"strange url":  {`[{"id":"2","url":"file:///etc/upload.php"},{"id":"3","url":"::"},` + entry + `]`, ""},
		"empty":        {`[]`, office.CodeGarbled},
		"no list":      {`{"servers":[]}`, office.CodeGarbled},
		"page":         {`<html>sign in</html>`, office.CodePortal},
		"cut":          {goodList[:40], office.CodeGarbled},
		"long":         {strings.Repeat(" ", maxList+1) + goodList, office.CodeGarbled},
		"dead servers": {`[{"id":"1","url":"http://127.0.0.1:1/upload.php"}]`, checks.CodeNoNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := ookla(t, c.list)
			began := time.Now()
			m := meter{tell: func(checks.Event) {}, began: began, options: o.withDefaults()}
			_, err := publicServer(t.Context(), o.withDefaults(), &m)
			var p *checks.Problem
			switch {
			case c.code == "" && err != nil:
				t.Error(err)
			case c.code != "" && (!errors.As(err, &p) || p.Code != c.code):
				t.Errorf("%v, want %s", err, c.code)
			}
			if took := time.Since(began); took > 6*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestPublicNoNetwork: with nothing to be reached there is no hanging.
func TestPublicNoNetwork(t *testing.T) {
	t.Parallel()
	silent := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	for name, transport := range map[string]*http.Transport{"refused": toward(nil), "silent": silent} {
		t.Run(name, func(t *testing.T) {
			o := Options{Transport: transport} // the default patience: this is about the real duration
			faulty(t, o, checks.CodeNoNetwork, checks.SideLine, everything, 10*time.Second)
		})
	}
}

// TestPublicUploadCountsOnlyAcknowledged: a server that takes bytes and never answers has not received them.
func TestPublicUploadCountsOnlyAcknowledged(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	o := Options{Direction: 2500 * time.Millisecond, Patience: time.Second}.withDefaults()
	_, err := transferUp(t.Context(), o, publicTarget(srv.URL+"/speedtest/upload.php"), idleBeside(o), func(float64) {})
	if p, ok := err.(*checks.Problem); !ok || p.Code != checks.CodeTimeout {
		t.Errorf("error %v", err)
	}
}

func FuzzServerList(f *testing.F) {
	for _, seed := range []string{goodList, `[]`, `[null]`, `[{"id":"1","url":"http://h/upload.php"},{}]`, `{`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		clean, err := cleanList(data)
		if err != nil {
			return
		}
		again, err := cleanList(clean)
		if err != nil || string(again) != string(clean) {
			t.Errorf("cleaned %q to %q, and that to %q (%v)", data, clean, again, err)
		}
	})
}
