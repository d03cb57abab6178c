package call

import (
	"context"
	"time"

	"deskready/checks"
)

const (
	wayLimit  = 5 * time.Second        // for each way to show that it works
	headStart = 600 * time.Millisecond // for better ways, once a worse one works
)

// tried is what became of one way; way is nil where it does not work.
type tried struct {
	rank int
	way  *way
}

// try opens a way and makes sure that it leads to the office.
func (o opener) try(ctx context.Context) *way {
	ctx, cancel := context.WithTimeout(ctx, wayLimit)
	defer cancel()
	w, err := o.open(ctx)
	if err != nil {
		return nil
	}
	stop := context.AfterFunc(ctx, w.close)
	err = probe(ctx, w)
	if !stop() || err != nil {
		w.close()
		return nil
	}
	return w
}

// race tries all ways at once and takes the best that works. Once a worse one works, better ones get a head start: as long again
// as it took, for on a line with long round trips everything takes its time.
func race(ctx context.Context, list []opener) (*way, error) {
	began := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan tried, len(list))
	pending := make([]bool, len(list))
	ways := make([]*way, len(list))
	for rank, o := range list {
		pending[rank] = true
		go func() { results <- tried{rank, o.try(ctx)} }()
	}
	var over <-chan time.Time
	left := len(list)
	for left > 0 && !decided(ways, pending) {
		select {
		case r := <-results:
			left--
			pending[r.rank], ways[r.rank] = false, r.way
			if r.way != nil && over == nil {
				over = time.After(max(headStart, time.Since(began)))
			}
		case <-over:
			clear(pending)
		case <-ctx.Done():
			clear(pending)
		}
	}
	stopped := ctx.Err()
	cancel()
	go func() {
		for range left {
			if r := <-results; r.way != nil {
				r.way.close()
			}
		}
	}()
	return pick(stopped, ways)
}

// decided says whether the best way that works is known.
func decided(ways []*way, pending []bool) bool {
	for i := range ways {
		if ways[i] != nil || pending[i] {
			return ways[i] != nil
		}
	}
	return true
}

// pick takes the best way, and closes the others.
func pick(stopped error, ways []*way) (*way, error) {
	var best *way
	for _, w := range ways {
		switch {
		case w == nil:
		case best == nil && stopped == nil:
			best = w
		default:
			w.close()
		}
	}
	switch {
	case stopped != nil:
		return nil, stopped
	case best == nil:
		return nil, &checks.Problem{Code: CodeNoPath, Side: checks.SideLine}
	}
	return best, nil
}
