package call

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// impaired stands before an office end, on a port of its own, and does to its packets what lines do. Only packets of the call
// itself (SRTP) are touched, and only while active.
type impaired struct {
	address string
	office  string

	active   atomic.Bool
	noUDP    atomic.Bool
	noPlain  atomic.Bool // TCP that does not speak TLS is cut
	up, down way1

	mu    sync.Mutex
	lines map[string]*net.UDPConn
	conns []net.Conn
	over  bool
}

// way1 is one direction.
type way1 struct {
	mu     sync.Mutex
	random *rand.Rand
	loss   float64       // of packets
	twice  int           // one of so many comes twice
	delay  time.Duration // of all
	passed int
	lost   int
	dups   int
}

func (w *way1) fate() (copies int, delay time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.random.Float64() < w.loss {
		w.lost++
		return 0, 0
	}
	w.passed++
	if w.twice > 0 && w.passed%w.twice == 0 {
		w.dups++
		return 2, w.delay
	}
	return 1, w.delay
}

func (w *way1) set(f func(*way1)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

func impair(t testing.TB, office string) *impaired {
	t.Helper()
	l, u := listenBoth(t)
	p := &impaired{address: l.Addr().String(), office: office, lines: map[string]*net.UDPConn{}}
	p.up.random, p.down.random = rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(3, 4))
	var work sync.WaitGroup
	work.Go(func() { p.stream(l) })
	work.Go(func() { p.packets(u) })
	t.Cleanup(func() {
		l.Close()
		u.Close()
		p.mu.Lock()
		p.over = true
		for _, c := range p.lines {
			c.Close()
		}
		for _, c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		work.Wait()
	})
	return p
}

func (p *impaired) stream(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go p.join(c)
	}
}

func (p *impaired) join(c net.Conn) {
	first := make([]byte, 1)
	if _, err := io.ReadFull(c, first); err != nil || p.noPlain.Load() && first[0] < 4 {
		c.Close()
		return
	}
	far, err := net.Dial("tcp", p.office)
	if err != nil {
		c.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, c, far)
	p.mu.Unlock()
	far.Write(first)
	go func() {
		io.Copy(far, c)
		far.Close()
	}()
	io.Copy(c, far)
	c.Close()
}

func (p *impaired) packets(u *net.UDPConn) {
	b := make([]byte, 2048)
	for {
		n, from, err := u.ReadFromUDP(b)
		if err != nil {
			return
		}
		if p.noUDP.Load() {
			continue
		}
		if far := p.line(u, from); far != nil {
			p.pass(&p.up, b[:n], func(b []byte) { far.Write(b) })
		}
	}
}

func (p *impaired) line(u *net.UDPConn, from *net.UDPAddr) *net.UDPConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if far := p.lines[from.String()]; far != nil || p.over {
		return far
	}
	to, _ := net.ResolveUDPAddr("udp", p.office)
	far, err := net.DialUDP("udp", nil, to)
	if err != nil {
		return nil
	}
	p.lines[from.String()] = far
	go func() {
		b := make([]byte, 2048)
		for {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			if !p.noUDP.Load() {
				p.pass(&p.down, b[:n], func(b []byte) { u.WriteToUDP(b, from) })
			}
		}
	}()
	return far
}

func (p *impaired) pass(w *way1, b []byte, send func([]byte)) {
	if !p.active.Load() || b[0] < 128 || b[0] > 191 {
		send(b)
		return
	}
	copies, delay := w.fate()
	for range copies {
		if delay == 0 {
			send(b)
			continue
		}
		held := append([]byte(nil), b...)
		time.AfterFunc(delay, func() { send(held) })
	}
}
