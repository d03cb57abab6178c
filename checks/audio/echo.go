package audio

import (
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"
)

// Echo is what came back of the sweeps: how much of what the computer plays reaches its own microphone.
type Echo struct {
	Sweeps int     `json:"sweeps"` // played
	Found  int     `json:"found"`  // heard again
	Match  float64 `json:"match"`  // how like a sweep the likest place is, 0 to 1
	Loss   float64 `json:"loss"`   // echo return loss, dB; where none was found, the echo is at least so weak
	Delay  float64 `json:"delay"`  // s
	Silent bool    `json:"silent"` // nothing but zeros was recorded
}

// sound says whether an echo is one that findEcho can bring back.
func (e *Echo) sound() bool {
	return e.Sweeps >= 1 && e.Sweeps <= mostSweeps && e.Found >= 0 && e.Found <= e.Sweeps && within(0, e.Match, 1) &&
		within(-mostLoss, e.Loss, mostLoss) && within(-sweepEvery, e.Delay, sweepEvery)
}

// isSweep is from which normalised correlation on a place in the recording is one of the sweeps: noise and speech stay
// under 0.1, and a sweep in noise of its own level makes 0.7.
const isSweep = 0.3

// mostLoss is where 16 bits end, and some.
const mostLoss = 120

// The window in which a sweep's echo is looked for, about the place where it was played. It begins before: clocks of
// input and output are only known to tens of milliseconds on a busy computer.
const echoFrom, echoTo = -0.2, 0.65

// findEcho looks for sweeps in a recording. played are the seconds of it at which each was played.
func findEcho(pcm []float32, rate int, played []float64) Echo {
	x := soundSignal(pcm)
	e := Echo{Sweeps: len(played), Loss: mostLoss, Silent: silent(x)}
	if e.Silent {
		return e
	}
	gain, match := correlate(x, sweep(rate), rate)
	least := math.Inf(1)
	var delays []float64
	best := 0.0
	for _, seconds := range played {
		place := seconds * float64(rate)
		from, to := max(int(place+echoFrom*float64(rate)), 0), min(int(place+echoTo*float64(rate)), len(gain))
		if to <= from {
			continue
		}
		at := from + likest(match[from:to])
		least = min(least, largest(gain[from:to]))
		if match[at] > e.Match {
			e.Match, best = match[at], math.Abs(gain[at])
		}
		if match[at] >= isSweep {
			e.Found++
			delays = append(delays, (float64(at)-place)/float64(rate))
		}
	}
	if e.Found > 0 { // in the middle of the found: the server's own gaps make single ones jump
		slices.Sort(delays)
		e.Delay = delays[len(delays)/2]
		least = best
	}
	e.Match = min(e.Match, 1)
	e.Loss = min(max(-20*math.Log10(least+1e-9), -mostLoss), mostLoss)
	return e
}

func likest(match []float64) (at int) {
	for i, v := range match {
		if v > match[at] {
			at = i
		}
	}
	return at
}

func largest(gain []float64) (most float64) {
	for _, v := range gain {
		most = max(most, math.Abs(v))
	}
	return most
}

// correlate lays one sweep over every place of the recording, by fast transform: gain is how large the sweep in it is,
// and match how much of what is there it makes up. Both look at the band of the sweep alone, so that hum and rumble hide
// nothing.
func correlate(x, one []float64, rate int) (gain, match []float64) {
	size := 1
	for size < len(x)+len(one) {
		size *= 2
	}
	fft := fourier.NewFFT(size)
	spectrum := func(of []float64) []complex128 {
		c := fft.Coefficients(nil, append(slices.Clone(of), make([]float64, size-len(of))...))
		hz := float64(rate) / float64(size)
		for k := range c {
			if f := float64(k) * hz; f < sweepLow*0.9 || f > sweepHigh*1.05 {
				c[k] = 0
			}
		}
		return c
	}
	sx, so := spectrum(x), spectrum(one)
	clean := fft.Sequence(nil, sx)
	sum := make([]float64, size+1) // of squares, up to each sample
	for i, v := range clean {
		v /= float64(size)
		sum[i+1] = sum[i] + v*v
	}
	for k := range sx {
		sx[k] *= cmplx.Conj(so[k])
	}
	gain = fft.Sequence(clean, sx)[:max(len(x)-len(one), 0)]
	var energy float64
	for _, v := range fft.Sequence(nil, so) {
		energy += v / float64(size) * v / float64(size)
	}
	match = make([]float64, len(gain))
	quiet := float64(len(one)) * step16 * step16 / 12 // under the noise of 16 bits nothing is like anything
	for i := range gain {
		gain[i] /= float64(size)
		match[i] = math.Abs(gain[i]) / math.Sqrt(energy*max(sum[i+len(one)]-sum[i], quiet))
		gain[i] /= energy
	}
	return gain, match
}
