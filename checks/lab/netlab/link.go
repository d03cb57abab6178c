//go:build linux

package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// Shape says what one direction of the link does to the packets on it.
type Shape struct {
	Rate   float64       `json:"mbps"`      // Mbit/s, counting whole IP packets; 0 is no limit
	Delay  time.Duration `json:"delay_ns"`  // one way
	Jitter time.Duration `json:"jitter_ns"` // standard deviation of the one-way delay
	Loss   float64       `json:"loss_pct"`  // percent of the packets
	Burst  float64       `json:"burst"`     // mean number of packets lost in a row; up to 1 is independent loss
	Queue  Queue         `json:"queue"`     // how much may wait for the bottleneck
}

// Queue limits a drop-tail queue, by time or by packets. The zero Queue has no limit.
type Queue struct {
	Time    time.Duration `json:"time_ns,omitempty"`
	Packets int           `json:"packets,omitempty"`
}

// Fate is what became of a packet.
type Fate int

const (
	Delivered Fate = iota
	Lost           // on the line, after it took its turn at the bottleneck
	Overflow       // the queue was full
	Blocked        // by the firewall
)

// Link is one direction of the link as arithmetic: offered a packet at a time,
// it answers when the packet comes out at the far end. It does no I/O and reads
// no clock; times are counted from the start of the lab.
//
// A packet waits in the queue, is sent at the bottleneck's rate, then travels
// for the delay. Packets never overtake each other.
type Link struct {
	shape   Shape
	rng     *rand.Rand
	wave    wave
	free    time.Duration       // when the bottleneck has sent all it accepted
	last    time.Duration       // when the last packet comes out
	bad     bool                // in a burst of loss
	waiting fifo[time.Duration] // when each accepted packet has left the bottleneck
}

// NewLink returns a Link of that shape; one seed gives one sequence of luck.
func NewLink(s Shape, seed uint64) *Link {
	return &Link{
		shape: s,
		rng:   rand.New(rand.NewPCG(seed, 0)),
		wave:  wave{seed: seed, sigma: float64(s.Jitter), index: -1},
	}
}

// Backlog is how long a packet offered now would wait for the bottleneck.
func (l *Link) Backlog(now time.Duration) time.Duration {
	return max(0, l.free-now)
}

// Offer puts a packet of size bytes on the link. Calls come in order of time.
func (l *Link) Offer(now time.Duration, size int) (out time.Duration, fate Fate) {
	if l.full(now, size) {
		return 0, Overflow
	}
	sent := now
	if l.shape.Rate > 0 {
		sent = max(now, l.free) + l.serialize(size)
		l.free = sent
		l.waiting.push(sent)
	}
	if l.lose() {
		return 0, Lost
	}
	travel := max(0, l.shape.Delay+l.wave.at(sent))
	l.last = max(l.last, sent+travel)
	return l.last, Delivered
}

func (l *Link) serialize(size int) time.Duration {
	return time.Duration(float64(size) * 8e3 / l.shape.Rate)
}

func (l *Link) full(now time.Duration, size int) bool {
	for l.waiting.len() > 0 && *l.waiting.head() <= now {
		l.waiting.pop()
	}
	if l.waiting.len() == 0 {
		return false // an idle bottleneck takes any packet
	}
	q := l.shape.Queue
	return q.Time > 0 && l.Backlog(now)+l.serialize(size) > q.Time ||
		q.Packets > 0 && l.waiting.len() > q.Packets // one is being sent, the rest wait
}

// lose decides by the Gilbert model: in the bad state every packet is lost, and
// the odds of entering and leaving it give the asked loss and burst length.
func (l *Link) lose() bool {
	p := l.shape.Loss / 100
	if p <= 0 {
		return false
	}
	if l.shape.Burst <= 1 {
		return l.rng.Float64() < p
	}
	if l.bad {
		l.bad = l.rng.Float64() >= 1/l.shape.Burst
	} else {
		l.bad = l.rng.Float64() < p/(1-p)/l.shape.Burst
	}
	return l.bad
}

// wave is the jitter: a line through normally distributed knots, so packets sent
// back to back are delayed alike and packets sent further apart are not.
type wave struct {
	seed     uint64
	sigma    float64
	index    int64
	from, to float64
}

const knot = 20 * time.Millisecond

func (w *wave) at(t time.Duration) time.Duration {
	if w.sigma == 0 {
		return 0
	}
	if i := int64(t / knot); i != w.index {
		w.index, w.from, w.to = i, w.value(i), w.value(i+1)
	}
	x := float64(t%knot) / float64(knot)
	return time.Duration(w.from*(1-x) + w.to*x)
}

// value is the knot's height. A line between two knots varies by two thirds of
// what the knots do, so they vary by half as much again.
func (w *wave) value(i int64) float64 {
	return w.sigma * math.Sqrt(1.5) * rand.New(rand.NewPCG(w.seed, uint64(i)+1)).NormFloat64()
}
