//go:build linux

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	grain      = 100 * time.Microsecond // a busy pump wakes no more often
	early      = grain / 2              // a packet this close to its time goes at once
	idle       = 50 * time.Millisecond  // how often a quiet pump looks whether to stop
	batch      = 256                    // packets read before due ones are written again
	maxPending = 1 << 16                // packets in flight at most
)

type packet struct {
	out  time.Duration
	data []byte
}

// pump carries packets one way, from one TUN device to the other, through a Link.
// It is one loop on one thread: write what is due, read what has come, sleep until
// there is more of either.
type pump struct {
	from, to int // descriptors
	link     *Link
	firewall Firewall
	start    time.Time
	side     int        // where the office's port stands in a UDP header
	counting sync.Mutex // held while packets are carried, so free while nothing is: the stats may then be read
	stats    Stats

	pending fifo[packet]
	spare   [][]byte
}

func (p *pump) run(stop *atomic.Bool) {
	runtime.LockOSThread()
	promptThread()
	for !stop.Load() {
		switch n := p.carry(); {
		case n >= batch: // there may be more
		case n > 0:
			sleep(grain)
		default:
			waitReadable(p.from, p.quiet())
		}
	}
}

// carry moves what there is to move now.
func (p *pump) carry() int {
	p.counting.Lock()
	defer p.counting.Unlock()
	return p.write() + p.read()
}

// snapshot is what the pump did until now.
func (p *pump) snapshot() *Stats {
	p.counting.Lock()
	defer p.counting.Unlock()
	return p.stats.snapshot()
}

// quiet is the time until the next packet is due.
func (p *pump) quiet() time.Duration {
	if p.pending.len() == 0 {
		return idle
	}
	return min(idle, p.pending.head().out-time.Since(p.start))
}

// write sends every packet whose time has come.
func (p *pump) write() (n int) {
	for ; p.pending.len() > 0; n++ {
		now := time.Since(p.start)
		if p.pending.head().out > now+early {
			break
		}
		pkt := p.pending.pop()
		if write(p.to, pkt.data) != 0 {
			p.stats.WriteErrors++
		}
		p.stats.delivered(now, pkt.out, pkt.data, p.side)
		p.spare = append(p.spare, pkt.data[:cap(pkt.data)])
	}
	return n
}

// read takes in a batch of the packets that wait at the near device.
func (p *pump) read() (n int) {
	for ; n < batch; n++ {
		buf := p.buffer()
		size, errno := read(p.from, buf)
		if errno != 0 || size == 0 {
			p.spare = append(p.spare, buf)
			break
		}
		now := time.Since(p.start)
		out, fate := p.offer(now, buf[:size])
		p.stats.offered(now, buf[:size], p.side, fate, p.link.Backlog(now))
		if fate == Delivered {
			p.pending.push(packet{out, buf[:size]})
		} else {
			p.spare = append(p.spare, buf)
		}
	}
	return n
}

func (p *pump) offer(now time.Duration, data []byte) (time.Duration, Fate) {
	if p.firewall.Drops(data) {
		return 0, Blocked
	}
	if p.pending.len() >= maxPending {
		return 0, Overflow
	}
	return p.link.Offer(now, len(data))
}

func (p *pump) buffer() []byte {
	if n := len(p.spare); n > 0 {
		b := p.spare[n-1]
		p.spare = p.spare[:n-1]
		return b
	}
	return make([]byte, mtu+36)
}
