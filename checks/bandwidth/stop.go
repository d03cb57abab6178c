package bandwidth

import (
	"math"
	"time"
)

// A figure is a rate as far as a series of slices tells it.
type figure struct {
	rate   float64 // bit/s
	within float64 // half the width of its 95 % confidence interval
	drift  float64 // how far the means of the two halves of what counts lie apart
}

// estimate is the mean of the slices from the end of the warm-up on.
//
// Where the warm-up ends is found by the marginal standard error rule (White, "An effective truncation heuristic for bias
// reduction in simulation output", Simulation 69, 1997): the cut after which the mean is known best. It is never before
// the first 1.5 s, in which TCP finds its rate (slow start, RFC 5681), nor past the middle of the series.
func estimate(slices []float64) figure {
	const first = int(warm / slice)
	best, from := math.Inf(1), first
	for d := first; d == first || d <= len(slices)/2; d++ {
		s := slices[d:]
		if n := float64(len(s)); variation(s)/(n*n) < best {
			best, from = variation(s)/(n*n), d
		}
	}
	s := slices[from:]
	half := len(s) / 2
	return figure{rate: mean(s), within: halfWidth(s), drift: math.Abs(mean(s[len(s)-half:]) - mean(s[:half]))}
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(len(v), 1))
}

// variation is the sum of the squared distances from the mean.
func variation(v []float64) float64 {
	m, sum := mean(v), 0.0
	for _, x := range v {
		sum += (x - m) * (x - m)
	}
	return sum
}

// halfWidth is half the width of the 95 % confidence interval of the mean of a series whose neighbours are alike: TCP
// does not forget its rate from one slice to the next, so that n slices tell no more than n (1-r)/(1+r) independent ones
// would, r being the correlation of neighbours. Its estimate from a short series is too small by (1+4r)/n, which is put
// right (Marriott and Pope, "Bias in the estimation of autocorrelations", Biometrika 41, 1954).
func halfWidth(v []float64) float64 {
	n := float64(len(v))
	if n < 4 {
		return math.Inf(1)
	}
	m, squares := mean(v), variation(v)
	if squares == 0 {
		return 0
	}
	r := 0.0
	for i := 1; i < len(v); i++ {
		r += (v[i] - m) * (v[i-1] - m) / squares
	}
	// Below zero are series whose neighbours make up for each other, as packets do that fall to one side or the other
	// of the end of a slice: not more than a third of the noise is taken for that.
	r = min(max(r+(1+4*r)/n, -1.0/3), 0.95)
	worth := n * (1 - r) / (1 + r)
	return student(worth-1) * math.Sqrt(squares/(n-1)/worth)
}

// student is the 97.5 % point of Student's t for so many degrees of freedom.
func student(freedom float64) float64 {
	points := [...]float64{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
		2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086}
	if freedom < 1 {
		return math.Inf(1)
	}
	if i := int(freedom); i <= len(points) {
		return points[i-1]
	}
	return 1.96 + 2.52/freedom // within 0.002 from 20 on
}

// A rule says when a direction may end before its time.
type rule struct {
	least    time.Duration // never before, from the first byte on; zero: never
	decisive []float64     // values at which the verdict turns
}

const (
	// precise is the half width at which a figure is good enough whatever it decides, as a share of it; the drift must not be more.
	precise = 0.025
	// early is the first moment at which a direction may end: eight slices after the shortest warm-up.
	early = 3500 * time.Millisecond
)

// stops tells whether the slices so far are enough: the rate is precise, or the verdict is certain. A series is looked at
// every quarter of a second, and one of many looks is wrong more often than one in twenty: for the verdict, twice the
// interval must be clear of every decisive value, and as much as the rate drifted besides. A rate that still drifts is
// never precise: slow start is over when the later half is not faster than the earlier one.
func (r rule) stops(slices []float64) bool {
	if r.least <= 0 || len(slices) < int(r.least/slice) || len(slices) < int((warm+time.Second)/slice) {
		return false
	}
	f := estimate(slices)
	if f.rate <= 0 || r.climbing(slices, f) {
		return false
	}
	return f.steady() || r.certain(f)
}

// climbing tells a series whose last second is still well above the one before.
func (r rule) climbing(slices []float64, f figure) bool {
	const second = int(time.Second / slice)
	n := len(slices)
	return mean(slices[n-second:])-mean(slices[n-2*second:n-second]) > max(0.1*f.rate, f.within)
}

func (f figure) steady() bool { return f.within <= precise*f.rate && f.drift <= precise*f.rate }

func (r rule) certain(f figure) bool {
	for _, d := range r.decisive {
		if math.Abs(f.rate-d) <= 2*f.within+f.drift {
			return false
		}
	}
	return len(r.decisive) > 0 && 2*f.within+f.drift < f.rate/2
}
