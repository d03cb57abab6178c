package audio

import (
	"math"
	"math/rand/v2"
	"testing"
)

// arrivalsAt are samples that come from a device of some rate, in pieces, each late by up to so many seconds.
func arrivalsAt(rate, seconds, piece, late float64) []arrival {
	r := rand.New(rand.NewPCG(4, 4))
	var at []arrival
	last := 0.0
	for n := piece; n/rate < seconds; n += piece {
		last = max(n/rate+late*r.Float64(), last)
		at = append(at, arrival{last, int(n)})
	}
	return at
}

func TestRateError(t *testing.T) {
	for name, c := range map[string]struct {
		at   []arrival
		want float64
	}{
		"as promised":        {arrivalsAt(48000, 6, 480, 0), 0},
		"jitter":             {arrivalsAt(48000, 6, 480, 0.02), 0},
		"big pieces":         {arrivalsAt(48000, 6, 4800, 0.03), 0},
		"slow by 0.5 %":      {arrivalsAt(48000*0.995, 6, 480, 0.01), 0.005},
		"fast by 1 %":        {arrivalsAt(48000*1.01, 6, 480, 0.01), 0.01},
		"44.1 sold as 48":    {arrivalsAt(44100, 6, 441, 0.01), 1 - 44100.0/48000},
		"a rush to begin":    {append([]arrival{{0, 24000}}, moved(arrivalsAt(48000, 6, 480, 0.005), 24000)...), 0},
		"a busy half second": {heldBack(arrivalsAt(48000, 6, 480, 0.005)), 0},
	} {
		got, within, ok := rateError(c.at, 48000)
		if !ok || math.Abs(got-c.want) > within+0.002 || within > 0.1 {
			t.Errorf("%s: %.5f within %.5f, %v, want %.5f", name, got, within, ok, c.want)
		}
		t.Logf("%s: %.5f within %.5f", name, got, within)
	}
	if got, _, ok := rateError(holed(arrivalsAt(48000, 6, 480, 0), 3, 4800), 48000); !ok || got < 0.015 {
		t.Errorf("a hole of 100 ms is %.5f, %v", got, ok)
	}
	for name, at := range map[string][]arrival{"none": nil, "one": {{1, 1}}, "short": arrivalsAt(48000, 2, 480, 0), "few": arrivalsAt(48000, 6, 24000, 0),
		"all at once": make([]arrival, 600)} {
		if _, _, ok := rateError(at, 48000); ok {
			t.Errorf("%s is enough", name)
		}
	}
}

func moved(at []arrival, by int) []arrival {
	for i := range at {
		at[i].samples += by
	}
	return at
}

// holed loses samples at a second.
func holed(at []arrival, second float64, samples int) []arrival {
	for i := range at {
		if at[i].seconds > second {
			at[i].samples -= samples
		}
	}
	return at
}

// heldBack holds all back for half a second, and then hands it on at once.
func heldBack(at []arrival) []arrival {
	for i := range at {
		if at[i].seconds > 3 && at[i].seconds < 3.5 {
			at[i].seconds = 3.5
		}
	}
	return at
}
