package office

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

func serverConfig(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// site serves both listeners of HTTP and says what it knows of a request.
func site(t *testing.T, web, plain net.Listener) {
	t.Helper()
	for _, l := range []net.Listener{web, plain} {
		s := &http.Server{
			ConnContext: Connected, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: 5 * time.Second,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, bound := Binding(r.TLS)
				n, _ := io.Copy(io.Discard, r.Body)
				fmt.Fprintf(w, "plain=%t tls=%t tcp=%t bound=%t %x body=%d proto=%s", l == plain, r.TLS != nil,
					TCP(r.Context()).RemoteAddr().String() == r.RemoteAddr, bound, b, n, r.Proto)
			}),
		}
		done := make(chan error)
		go func() { done <- s.Serve(l) }()
		t.Cleanup(func() {
			_ = s.Close()
			if err := <-done; !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		})
	}
}

// TestSplitHTTP: Go's client says nothing by ALPN unless it is told to speak HTTP/2 too; both find HTTP/1.1, the TLS state
// and the TCP connection, and both ends have the same binding.
func TestSplitHTTP(t *testing.T) {
	noLeaks(t)
	web, _, plain := listening(t, serverConfig(t))
	site(t, web, plain)
	at := "https://" + web.Addr().String()
	for name, tr := range map[string]*http.Transport{
		"no ALPN":      {TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		"ALPN of both": {TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true},
		"TLS 1.2":      {TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}},
	} {
		for range 2 { // the second over the same connection
			resp, err := (&http.Client{Transport: tr}).Post(at, "text/plain", strings.NewReader(strings.Repeat("x", 100_000)))
			if err != nil {
				t.Fatal(name, err)
			}
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			b, ok := Binding(resp.TLS)
			want := fmt.Sprintf("plain=false tls=true tcp=true bound=true %x body=100000 proto=HTTP/1.1", b)
			if string(body) != want || !ok || len(b) != 32 {
				t.Errorf("%s: %s, not %s", name, body, want)
			}
		}
		tr.CloseIdleConnections()
	}
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Get("http://" + web.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); !bytes.HasPrefix(body, []byte("plain=true tls=false tcp=true bound=false")) {
		t.Errorf("in plain: %s", body)
	}
}

// TestSplitPrograms: curl says http/1.1 and h2, openssl says nothing.
func TestSplitPrograms(t *testing.T) {
	noLeaks(t)
	web, _, plain := listening(t, serverConfig(t))
	site(t, web, plain)
	at := web.Addr().String()
	for _, c := range []struct {
		in   string
		args []string
		want string
	}{
		{"", []string{"curl", "-sk", "https://" + at}, "plain=false tls=true tcp=true bound=true"},
		{"", []string{"curl", "-sk", "--http1.1", "--no-alpn", "https://" + at}, "plain=false tls=true tcp=true bound=true"},
		{"", []string{"curl", "-s", "http://" + at}, "plain=true tls=false"},
		{"GET / HTTP/1.0\r\n\r\n", []string{"openssl", "s_client", "-quiet", "-connect", at}, "plain=false tls=true tcp=true"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(in, c.in)
		_ = cmd.Wait() // closes in; openssl ends with the connection, and not with 0
		cancel()
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: %q", c.args, out.String())
		}
	}
}

// TestSplitPlain is a port without TLS, as behind a proxy.
func TestSplitPlain(t *testing.T) {
	noLeaks(t)
	web, relay, plain := listening(t, nil)
	site(t, web, plain)
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Get("http://" + web.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); !bytes.HasPrefix(body, []byte("plain=false tls=false tcp=true")) {
		t.Errorf("%s", body)
	}
	c, err := net.Dial("tcp", web.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write([]byte{0, 1, 2, 3})
	got, err := relay.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	b := make([]byte, 4)
	if _, err := io.ReadFull(got, b); err != nil || !bytes.Equal(b, []byte{0, 1, 2, 3}) {
		t.Errorf("%v, %v", b, err)
	}
}

func TestSplitClose(t *testing.T) {
	noLeaks(t)
	web, relay, plain := listening(t, nil)
	ended := make(chan error, 3)
	for _, l := range []net.Listener{web, relay, plain} {
		go func() {
			_, err := l.Accept()
			ended <- err
		}()
	}
	_ = relay.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	silent, err := net.Dial("tcp", web.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	turned, err := net.Dial("tcp", web.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer turned.Close()
	_, _ = turned.Write([]byte{0})
	if _, err := turned.Read(make([]byte, 1)); err == nil {
		t.Error("the closed relay answered")
	}
	_ = web.Close()
	for range 2 {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
	if _, err := web.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	_ = silent.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := silent.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		t.Errorf("a silent connection outlived the port: %v", err)
	}
}

// TestSplitFlood: many connections that say nothing, or stop half way through TLS, keep nobody out and cost little.
func TestSplitFlood(t *testing.T) {
	noLeaks(t)
	web, _, plain := listening(t, serverConfig(t))
	site(t, web, plain)
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	before := runtime.NumGoroutine()
	for i := range 3 * sniffLimit {
		c, err := net.Dial("tcp", web.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			_, _ = c.Write([]byte{22, 3, 1, 2, 0, 1})
		}
		open = append(open, c)
	}
	time.Sleep(200 * time.Millisecond)
	if n := runtime.NumGoroutine() - before; n > 2*sniffLimit+20 {
		t.Errorf("%d goroutines", n)
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer tr.CloseIdleConnections()
	began := time.Now()
	resp, err := (&http.Client{Transport: tr, Timeout: 5 * time.Second}).Get("https://" + web.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("a good client waited %v", d)
	}
	// The oldest gave way.
	_ = open[0].SetReadDeadline(time.Now().Add(time.Second))
	if _, err := open[0].Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("the oldest is still there: %v", err)
	}
}

// TestSplitRelayShare: who takes all places at the relay that one network gets, and is silent, leaves places to others.
func TestSplitRelayShare(t *testing.T) {
	noLeaks(t)
	web, relay, _ := listening(t, nil)
	_, port, err := net.SplitHostPort(web.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	dial := func(from string) net.Conn {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	seat := func(from string) (close func()) {
		near := dial(from)
		far, err := relay.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return func() { _, _ = near.Close(), far.Close() }
	}
	var open []func()
	for range relayShare {
		open = append(open, seat("127.0.0.1"))
	}
	more := dial("127.0.0.1")
	_ = more.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := more.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("one more than one network's share: %v", err)
	}
	open = append(open, func() { _ = more.Close() }, seat("127.0.0.2"))
	open[0]()
	open = append(open, seat("127.0.0.1"))
	for _, end := range open {
		end()
	}
}

func TestNetwork(t *testing.T) {
	for at, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32",
		"2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := network(net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(at), 1))); got.String() != want {
			t.Errorf("%s: %s", at, got)
		}
	}
	for _, a := range []net.Addr{nil, &net.UDPAddr{}, &net.TCPAddr{}} {
		if got := network(a); got.IsValid() {
			t.Errorf("%v: %s", a, got)
		}
	}
}
