package audio

// clipped is the share of samples in runs of three or more at a ceiling: one such sample may be music, three in a row
// are a flat top.
func clipped(x []float64) float64 {
	const least = 3
	up, down := ceiling(x, 1), ceiling(x, -1)
	total, run := 0, 0
	for _, v := range x {
		if v >= up || v <= -down {
			if run++; run == least {
				total += least
			} else if run > least {
				total++
			}
			continue
		}
		run = 0
	}
	return float64(total) / float64(max(len(x), 1))
}

// ceiling is from where on samples of one sign are cut off: two 16-bit steps under full scale, or under the highest
// sample where a volume control stands behind the cut. There more samples crowd at the top than in ten times as much
// below it; the round top of a tone has half as many there, a voice one or two.
func ceiling(x []float64, sign float64) float64 {
	const full, crowd, steps = 1 - 2*step16, 20, 100
	top := 0.0
	for _, v := range x {
		top = max(top, sign*v)
	}
	if top >= full || top < steps*step16 {
		return full
	}
	at, below := 0, 0
	for _, v := range x {
		if v *= sign; v >= top-2*step16 {
			at++
		} else if v >= top-22*step16 {
			below++
		}
	}
	if at < crowd || at < below {
		return full
	}
	return top - 2*step16
}

// holes are stretches of exact zeros inside the signal where samples were lost, in order.
type holes [][2]int

// findHoles finds runs of exact zeros of 10 ms and more, and tells lost samples from a noise gate: a gate opens and
// closes where nobody speaks, a loss cuts anywhere. Only where a third of the runs have the full voice (within 20 dB of
// the whole) right up to both their edges is it loss.
func findHoles(x []float64, rate int) holes {
	var found holes
	least, beside := max(rate/100, 2), max(rate/200, 1)
	start, seen, cut := -1, false, 0
	level := power(x)
	for i, v := range x {
		if v == 0 {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 && seen && i-start >= least {
			found = append(found, [2]int{start, i})
			before, after := power(x[max(start-beside, 0):start]), power(x[i:min(i+beside, len(x))])
			if before > level/100 && after > level/100 {
				cut++
			}
		}
		start, seen = -1, true
	}
	if 3*cut < len(found) || cut == 0 {
		return nil
	}
	return found
}

func (h holes) ratio(samples int) float64 {
	n := 0
	for _, r := range h {
		n += r[1] - r[0]
	}
	return float64(n) / float64(max(samples, 1))
}

func (h holes) touch(from, to int) bool {
	for _, r := range h {
		if r[0] < to && r[1] > from {
			return true
		}
	}
	return false
}
