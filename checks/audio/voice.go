package audio

import (
	"math"
	"slices"
)

// said is what can be known of a voice, of frames of 40 ms every 20 ms.
type said struct {
	hz     float64 // of one bin
	rate   int
	frames [][]float64 // power spectra
	noise  []float64   // the mean spectrum of the pauses
	step   float64     // seconds from frame to frame

	active  float64 // seconds in which something stands clear of the noise
	longest float64 // of those at a stretch
	tones   float64 // of those with one tone alone: whistles, beeps, sweeps
	voiced  float64 // of those with a pitch
	steady  float64 // ratio of pitches that stay as they are from frame to frame: tones of music do, those of a voice glide
	clear   float64 // dB by which the loud frames, the 95th percentile, stand over the noise
	spread  float64 // dB from the quiet frames to the loud, 10th to 90th percentile
	tilt    float64 // dB by which the balance of high and low moves: hisses and vowels, 10th to 90th percentile
	turns   float64 // dB by which the shape of the spectrum changes from frame to frame, mean over bands, median over frames
	crest   float64 // highest sample over RMS, median over frames: 3 to 4 in noise, more in clicks
}

// listen looks at all from a sample on.
func (p pauses) listen(x []float64, rate, from int) said {
	size := 2 * p.size
	s := said{hz: float64(rate) / float64(size), rate: rate, step: float64(p.size) / float64(rate)}
	all := spectra(x, size, p.size)
	s.noise = p.spectrum(all)
	first := min(from/p.size, len(all))
	s.frames = all[first:]
	s.follow(x[first*p.size:], size, p.size)
	return s
}

// spectrum is the mean of frames that lie in pauses whole.
func (p pauses) spectrum(all [][]float64) []float64 {
	if len(all) == 0 {
		return nil
	}
	quiet := make([]bool, len(all)+1)
	for _, i := range p.frames {
		if i < len(quiet) {
			quiet[i] = true
		}
	}
	sum, n := make([]float64, len(all[0])), 0
	for i, frame := range all {
		if quiet[i] && quiet[i+1] {
			n++
			for k, v := range frame {
				sum[k] += v
			}
		}
	}
	for k := range sum {
		sum[k] /= float64(max(n, 1))
	}
	return sum
}

// The bands whose balance tells hisses from vowels, Hz.
const (
	lowFrom, lowTo   = 200, 1000
	highFrom, highTo = 2500, 7000
	midTo            = 3400
)

// stands is how far something stands clear of the noise, in power: 6 dB.
const stands = 4

// follow goes through what stands clear of the noise.
func (s *said) follow(x []float64, size, hop int) {
	top := min(highTo, 0.47*float64(s.rate))
	noise := weigh(s.noise, s.hz, top)
	var louds, tilts, turns, crests, before []float64
	var song melody
	run := 0.0
	for i, p := range s.frames {
		w, one := weigh(p, s.hz, top), x[i*hop:i*hop+size]
		if w.mid < stands*noise.mid+faint && w.high < stands*noise.high+faint {
			before, song.pitch, run = nil, 0, 0
			continue
		}
		s.active += s.step
		run += s.step
		s.longest = max(s.longest, run)
		louds = append(louds, w.mid.over(noise.mid))
		tilts = append(tilts, w.high.over(noise.high)-w.low.over(noise.low))
		crests = append(crests, crest(one))
		shape := outline(p, s.hz, top)
		if before != nil {
			turns = append(turns, apart(shape, before))
		}
		before = shape
		if oneTone(p, s.hz) {
			s.tones += s.step
			song.pitch = 0
		} else if song.next(pitchOf(one, s.rate)) {
			s.voiced += s.step
		}
	}
	s.steady = float64(song.stays) / float64(max(song.stays+song.glides, 1))
	s.clear = percentile(louds, 95) - noise.mid.dB()
	s.spread = percentile(louds, 90) - percentile(louds, 10)
	s.tilt = percentile(tilts, 90) - percentile(tilts, 10)
	s.turns, s.crest = percentile(turns, 50), percentile(crests, 50)
}

// weight is the power in the bands of a voice.
type weight struct{ low, mid, high watts }

func weigh(p []float64, hz, top float64) weight {
	return weight{watts(between(p, hz, lowFrom, lowTo)), watts(between(p, hz, lowFrom, midTo)), watts(between(p, hz, highFrom, top))}
}

type watts float64

func (w watts) dB() float64 { return 10 * math.Log10(float64(max(w, faint))) }

// over is what is left, in dB, when noise is taken off; what is in it to a quarter cannot be told.
func (w watts) over(noise watts) float64 { return max(w-noise, noise/4).dB() }

// crest is the highest sample of a frame over its RMS.
func crest(x []float64) float64 {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(v))
	}
	return top / math.Sqrt(power(x)+faint*faint)
}

// melody counts how often a pitch stays within 0.4 % from frame to frame, and how often it does not.
type melody struct {
	pitch         float64
	stays, glides int
}

func (m *melody) next(pitch float64) (voiced bool) {
	switch was := m.pitch; {
	case was == 0 || pitch == 0:
	case math.Abs(pitch/was-1) < 0.004:
		m.stays++
	default:
		m.glides++
	}
	m.pitch = pitch
	return pitch > 0
}

// faint is the power under which nothing is looked at: -100 dBFS.
const faint = 1e-10

// outline is the shape of a spectrum: its thirds of an octave about their mean, dB.
func outline(p []float64, hz, top float64) []float64 {
	var shape []float64
	for c := 250.0; c*third < top; c *= third * third {
		shape = append(shape, 10*math.Log10(between(p, hz, c/third, c*third)+1e-15))
	}
	m := mean(shape)
	for k := range shape {
		shape[k] -= m
	}
	return shape
}

// apart is how far two outlines lie apart, dB.
func apart(a, b []float64) float64 {
	var d float64
	for k := range a {
		d += math.Abs(a[k] - b[k])
	}
	return d / float64(max(len(a), 1))
}

// speech tells a voice from all else that moves. A voice is now loud, now soft, it has a pitch that glides, and its
// spectrum turns from vowels to hisses all the time; a whisper has but the last, so it must last, and be as smooth as
// noise. Steady noise never stands clear of itself; knocks, barks and coughs keep one spectrum; typing crackles; sirens
// keep one loudness; tones of music stand still, and then jump. Singing is a voice too. The limits lie between what
// voices of espeak-ng read in 16 languages, men, women, children and whispers, down to 0 dB over noise, and what 27
// made machines, animals and kinds of music do.
func (s said) speech() bool {
	switch {
	case s.active < 0.6, s.tones > s.active/2, s.turns < 1.4, s.tilt < 6, s.clear > 20 && s.spread < 8:
		return false
	case s.voiced >= 0.3:
		return s.steady < 0.52
	}
	return s.active >= 1.5 && s.longest >= 0.3 && s.tones < s.active/10 && s.turns >= 2 && s.tilt >= 9 && s.crest < 5
}

const third = 1.122 // half a third of an octave either side

// moving are 10 dB: a steady sound moves by 3 to 6 over 40 ms frames, a voice by 20 and more.
const moving = 10

// top is the highest frequency at which the sound moves as a voice does, from the 10th to the 95th percentile of frames;
// noise, which is steady, does not count.
func (s said) top() float64 {
	top := 0.0
	if len(s.frames) < 10 {
		return top
	}
	for c := 250.0; c*third <= float64(s.rate)/2; c *= math.Pow(2, 1.0/6) {
		l := s.levels(c/third, c*third)
		if loud := l[len(l)*95/100]; loud-l[len(l)/10] >= moving && loud > -90 {
			top = c
		}
	}
	return top
}

// levels are those of a band over all frames, dBFS, the quietest first.
func (s said) levels(from, to float64) []float64 {
	l := make([]float64, len(s.frames))
	for i, p := range s.frames {
		l[i] = 10 * math.Log10(between(p, s.hz, from, to)+1e-12)
	}
	slices.Sort(l)
	return l
}

// masked tells that noise would hide a voice over the telephone's band: the hisses of a voice lie up to 30 dB under
// what it has at 2 to 3.4 kHz.
func (s said) masked() bool {
	if len(s.frames) == 0 {
		return false
	}
	l := s.levels(2000, 3400)
	return 10*math.Log10(between(s.noise, s.hz, 4300, 6000)+1e-12) > l[len(l)*95/100]-30
}

// maxBands are the thirds of an octave up to 20 kHz, from 100 Hz.
const maxBands = 24

func (s said) spectrum() []float64 {
	var out []float64
	if len(s.frames) == 0 {
		return out
	}
	for c := 100.0; c*third <= float64(s.rate)/2 && len(out) < maxBands; c *= third * third {
		l := s.levels(c/third, c*third)
		out = append(out, math.Round(10*min(max(l[len(l)*95/100], lowest), highest))/10)
	}
	return out
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

// pitchOf is the rate at which a frame repeats itself where that is one of a voice, 70 to 400 Hz, and zero where it
// does not: normalised autocorrelation, its first peak that is nearly its highest, and a parabola through that.
func pitchOf(x []float64, rate int) float64 {
	step := max(rate/8000, 1)
	y := thinned(x, step)
	r := float64(rate) / float64(step)
	from, to := max(int(r/400), 2), int(r/70)
	like := make([]float64, 0, to-from+3)
	for lag := from - 1; lag <= to+1; lag++ {
		like = append(like, alike(y, lag))
	}
	best := slices.Max(like)
	if best < 0.5 {
		return 0
	}
	for k := 1; k+1 < len(like); k++ {
		a, b, c := like[k-1], like[k], like[k+1]
		if b > 0.9*best && b > a && b >= c {
			return r / (float64(from-1+k) + 0.5*(a-c)/(a-2*b+c))
		}
	}
	return 0
}

// alike is how much a signal is like itself some samples later, -1 to 1.
func alike(y []float64, lag int) float64 {
	var cross, a, b float64
	for i := 0; i+lag < len(y); i++ {
		cross += y[i] * y[i+lag]
		a += y[i] * y[i]
		b += y[i+lag] * y[i+lag]
	}
	if !(a > 0 && b > 0) {
		return 0
	}
	return cross / math.Sqrt(a*b)
}
