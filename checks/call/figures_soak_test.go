package call

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// soaked gives a stretch to the windows packet by packet.
func soaked(s stretch) soak {
	w := newWindows(s.first)
	for _, p := range s.packets {
		w.add(p)
		if p.seq%50 == 0 {
			w.echoed(0.030)
		}
	}
	return w.close(s.sent)
}

func TestSoakOfACleanLine(t *testing.T) {
	got := soaked(drive(30000, math.MaxUint32-9000, clean))
	if got.windows != 40 || got.bad != 0 || got.void != 0 || got.gaps != 0 || got.lost != 0 || got.received != 30000 || len(got.mos) != 40 {
		t.Errorf("got %+v", got)
	}
	near(t, "worst", got.worst.mos, 4.35, 0.02)
}

// Every window must be what quality says of the same packets alone.
func TestWindowsAreQualities(t *testing.T) {
	lossy := gilbert(11, 0.01, 0.3)
	s := drive(7500, 77, func(i int, sent time.Duration) (time.Duration, bool) {
		_, came := lossy(i, sent)
		return 15*ms + time.Duration(i*11%7)*9*ms, came
	})
	got := soaked(s)
	if len(got.mos) != 10 {
		t.Fatalf("%d windows", len(got.mos))
	}
	lost, bad := 0, 0
	for k := range got.mos {
		part := stretch{first: 77 + uint32(k*perWindow), sent: uint32(perWindow), rtts: []float64{0.030}}
		for _, p := range s.packets {
			if i := int(p.seq - 77); i/perWindow == k {
				part.packets = append(part.packets, p)
			}
		}
		want := part.quality()
		near(t, "MOS", got.mos[k], want.mos, 1e-9)
		lost += want.lost
		if want.bad() {
			bad++
		}
	}
	if got.lost != lost || got.lost != 7500-len(s.packets) || got.bad != bad {
		t.Errorf("lost %d, want %d; bad %d, want %d", got.lost, lost, got.bad, bad)
	}
	near(t, "worst", got.worst.mos, slices.Min(got.mos), 1e-12)
	near(t, "worst at", got.mos[got.worstAt], slices.Min(got.mos), 1e-12)
}

// A window without any round trip of its own takes that of the one before.
func TestWindowsRememberTheRoundTrip(t *testing.T) {
	w := newWindows(0)
	w.echoed(0.400)
	for _, p := range drive(2250, 0, clean).packets {
		w.add(p)
	}
	got := w.close(2250)
	if got.windows != 3 || got.mos[0] != got.mos[1] || got.mos[1] != got.mos[2] || got.mos[0] > 4 {
		t.Errorf("got %+v", got)
	}
	if got := newWindows(0).close(0); got.windows != 0 || got.share() != 0 || got.gaps != 0 {
		t.Errorf("nothing at all: %+v", got)
	}
}

func TestWhatMakesAWindowBad(t *testing.T) {
	for _, row := range []struct {
		q    quality
		want bool
	}{
		{quality{r: 90, loss: 0.01, jitter: 0.030}, false}, {quality{r: 70}, false},
		{quality{r: 90, loss: 0.011}, true}, {quality{r: 90, jitter: 0.031}, true}, {quality{r: 69.9}, true},
	} {
		if got := row.q.bad(); got != row.want {
			t.Errorf("%+v: %v", row.q, got)
		}
	}
}

func TestGaps(t *testing.T) {
	for _, row := range []struct {
		name      string
		n         int
		road      road
		gaps, bad int
		windows   int
		longest   time.Duration
		lost      int
	}{
		{"nothing for two seconds", 3000, func(i int, _ time.Duration) (time.Duration, bool) { return 0, i < 1000 || i >= 1100 }, 1, 1, 4, 2020 * ms, 100},
		{"an outage of a minute", 6000, func(i int, _ time.Duration) (time.Duration, bool) { return 0, i < 1500 || i >= 4500 }, 1, 4, 8, 60020 * ms, 3000},
		{"less than a second", 3000, func(i int, _ time.Duration) (time.Duration, bool) { return 0, i < 1000 || i >= 1040 }, 0, 1, 4, 0, 40},
		{"held back for two seconds", 3000, func(i int, _ time.Duration) (time.Duration, bool) {
			if i >= 1000 && i < 1100 {
				return time.Duration(1100-i) * pace, true
			}
			return 0, true
		}, 1, 1, 4, 2020 * ms, 0},
		{"the end is missing", 3000, func(i int, _ time.Duration) (time.Duration, bool) { return 0, i < 2900 }, 1, 1, 4, 2000 * ms, 100},
		{"the beginning is missing", 3000, func(i int, _ time.Duration) (time.Duration, bool) { return 0, i >= 100 }, 1, 1, 4, 2000 * ms, 100},
		{"all is missing", 3000, func(int, time.Duration) (time.Duration, bool) { return 0, false }, 1, 4, 4, time.Minute, 3000},
	} {
		got := soaked(drive(row.n, 9, row.road))
		if got.gaps != row.gaps || got.bad != row.bad || got.windows != row.windows || got.longest != row.longest || got.lost != row.lost {
			t.Errorf("%s: %d gaps, %d of %d bad, longest %v, lost %d", row.name, got.gaps, got.bad, got.windows, got.longest, got.lost)
		}
	}
}

// The sender pauses, the receiver stalls, the receiver's clock stops: none of it is the line's.
func TestGapsOfComputers(t *testing.T) {
	pauses := drive(3000, 0, clean)
	for i := range pauses.packets[1500:] {
		pauses.packets[1500+i].sent += 8 * time.Second
		pauses.packets[1500+i].got += 8 * time.Second
	}
	if got := soaked(pauses); got.gaps != 0 || got.bad != 0 {
		t.Errorf("sender's pause: %+v", got)
	}

	away := func(i int, _ time.Duration) (time.Duration, bool) { return 15 * ms, i < 1600 || i >= 4000 }
	stalls := drive(6000, 0, away)
	w := newWindows(0)
	for _, p := range stalls.packets {
		if p.seq == 4000 {
			w.stalled(span{p.got - 48*time.Second, p.got})
		}
		w.add(p)
		w.echoed(0.030)
	}
	if got := w.close(6000); got.gaps != 0 || got.bad != 0 || got.void != 4 || got.windows != 4 {
		t.Errorf("receiver's stall: %+v", got)
	}

	stops := drive(6000, 0, away)
	for i := range stops.packets {
		if stops.packets[i].seq >= 4000 {
			stops.packets[i].got -= 48 * time.Second
		}
	}
	if got := soaked(stops); got.gaps != 0 || got.bad != 0 || got.void != 4 || got.windows != 4 {
		t.Errorf("receiver's clock stops: %+v", got)
	}
}

func TestSoakStaysBounded(t *testing.T) {
	w := newWindows(0)
	for i := range uint32(200_000) { // one packet again and again
		w.add(packet{seq: i % 3, arrived: true})
		w.echoed(0.01)
		w.stalled(span{})
	}
	for _, s := range w.open {
		if len(s.packets) > keptPackets || len(s.rtts) > perWindow || len(s.stalls) > perWindow {
			t.Errorf("%d packets, %d trips, %d stalls", len(s.packets), len(s.rtts), len(s.stalls))
		}
	}
	got := w.close(math.MaxUint32)
	if got.windows+got.void > mostWindows || len(got.mos) > keptMOS {
		t.Errorf("%d windows, %d kept", got.windows, len(got.mos))
	}
}

func TestShortEndIsCountedButNotJudged(t *testing.T) {
	got := soaked(drive(850, 0, without(800, 801, 802, 803, 804)))
	if got.windows != 1 || got.bad != 0 || got.lost != 5 {
		t.Errorf("got %+v", got)
	}
	if got := soaked(drive(100, 0, without(80, 81))); got.windows != 1 || got.bad != 1 {
		t.Errorf("a short call alone: %+v", got)
	}
}

func TestLive(t *testing.T) {
	var l live
	q := l.now(0)
	if q.why != whyNothing {
		t.Errorf("before the first: %+v", q)
	}
	s := drive(1000, math.MaxUint32-500, without(900, 901, 902, 903))
	l.echoed(0.030)
	for _, p := range s.packets {
		l.add(p)
	}
	end := s.packets[len(s.packets)-1].got
	q = l.now(end + 20*ms)
	if q.lost != 4 || q.received != 256-4 && q.received != 256 || q.mos > 4.35 || q.mos < 3 {
		t.Errorf("got %+v", q)
	}
	q = l.now(end + 2*time.Second)
	if q.lost != 4+98 || q.mos > 2 {
		t.Errorf("two seconds without a packet: %+v", q)
	}
}

func BenchmarkQuality(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	s := drive(1500, 0, func(int, time.Duration) (time.Duration, bool) {
		return time.Duration(random.IntN(200)) * ms, random.IntN(100) > 0
	})
	b.ReportAllocs()
	for b.Loop() {
		s.quality()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1500, "ns/packet")
}

func BenchmarkWindowsAdd(b *testing.B) {
	s := drive(mostWindows*perWindow, 0, clean)
	w := newWindows(0)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		w.add(s.packets[i])
		if i++; i == len(s.packets) {
			w, i = newWindows(0), 0
		}
	}
}

func BenchmarkLive(b *testing.B) {
	s := drive(1000, 0, even(50*ms))
	var l live
	l.echoed(0.03)
	for _, p := range s.packets {
		l.add(p)
	}
	b.Run("add", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.add(s.packets[500])
		}
	})
	b.Run("now", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.now(0)
		}
	})
}
