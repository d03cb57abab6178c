package main

import (
	"io"
	"net"
	"testing"
	"time"
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
