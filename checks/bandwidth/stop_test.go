package bandwidth

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// lines are series of slices as lines give them, in bit/s, n of 250 ms each.
func flat(noise float64) func(r *rand.Rand, i int) float64 {
	return func(r *rand.Rand, _ int) float64 { return 10e6 * (1 + noise*r.NormFloat64()) }
}

func series1(seed uint64, n int, f func(r *rand.Rand, i int) float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, n)
	for i := range out {
		out[i] = max(0, f(r, i))
	}
	return out
}

// stopsAt is after how many slices a rule ends a series, and the rate it ends it with; zero: never.
func stopsAt(r rule, v []float64) (int, float64) {
	for n := 1; n <= len(v); n++ {
		if r.stops(v[:n]) {
			return n, estimate(v[:n]).rate
		}
	}
	return 0, 0
}

const longest = 22 // slices of the default length of a direction

// TestEarlyStop holds the early stop against lines of many kinds: where it ends one of them, in any of fifty series, the
// figure must be right.
func TestEarlyStop(t *testing.T) {
	slow := func(at, step float64) func(*rand.Rand, int) float64 { // grows until at
		return func(r *rand.Rand, i int) float64 { return min(10e6, at+step*float64(i)) * (1 + 0.02*r.NormFloat64()) }
	}
	for name, c := range map[string]struct {
		line     func(r *rand.Rand, i int) float64
		decisive []float64
		truth    float64
		off      float64 // as a share, of a stop
		most     int     // slices: it ends by then in nine of ten series; zero: it need not end
		never    bool
	}{
		"steady":                {line: flat(0.01), truth: 10e6, off: 0.025, most: 14},
		"a little noise":        {line: flat(0.02), truth: 10e6, off: 0.05, most: 22},
		"far above the mark":    {line: flat(0.15), decisive: []float64{5e6, 3e6}, truth: 10e6, off: 0.3, most: 20},
		"far under the mark":    {line: flat(0.10), decisive: []float64{25e6}, truth: 10e6, off: 0.3, most: 16},
		"noise at the mark":     {line: flat(0.15), decisive: []float64{10e6}, truth: 10e6, off: 0.2},
		"ramp through the mark": {line: slow(0, 0.45e6), decisive: []float64{9e6}, truth: 10e6, never: true},
		"ramp":                  {line: slow(2e6, 0.35e6), truth: 10e6, never: true},
		"slow start, long":      {line: func(r *rand.Rand, i int) float64 { return min(10e6, 0.1e6*math.Pow(1.5, float64(i))) }, truth: 10e6, off: 0.05},
		"sawtooth of 4 s":       {line: func(_ *rand.Rand, i int) float64 { return 10e6 * (0.7 + 0.6*float64(i%16)/16) }, truth: 10e6, off: 0.1},
		"sawtooth at the mark":  {line: func(_ *rand.Rand, i int) float64 { return 10e6 * (0.7 + 0.6*float64(i%16)/16) }, decisive: []float64{9e6}, truth: 10e6, off: 0.1},
		"sawtooth of 1 s":       {line: func(_ *rand.Rand, i int) float64 { return 10e6 * (0.8 + 0.4*float64(i%4)/3) }, truth: 10e6, off: 0.05},
		"bursts of a second":    {line: func(_ *rand.Rand, i int) float64 { return 20e6 * float64(i/4%2) }, truth: 10e6, never: true},
		"bursts and the mark":   {line: func(_ *rand.Rand, i int) float64 { return 20e6 * float64(i/4%2) }, decisive: []float64{5e6}, truth: 10e6, never: true},
		"a third at random":     {line: func(r *rand.Rand, _ int) float64 { return 30e6 * float64(1-min(1, r.IntN(3))) }, truth: 10e6, never: true},
		"late by a slice":       {line: late(0.3), truth: 10e6, off: 0.03, most: 20},
		"drops to half after 3 s": {line: func(r *rand.Rand, i int) float64 {
			return 10e6 * (1 + float64(1-min(1, i/12))) * (1 + 0.02*r.NormFloat64())
		}, truth: 10e6, never: true},
	} {
		t.Run(name, func(t *testing.T) {
			ended := 0
			for seed := range uint64(50) {
				v := series1(seed, longest, c.line)
				n, rate := stopsAt(rule{least: early, decisive: c.decisive}, v)
				if n > 0 && n <= c.most {
					ended++
				}
				if n > 0 && (c.never || math.Abs(rate/c.truth-1) > c.off) {
					t.Errorf("series %d ended after %d slices at %.3g: %.3g", seed, n, rate, v[:n])
				}
				for _, d := range c.decisive {
					if n > 0 && d != c.truth && (rate > d) != (c.truth > d) {
						t.Errorf("series %d ended on the wrong side of %g: %g", seed, d, rate)
					}
				}
			}
			if c.most > 0 && ended < 45 {
				t.Errorf("ended by slice %d in %d of 50", c.most, ended)
			}
		})
	}
}

// late is a line of constant rate, of which up to a share of a slice is seen in the next one, as TCP hands it on.
func late(share float64) func(r *rand.Rand, i int) float64 {
	held := 0.0
	return func(r *rand.Rand, i int) float64 {
		if i == 0 {
			held = 0
		}
		was := held
		held = share * r.Float64() * 10e6
		return 10e6 + was - held
	}
}

func TestRuleIsNeverTooEarly(t *testing.T) {
	v := series1(1, 60, flat(0))
	if n, _ := stopsAt(rule{least: early}, v); time.Duration(n)*slice < early {
		t.Errorf("ended after %d slices", n)
	}
	if n, _ := stopsAt(rule{}, v); n != 0 {
		t.Errorf("ended after %d slices where it must not", n)
	}
	if (rule{least: early}).stops(make([]float64, 40)) {
		t.Error("a line that carries nothing is no figure")
	}
}

// TestHalfWidth: of intervals that say 95 %, about so many hold the truth, on independent slices, on such that are alike,
// and on such that make up for each other. Short series of alike ones cannot tell how alike they are.
func TestHalfWidth(t *testing.T) {
	like := func(a float64) func(r *rand.Rand, i int) float64 {
		was := 0.0
		return func(r *rand.Rand, i int) float64 {
			was = a*was + r.NormFloat64()*math.Sqrt(1-a*a)
			return 10e6 * (1 + 0.05*was)
		}
	}
	for name, c := range map[string]struct {
		line func(r *rand.Rand, i int) float64
		n    int
		hold float64
	}{
		"independent, 2 s": {flat(0.05), 8, 0.82}, "independent, 4 s": {flat(0.05), 16, 0.87}, "independent, 8 s": {flat(0.05), 34, 0.9},
		"alike, 4 s": {like(0.4), 16, 0.87}, "alike, 8 s": {like(0.6), 34, 0.9},
		"late, 2 s": {late(0.3), 8, 0.93}, "late, 4 s": {late(0.3), 16, 0.93}, "late, 8 s": {late(0.3), 34, 0.93},
	} {
		good := 0
		for seed := range uint64(1000) {
			v := series1(seed, c.n, c.line)
			if rate := slope(v); math.Abs(rate-10e6) <= halfWidth(v, rate) {
				good++
			}
		}
		if got := float64(good) / 1000; got < c.hold {
			t.Errorf("%s: %.3f of the intervals hold the truth", name, got)
		}
	}
}

func TestSlope(t *testing.T) {
	if got := slope([]float64{3, 3, 3, 3, 3}); math.Abs(got-3) > 1e-12 {
		t.Errorf("slope of a constant: %g", got)
	}
	if got := slope([]float64{1, 2, 3, 4, 5}); math.Abs(got-3) > 1e-12 {
		t.Errorf("slope of a ramp: %g", got)
	}
}
