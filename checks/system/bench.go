package system

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"deskready/checks"
)

// A round is a fixed piece of work of the kinds that browsers do: sorting (branches that cannot be foretold),
// arithmetic on floating point numbers, going through memory in no order, and reading text. It uses no instruction that
// some processors have and others lack for one purpose, such as encryption: a browser would gain nothing by those.
type round struct {
	numbers []uint32  // 8 KiB
	matrix  []float64 // 24 by 24
	next    []uint32  // 512 KiB: more than the nearest cache holds
	text    []byte    // 16 KiB
}

const (
	roundNumbers = 2 << 10
	roundSide    = 24
	roundJumps   = 8 << 10
	roundTable   = 128 << 10
	roundText    = 16 << 10
)

func newRound() *round {
	r := &round{
		numbers: make([]uint32, roundNumbers), matrix: make([]float64, roundSide*roundSide),
		next: make([]uint32, roundTable), text: make([]byte, roundText),
	}
	x := uint32(1)
	for i := range r.next {
		r.next[i] = uint32(i)
	}
	for i := len(r.next) - 1; i > 0; i-- { // Sattolo's shuffle: one cycle through all
		x = step(x)
		j := int(x % uint32(i))
		r.next[i], r.next[j] = r.next[j], r.next[i]
	}
	for i := range r.text {
		x = step(x)
		r.text[i] = byte(x >> 24)
	}
	return r
}

// step is a generator of numbers (G. Marsaglia, Xorshift RNGs, 2003), the same on every computer.
func step(x uint32) uint32 {
	x ^= x << 13
	x ^= x >> 17
	return x ^ x<<5
}

// do does the work, and gives a sum of it that is always the same: nobody can leave it out.
func (r *round) do() uint64 {
	x := uint32(2463534242)
	for i := range r.numbers {
		x = step(x)
		r.numbers[i] = x
	}
	slices.Sort(r.numbers)
	sum := uint64(r.numbers[len(r.numbers)/2])
	sum += r.multiply()
	at := uint32(0)
	for range roundJumps {
		at = r.next[at]
	}
	sum += uint64(at)
	hash := uint64(14695981039346656037) // FNV-1a
	for _, b := range r.text {
		hash = (hash ^ uint64(b)) * 1099511628211
	}
	return sum ^ hash
}

// multiply squares a matrix twice. Its elements stay between 0 and 1, and exact to the bit on every computer: each step
// is rounded by its own conversion, so that none is joined with the next (Go specification, floating-point operators).
func (r *round) multiply() uint64 {
	for i := range r.matrix {
		r.matrix[i] = float64(i%7+1) / 8
	}
	out := make([]float64, len(r.matrix))
	for range 2 {
		for i := range roundSide {
			for j := range roundSide {
				sum := 0.0
				for k := range roundSide {
					sum += float64(r.matrix[i*roundSide+k] * r.matrix[k*roundSide+j])
				}
				out[i*roundSide+j] = float64(math.Sqrt(sum) / roundSide)
			}
		}
		copy(r.matrix, out)
	}
	return math.Float64bits(r.matrix[roundSide+1])
}

// How long the processor is tried with one core, and then with all of them: in spells that are shorter than what other
// programs are given of it at a time, so that the best of them was not shared. What is done before all cores are at work
// does not count.
const (
	trySpan    = 300 * time.Millisecond
	settleSpan = 20 * time.Millisecond
	spellSpan  = 2 * time.Millisecond
)

// rounds counts the rounds a second that so many workers do together.
func rounds(ctx context.Context, workers int) (float64, error) {
	all := make([]*round, max(workers, 1))
	for i := range all {
		all[i] = newRound()
	}
	want := all[0].do()
	best, errs := make([]float64, len(all)), make([]error, len(all))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, r := range all {
		wg.Go(func() {
			<-start
			best[i], errs[i] = r.best(ctx, want)
		})
	}
	close(start)
	wg.Wait()
	sum := 0.0
	for i, b := range best {
		if errs[i] != nil {
			return 0, errs[i]
		}
		sum += b
	}
	return sum, nil
}

// best is what was done in the best spell, in rounds a second.
func (r *round) best(ctx context.Context, want uint64) (float64, error) {
	best := 0.0
	for began := time.Now(); best == 0 || time.Since(began) < trySpan; {
		settled := time.Since(began) >= settleSpan
		perSecond, right := r.spell(want)
		switch {
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case !right:
			return 0, unreadable("the processor reckoned the same sum in two ways")
		case settled:
			best = max(best, perSecond)
		}
	}
	return best, nil
}

// spell does rounds for a spell. It begins when the clock moves on: some clocks of Windows do so every 15 ms only.
func (r *round) spell(want uint64) (perSecond float64, right bool) {
	began := time.Now()
	for since := began; began.Equal(since); {
		began = time.Now()
	}
	for n := 1; ; n++ {
		if r.do() != want {
			return 0, false
		}
		if took := time.Since(began); took >= spellSpan {
			return float64(n) / took.Seconds(), true
		}
	}
}

// threads is how many threads the processor runs at once.
func (m machine) threads() int { return runtime.NumCPU() }

// ofSpeed tries the processor. What it could still do while the other programs go on is reckoned from how busy it was.
func (m machine) ofSpeed(ctx context.Context, tell checks.Progress, busy checks.Measurement) []checks.Measurement {
	var out []checks.Measurement
	tell(checks.Event{Step: "system.step.speed", Done: watchShare, Left: trialSpan})
	one, err := guarded(ctx, answerIn, func(ctx context.Context) (float64, error) { return m.bench(ctx, 1) })
	if err != nil {
		return missing(problem(err), cpuSpeed, cpuSpeedAll, headroomCPU)
	}
	out = append(out, cpuSpeed.Of("", one))
	tell(checks.Event{Step: "system.step.speed", Done: 0.6, Left: trialSpan * 2 / 3, Metric: cpuSpeed.ID, Value: one})
	all, err := guarded(ctx, answerIn, func(ctx context.Context) (float64, error) { return m.bench(ctx, m.threads()) })
	if err != nil {
		return append(out, missing(problem(err), cpuSpeedAll, headroomCPU)...)
	}
	all = max(all, one) // with all of them at work, a core is slower, but more of them are not slower than one
	out = append(out, cpuSpeedAll.Of("", all))
	if busy.Missing != nil {
		return append(out, headroomCPU.Missing("", busy.Missing))
	}
	return append(out, headroomCPU.Of("", all*(1-busy.Value)))
}
