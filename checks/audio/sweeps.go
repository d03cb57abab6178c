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
	sweeps      int
	held        time.Duration            // how long the output holds what it was given
	n, begun    int                      // samples given and sweeps begun; touched by the audio thread alone
	first, last atomic.Int64             // when the first sample and the last were given, ns
	starts      [mostSweeps]atomic.Int64 // when the first sample of each sweep was given, ns
}

func newPlaying(n, rate int) *playing { return &playing{pcm: sweeps(n, rate), rate: rate, sweeps: n} }

// give is called by the audio thread alone.
func (p *playing) give(out []float32) { p.giveAt(time.Now().UnixNano(), out) }

func (p *playing) giveAt(now int64, out []float32) {
	if p.n == 0 && len(out) > 0 {
		p.first.Store(now)
	}
	n := copy(out, p.pcm[p.n:])
	clear(out[n:])
	for p.begun < p.sweeps {
		ahead := int(sweepStarts(p.begun)*float64(p.rate)) - p.n
		if ahead >= n {
			break
		}
		p.starts[p.begun].Store(now + int64(ahead)*int64(time.Second)/int64(p.rate))
		p.begun++
	}
	if p.n += n; n > 0 && p.n == len(p.pcm) {
		p.last.Store(now)
	}
}

// since answers when each sweep was heard, in seconds after an instant, as far as the output knows. One that wakes up
// takes a little and then nothing for two seconds, so that where a sweep lies in the row does not tell.
func (p *playing) since(instant int64) []float64 {
	var at []float64
	for i := range p.sweeps {
		if ns := p.starts[i].Load(); ns != 0 {
			at = append(at, (time.Duration(ns-instant) + p.held).Seconds())
		}
	}
	return at
}

// over tells that there is nothing more to record: the row was given to its end, whose silence outlasts what the output
// holds back, or nobody asked for it in the time that it lasts.
func (p *playing) over(recorded float64) bool {
	return recorded >= sweepsLast(p.sweeps) && (p.last.Load() != 0 || p.first.Load() == 0)
}

// wakes is how many seconds an output may stand still before its first sweep: a Bluetooth headset that changes over to
// its microphone takes two.
const wakes = 3.0

// tooFast is from which share of the time that the sweeps last they cannot have been played: outputs take some samples
// ahead, but a second of several they drop.
const tooFast = 0.85

// mostHole is how many seconds an output may stand still between the first sweep and the end: more splits a whistle in
// two, and who counts both is not wrong.
const mostHole = 0.25

// failed says why what was given was not heard as it was meant, where that is so.
func (p *playing) failed() string {
	first, last := p.first.Load(), p.last.Load()
	switch whole := float64(len(p.pcm)) / float64(p.rate); {
	case first == 0:
		return "the output never asked for a sample"
	case last == 0:
		return "the output did not take the samples in time"
	case time.Duration(last-first).Seconds() < tooFast*whole:
		return "the output took the samples faster than time"
	case p.hole() > mostHole:
		return "the output stood still among the samples"
	}
	return ""
}

// hole is how many seconds more went by than were given, since the first sweep began.
func (p *playing) hole() float64 {
	began := p.starts[0].Load()
	most := time.Duration(p.last.Load()-began).Seconds() - (sweepsLast(p.sweeps) - sweepLead)
	for i, at := range p.since(began) {
		most = max(most, at-p.held.Seconds()-float64(i)*sweepEvery)
	}
	return most
}
