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

// estimate is the slope of the straight line through the bytes that had come by each moment, after the warm-up. That is
// the mean of the slices with the weight of those in the middle greater. TCP hands bytes on in order: what comes after a
// lost packet waits for it, and is missing in one slice and too much in the next. At the ends of a plain mean that counts
// fully; here it does not.
//
// The warm-up is the first 1.5 s, in which TCP finds its rate (slow start, RFC 5681), and whole seconds after them that
// are more than a tenth below what follows, up to the middle of the series.
func estimate(slices []float64) figure {
	const second = int(time.Second / slice)
	from := int(warm / slice)
	for next := from + second; next <= len(slices)/2 && mean(slices[from:next]) < 0.9*mean(slices[next:]); next += second {
		from = next
	}
	s := slices[from:]
	half := len(s) / 2
	f := figure{rate: slope(s), drift: math.Abs(mean(s[len(s)-half:]) - mean(s[:half]))}
	f.within = halfWidth(s, f.rate)
	return f
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(len(v), 1))
}

// weight is that of a slice in the slope of the line through the sums of n slices, by least squares.
func weight(i, n int) float64 {
	w := float64(n)
	return float64((i+1)*(n-i)) * 6 / (w * (w + 1) * (w + 2))
}

func slope(v []float64) float64 {
	sum := 0.0
	for i, x := range v {
		sum += weight(i, len(v)) * x
	}
	return sum
}

// halfWidth is half the width of the 95 % confidence interval of the slope of a series whose neighbours are not
// independent. Their correlation is estimated from the series itself, which makes it too small by (1+4r)/n, and that is
// put right (Marriott and Pope, "Bias in the estimation of autocorrelations", Biometrika 41, 1954).
func halfWidth(v []float64, slope float64) float64 {
	const fewest = 4
	if len(v) < fewest {
		return math.Inf(1)
	}
	squares, r := correlation(v, slope)
	switch n := float64(len(v)); {
	case squares == 0:
		return 0
	case r+(1+4*r)/n < -0.25: // what is missing in one slice comes in the next
		return 1.2 * halfOfSums(v, slope)
	default:
		return halfOfSlices(v, squares, min(max(r+(1+4*r)/n, 0), 0.95))
	}
}

// correlation is the sum of the squared distances from a middle, and the correlation of neighbours.
func correlation(v []float64, middle float64) (squares, r float64) {
	for i, x := range v {
		squares += (x - middle) * (x - middle)
		if i > 0 {
			r += (x - middle) * (v[i-1] - middle)
		}
	}
	if squares > 0 {
		r /= squares
	}
	return squares, r
}

// halfOfSlices takes the slices for a rate that does not quite forget from one to the next (a first-order autoregressive
// series): n of them tell no more than n (1-r)/(1+r) independent ones would.
func halfOfSlices(v []float64, squares, r float64) float64 {
	weights := 0.0
	for i := range v {
		weights += weight(i, len(v)) * weight(i, len(v))
	}
	n := float64(len(v))
	return student(n*(1-r)/(1+r)-1) * math.Sqrt(squares/(n-1)*weights*(1+r)/(1-r))
}

// halfOfSums takes the distances of the sums of the slices from the straight line through them for the noise: the line's
// rate is constant, and what is seen of it late is not lost.
func halfOfSums(v []float64, slope float64) float64 {
	sums := make([]float64, len(v)+1)
	for i, x := range v {
		sums[i+1] = sums[i] + x - slope
	}
	squares, r := correlation(sums, mean(sums))
	n := float64(len(sums))
	r = min(max(r+(3+4*r)/n, 0), 0.95)
	spread := (n*n*n - n) / 12
	return student(max(n*(1-r)/(1+r)-2, 2)) * math.Sqrt(squares/(n-2)*(1+r)/(1-r)/spread)
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
	// precise is the half width at which a figure is good enough whatever it decides, as a share of it; its drift must
	// not be more than twice that: then the one half is as far from the figure as the other.
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

func (f figure) steady() bool { return f.within <= precise*f.rate && f.drift <= 2*precise*f.rate }

func (r rule) certain(f figure) bool {
	for _, d := range r.decisive {
		if math.Abs(f.rate-d) <= 2*f.within+f.drift {
			return false
		}
	}
	return len(r.decisive) > 0 && 2*f.within+f.drift < f.rate/2
}
