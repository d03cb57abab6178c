package office

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// shared is a port on the loopback, which must leave nothing running behind.
func shared(t *testing.T) *Port {
	t.Helper()
	noLeaks(t)
	return opened(t)
}

func opened(t *testing.T) *Port {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := Share(conn)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// noLeaks fails the test when goroutines that were not there before are left, of code that is here or that works for it.
func noLeaks(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		var now int
		for range 100 {
			if now = runtime.NumGoroutine(); now <= before {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		buf := make([]byte, 1<<20)
		t.Errorf("%d goroutines, %d before:\n%s", now, before, buf[:runtime.Stack(buf, true)])
	})
}

func dialed(t *testing.T, to net.Addr) *net.UDPConn {
	t.Helper()
	c, err := net.DialUDP("udp", nil, to.(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func send(t *testing.T, c net.Conn, b []byte) {
	t.Helper()
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
}

func TestPortHandsOut(t *testing.T) {
	p := shared(t)
	c := dialed(t, p.LocalAddr())
	rtp, probe, channel := []byte{0x80, 1}, []byte{'e', 2}, []byte{0x40, 3}
	for _, b := range [][]byte{rtp, {0xff}, probe, channel, make([]byte, maxPacket+1)} {
		send(t, c, b)
	}
	buf := make([]byte, 100)
	for k, want := range map[Kind][]byte{Media: rtp, Probes: probe, Relay: channel} {
		e := p.Packets(k)
		n, from, err := e.ReadFrom(buf)
		if err != nil || !bytes.Equal(buf[:n], want) || from.String() != c.LocalAddr().String() {
			t.Fatalf("kind %d: %q from %v, %v", k, buf[:n], from, err)
		}
		if _, err := e.WriteTo(want, from); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(buf); err != nil || !bytes.Equal(buf[:n], want) {
			t.Fatalf("kind %d: %q came back, %v", k, buf[:n], err)
		}
	}
	for range 100 {
		if p.Strange() == 2 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d strange packets, not 2", p.Strange())
}

// TestPortQueues: who does not read loses his own packets, and nobody else's.
func TestPortQueues(t *testing.T) {
	p := shared(t)
	c := dialed(t, p.LocalAddr())
	buf := make([]byte, 100)
	const extra = 100
	for i := range queueLength + extra {
		send(t, c, []byte{0x80, byte(i)})
		send(t, c, []byte{'e', byte(i)})
		if _, _, err := p.Packets(Probes).ReadFrom(buf); err != nil || buf[1] != byte(i) {
			t.Fatalf("probe %d: %d, %v", i, buf[1], err)
		}
	}
	if n := p.Lost(Media); n != extra || p.Lost(Probes) != 0 {
		t.Errorf("%d and %d lost", n, p.Lost(Probes))
	}
	for i := range queueLength { // the oldest are kept, in order
		if _, _, err := p.Packets(Media).ReadFrom(buf); err != nil || buf[1] != byte(i) {
			t.Fatalf("packet %d: %d, %v", i, buf[1], err)
		}
	}
}

func TestPortDeadlines(t *testing.T) {
	p := shared(t)
	e := p.Packets(Media)
	buf := make([]byte, 10)
	late := func(name string, want time.Duration) {
		t.Helper()
		began := time.Now()
		_, _, err := e.ReadFrom(buf)
		var timeout net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(began); d < want || d > want+time.Second {
			t.Errorf("%s: after %v", name, d)
		}
	}
	_ = e.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	late("soon", 45*time.Millisecond)
	late("passed", 0)
	_ = e.SetDeadline(time.Now().Add(time.Hour))
	time.AfterFunc(50*time.Millisecond, func() { _ = e.SetReadDeadline(time.Unix(1, 0)) })
	late("moved while waiting", 45*time.Millisecond)

	_ = e.SetDeadline(time.Time{})
	time.AfterFunc(50*time.Millisecond, func() { send(t, dialed(t, p.LocalAddr()), []byte{0x80}) })
	_, from, err := e.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	_ = e.SetWriteDeadline(time.Unix(1, 0))
	if _, err := e.WriteTo(buf, from); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("writing late: %v", err)
	}
	if _, err := p.Packets(Relay).WriteTo(buf, from); err != nil {
		t.Errorf("the other's deadline: %v", err)
	}
	_ = e.SetWriteDeadline(time.Time{})
	if _, err := e.WriteTo(buf, from); err != nil {
		t.Errorf("writing again: %v", err)
	}
	if _, err := e.WriteTo(buf, &net.TCPAddr{}); err == nil {
		t.Error("wrote to what is no UDP address")
	}
}

func TestPortClose(t *testing.T) {
	p := shared(t)
	buf := make([]byte, 10)
	ended := make(chan error, 2)
	for _, k := range []Kind{Media, Relay} {
		go func() {
			_, _, err := p.Packets(k).ReadFrom(buf[:0])
			ended <- err
		}()
	}
	time.Sleep(10 * time.Millisecond)
	_ = p.Packets(Relay).Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of a closed part: %v", err)
	}
	if _, err := p.Packets(Relay).WriteTo(buf, p.LocalAddr()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write to a closed part: %v", err)
	}
	c := dialed(t, p.LocalAddr())
	send(t, c, []byte{0x40})
	send(t, c, []byte{'e'})
	if _, _, err := p.Packets(Probes).ReadFrom(buf); err != nil {
		t.Errorf("the others go on: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), "closed") {
		t.Errorf("read of a closed port: %v", err)
	}
	if _, _, err := p.Packets(Probes).ReadFrom(buf); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after: %v", err)
	}
	_ = p.Close()
}

func BenchmarkPort(b *testing.B) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	p := Share(conn)
	defer p.Close()
	c, err := net.Dial("udp", p.LocalAddr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	e, out, in := p.ends[Media], make([]byte, 172), make([]byte, maxPacket)
	out[0] = 0x80
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(out); err != nil {
			b.Fatal(err)
		}
		if _, _, err := e.ReadFromAddrPort(in); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAddrPort keeps IPv4 addresses IPv4, whatever socket they came by.
func TestAddrPort(t *testing.T) {
	for _, c := range []struct {
		in   net.Addr
		want string
	}{
		{&net.UDPAddr{IP: net.ParseIP("192.0.2.1"), Port: 7}, "192.0.2.1:7"},
		{net.UDPAddrFromAddrPort(netip.MustParseAddrPort("[::ffff:192.0.2.1]:7")), "192.0.2.1:7"},
		{net.UDPAddrFromAddrPort(netip.MustParseAddrPort("[fe80::1%lo]:7")), "[fe80::1%lo]:7"},
		{&net.TCPAddr{}, "invalid AddrPort"},
	} {
		if got := addrPort(c.in).String(); got != c.want {
			t.Errorf("%v: %s", c.in, got)
		}
	}
}
