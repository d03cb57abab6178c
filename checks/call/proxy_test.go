package call

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"
)

// TestProxy: where an HTTP proxy is the only way out, the call goes through it, as a browser's does.
func TestProxy(t *testing.T) {
	s := serve(t, Limits{})
	asked := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				w.WriteHeader(502)
				return
			}
			for k, v := range resp.Header {
				w.Header()[k] = v
			}
			w.WriteHeader(resp.StatusCode)
			io.Copy(w, resp.Body)
			return
		}
		asked <- r.Header.Get("Proxy-Authorization")
		far, err := net.Dial("tcp", s.address) // the office's name is known here alone
		if err != nil {
			w.WriteHeader(502)
			return
		}
		c, _, _ := w.(http.Hijacker).Hijack()
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			io.Copy(far, c)
			far.Close()
		}()
		io.Copy(c, far)
		c.Close()
	}))
	defer proxy.Close()
	way, _ := url.Parse(proxy.URL)
	way.User = url.UserPassword("u", "p")
	o := Options{Ticket: s.ticket, Transport: &http.Transport{Proxy: http.ProxyURL(way)}}.withDefaults()
	o.Ticket.Media = "office.invalid:443"
	d := newDesk(o)
	defer d.close()
	p, err := ring(t.Context(), o, d)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if p.way.name != byTurnTCP {
		t.Errorf("the call went by %s", p.way.name)
	}
	if got := <-asked; got != "Basic dTpw" {
		t.Errorf("the proxy was told %q", got)
	}
}

// TestProxyRefuses: replies that open no way end the attempt.
func TestProxyRefuses(t *testing.T) {
	for name, reply := range map[string]string{
		"forbidden": "HTTP/1.1 403 Forbidden\r\n\r\n",
		"page":      "<html>",
		"endless":   "HTTP/1.1 200 OK\r\nA: " + string(make([]byte, 20<<10)),
		"early":     "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nabc",
		"nothing":   "",
	} {
		near, far := net.Pipe()
		go func() {
			http.ReadRequest(bufio.NewReader(far))
			io.WriteString(far, reply)
			far.Close()
		}()
		near.SetDeadline(time.Now().Add(5 * time.Second))
		req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: "o:1"}, Host: "o:1", Header: http.Header{}}
		if err := connect(near, req); err == nil {
			t.Errorf("%s: taken for a way", name)
		}
		near.Close()
	}
}

// TestSilent: whatever the environment asks of it, the call writes nothing on standard error.
func TestSilent(t *testing.T) {
	for _, level := range []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR"} {
		t.Setenv("PION_LOG_"+level, "all")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	real := os.Stderr
	os.Stderr = w
	said := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(r)
		said <- b
	}()
	t.Run("call", func(t *testing.T) {
		s := serve(t, Limits{})
		line := impair(t, s.address)
		line.noUDP.Store(true)
		dialled(t, s.issue(line.address))
	})
	os.Stderr = real
	w.Close()
	if b := <-said; len(b) > 0 {
		t.Errorf("%s", b)
	}
}
