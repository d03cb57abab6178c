package call

import (
	"math/rand/v2"
	"slices"
	"time"
)

const ms = time.Millisecond

// A road is a line made by a rule: what becomes of the packet of that number, sent at that time.
type road func(i int, sent time.Duration) (delay time.Duration, came bool)

// drive sends n packets over a road, to a receiver whose clock is an hour ahead.
func drive(n int, first uint32, r road) stretch {
	s := stretch{phase: "idle", first: first, sent: uint32(n), rtts: []float64{0.040, 0.030, 0.055}}
	for i := range n {
		sent := 5*time.Second + time.Duration(i)*pace
		if delay, came := r(i, sent); came {
			s.packets = append(s.packets, packet{seq: first + uint32(i), sent: sent, got: sent + time.Hour + delay, arrived: true})
		}
	}
	slices.SortStableFunc(s.packets, func(a, b packet) int { return int(a.got - b.got) })
	return s
}

func clean(int, time.Duration) (time.Duration, bool) { return 15 * ms, true }

// without loses the packets of these numbers.
func without(lost ...int) road {
	return func(i int, _ time.Duration) (time.Duration, bool) { return 15 * ms, !slices.Contains(lost, i) }
}

// even delays packets by 0 to most, in an order that looks like chance but never changes.
func even(most time.Duration) road {
	return func(i int, _ time.Duration) (time.Duration, bool) {
		return 15*ms + most*time.Duration(i*7%20)/19, true
	}
}

// gilbert loses in bursts: p from good to bad, q back.
func gilbert(seed uint64, p, q float64) road {
	random := rand.New(rand.NewPCG(seed, 1))
	bad := false
	return func(int, time.Duration) (time.Duration, bool) {
		if bad {
			bad = random.Float64() >= q
		} else {
			bad = random.Float64() < p
		}
		return 15 * ms, !bad
	}
}

// bloated is a queue of 400 ms before an uplink of 10 Mbit/s that four TCP uploads fill, and drain for a while after each loss. Its
// figures are those of a real one: PDV 333 ms at the 95th percentile, 94 % of packets more than 60 ms late, and yet no loss and an
// RFC 3550 jitter of 9 ms.
func bloated(i int, sent time.Duration) (time.Duration, bool) {
	if sent < 5*time.Second+400*ms { // the queue is still empty
		return ms, true
	}
	at := float64(sent%(3*time.Second)) / float64(3*time.Second)
	full := at * at / 0.64 // it fills ever faster, for 2.4 s
	if at > 0.8 {
		full = (1 - at) / 0.2 // and drains in 0.6 s
	}
	trains := time.Duration(i*5%9) * 1200 * time.Microsecond // packets of the uploads come in trains
	return 70*ms + time.Duration(full*float64(285*ms)) + trains, true
}
