package office

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener over connections in memory.
type pipes struct {
	conns chan net.Conn
	fails chan error
	shut  chan struct{}
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), fails: make(chan error), shut: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case err := <-p.fails:
		return nil, err
	case <-p.shut:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) Close() error {
	close(p.shut)
	return nil
}

func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

// lasts is how long until the other end closes c.
func lasts(c net.Conn) time.Duration {
	began := time.Now()
	_, _ = io.Copy(io.Discard, c)
	return time.Since(began)
}

// TestSplitSilent: who says nothing, says it too slowly, or comes where nobody accepts, is dropped in time.
func TestSplitSilent(t *testing.T) {
	config := serverConfig(t)
	for name, act := range map[string]func(c net.Conn){
		"nothing": func(net.Conn) {},
		"byte by byte": func(c net.Conn) {
			for _, b := range []byte{22, 3, 1, 0, 100, 1, 0, 0, 96, 3, 3, 0, 0, 0, 0, 0, 0} {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		},
		"TLS, then nothing": func(c net.Conn) {
			_ = tls.Client(c, &tls.Config{InsecureSkipVerify: true}).Handshake()
		},
		"nobody accepts": func(c net.Conn) { _, _ = c.Write([]byte{0}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPipes()
			web, _, _ := Split(p, config)
			c := p.dial()
			go act(c)
			began := time.Now()
			if name == "byte by byte" || name == "TLS, then nothing" {
				time.Sleep(sniffTime + time.Second) // the connection is act's to read
				if _, err := c.Write([]byte{0}); err == nil {
					t.Errorf("%s: still there", name)
				}
			} else if lasts(c); time.Since(began) != sniffTime {
				t.Errorf("%s: dropped after %v", name, time.Since(began))
			}
			_ = c.Close()
			_ = web.Close()
			synctest.Wait()
		})
	}
}

// TestSplitRelay: the relay's connections are bounded in number, and in time without a word.
func TestSplitRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		web, relay, _ := Split(p, nil)
		var near, far []net.Conn
		for range relayLimit {
			c := p.dial()
			_, _ = c.Write([]byte{0})
			got, err := relay.Accept()
			if err != nil {
				t.Fatal(err)
			}
			near, far = append(near, c), append(far, got)
		}
		more := p.dial()
		_, _ = more.Write([]byte{0})
		if d := lasts(more); d != 0 {
			t.Errorf("one too many lasted %v", d)
		}
		_ = far[0].Close()
		_ = far[0].Close()
		more = p.dial()
		_, _ = more.Write([]byte{0})
		got, err := relay.Accept()
		if err != nil {
			t.Fatal(err)
		}
		near, far = append(near, more), append(far, got)
		began := time.Now()
		_, err = io.Copy(io.Discard, far[1])
		if d := time.Since(began); !isTimeout(err) || d != relayIdle {
			t.Errorf("silent for %v: %v", d, err)
		}
		began = time.Now()
		_, err = far[2].Write(make([]byte, 100))
		if d := time.Since(began); !isTimeout(err) || d != relayWrite {
			t.Errorf("wrote for %v: %v", d, err)
		}
		for i := range near {
			_, _ = near[i].Close(), far[i].Close()
		}
		_ = web.Close()
		synctest.Wait()
	})
}

// TestSplitAccept: what passes is waited for; the rest ends all.
func TestSplitAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		web, relay, plain := Split(p, nil)
		for range 20 {
			p.fails <- &net.OpError{Op: "accept", Err: errFiles}
		}
		c := p.dial()
		_, _ = c.Write([]byte("G"))
		got, err := web.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = got.Close(), c.Close()
		broken := errors.New("broken")
		p.fails <- broken
		for _, l := range []net.Listener{web, relay, plain} {
			if _, err := l.Accept(); !errors.Is(err, broken) {
				t.Error(err)
			}
		}
		synctest.Wait()
	})
}
