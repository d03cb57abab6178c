//go:build linux

package main

import (
	"math"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// near fails the test unless got is within the fraction tolerance of want.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Abs(want) {
		t.Errorf("%s = %g, want %g within %g%%", what, got, want, 100*tolerance)
	}
}

// flood offers packets of size bytes, one every gap, and gathers what comes of them.
func flood(l *Link, n, size int, gap time.Duration) (outs []time.Duration, fates map[Fate]int) {
	fates = map[Fate]int{}
	for i := range n {
		out, fate := l.Offer(time.Duration(i)*gap, size)
		if fates[fate]++; fate == Delivered {
			outs = append(outs, out)
		}
	}
	return outs, fates
}

func TestLinkKeepsItsRate(t *testing.T) {
	for _, rate := range []float64{0.5, 5, 25, 300, 900} {
		for _, size := range []int{60, 576, 1500} {
			l := NewLink(Shape{Rate: rate, Delay: 20 * ms, Queue: Queue{Packets: 50}}, 1)
			gap := l.serialize(size) * 2 / 3
			outs, fates := flood(l, 20000, size, gap)
			span := (outs[len(outs)-1] - outs[0]).Seconds()
			near(t, "rate", float64(len(outs)-1)*float64(size)*8/1e6/span, rate, 0.001)
			if fates[Overflow] == 0 {
				t.Errorf("rate %g: an overfed queue dropped nothing", rate)
			}
		}
	}
}

func TestIdleLinkOnlyDelays(t *testing.T) {
	l := NewLink(Shape{Rate: 12, Delay: 20 * ms}, 1)
	for i := range 10 {
		now := time.Duration(i) * time.Second
		out, fate := l.Offer(now, 1500) // 1 ms to send
		if want := now + 21*ms; out != want || fate != Delivered {
			t.Fatalf("packet %d out at %v (%v), want %v", i, out, fate, want)
		}
	}
}

func TestUnlimitedLinkNeverQueues(t *testing.T) {
	l := NewLink(Shape{Delay: 5 * ms, Queue: Queue{Packets: 1}}, 1)
	outs, fates := flood(l, 1000, 1500, 0)
	if fates[Delivered] != 1000 || outs[999] != 5*ms || l.Backlog(0) != 0 {
		t.Errorf("fates %v, last out %v, backlog %v", fates, outs[999], l.Backlog(0))
	}
}

func TestQueueHoldsItsLimit(t *testing.T) {
	tests := []struct {
		name  string
		queue Queue
		want  int // packets of 1 ms each that a burst gets through
	}{
		{"100 ms", Queue{Time: 100 * ms}, 100},
		{"50 packets and the one being sent", Queue{Packets: 50}, 51},
		{"less than a packet", Queue{Time: ms / 2}, 1},
		{"no limit", Queue{}, 1000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := NewLink(Shape{Rate: 12, Queue: tt.queue}, 1)
			if _, fates := flood(l, 1000, 1500, 0); fates[Delivered] != tt.want || fates[Overflow] != 1000-tt.want {
				t.Errorf("fates %v, want %d delivered", fates, tt.want)
			}
			if _, fate := l.Offer(10*time.Second, 1500); fate != Delivered {
				t.Error("a drained queue drops")
			}
		})
	}
}

func TestLossIsAsAsked(t *testing.T) {
	for _, loss := range []float64{0, 0.5, 2, 10} {
		for _, burst := range []float64{0, 1, 3, 20} {
			l := NewLink(Shape{Loss: loss, Burst: burst}, 7)
			const n = 1_000_000
			lost, bursts, before := 0, 0, Delivered
			for range n {
				_, fate := l.Offer(0, 100)
				if fate == Lost {
					if lost++; before != Lost {
						bursts++
					}
				}
				before = fate
			}
			if loss == 0 {
				if lost != 0 {
					t.Errorf("lost %d without loss", lost)
				}
				continue
			}
			chance := 4 * math.Sqrt(2*max(1, burst)/(n*loss/100)) // bursts make luck coarser
			near(t, "loss", 100*float64(lost)/n, loss, chance)
			want := burst
			if burst <= 1 {
				want = 1 / (1 - loss/100) // chance alone puts some in a row
			}
			near(t, "burst", float64(lost)/float64(bursts), want, chance)
		}
	}
}

func TestLostPacketsTakeTheirTurn(t *testing.T) {
	l := NewLink(Shape{Rate: 12, Loss: 50}, 1)
	_, fates := flood(l, 1000, 1500, 0)
	if fates[Lost] < 400 || l.Backlog(0) != 1000*ms {
		t.Errorf("fates %v, backlog %v, want 1s", fates, l.Backlog(0))
	}
}

func TestJitterSpreadsWithoutReordering(t *testing.T) {
	const delay, sigma = 50 * ms, 5 * ms
	l := NewLink(Shape{Delay: delay, Jitter: sigma}, 3)
	var sum, sum2 float64
	const n = 20000
	for i := range n {
		now := time.Duration(i) * 137 * ms // as pings are
		out, _ := l.Offer(now, 100)
		d := float64(out - now)
		sum, sum2 = sum+d, sum2+d*d
	}
	mean := sum / n
	near(t, "mean delay", mean, float64(delay), 0.005)
	near(t, "jitter", math.Sqrt(sum2/n-mean*mean), float64(sigma), 0.03)

	l = NewLink(Shape{Rate: 100, Delay: 2 * ms, Jitter: 5 * ms}, 3)
	outs, _ := flood(l, 20000, 1500, 121*time.Microsecond)
	if !slices.IsSorted(outs) {
		t.Error("packets overtook each other")
	}
	for i, out := range outs {
		if sent := time.Duration(i)*121*time.Microsecond + 120*time.Microsecond; out < sent {
			t.Fatalf("packet %d out at %v, before it was sent at %v", i, out, sent)
		}
	}
}

func TestSeedDecides(t *testing.T) {
	shape := Shape{Rate: 10, Delay: 20 * ms, Jitter: 3 * ms, Loss: 5, Burst: 2}
	series := func(seed uint64) []time.Duration {
		outs, _ := flood(NewLink(shape, seed), 2000, 1000, ms)
		return outs
	}
	if !slices.Equal(series(1), series(1)) {
		t.Error("one seed gave two runs")
	}
	if slices.Equal(series(1), series(2)) {
		t.Error("two seeds gave one run")
	}
}

func TestFifo(t *testing.T) {
	var f fifo[int]
	in, out := 0, 0
	for round := range 200 {
		for range round % 37 {
			f.push(in)
			in++
		}
		for range min(f.len(), round%31) {
			if got := *f.head(); got != out || f.pop() != out {
				t.Fatalf("popped %d, want %d", got, out)
			}
			out++
		}
	}
	if f.len() != in-out {
		t.Errorf("len %d, want %d", f.len(), in-out)
	}
}
