package audio

import (
	"math"
	"math/rand/v2"
)

// Made signals. Levels are dB of full scale: of the RMS for noise, of the peak for tones.

func lin(db float64) float64 { return math.Pow(10, db/20) }

func sine(rate int, seconds, hz, peak float64) []float32 {
	x := make([]float32, int(seconds*float64(rate)))
	for i := range x {
		x[i] = float32(lin(peak) * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return x
}

func noiseAt(rate int, seconds, rms float64) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, int(seconds*float64(rate)))
	for i := range x {
		x[i] = float32(lin(rms) * r.NormFloat64())
	}
	return x
}

// voice is vowels of 110 to 150 Hz pitch, four a second, whose resonance wanders, with a hiss between and a pause each
// second: it moves, lasts and has pitch as speech has. Its RMS is about -24 dBFS.
func voice(rate int, seconds float64) []float32 {
	r := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, int(seconds*float64(rate)))
	phase := 0.0
	for i := range x {
		t := float64(i) / float64(rate)
		pitch := 130 + 20*math.Sin(2*math.Pi*0.7*t)
		phase += pitch / float64(rate)
		if t-math.Floor(t) > 0.75 {
			continue // a pause
		}
		syllable := math.Pow(math.Sin(2*math.Pi*2*t), 2)
		var vowel float64
		mouth := 900 + 600*math.Sin(2*math.Pi*2.7*t)
		turn, now, last := 2*math.Cos(2*math.Pi*phase), math.Sin(2*math.Pi*phase), 0.0
		for h := 1.0; h*pitch < 0.45*float64(rate) && h*pitch < 7000; h++ {
			away := (h*pitch - mouth) / 250
			vowel += now * (0.5/h + 0.35/(1+away*away))
			now, last = turn*now-last, now // the next harmonic
		}
		hiss := math.Pow(math.Cos(2*math.Pi*2*t), 8) * r.NormFloat64()
		fade := min(1, (0.75-(t-math.Floor(t)))/0.06, (t-math.Floor(t))/0.03)
		x[i] = float32(fade * fade * (0.12*syllable*vowel + 0.02*hiss))
	}
	return x
}

func add(a, b []float32) []float32 {
	x := make([]float32, len(a))
	for i := range x {
		x[i] = a[i] + b[i%len(b)]
	}
	return x
}

func scale(a []float32, db float64) []float32 {
	x := make([]float32, len(a))
	for i := range x {
		x[i] = a[i] * float32(lin(db))
	}
	return x
}

// cut holds a signal within full scale, as a converter does.
func cut(a []float32) []float32 {
	x := make([]float32, len(a))
	for i := range x {
		x[i] = min(max(a[i], -1), 1-1.0/32768)
	}
	return x
}
