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

// thinned is a signal at a fraction of its rate. The mean is low-pass enough for what is looked for in it.
func thinned(x []float64, step int) []float64 {
	if step == 1 {
		return x
	}
	y := make([]float64, len(x)/step)
	for i := range y {
		y[i] = mean(x[i*step : (i+1)*step])
	}
	return y
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

// hum is how far the tones of the mains (50 or 60 Hz and four multiples) stand over what lies beside them, and their
// level. It looks at what is always there: the lower quartile of 0.7 s spectra, in which a voice, that comes and goes,
// leaves little.
func hum(x []float64, rate int) (over, level float64) {
	step := max(rate/4000, 1) // no tone that is looked at is over 300 Hz
	x, rate = thinned(x, step), rate/step
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
