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
	tail    time.Duration // how long requests at work may go on when the time is over
	cancel  context.CancelCauseFunc

	mu     sync.Mutex
	budget int64 // bytes that requests may still ask for
	open   int   // requests at work
	width  int   // how many of them there may be
	good   int
	bad    int
	spent  bool // no more requests
	timed  bool // because the time was over, and not for the budget

	late time.Duration // how long this process did not get to run, in sum: only of the goroutine of run
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

// narrow is the number of connections of a slow line: more would only push each other's packets out of its queue, and
// make the rate of a quarter of a second a matter of chance. Faster lines are widened, so that lost packets do not decide.
const (
	narrow    = 4
	wideAbove = 2.5e6 // bit/s
)

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

func (p *phase) widen(n int) {
	p.mu.Lock()
	p.width = max(p.width, n)
	p.mu.Unlock()
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
	return p.spent && !p.timed
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

// run drives the phase to its end: its time, its bytes, an error, or silence. Only the first two are no error.
func (p *phase) run(ctx context.Context, o Options, drive func(context.Context), rate func() float64,
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
		case <-beat.C:
			now := time.Now() // not the ticker's: it may have waited for us
			if gap := now.Sub(before); gap > 2*tick {
				p.late += gap - tick
			}
			before = now
			idle, moving := p.moved.idle(now)
			switch {
			case p.over(p.moved.age(now), o.Direction):
				p.cancel(errOver)
				return nil
			case moving && idle > o.Patience:
				p.cancel(errStall)
				return errStall
			case !moving && now.Sub(began) > o.Patience:
				p.cancel(errMute)
				return errMute
			}
			if n%5 == 0 {
				now := rate()
				if live(now); now > wideAbove {
					p.widen(o.Connections)
				}
			}
		}
	}
}
