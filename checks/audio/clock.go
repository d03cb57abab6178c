package audio

import (
	"math"
	"time"
)

// arrivals are when samples came: how many there were, and how long after the first. The audio thread notes them, into
// room that was made before, and nobody reads them before it is done.
type arrivals struct {
	began time.Time
	at    []arrival
}

type arrival struct {
	seconds float64
	samples int
}

// noted is the least time between two arrivals, in seconds.
const noted = 0.01

func newArrivals(seconds float64) arrivals {
	return arrivals{at: make([]arrival, 0, int(2*seconds/noted)+1)}
}

// note is called each time that samples came, with how many there are now.
func (a *arrivals) note(samples int) {
	if len(a.at) == 0 {
		a.began = time.Now()
	}
	now := time.Since(a.began).Seconds()
	if n := len(a.at); n < cap(a.at) && (n == 0 || now-a.at[n-1].seconds >= noted) {
		a.at = append(a.at, arrival{now, samples})
	}
}

// rateError is how far the samples of a second are from what the rate promises, as a ratio, and how far that may err. What
// is lost on the way counts too. ok is false where too little came to tell.
func rateError(at []arrival, rate int) (ratio, within float64, ok bool) {
	for len(at) > 0 && at[0].seconds < rush {
		at = at[1:]
	}
	if len(at) < 20 || at[len(at)-1].seconds-at[0].seconds < leastClock {
		return 0, 0, false
	}
	pace, doubt := slopeOf(at, rate)
	// A busy computer is late for a while, not at random: then the two halves do not agree.
	first, _ := slopeOf(at[:len(at)/2], rate)
	second, _ := slopeOf(at[len(at)/2:], rate)
	return min(math.Abs(pace-1), 1), min(max(2*doubt, math.Abs(first-second)), 1), true
}

// slopeOf is the slope of samples over time, as a ratio of the rate, by least squares, and its standard error.
func slopeOf(at []arrival, rate int) (slope, doubt float64) {
	n := float64(len(at))
	var t, s float64
	for _, a := range at {
		t += a.seconds / n
		s += float64(a.samples) / float64(rate) / n
	}
	var tt, ts float64
	for _, a := range at {
		tt += (a.seconds - t) * (a.seconds - t)
		ts += (a.seconds - t) * (float64(a.samples)/float64(rate) - s)
	}
	if tt == 0 {
		return 0, 1
	}
	slope = ts / tt
	var rest float64
	for _, a := range at {
		d := float64(a.samples)/float64(rate) - s - slope*(a.seconds-t)
		rest += d * d
	}
	return slope, math.Sqrt(rest / (n - 2) / tt)
}

const (
	// rush is how long, in seconds, a sound server may hand on faster than real time what it had stored.
	rush = 0.5
	// leastClock are the seconds without which a clock cannot be told from the jitter of a busy computer.
	leastClock = 2
)
