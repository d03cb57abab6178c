package audio

import (
	"math"
	"slices"
)

// Figures are what is kept of a recording: numbers alone. Levels are relative to digital full scale.
type Figures struct {
	Rate       int     `json:"rate"`
	Seconds    float64 `json:"seconds"`
	Silent     bool    `json:"silent"`     // nothing but zeros, or one constant
	Speech     bool    `json:"speech"`     // see said.speech
	Early      bool    `json:"early"`      // something as loud as the voice was heard in the room part
	Room       float64 `json:"room"`       // seconds of the room part, in which nobody should speak; 0: there is none
	Level      float64 `json:"level"`      // ITU-T P.56 active speech level, dBov
	Floor      float64 `json:"floor"`      // RMS of the noise while nobody speaks, dBFS
	RoomNoise  float64 `json:"room_noise"` // 95th percentile of the 100 ms of the room part, dBFS
	Peak       float64 `json:"peak"`       // highest sample, ratio of full scale
	Clipping   float64 `json:"clipping"`   // ratio of samples in runs at the highest that is ever reached
	DCOffset   float64 `json:"dc_offset"`  // mean, ratio of full scale, without sign
	Dropouts   float64 `json:"dropouts"`   // ratio of time in holes
	Hum        float64 `json:"hum"`        // mains tones over their neighbours, dB
	HumLevel   float64 `json:"hum_level"`  // the same tones, dBFS
	Bandwidth  float64 `json:"bandwidth"`  // highest frequency at which the voice moves, Hz
	Masked     bool    `json:"masked"`     // noise would hide a voice over the telephone's band
	Clocked    bool    `json:"clocked"`    // enough samples came to tell the next two
	RateError  float64 `json:"rate_error"` // see rateError
	RateWithin float64 `json:"rate_within"`
	// Levels and RoomLevels are the RMS of each 100 ms of the whole and of the room part, dBFS.
	Levels     []float64 `json:"levels"`
	RoomLevels []float64 `json:"room_levels"`
	// Spectrum are the loud moments (95th percentile of 40 ms frames) in each third of an octave from 100 Hz on, dBFS.
	Spectrum []float64 `json:"spectrum"`
}

// lowest stands for no signal at all, so that every level stays a number. It is the noise of an ideal 16-bit converter
// (one step / sqrt 12): nothing under it can be told from it.
const lowest = -101.1

// loudest is the highest sample that is believed; highest is its level. Drivers with floating-point samples do go over
// full scale.
const loudest, highest = 8.0, 18.1

// step16 is one step of a 16-bit converter.
const step16 = 1.0 / 32768

// figures are those of a recording that is full.
func (r *recording) figures(room float64) Figures {
	f := figuresOf(r.pcm, r.rate, room)
	f.RateError, f.RateWithin, f.Clocked = rateError(r.came.at, r.rate)
	return f
}

// figuresOf takes the figures of a take as it came from the device. room is how many seconds of it, from its very start,
// had passed when the person was told to speak; 0 where nobody was told to be quiet until then.
func figuresOf(pcm []float32, rate int, room float64) Figures {
	rate = min(max(rate, 1000), 384000)
	rest := settled(pcm, rate)
	quiet := int(room*float64(rate)) - (len(pcm) - len(rest))
	return measure(rest, rate, min(max(quiet, 0), len(rest)))
}

// measure takes the figures of mono samples, in the first quiet of which nobody should speak. It never brings back
// anything but finite numbers, whatever it is given.
func measure(pcm []float32, rate, quiet int) Figures {
	rate = min(max(rate, 1000), 384000)
	x := soundSignal(pcm)
	f := Figures{Rate: rate, Seconds: float64(len(x)) / float64(rate), Room: float64(quiet) / float64(rate), Level: lowest, Floor: lowest,
		RoomNoise: lowest, HumLevel: lowest}
	f.Levels, f.RoomLevels = levels(x, rate), levels(x[:quiet], rate)
	f.RoomNoise = percentile(f.RoomLevels, 95)
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
	f.listen(x, quiet, holes)
	f.Hum, f.HumLevel = hum(x, rate)
	return f
}

// listen tells the voice from the room.
func (f *Figures) listen(x []float64, quiet int, h holes) {
	pauses := findPauses(x, f.Rate, h)
	f.Floor = pauses.level(x)
	f.Level = activeLevel(x, f.Rate)
	f.Early = f.RoomNoise > f.Level-nearVoice && f.RoomNoise > f.Floor+nearVoice
	from := quiet
	if f.Early {
		from = 0
	}
	room := lowest
	if steady := rootLevel(x[:quiet]); f.Room >= leastRoom && steady < f.Floor+steadyRoom {
		f.Floor, room = steady, steady
	}
	f.Level = activeLevel(x[from:], f.Rate)
	s := pauses.listen(x, f.Rate, from)
	f.Spectrum, f.Bandwidth, f.Masked = s.spectrum(), s.top(), s.masked()
	// Where the room is as loud as what was said, it was the room that spoke: colleagues, television, music.
	f.Speech = s.speech() && !(room > lowest && f.ratio() < overRoom)
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
