package call

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestCleanLineIsPerfect(t *testing.T) {
	q := drive(1500, 0, clean).quality()
	if q.why != "" || q.sent != 1500 || q.received != 1500 || q.lost != 0 || q.counted != 1500 || !q.timed || !q.rated {
		t.Fatalf("got %+v", q)
	}
	if q.loss != 0 || q.late != 0 || q.reordered != 0 || q.spike != 0 || q.hole != 0 || q.burstR != 1 || q.void != 0 {
		t.Fatalf("got %+v", q)
	}
	near(t, "jitter", q.jitter, 0, 1e-9)
	near(t, "PDV", q.pdv99, 0, 1e-9)
	near(t, "buffer", q.buffer, 0.040, 1e-12)
	near(t, "delay", q.delay, 0.030/2+0.040+0.0465, 1e-12) // shortest round trip 30 ms
	near(t, "within", q.lossWithin, 0.00255, 0.00001)      // 0 of 1500: less than 0.26 %
	near(t, "R", q.r, 90.6, 0.2)
	near(t, "MOS", q.mos, 4.35, 0.02)
}

// Ten numbers worked by hand: 3 and 4 lost, 6 after 7, 8 twice, and one that was never sent.
func TestWorkedExample(t *testing.T) {
	at := func(seq uint32, transit int) packet {
		sent := time.Duration(seq) * pace
		return packet{seq: 100 + seq, sent: sent, got: sent + time.Duration(transit)*ms, arrived: true}
	}
	s := stretch{first: 100, sent: 10, rtts: []float64{0.1}, packets: []packet{
		at(0, 50), at(1, 66), at(2, 50), at(5, 58), at(7, 50), at(6, 130), at(8, 50), at(8, 51), at(9, 50), at(10, 50), at(4_000_000_000, 1),
	}}
	q := s.quality()
	if q.received != 8 || q.lost != 2 || q.dups != 1 || q.reordered != 1 || q.strange != 2 {
		t.Errorf("counts: %+v", q)
	}
	near(t, "loss", q.loss, 0.2, 1e-12)
	near(t, "reorder", q.reorder, 1.0/8, 1e-12)
	near(t, "spike", q.spike, 0.2, 1e-12)
	near(t, "late", q.late, 0.1, 1e-12) // 80 ms behind the quickest
	near(t, "p50", q.pdv50, 0, 1e-9)    // 0 0 0 0 0 8 16 80
	near(t, "p95", q.pdv95, 0.080, 1e-9)
	// |D| = 16 16 8 8 80 80 0 ms
	want := 0.0
	for _, d := range []float64{16, 16, 8, 8, 80, 80, 0} {
		want += (d/1000 - want) / 16
	}
	near(t, "jitter", q.jitter, want, 1e-9)
	// A buffer of 80 ms loses 3 and 4 alone, a shorter one 6 as well, so that the runs are 3-4 and 6.
	near(t, "buffer", q.buffer, 0.080, 1e-9)
	if q.hole != 2 || q.discarded != 0 {
		t.Errorf("hole %d discarded %v", q.hole, q.discarded)
	}
	near(t, "burst ratio", q.burstR, 2*0.8, 1e-12)
}

func TestSpikes(t *testing.T) {
	for _, row := range []struct {
		lost []int
		want float64
	}{
		{nil, 0}, {[]int{40}, 0.1}, {[]int{40, 50}, 0.1}, {[]int{40, 49}, 0.2}, {[]int{40, 41, 42, 60}, 0.3}, {[]int{0, 9}, 0.2}, {[]int{98, 99}, 0.2},
	} {
		near(t, "spike", drive(100, 0, without(row.lost...)).quality().spike, row.want, 1e-12)
	}
}

func TestHoles(t *testing.T) {
	q := drive(1000, 0, without(10, 11, 12, 13, 500, 700, 701)).quality()
	if q.lost != 7 || q.hole != 4 {
		t.Errorf("lost %d hole %d", q.lost, q.hole)
	}
	near(t, "burst ratio", q.burstR, 7.0/3*(1-0.007), 1e-12)
}

// Wilson's interval as published in tables: 1 % of 1500 is 0.61 to 1.64 %, none of 500 less than 0.76 %.
func TestWithinHoldsWilsonsInterval(t *testing.T) {
	for _, row := range []struct {
		n, hit int
		want   float64
	}{{1500, 0, 0.00255}, {500, 0, 0.00762}, {1500, 15, 0.0164 - 0.01}, {10, 10, 0.2775}} {
		c := tally{of: row.n, hit: row.hit, runs: row.hit}
		near(t, "within", c.within(), row.want, 0.0001)
	}
	if got := new(tally).within(); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// Bursts make packets tell less than their number. Nineteen of twenty intervals must hold the truth all the same.
func TestWithinHoldsTheTruthUnderBursts(t *testing.T) {
	const p, q, lines = 0.01, 0.25, 400
	truth, held := p/(p+q), 0
	for seed := range uint64(lines) {
		got := drive(1500, 0, gilbert(seed, p, q)).quality()
		if math.Abs(got.loss-truth) <= got.lossWithin {
			held++
		}
	}
	if share := float64(held) / lines; share < 0.93 {
		t.Errorf("%.3f of the intervals hold the truth", share)
	}
}

func TestGilbertBursts(t *testing.T) {
	const p, q = 0.02, 0.25
	got := drive(60000, 0, gilbert(7, p, q)).quality()
	near(t, "loss", got.loss, p/(p+q), 0.005)
	near(t, "burst ratio", got.burstR, 1/(p+q), 0.15)
}

func TestLossIsExactUnderAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		s := drive(700, random.Uint32(), gilbert(random.Uint64(), 0.05, 0.4))
		want := s.quality()
		for range 30 { // duplicates anywhere
			s.packets = append(s.packets, s.packets[random.IntN(len(s.packets))])
		}
		random.Shuffle(len(s.packets), func(i, j int) { s.packets[i], s.packets[j] = s.packets[j], s.packets[i] })
		got := s.quality()
		if got.received > got.sent || got.dups != 30 || got.received != want.received {
			t.Fatalf("received %d of %d, %d twice; want %d", got.received, got.sent, got.dups, want.received)
		}
		got.dups, got.reordered, got.reorder, got.jitter = want.dups, want.reordered, want.reorder, want.jitter
		if got != want {
			t.Fatalf("order changes what it must not:\n%+v\n%+v", got, want)
		}
	}
}

// Numbers have 32 bits and may begin anywhere.
func TestNumbersWrap(t *testing.T) {
	want := drive(600, 0, without(5, 6, 300)).quality()
	for _, first := range []uint32{1, 1 << 31, math.MaxUint32, math.MaxUint32 - 300} {
		if got := drive(600, first, without(5, 6, 300)).quality(); got != want {
			t.Errorf("from %d:\n%+v\n%+v", first, got, want)
		}
	}
}

func TestTailAndHeadAreLost(t *testing.T) {
	q := drive(500, 0, func(i int, _ time.Duration) (time.Duration, bool) { return 0, i >= 20 && i < 450 }).quality()
	if q.lost != 70 || q.hole != 50 {
		t.Errorf("lost %d, hole %d", q.lost, q.hole)
	}
}

func TestNothingComes(t *testing.T) {
	s := drive(500, 0, func(int, time.Duration) (time.Duration, bool) { return 0, false })
	s.rtts = nil
	q := s.quality()
	if q.why != "" || q.loss != 1 || q.timed || !q.rated || q.mos != 1 || q.r != 0 || q.hole != 500 {
		t.Errorf("got %+v", q)
	}
}

func TestUnknownIsNoFigure(t *testing.T) {
	if q := (stretch{}).quality(); q.why != whyNothing {
		t.Errorf("nothing sent: %+v", q)
	}
	if q := (stretch{sent: math.MaxUint32}).quality(); q.why != whyGarbled {
		t.Errorf("claim of 2^32 packets: %+v", q)
	}
	s := drive(500, 0, clean)
	s.rtts = []float64{math.NaN(), -1, math.Inf(1)}
	if q := s.quality(); q.rated || q.mos != 0 {
		t.Errorf("no round trip: %+v", q)
	}
	good := drive(500, 0, clean).quality()
	if worse(good, s.quality()).rated || worse(s.quality(), good).rated {
		t.Error("an unknown direction is outvoted")
	}
	bad := drive(500, 0, bloated).quality()
	if worse(good, bad) != bad || worse(bad, good) != bad {
		t.Error("the better direction decides")
	}
}

// Constant steps of 100 ppm between the clocks are removed from a long stretch, the queue upon them is not.
func TestSkewIsRemoved(t *testing.T) {
	for _, ppm := range []float64{-100, 100, 30} {
		skewed := func(i int, sent time.Duration) (time.Duration, bool) {
			queue := time.Duration(i%50/49) * 30 * ms // one packet a second is late
			return 15*ms + queue + time.Duration(ppm*1e-6*float64(sent)), true
		}
		q := drive(30000, 0, skewed).quality() // ten minutes: 60 ms of drift
		near(t, "median PDV", q.pdv50, 0, 0.0001)
		near(t, "p99 PDV", q.pdv99, 0.030, 0.0001)
		if q.late != 0 {
			t.Errorf("%v ppm: %v late", ppm, q.late)
		}
	}
	half := func(i int, sent time.Duration) (time.Duration, bool) { // a queue in the second half, empty but once a second
		queue := time.Duration(0)
		if i > 15000 && i%50 > 0 {
			queue = 40 * ms
		}
		return 15*ms + queue + time.Duration(1e-4*float64(sent)), true
	}
	q := drive(30000, 0, half).quality()
	near(t, "half: median PDV", q.pdv50, 0, 0.0001)
	near(t, "half: p95 PDV", q.pdv95, 0.040, 0.0001)
	steep := func(i int, sent time.Duration) (time.Duration, bool) { return sent / 1000, true } // 1000 ppm: a queue that fills
	near(t, "steep", drive(6000, 0, steep).quality().pdv95, 0.114, 0.001)
}

func TestJitterIsOfTheWorstWindow(t *testing.T) {
	uneven := func(i int, _ time.Duration) (time.Duration, bool) {
		if i >= 1500 && i < 2250 { // the third 15 s
			return 15*ms + time.Duration(i%2)*40*ms, true
		}
		return 15 * ms, true
	}
	near(t, "jitter", drive(3000, 0, uneven).quality().jitter, 0.040, 0.001)
}

// The sender's own unevenness is in its send times, and so not in the jitter.
func TestUnevenSenderIsNoJitter(t *testing.T) {
	s := drive(1000, 0, clean)
	for i := range s.packets {
		shift := time.Duration(i%3) * 3 * ms
		s.packets[i].sent += shift
		s.packets[i].got += shift
		s.packets[i].late = shift
	}
	q := s.quality()
	near(t, "jitter", q.jitter, 0, 1e-9)
	if q.void != 0 {
		t.Errorf("void %v", q.void)
	}
}
