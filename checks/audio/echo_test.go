package audio

import (
	"math"
	"math/rand/v2"
	"testing"
)

// back is what a microphone records of n sweeps: late, weaker, and among what else there is.
func back(n, rate int, late, loss float64, beside []float32) []float32 {
	out := make([]float32, int(sweepsLast(n)*float64(rate)))
	gain := float32(math.Pow(10, -loss/20))
	played := sweeps(n, rate)
	for i := range out {
		if from := i - int(late*float64(rate)); from >= 0 && from < len(played) {
			out[i] = gain * played[from]
		}
		if i < len(beside) {
			out[i] += beside[i]
		}
	}
	return out
}

// playedAt is where n sweeps lie in a recording that began so many seconds before them.
func playedAt(n int, shift float64) (at []float64) {
	for i := range n {
		at = append(at, sweepStarts(i)+shift)
	}
	return at
}

func TestFindEcho(t *testing.T) {
	quiet := noiseAt(hz48, 8, -72)
	spoken := add(voice(hz48, 8), quiet)
	for name, c := range map[string]struct {
		rate          int
		late, loss    float64
		beside        []float32
		found         int
		within, delay float64
	}{
		"speakers":                    {hz48, 0.012, 20, quiet, 3, 0.1, 0.001},
		"faint":                       {hz48, 0.012, 40, quiet, 3, 0.3, 0.001},
		"under the noise":             {hz48, 0.012, 56, noiseAt(hz48, 8, -72), 3, 1, 0.002},
		"late":                        {hz48, 0.3, 20, quiet, 3, 0.1, 0.001},
		"at another rate":             {16000, 0.02, 30, noiseAt(16000, 8, -72), 3, 0.3, 0.001},
		"of an old telephone":         {8000, 0.02, 30, noiseAt(8000, 8, -72), 3, 0.6, 0.001},
		"beside a voice":              {hz48, 0.012, 20, spoken, 3, 1.5, 0.002},
		"not there":                   {hz48, 0.012, 200, quiet, 0, 0, 0},
		"not there, voice":            {hz48, 0.012, 200, spoken, 0, 0, 0},
		"not there, hum":              {hz48, 0.012, 200, add(sine(hz48, 8, 50, -20), sine(hz48, 8, 440, -20)), 0, 0, 0},
		"hum and offset hide nothing": {hz48, 0.012, 40, add(quiet, add(sine(hz48, 8, 50, -20), []float32{0.1})), 3, 0.5, 0.001},
	} {
		t.Run(name, func(t *testing.T) {
			e := findEcho(back(3, c.rate, c.late, c.loss, c.beside), c.rate, playedAt(3, 0))
			t.Logf("%+v", e)
			if e.Found != c.found || !e.sound() {
				t.Fatalf("%+v, want %d found", e, c.found)
			}
			if c.found == 0 {
				return
			}
			if math.Abs(e.Loss-c.loss) > c.within || math.Abs(e.Delay-c.late) > c.delay {
				t.Errorf("loss %v, delay %v, want %v and %v", e.Loss, e.Delay, c.loss, c.late)
			}
		})
	}
}

// TestFindEchoEarly: input and output start when they like; the clock says by how much.
func TestFindEchoEarly(t *testing.T) {
	pcm := back(4, 16000, 0.25, 20, noiseAt(16000, 8, -72))
	for _, shift := range []float64{0.2, 0.24, 0.4} { // the last one: an echo before its sound, by a clock that is off
		if e := findEcho(pcm, 16000, playedAt(4, shift)); e.Found < 3 || math.Abs(e.Loss-20) > 0.3 || math.Abs(e.Delay-(0.25-shift)) > 0.001 {
			t.Errorf("shifted by %v: %+v", shift, e)
		}
	}
	cut := pcm[:2*16000]
	if e := findEcho(cut, 16000, playedAt(4, 0)); e.Found != 1 || !e.sound() {
		t.Errorf("a recording that ends early: %+v", e)
	}
}

// FuzzFindEcho: whatever a microphone gives, an echo is made of numbers.
func FuzzFindEcho(f *testing.F) {
	f.Add(int64(1), 8000, 3, 0.0)
	f.Add(int64(2), 1000, 7, -100.0)
	f.Fuzz(func(t *testing.T, seed int64, rate, n int, shift float64) {
		if rate < 1000 || rate > 16000 || n < 1 || n > mostSweeps || math.IsNaN(shift) || math.Abs(shift) > 1e6 {
			return
		}
		rng := rand.New(rand.NewPCG(uint64(seed), 0))
		pcm := make([]float32, rng.IntN(4*rate))
		for i := range pcm {
			pcm[i] = math.Float32frombits(rng.Uint32())
		}
		if e := findEcho(pcm, rate, playedAt(n, shift)); !e.sound() {
			t.Errorf("%+v", e)
		}
	})
}
