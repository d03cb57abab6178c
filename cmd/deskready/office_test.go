package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"deskready/checks/office"
)

// listening opens a TCP and a UDP port on the loopback.
func listening(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l, c
}

// reaches says whether somebody who sends the first byte of a STUN message to a TCP port comes to the relay.
func reaches(t *testing.T, p ports, at string) bool {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		return false
	}
	defer c.Close()
	if _, err := c.Write([]byte{0}); err != nil {
		t.Fatal(err)
	}
	came := make(chan bool, 1)
	go func() {
		got, err := p.relay.Accept()
		if err == nil {
			_ = got.Close()
		}
		came <- err == nil
	}()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadAll(c); err != nil && err.(net.Error).Timeout() {
		return false
	}
	select {
	case ok := <-came:
		return ok
	case <-time.After(100 * time.Millisecond): // the connection was closed without it
		return false
	}
}

// TestRelayIsWhereUDPIs: hires look for TURN over TCP at the port number of UDP, whatever --listen and --media say.
func TestRelayIsWhereUDPIs(t *testing.T) {
	l, c := listening(t)
	p := sharePorts(l, c, nil)
	defer p.close()
	if p.onlyUDP || !reaches(t, p, c.LocalAddr().String()) {
		t.Error("the relay is not at the port of UDP")
	}
	if reaches(t, p, l.Addr().String()) {
		t.Error("the relay is at the port of the pages too")
	}
}

// TestRelayGivesWay: where somebody else, such as the proxy, has the TCP port, the office goes on with UDP.
func TestRelayGivesWay(t *testing.T) {
	l, c := listening(t)
	taken, err := net.Listen("tcp", c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := sharePorts(l, c, nil)
	defer p.close()
	if !p.onlyUDP || p.away != nil {
		t.Errorf("%+v", p)
	}
}

// single is a listener for one connection.
type single struct {
	net.Conn
	given chan net.Conn
}

func (l single) Accept() (net.Conn, error) {
	c, ok := <-l.given
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (l single) Addr() net.Addr { return l.LocalAddr() }
func (l single) Close() error   { return nil }

// TestStrangersAreNotWaitedFor: who has no ticket and announces a body that never comes holds a connection for a moment only.
func TestStrangersAreNotWaitedFor(t *testing.T) {
	for _, path := range []string{"/s/x/call", "/s/x/call/1/account", "/s/x/speedtest/upload.php", "/s/x/path/hello", "/s/"} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			l := single{far, make(chan net.Conn, 1)}
			l.given <- far
			close(l.given)
			w := &world{now: time.Now}
			secret := office.Secret(make([]byte, 32))
			s := &http.Server{Handler: w.officeEnds(secret, &witnesses{}, slog.New(slog.DiscardHandler)).handler()}
			go func() { _ = s.Serve(l) }()
			began := time.Now()
			go func() {
				_, _ = fmt.Fprintf(near, "POST %s HTTP/1.1\r\nHost: desk\r\nContent-Length: 1000\r\n\r\n", path)
			}()
			_, _ = io.Copy(io.Discard, near)
			if d := time.Since(began); d > bodyTime+time.Second {
				t.Errorf("%s: %v", path, d)
			}
			_ = near.Close()
			_ = s.Close()
			synctest.Wait()
		})
	}
}
