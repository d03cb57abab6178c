package office

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestFaces: a socket that listens on all addresses answers from the one that was asked. On the loopback Linux would
// answer from 127.0.0.1, and a connected socket would not take it.
func TestFaces(t *testing.T) {
	for network, hosts := range map[string][]string{
		"udp4": {"127.0.0.1", "127.0.0.5"},
		"udp":  {"127.0.0.1", "127.0.0.5", "::1"},
	} {
		t.Run(network, func(t *testing.T) {
			noLeaks(t)
			conn, err := net.ListenPacket(network, ":0")
			if err != nil {
				t.Fatal(err)
			}
			p := Share(conn)
			defer p.Close()
			e, buf := p.ends[Media], make([]byte, 100)
			for _, host := range hosts {
				_, port, _ := net.SplitHostPort(p.LocalAddr().String())
				c, err := net.Dial("udp", net.JoinHostPort(host, port))
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				for range 2 {
					send(t, c, []byte{0x80, 1})
					n, from, err := e.ReadFromAddrPort(buf)
					if err == nil {
						_, err = e.WriteToAddrPort(buf[:n], from)
					}
					if err != nil {
						t.Fatal(err)
					}
					_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
					if n, err := c.Read(buf); err != nil || !bytes.Equal(buf[:n], []byte{0x80, 1}) {
						t.Errorf("%s: %x, %v", host, buf[:n], err)
					}
				}
			}
			// One that nothing is known of is answered all the same.
			c, err := net.ListenPacket("udp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := e.WriteTo([]byte{1}, c.LocalAddr()); err != nil {
				t.Error(err)
			}
			_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
			if _, _, err := c.ReadFrom(buf); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFacesBounded(t *testing.T) {
	conn, err := net.ListenPacket("udp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	p := Share(conn)
	defer p.Close()
	c, err := net.Dial("udp", fmt.Sprintf("127.0.0.5:%d", p.LocalAddr().(*net.UDPAddr).Port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send(t, c, []byte{0x80})
	_, from, err := p.ends[Media].ReadFromAddrPort(make([]byte, 10))
	if err != nil {
		t.Fatal(err)
	}
	f := p.faces
	with := f.with(from)
	if with == nil {
		t.Fatal("nothing learned")
	}
	for i := range 2 * knownFaces {
		f.learn(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 14), 1}), uint16(i)), bytes.Clone(with))
		if len(f.known) > knownFaces {
			t.Fatalf("%d are known", len(f.known))
		}
	}
	for _, junk := range [][]byte{nil, {1}, make([]byte, 16), make([]byte, 64), bytes.Repeat([]byte{0xff}, 40)} {
		if facing(junk) != nil {
			t.Errorf("%x says something", junk)
		}
	}
}
