package audio

import (
	"math"
	"sync/atomic"
	"time"
)

// What is played is a row of sweeps: to a person whistles that rise, easy to count; to the microphone a signal that
// nothing else looks like (Farina, AES 108th Convention, 2000). It stays in the band that every speaker and every
// telephone has.
const (
	sweepLow, sweepHigh = 300.0, 3000.0 // Hz
	sweepLasts          = 0.5           // s
	sweepEvery          = 0.9           // s, start to start: what comes later than the next one is no echo
	sweepLead           = 0.6           // s of silence first, which outputs that wake up swallow
	sweepTail           = 0.9           // s, for late echoes
	sweepEdge           = 0.02          // s of fading: no clicks
)

// sweepPeak is -12 dBFS: as loud as a loud voice in a call, and never louder than what the computer plays otherwise.
var sweepPeak = math.Pow(10, -12.0/20) // read only

// Three sweeps let a bad one be a bad one; more make the number hard to guess.
const leastSweeps, mostSweeps = 3, 7

func sweepStarts(i int) float64 { return sweepLead + float64(i)*sweepEvery }

func sweepsLast(n int) float64 { return sweepStarts(n) + sweepTail }

// sweep is one of them.
func sweep(rate int) []float64 {
	x := make([]float64, int(sweepLasts*float64(rate)))
	for i := range x {
		t := float64(i) / float64(rate)
		phase := 2 * math.Pi * (sweepLow*t + (sweepHigh-sweepLow)*t*t/(2*sweepLasts))
		fade := min(1, t/sweepEdge, (sweepLasts-t)/sweepEdge)
		x[i] = sweepPeak * fade * math.Sin(phase)
	}
	return x
}

// sweeps is the whole row, as it is played.
func sweeps(n, rate int) []float32 {
	out := make([]float32, int(sweepsLast(n)*float64(rate)))
	one := sweep(rate)
	for i := range n {
		at := int(sweepStarts(i) * float64(rate))
		for k, v := range one {
			out[at+k] = float32(v)
		}
	}
	return out
}

// playing is where the audio thread takes its samples from: like a recording, it must neither wait nor allocate.
type playing struct {
	pcm         []float32
	rate        int
	n           int          // touched by the audio thread alone
	first, last atomic.Int64 // when the first sample and the last were given, ns
}

// give is called by the audio thread alone.
func (p *playing) give(out []float32) {
	if p.n == 0 && len(out) > 0 {
		p.first.Store(time.Now().UnixNano())
	}
	n := copy(out, p.pcm[p.n:])
	clear(out[n:])
	if p.n += n; n > 0 && p.n == len(p.pcm) {
		p.last.Store(time.Now().UnixNano())
	}
}

// tooFast is from which share of the time that the sweeps last they cannot have been played: outputs take some samples
// ahead, but a second of several they drop.
const tooFast = 0.85

// failed says why what was given was not heard as it was meant, where that is so.
func (p *playing) failed() string {
	first, last := p.first.Load(), p.last.Load()
	switch whole := float64(len(p.pcm)) / float64(p.rate); {
	case first == 0:
		return "the output never asked for a sample"
	case last != 0 && time.Duration(last-first).Seconds() < tooFast*whole:
		return "the output took the samples faster than time"
	}
	return ""
}
