package call

import (
	"testing"
	"time"
)

// A call beside an upload over a bloated line: what everyone looks at is fine, and nobody can talk.
func TestBloatedLineIsBad(t *testing.T) {
	s := drive(500, 0, bloated)
	s.rtts = []float64{0.002, 0.110, 0.352}
	q := s.quality()
	if q.loss != 0 || q.jitter > 0.010 {
		t.Fatalf("the example is not as treacherous as it should be: loss %v, jitter %v", q.loss, q.jitter)
	}
	near(t, "PDV p95", q.pdv95, 0.333, 0.015)
	if !(q.mos < 3.6) || !(q.late > 0.9) {
		t.Errorf("MOS %.2f, late %.3f, buffer %.3f", q.mos, q.late, q.buffer)
	}
	t.Logf("jitter %.1f ms, PDV p95 %.0f ms, late %.1f %%, buffer %.0f ms, discarded %.1f %%, R %.1f, MOS %.2f",
		1000*q.jitter, 1000*q.pdv95, 100*q.late, 1000*q.buffer, 100*q.discarded, q.r, q.mos)
}

func TestSlightJitterIsGood(t *testing.T) {
	q := drive(1500, 0, even(5*ms)).quality()
	if q.late != 0 || q.discarded != 0 || q.buffer != leastBuffer || q.mos < 4.3 {
		t.Errorf("got %+v", q)
	}
}

// The rule of the 95th percentile discards 5 % on this line; a fixed 60 ms discards nothing. A buffer that adapts is at least as good as both.
func TestBufferIsNoWorseThanSimplerOnes(t *testing.T) {
	for _, most := range []time.Duration{20 * ms, 50 * ms, 70 * ms, 150 * ms, 333 * ms, 800 * ms} {
		s := drive(1500, 0, even(most))
		slots := make([]slot, s.sent)
		new(quality).count(s, slots)
		level(slots)
		q := s.quality()
		percentile := play(slots, min(max(q.pdv95, leastBuffer), mostBuffer), 0.030)
		fixed := play(slots, fixedBuffer, 0.030)
		if q.r < percentile.r || q.r < fixed.r {
			t.Errorf("%v: R %.1f, by percentile %.1f, by 60 ms %.1f", most, q.r, percentile.r, fixed.r)
		}
		t.Logf("0 to %v: R %.1f with %.0f ms; by percentile %.1f with %.0f ms; by fixed 60 ms %.1f", most, q.r, 1000*q.buffer,
			percentile.r, 1000*percentile.buffer, fixed.r)
	}
	s := drive(1500, 0, even(50*ms))
	q := s.quality()
	if q.discarded != 0 || q.mos < 4.3 {
		t.Errorf("0 to 50 ms: %.3f discarded, MOS %.2f", q.discarded, q.mos)
	}
}

func TestMorePDVNeverRatesBetter(t *testing.T) {
	last := 100.0
	for most := time.Duration(0); most < 700*ms; most += 10 * ms {
		q := drive(600, 0, even(most)).quality()
		if q.r > last+1e-9 {
			t.Errorf("R rises to %v at %v", q.r, most)
		}
		last = q.r
	}
}

// A long round trip is charged by half: the way there.
func TestRoundTripIsCharged(t *testing.T) {
	s := drive(600, 0, clean)
	for _, row := range []struct{ rtt, delay float64 }{{0.010, 0.0915}, {0.250, 0.2115}, {0.600, 0.3865}} {
		s.rtts = []float64{row.rtt, row.rtt * 2}
		near(t, "delay", s.quality().delay, row.delay, 1e-12)
	}
}
