package audio

import (
	"cmp"
	"math"
	"slices"
)

// Noise is what is left where nobody speaks. Where somebody was asked to be quiet first, that part of the take says how
// much; where nobody was, or did not keep it, the pauses between the words do.

const (
	// leastRoom are the seconds a room part must have to stand for the room.
	leastRoom = 0.5
	// steadyRoom is how far the mean of a room's noise may stand over its own quietest moments, dB: 3 to 5 dB in a room
	// full of people who talk, proved on made signals. What stands higher is a door, a cough, or the person.
	steadyRoom = 6
	// nearVoice is how close to the voice, and how far over the noise, the room part is when somebody spoke in it, dB.
	nearVoice = 10
	// overRoom is the least by which a voice stands over the room it was spoken in, dB.
	overRoom = -3
)

// ratio is the voice over the noise, dB. P.56 cannot but measure both together, so the noise is taken off again.
func (f *Figures) ratio() float64 {
	both, noise := math.Pow(10, f.Level/10), math.Pow(10, f.Floor/10)
	return 10*math.Log10(max(both-noise, noise/100)) - f.Floor
}

// pauses are the frames of 20 ms in which no voice is.
type pauses struct {
	size   int // of a frame, samples
	frames []int
}

// findPauses is a kind of minimum statistics (R. Martin, IEEE Trans. Speech and Audio Processing 9(5), 2001) over the
// bands of a voice. A frame is not chosen by its level: the level of a low noise swings from frame to frame, and its
// lowest swings lie 1 to 2 dB under its mean. It is chosen by the level of its bands, a third of an octave each, which
// weigh the more the less they swing, and taken in as long as it lies within the swing of a steady noise; so the mean
// of those frames needs no compensation. Frames that touch a hole say nothing of noise.
func findPauses(x []float64, rate int, h holes) pauses {
	p := pauses{size: smooth(max(rate/50, 8))}
	all := spectra(x, p.size, p.size)
	hz := float64(rate) / float64(p.size)
	for i := range all {
		if !h.touch(i*p.size, (i+1)*p.size) {
			p.frames = append(p.frames, i)
		}
	}
	over := make([]float64, len(all))
	var swing float64 // variance of over in steady noise
	for c := 315.0; c*third < min(float64(rate)/2, 8000); c *= third * third {
		bins := c * (third - 1/third) / hz
		for _, i := range p.frames {
			over[i] += math.Sqrt(bins) * 10 * math.Log10(between(all[i], hz, c/third, c*third)+1e-14)
		}
		swing += 1.5 * neper * neper // a bin swings by neper; a Hann window ties neighbours together
	}
	slices.SortStableFunc(p.frames, func(a, b int) int { return cmp.Compare(over[a], over[b]) })
	n := len(p.frames) / 20
	if n < len(p.frames) {
		for limit := over[p.frames[n]] + 2*math.Sqrt(swing); n < len(p.frames) && over[p.frames[n]] <= limit; {
			n++
		}
	}
	p.frames = p.frames[:n]
	return p
}

// neper is how far the power of one bin of noise swings, dB: as far as it is high, for its distribution is exponential.
const neper = 4.34

// level is the RMS of the pauses. A voice can have all of its energy under its bands for a moment, or a knock can: what
// stands far over the usual is left out.
func (p pauses) level(x []float64) float64 {
	if len(p.frames) == 0 {
		return rootLevel(x)
	}
	var powers []float64
	for _, i := range p.frames {
		powers = append(powers, power(x[i*p.size:(i+1)*p.size]))
	}
	slices.Sort(powers)
	n, usual := len(powers), powers[len(powers)/2]
	for n > 1 && powers[n-1] > 4*usual {
		n--
	}
	return dB(math.Sqrt(mean(powers[:n])))
}

func rootLevel(x []float64) float64 { return dB(math.Sqrt(power(x))) }

func percentile(list []float64, p int) float64 {
	if len(list) == 0 {
		return lowest
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}
