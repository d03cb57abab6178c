package audio

import (
	"math"
	"slices"
)

// Figures are what is kept of a recording: numbers alone. Levels are relative to digital full scale.
type Figures struct {
	Rate      int       `json:"rate"`
	Seconds   float64   `json:"seconds"`
	Silent    bool      `json:"silent"`    // nothing but zeros, or one constant
	Speech    bool      `json:"speech"`    // see hasSpeech
	Level     float64   `json:"level"`     // ITU-T P.56 active speech level, dBov
	Floor     float64   `json:"floor"`     // RMS of the quietest tenth of 20 ms frames, dBFS
	Peak      float64   `json:"peak"`      // highest sample, ratio of full scale
	Clipping  float64   `json:"clipping"`  // ratio of samples in runs at full scale
	DCOffset  float64   `json:"dc_offset"` // mean, ratio of full scale, without sign
	Dropouts  float64   `json:"dropouts"`  // ratio of time in holes
	Hum       float64   `json:"hum"`       // mains tones over their neighbours, dB
	HumLevel  float64   `json:"hum_level"` // the same tones, dBFS
	Bandwidth float64   `json:"bandwidth"` // highest frequency at which the voice moves, Hz
	Levels    []float64 `json:"levels"`    // RMS of each 100 ms, dBFS
}

// lowest stands for no signal at all, so that every level stays a number. It is the noise of an ideal 16-bit converter
// (one step / sqrt 12): nothing under it can be told from it.
const lowest = -101.1

// loudest is the highest sample that is believed; highest is its level. Drivers with floating-point samples do go over
// full scale.
const loudest, highest = 8.0, 18.1

// step16 is one step of a 16-bit converter.
const step16 = 1.0 / 32768

// measure takes the figures of mono samples. It never brings back anything but finite numbers, whatever it is given.
func measure(pcm []float32, rate int) Figures {
	rate = min(max(rate, 1000), 384000)
	x := soundSignal(pcm)
	f := Figures{Rate: rate, Seconds: float64(len(x)) / float64(rate), Level: lowest, Floor: lowest, HumLevel: lowest}
	f.Levels = levels(x, rate)
	if f.Silent = silent(x); f.Silent {
		return f
	}
	for _, v := range x {
		f.Peak = max(f.Peak, math.Abs(v))
	}
	f.Clipping = clipped(x)
	holes := findHoles(x, rate)
	f.Dropouts = holes.ratio(len(x))
	dc := mean(x) / (1 - f.Dropouts) // holes have no offset; they are never all of it
	f.DCOffset = math.Abs(dc)
	for i := range x {
		x[i] -= dc // P.56 would count an offset as speech
	}
	f.Level = activeLevel(x, rate)
	f.Floor = noiseFloor(x, rate, holes)
	bands := analyse(x, rate)
	f.Speech = bands.speech()
	f.Bandwidth = bands.top()
	f.Hum, f.HumLevel = hum(x, rate)
	return f
}

// soundSignal makes numbers of what a device delivered: drivers with floating-point samples may bring anything.
func soundSignal(pcm []float32) []float64 {
	x := make([]float64, len(pcm))
	for i, v := range pcm {
		if v == v { // not NaN
			x[i] = min(max(float64(v), -loudest), loudest)
		}
	}
	return x
}

// dB is a level of an amplitude, from lowest to highest.
func dB(amplitude float64) float64 {
	if !(amplitude > 0) {
		return lowest
	}
	return min(max(20*math.Log10(amplitude), lowest), highest)
}

func mean(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	var s float64
	for _, v := range x {
		s += v
	}
	return s / float64(len(x))
}

func power(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	var s float64
	for _, v := range x {
		s += v * v
	}
	return s / float64(len(x))
}

// silent tells a microphone that delivers nothing: the whole recording within one 16-bit step either way.
func silent(x []float64) bool {
	if len(x) == 0 {
		return true
	}
	return slices.Max(x)-slices.Min(x) <= 2*step16
}

// levels is the series for the plot and the meter.
func levels(x []float64, rate int) []float64 {
	n := rate / 10
	var out []float64
	for i := 0; i+n <= len(x) && len(out) < maxLevels; i += n {
		out = append(out, math.Round(10*dB(math.Sqrt(power(x[i:i+n]))))/10)
	}
	return out
}

// activeLevel is the speech voltmeter of ITU-T P.56, method B, in dBov: the level of the signal over the time in which
// it is active. The level is where energy by active time stands 15.9 dB over the threshold that told the active time.
func activeLevel(x []float64, rate int) float64 {
	const margin = 15.9
	active := activity(x, rate)
	energy := power(x) * float64(len(x))
	if !(energy > 0) || active[0] == 0 {
		return lowest
	}
	over := func(j int) (level, distance float64) {
		level = 10 * math.Log10(energy/float64(active[j]))
		return level, level - 20*math.Log10(threshold(j))
	}
	level, distance := over(0)
	for j := 1; j < thresholds && active[j] > 0 && distance > margin; j++ {
		l, d := over(j)
		if d <= margin {
			level += (distance - margin) / (distance - d) * (l - level)
			break
		}
		level, distance = l, d
	}
	return min(max(level, lowest), highest)
}

// thresholds are P.56's steps of 6 dB, from 2^-15 to 2^-1 of full scale.
const thresholds = 15

func threshold(j int) float64 { return math.Ldexp(1, j-thresholds) }

// activity counts for each threshold the samples in which the envelope, |x| through two smoothers of 30 ms, is over it
// or was so in the 200 ms before.
func activity(x []float64, rate int) (active [thresholds]int) {
	g := math.Exp(-1 / (float64(rate) * 0.03))
	hang := int(0.2*float64(rate) + 0.5)
	var at [thresholds]float64
	var since [thresholds]int
	for j := range at {
		at[j], since[j] = threshold(j), hang
	}
	var p, q float64
	for _, v := range x {
		p = g*p + (1-g)*math.Abs(v)
		q = g*q + (1-g)*p
		for j := range at {
			if q >= at[j] {
				active[j]++
				since[j] = 0
			} else if since[j] < hang {
				active[j]++
				since[j]++
			}
		}
	}
	return active
}

// noiseFloor is the level of the quietest tenth of 20 ms frames (minimum statistics: R. Martin, IEEE Trans. Speech and
// Audio Processing 9(5), 2001), each about its own mean. Frames that touch a hole say nothing of noise and are left out.
func noiseFloor(x []float64, rate int, h holes) float64 {
	n := max(rate/50, 1)
	var frames []float64
	for i := 0; i+n <= len(x); i += n {
		if !h.touch(i, i+n) {
			m := mean(x[i : i+n])
			frames = append(frames, max(power(x[i:i+n])-m*m, 0))
		}
	}
	if len(frames) == 0 {
		return dB(math.Sqrt(power(x)))
	}
	slices.Sort(frames)
	return dB(math.Sqrt(mean(frames[:max(len(frames)/10, 1)])))
}

// clipped is the share of samples in runs of three or more within one 16-bit step of full scale: one such sample may
// be music, three in a row are a flat top.
func clipped(x []float64) float64 {
	const full, least = 1 - 2*step16, 3
	total, run := 0, 0
	for _, v := range x {
		if math.Abs(v) >= full {
			if run++; run == least {
				total += least
			} else if run > least {
				total++
			}
			continue
		}
		run = 0
	}
	return float64(total) / float64(max(len(x), 1))
}

// holes are stretches of exact zeros inside the signal where samples were lost, in order.
type holes [][2]int

// findHoles finds runs of exact zeros of 10 ms and more, and tells lost samples from a noise gate: a gate opens and
// closes where nobody speaks, a loss cuts anywhere. Only where a third of the runs have the full voice (within 20 dB of
// the whole) right up to both their edges is it loss.
func findHoles(x []float64, rate int) holes {
	var found holes
	least, beside := max(rate/100, 2), max(rate/200, 1)
	start, seen, cut := -1, false, 0
	level := power(x)
	for i, v := range x {
		if v == 0 {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 && seen && i-start >= least {
			found = append(found, [2]int{start, i})
			before, after := power(x[max(start-beside, 0):start]), power(x[i:min(i+beside, len(x))])
			if before > level/100 && after > level/100 {
				cut++
			}
		}
		start, seen = -1, true
	}
	if 3*cut < len(found) || cut == 0 {
		return nil
	}
	return found
}

func (h holes) ratio(samples int) float64 {
	n := 0
	for _, r := range h {
		n += r[1] - r[0]
	}
	return float64(n) / float64(max(samples, 1))
}

func (h holes) touch(from, to int) bool {
	for _, r := range h {
		if r[0] < to && r[1] > from {
			return true
		}
	}
	return false
}
