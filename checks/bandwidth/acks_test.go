package bandwidth

import (
	"math"
	"testing"
	"time"
)

// TestWayCountsWhatArrives: a lost segment holds up the bytes in order, but not the count, which in the end is theirs.
func TestWayCountsWhatArrives(t *testing.T) {
	const mss = 1448
	began := time.Now()
	for name, c := range map[string]struct {
		held func(n int64) int64 // segments of the n that have come which wait for an earlier one
		last int64               // bytes of every tenth segment, after the first two hundred
	}{
		"none lost":             {func(int64) int64 { return 0 }, mss},
		"short ones":            {func(int64) int64 { return 0 }, 500},
		"one lost of a hundred": {func(n int64) int64 { return max(0, n%100-60) }, mss},
		"many lost":             {func(n int64) int64 { return n % 13 }, mss},
	} {
		var s series
		from := progress{segments: 7, bytes: 3210} // of the handshake
		w := way{from: from, into: &s, looked: began}
		total := int64(0)
		for n := int64(1); n <= 10000; n++ { // two each millisecond
			if total += mss; n%10 == 0 && n > 200 {
				total += c.last - mss
			}
			if n%50 == 0 {
				at := began.Add(time.Duration(n) * time.Millisecond / 2)
				w.count(progress{from.segments + n, from.bytes + total - mss*c.held(n)}, at)
			}
		}
		got := s.tally()
		if off := float64(got.Bytes)/float64(total) - 1; math.Abs(off) > 0.01 {
			t.Errorf("%s: %d bytes, want %d", name, got.Bytes, total)
		}
		for i, n := range got.Ticks[60:got.whole()] { // once the first, longer ones are forgotten
			if want := float64(total) / 100; math.Abs(float64(n)-want) > 0.05*want {
				t.Errorf("%s: %d bytes in tick %d, want %.0f", name, n, i+60, want)
			}
		}
	}
}

// TestWayOfBusyOffice: what was not looked at for a while has come evenly meanwhile.
func TestWayOfBusyOffice(t *testing.T) {
	var s series
	began := time.Now()
	w := way{into: &s, looked: began}
	for _, ms := range []int64{50, 100, 150, 600, 650, 700, 1000} {
		w.count(progress{segments: ms, bytes: ms * 1448}, began.Add(time.Duration(ms)*time.Millisecond))
	}
	for i, n := range s.tally().Ticks[:20] {
		if want := 50 * 1448.0; math.Abs(float64(n)-want) > 0.02*want {
			t.Errorf("tick %d: %d bytes, want %.0f", i, n, want)
		}
	}
}
