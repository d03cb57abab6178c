package audio

import (
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"
)

// spectra are power spectra of Hann-windowed frames, scaled so that a sine of amplitude A sums up to A*A/2.
func spectra(x []float64, size, hop int) [][]float64 {
	if size < 8 || len(x) < size {
		return nil
	}
	fft := fourier.NewFFT(size)
	window := make([]float64, size)
	var sum float64
	for i := range window {
		window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(size))
		sum += window[i] * window[i]
	}
	frame := make([]float64, size)
	var coefficients []complex128
	var out [][]float64
	for at := 0; at+size <= len(x); at += hop {
		for i := range frame {
			frame[i] = x[at+i] * window[i]
		}
		coefficients = fft.Coefficients(coefficients, frame)
		p := make([]float64, len(coefficients))
		for k, c := range coefficients {
			a := cmplx.Abs(c)
			p[k] = 2 * a * a / (sum * float64(size))
		}
		out = append(out, p)
	}
	return out
}

// smooth is the largest size not over n that a fast transform does fast: without prime factors over 5.
func smooth(n int) int {
	for ; n > 1; n-- {
		rest := n
		for _, p := range []int{2, 3, 5} {
			for rest%p == 0 {
				rest /= p
			}
		}
		if rest == 1 {
			break
		}
	}
	return n
}

// between is the power from lo to hi Hz.
func between(p []float64, hz, lo, hi float64) float64 {
	var s float64
	for k := max(int(math.Ceil(lo/hz)), 0); k < len(p) && float64(k)*hz < hi; k++ {
		s += p[k]
	}
	return s
}

// bands is how the sound moves in each step of a sixth of an octave, over frames of 40 ms.
type bands struct {
	centre []float64 // Hz
	moves  []float64 // dB from the 10th to the 95th percentile
	loud   []float64 // 95th percentile, dBFS
	active float64   // seconds in which the voice band stands clear of its own floor
	voiced float64   // seconds of those that have a pitch, and more than one tone
}

const third = 1.122 // half a third of an octave either side

func analyse(x []float64, rate int) bands {
	size := smooth(rate / 25)
	frames := spectra(x, size, size)
	if len(frames) < 10 {
		return bands{}
	}
	hz := float64(rate) / float64(size)
	var b bands
	for c := 250.0; c*third <= float64(rate)/2; c *= math.Pow(2, 1.0/6) {
		l := make([]float64, len(frames))
		for i, p := range frames {
			l[i] = 10 * math.Log10(between(p, hz, c/third, c*third)+1e-12)
		}
		slices.Sort(l)
		b.centre = append(b.centre, c)
		b.moves = append(b.moves, l[len(l)*95/100]-l[len(l)/10])
		b.loud = append(b.loud, l[len(l)*95/100])
	}
	b.voice(x, frames, size, rate)
	return b
}

// moving are 10 dB: a steady sound moves by 3 to 6 over 40 ms frames, a voice by 20 and more.
const moving = 10

// top is the highest frequency at which the sound moves as a voice does; noise, which is steady, does not count.
func (b bands) top() float64 {
	top := 0.0
	for i, c := range b.centre {
		if b.moves[i] >= moving && b.loud[i] > -90 {
			top = c
		}
	}
	return top
}

// voice counts active and voiced time, in the band of speech energy.
func (b *bands) voice(x []float64, frames [][]float64, size, rate int) {
	hz := float64(rate) / float64(size)
	level := make([]float64, len(frames))
	for i, p := range frames {
		level[i] = 10 * math.Log10(between(p, hz, 200, 3400)+1e-12)
	}
	sorted := slices.Sorted(slices.Values(level))
	floor := sorted[len(sorted)/10]
	for i, p := range frames {
		if level[i] < floor+8 {
			continue
		}
		b.active += float64(size) / float64(rate)
		if !oneTone(p, hz) && pitched(x[i*size:(i+1)*size], rate) {
			b.voiced += float64(size) / float64(rate)
		}
	}
}

// oneTone tells whistles, sweeps and beeps, whose energy stands in one place, from a voice.
func oneTone(p []float64, hz float64) bool {
	best := 0
	for k := range p {
		if f := float64(k) * hz; f >= 80 && f < 4000 && (best == 0 || p[k] > p[best]) {
			best = k
		}
	}
	f := float64(best) * hz
	return between(p, hz, f-2.5*hz, f+2.5*hz) > 0.97*between(p, hz, 80, 4000)
}

// pitched tells whether a frame repeats itself at the rate of a voice, 70 to 400 Hz: normalised autocorrelation.
func pitched(x []float64, rate int) bool {
	step := max(rate/8000, 1)
	var y []float64
	for i := 0; i+step <= len(x); i += step {
		y = append(y, mean(x[i:i+step])) // the mean is low-pass enough
	}
	r := rate / step
	for lag := r / 400; lag <= r/70 && lag > 0; lag++ {
		var cross, a, c float64
		for i := 0; i+lag < len(y); i++ {
			cross += y[i] * y[i+lag]
			a += y[i] * y[i]
			c += y[i+lag] * y[i+lag]
		}
		if a > 0 && c > 0 && cross/math.Sqrt(a*c) >= 0.5 {
			return true
		}
	}
	return false
}

// speech tells speech from everything a room does by itself. A voice moves in most of its bands, lasts, and has pitch;
// steady noise does not move, clicks and knocks do not last, beeps and sweeps stand in one tone. Music passes.
func (b bands) speech() bool {
	steps, move := 0, 0
	for i, c := range b.centre {
		if c < 300 || c > 3200 {
			continue
		}
		steps++
		if b.moves[i] >= moving {
			move++
		}
	}
	return steps > 0 && 10*move >= 6*steps && b.active >= 0.6 && b.voiced >= 0.3
}

// hum is how far the tones of the mains (50 or 60 Hz and four multiples) stand over what lies beside them, and their
// level. It looks at what is always there: the lower quartile of 0.7 s spectra, in which a voice, that comes and goes,
// leaves little.
func hum(x []float64, rate int) (over, level float64) {
	size := smooth(rate * 7 / 10)
	all := spectra(x, size, max(size/4, 1))
	if len(all) == 0 {
		return 0, lowest
	}
	hz := float64(rate) / float64(size)
	still := make([]float64, min(int(320/hz), len(all[0])))
	column := make([]float64, len(all))
	for k := range still {
		for i, p := range all {
			column[i] = p[k]
		}
		slices.Sort(column)
		still[k] = column[len(column)/4]
	}
	level = lowest
	for _, mains := range []float64{50, 60} {
		var tone, side float64
		for harmonic := 1.0; harmonic <= 5; harmonic++ {
			f := mains * harmonic
			tone += between(still, hz, f-3, f+3)
			side += between(still, hz, f-15, f-6) + between(still, hz, f+6, f+15)
		}
		side /= 3 // 18 Hz of neighbours to 6 Hz of tone
		if o := 10 * math.Log10((tone+1e-12)/(side+1e-12)); o > over {
			over, level = o, dB(math.Sqrt(tone))
		}
	}
	return over, level
}
