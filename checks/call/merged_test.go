package call

import (
	"testing"
	"time"
)

// TestMergedEstimate: windows in which nothing got through are not outweighed by those that were good.
func TestMergedEstimate(t *testing.T) {
	good, dead := drive(perWindow, 0, clean).quality(), drive(perWindow, 0, func(int, time.Duration) (time.Duration, bool) { return 0, false }).quality()
	short := drive(perWindow/10, 0, func(int, time.Duration) (time.Duration, bool) { return 0, false }).quality()
	for name, c := range map[string]struct {
		good, dead, short int
		bad               bool
	}{
		"good":            {good: 40},
		"one of forty":    {good: 39, dead: 1},
		"one of ten":      {good: 9, dead: 1, bad: true},
		"one of two":      {good: 1, dead: 1, bad: true},
		"dead":            {dead: 3, bad: true},
		"dead at the end": {good: 3, short: 1},
	} {
		var m merged
		for q, n := range map[*quality]int{&good: c.good, &dead: c.dead} {
			for range n {
				m.add(*q)
			}
		}
		for range c.short {
			m.add(short)
		}
		got := m.quality()
		if !got.rated || (got.mos < 3.6) != c.bad || (got.r < 70) != c.bad {
			t.Errorf("%s: MOS %.2f, R %.1f", name, got.mos, got.r)
		}
	}
}

// TestLongCallOutlivesAGap: a call that is there to find breaks out is not ended by one.
func TestLongCallOutlivesAGap(t *testing.T) {
	for name, c := range map[string]struct {
		long  *soaking
		quiet time.Duration
		over  bool
	}{
		"just quiet":     {quiet: 5 * time.Second},
		"gone":           {quiet: 15 * time.Second, over: true},
		"long, a gap":    {long: newSoaking(), quiet: 90 * time.Second},
		"long, and gone": {long: newSoaking(), quiet: 3 * time.Minute, over: true},
	} {
		then := time.Now().Add(-c.quiet)
		h := &held{began: then, touched: then, long: c.long, line: &line{heard: then}}
		if got := h.over(DefaultLimits()); got != c.over {
			t.Errorf("%s: %v", name, got)
		}
	}
}
