package bandwidth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// A phase is one stretch of transfer in one direction. It is the transport under speedtest-go while it lasts, and ends
// it: speedtest-go neither looks at statuses nor hears of cancellation, and asks again at once when a request fails.
// After the end of the phase each of its requests is held until it has noticed by itself that its time is over.
type phase struct {
	through http.RoundTripper // to the far end, guarded
	send    func(ctx context.Context, p *phase, req *http.Request) (*http.Response, error)
	moved   series        // bytes read here, or handed to the network
	limit   int64         // bytes that end the phase; zero: none
	full    chan struct{} // closed when they are there
	tail    time.Duration // how long requests at work may go on when the time is over
	cancel  context.CancelCauseFunc
	swollen func(since time.Time) (float64, bool) // seconds that the round trip is longer than on the idle line; nil: unknown

	mu     sync.Mutex
	budget int64 // bytes that requests may still ask for
	open   int   // requests at work
	width  int   // how many of them there may be
	good   int
	bad    int
	spent  bool // no more requests
	timed  bool // because the time was over, and not for the budget
	filled bool // full is closed
	short  bool // one request at work is a short one: its connection shows how long a loaded connection takes to answer
	rate   float64
	selves []float64 // seconds: such answers

	// Of the goroutine of run, and of others after its end.
	late    time.Duration // how long this process did not get to run, in sum
	settled bool          // the rule of early stopping ended it
}

var (
	errOver  = errors.New("the phase is over")
	errStall = &checks.Problem{Code: checks.CodeTimeout, Detail: "stalled", Side: checks.SideLine}
	errFew   = &checks.Problem{Code: checks.CodeTimeout, Detail: "too few bytes", Side: checks.SideUnknown}
	errMute  = &checks.Problem{Code: checks.CodeTimeout, Detail: "no answer", Side: checks.SideUnknown}
)

// ways is a round tripper made of a function.
type ways func(*http.Request) (*http.Response, error)

func (w ways) RoundTrip(req *http.Request) (*http.Response, error) { return w(req) }

// transport is what speedtest-go is given. ctx is the phase's.
func (p *phase) transport(ctx context.Context) http.RoundTripper {
	return ways(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			_ = req.Body.Close() // ours is sent in its place
		}
		if ctx.Err() == nil {
			own, cancel := context.WithCancel(req.Context())
			stop := context.AfterFunc(ctx, cancel)
			resp, err := p.send(own, p, req)
			if err == nil {
				resp.Body = &leaving{ReadCloser: resp.Body, leave: func() { stop(); cancel() }}
				return resp, nil
			}
			stop()
			cancel()
			if ctx.Err() == nil && !errors.Is(err, errOver) {
				p.failed(err)
				return nil, err
			}
		}
		<-req.Context().Done()
		return nil, req.Context().Err()
	})
}

// leaving calls back once when the body is closed.
type leaving struct {
	io.ReadCloser
	leave func()
	once  sync.Once
}

func (l *leaving) Close() error {
	defer l.once.Do(l.leave)
	return l.ReadCloser.Close()
}

// The number of connections. A slow line gets few: more would only push each other's packets out of its queue, and make
// the rate of a quarter of a second a matter of chance. A faster line gets more, so that neither one lost packet nor one
// slow connection decides. A line whose queue stays empty under the load is not full, however slow it is, because losses
// keep TCP down: it gets more, too, as long as that lasts.
const (
	narrow    = 2
	few       = 4
	middle    = 8
	fewAbove  = 0.7e6 // bit/s
	midAbove  = 2.5e6 // bit/s
	wideAbove = 10e6  // bit/s
	wideAfter = 750 * time.Millisecond
	wideUntil = 4 * time.Second
	emptyTill = 10 * time.Millisecond // a round trip that grew by less tells of an empty queue
)

// wider is how many connections there should be.
func (p *phase) wider(now time.Time, most int) int {
	age := p.moved.age(now)
	switch {
	case p.rate > wideAbove && age > wideAfter:
		return most
	case p.swollen != nil && age > wideAfter+slice && age < wideUntil:
		if more, known := p.swollen(now.Add(-time.Second)); known && more < emptyTill.Seconds() {
			return min(p.width+2, most)
		}
	}
	switch {
	case p.rate > midAbove:
		return min(middle, most)
	case p.rate > fewAbove:
		return min(few, most)
	}
	return min(narrow, most)
}

// count counts bytes, and ends the phase when there are enough of them.
func (p *phase) count(n int) {
	if total := p.moved.add(time.Now(), int64(n)); p.limit <= 0 || total < p.limit {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.filled {
		p.filled = true
		close(p.full)
	}
}

// takeShort is whether the next request is to be a short one; dropShort ends that.
func (p *phase) takeShort() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.short
	p.short = true
	return !taken
}

func (p *phase) dropShort() {
	p.mu.Lock()
	p.short = false
	p.mu.Unlock()
}

// brief is about how many bytes one connection carries in half a second.
func (p *phase) brief() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(p.rate / 8 / float64(2*max(p.open, 1)))
}

func (p *phase) answered(after time.Duration) {
	p.mu.Lock()
	p.selves = append(p.selves, after.Seconds())
	p.mu.Unlock()
}

// claim takes bytes from the budget for one request, and waits where enough requests are at work. False: no more.
func (p *phase) claim(ctx context.Context, n int64) bool {
	for ctx.Err() == nil {
		if ok, wait := p.try(n); !wait {
			return ok
		}
		select {
		case <-ctx.Done():
		case <-time.After(tick):
		}
	}
	return false
}

func (p *phase) try(n int64) (ok, wait bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spent = p.spent || p.budget < n; p.spent {
		return false, false
	}
	if p.open >= p.width {
		return false, true
	}
	p.budget -= n
	p.open++
	return true, false
}

// release ends a request.
func (p *phase) release() {
	p.mu.Lock()
	p.open--
	p.mu.Unlock()
}

// over tells that the phase may end, its length being over or its budget spent.
func (p *phase) over(age, length time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if age >= length && !p.spent {
		p.spent, p.timed = true, true
	}
	return p.spent && p.open == 0 || age >= length+p.tail
}

// capped tells that all the bytes came before the time was over.
func (p *phase) capped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.filled || p.spent && !p.timed
}

func (p *phase) succeeded() {
	p.mu.Lock()
	p.good++
	p.mu.Unlock()
}

// failed gives the phase up when more went wrong than a rare broken connection: a rate that was measured between
// errors says nothing about the line.
func (p *phase) failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bad++; p.bad > 1+p.good/10 {
		p.cancel(office.Explain(err))
	}
}

// run drives the phase to its end: its time, its bytes, a figure that is good enough, an error, or silence. Only the
// first three are no error. look is the count that decides.
func (p *phase) run(ctx context.Context, o Options, drive func(context.Context), look func() tally, r rule,
	live func(float64)) error {
	go drive(ctx) // returns some time after the end: nobody waits for it
	began := time.Now()
	before := began
	beat := time.NewTicker(tick)
	defer beat.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.full:
			p.cancel(errOver)
			return nil
		case <-beat.C:
			now := time.Now() // not the ticker's: it may have waited for us
			if gap := now.Sub(before); gap > 2*tick {
				p.late += gap - tick
			}
			before = now
			if over, err := p.ended(now, began, o); over {
				p.cancel(err)
				if err == errOver {
					return nil
				}
				return err
			}
			if n%5 == 0 && p.consider(now, o, look(), r, live) {
				p.cancel(errOver)
				return nil
			}
		}
	}
}

// ended tells whether the phase is over, and why: errOver where all is well.
func (p *phase) ended(now, began time.Time, o Options) (bool, error) {
	idle, moving := p.moved.idle(now)
	switch {
	case p.over(p.moved.age(now), o.Direction):
		return true, errOver
	case moving && idle > o.Patience:
		return true, errStall
	case !moving && now.Sub(began) > o.Patience:
		return true, errMute
	}
	return false, nil
}

// consider tells the rate, chooses the number of connections, and says whether the figure is good enough.
func (p *phase) consider(now time.Time, o Options, t tally, r rule, live func(float64)) bool {
	rate := t.live()
	live(rate)
	p.mu.Lock()
	p.rate = rate
	p.mu.Unlock()
	width := p.wider(now, o.Connections) // asks others: not under the lock
	p.mu.Lock()
	p.width = max(p.width, width)
	p.mu.Unlock()
	p.settled = r.stops(t.slices())
	return p.settled
}
