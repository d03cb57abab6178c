package bandwidth

import (
	"context"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"path"
	"sync/atomic"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

const (
	lowEach   = 1_750_000 // bytes of each direction under LowData: with headers, connections and probes 4.2 MB in all
	lowBody   = 128 << 10 // of one upload then
	bigBody   = 8 << 20   // of one upload to the office end
	leastBody = 32 << 10
)

// length is how long speedtest-go is told to go on: a little longer than we do, so that it is always we who end it.
func (o Options) length() time.Duration { return o.Direction + 2*o.Patience }

// rule is when a direction may end early.
func (o Options) rule(m checks.Metric) rule {
	if o.Exact {
		return rule{}
	}
	return rule{least: min(early, o.Direction), decisive: o.Decisive[m.ID]}
}

// phase is one as the options want it.
func (o Options) phase(to target, lines *http.Transport, small int64) *phase {
	p := &phase{
		through: to.guard(lines, small, 0), width: min(narrow, o.Connections), budget: math.MaxInt64,
		full: make(chan struct{}), limit: o.Bytes,
	}
	switch {
	case o.Exact:
		p.limit = 0
	case o.LowData:
		p.budget = min(o.Bytes, lowEach)
		p.limit = 0
	}
	return p
}

// transferDown measures the download: bytes are counted as they are read here.
func transferDown(ctx context.Context, o Options, to target, b *beside, live func(float64)) (outcome, error) {
	lines := o.lines(o.Connections)
	defer lines.CloseIdleConnections()
	outer := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errOver)
	p := o.phase(to, lines, 0)
	f := &fetcher{own: to.desk != nil, low: o.LowData}
	p.send, p.cancel, p.swollen = f.fetch, cancel, b.swollen
	engine := newEngine(p.transport(ctx), o.Connections, o.length())
	drive := func(ctx context.Context) {
		_ = server(engine, to.url).DownloadTestContext(context.WithoutCancel(ctx)) // never an error
	}
	far := to.desk.listen(ctx, o)
	look := func() tally { return agreed(p.moved.tally(), far.latest(true)) }
	began := time.Now()
	if err := p.run(ctx, o, drive, look, o.rule(download), live); err != nil {
		return outcome{}, to.blame(outer, err)
	}
	lasted := p.moved.age(time.Now())
	t := p.moved.tally()
	if !p.capped() {
		t = t.downTo(lasted)
	}
	if to.desk != nil {
		if c, err := to.desk.ask(outer, http.MethodGet, "counts"); err == nil && c.Kernel != nil {
			t = agreed(t, c.Down.upTo(lasted))
		}
	}
	return measured(download, t, p, began)
}

// agreed is the count of what arrived here that is the better one for a rate. The office's system knows of each segment
// when it arrives here, by the selective acknowledgements; this program only when all before it have come, and when it
// gets to run. The office is believed where its sum is that of what was read here, give or take a twentieth and what was
// on its way.
func agreed(here, far tally) tally {
	const under = 64 << 10
	if len(far.Ticks) < len(here.Ticks)-int(time.Second/tick) || len(far.Ticks) == 0 {
		return here
	}
	upTo := min(here.whole(), far.whole())
	a, b := sum(here.Ticks[:upTo]), sum(far.Ticks[:upTo])
	if off := max(a-b, b-a); off > max(under, a/20) {
		return here
	}
	return far
}

// An outcome is a measurement, and what else is known of its phase.
type outcome struct {
	measurement checks.Measurement
	late        time.Duration // how long this computer was too busy to attend to it
	began       time.Time
	from, to    time.Time // the time that the rate was taken from, without the shortest warm-up
	selves      []float64 // seconds that loaded connections took to answer
	settled     bool      // the figure was good enough before the time was over
}

// measured makes a measurement of what was counted.
func measured(m checks.Metric, t tally, p *phase, began time.Time) (outcome, error) {
	capped := p.capped()
	f, ok := t.throughput(capped)
	if !ok {
		return outcome{}, errFew
	}
	got := m.Of("", f.rate)
	got.Samples = t.slices()
	if !math.IsInf(f.within, 0) {
		got.Within = f.within
	}
	got.AtLeast = capped && (f.within == 0 || !f.steady())
	p.mu.Lock()
	selves := p.selves
	p.mu.Unlock()
	return outcome{measurement: got, late: p.late, began: began,
		from: p.moved.start().Add(warm), to: time.Now(), selves: selves, settled: p.settled}, nil
}

// A fetcher sends the downloads.
type fetcher struct {
	own bool // the far end is an office end: it has all of our pictures, and would rather not be asked often
	low bool
}

// fetch sends one download request and counts its body as it is read. The office end is asked for long pictures, so that
// connections do not wait for the next one in the middle of it all; one connection gets short ones, which show how long
// a loaded connection takes to answer. Public servers are asked for what speedtest-go chose.
func (f *fetcher) fetch(ctx context.Context, p *phase, req *http.Request) (*http.Response, error) {
	side, short := f.choose(p)
	size := sizes()[side]
	drop := func() {
		if short {
			p.dropShort()
		}
	}
	if !p.claim(ctx, size) {
		drop()
		return nil, errOver
	}
	done := func() { p.release(); drop() }
	out, after := timed(req.Clone(ctx))
	if side != usual {
		out.URL.Path = path.Join(path.Dir(out.URL.Path), pictureName(side))
	}
	resp, err := p.through.RoundTrip(out)
	if err != nil {
		done()
		return nil, err
	}
	if resp.ContentLength <= 0 || resp.ContentLength > 4*size {
		_ = resp.Body.Close()
		done()
		return nil, &checks.Problem{Code: office.CodeGarbled, Detail: "length", Side: checks.SideUnknown}
	}
	if took, warm := after(); short && warm {
		p.answered(took)
	}
	resp.Body = &counted{body: resp.Body, phase: p, left: resp.ContentLength, done: done}
	return resp, nil
}

// choose is the side of the next picture, and whether it is a short one.
func (f *fetcher) choose(p *phase) (side int, short bool) {
	switch {
	case f.low:
		return 350, false
	case !f.own:
		return usual, false
	case p.takeShort():
		return p.side(), true
	}
	return 4000, false
}

// usual is the side of the pictures that speedtest-go asks for.
const usual = 1000

// side is that of a picture that takes one connection about half a second.
func (p *phase) side() int {
	want, best := p.brief(), 350
	for side, size := range sizes() {
		if size <= want && side > best {
			best = side
		}
	}
	return best
}

// timed lets a request tell how long its answer took to begin, and whether its connection was there already.
func timed(req *http.Request) (*http.Request, func() (time.Duration, bool)) {
	var sent, back atomic.Int64 // the trace is called by goroutines of the transport
	var warm atomic.Bool
	began := time.Now()
	trace := &httptrace.ClientTrace{
		GotConn:              func(i httptrace.GotConnInfo) { warm.Store(i.Reused) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { sent.Store(int64(time.Since(began))) },
		GotFirstResponseByte: func() { back.Store(int64(time.Since(began))) },
	}
	return req.WithContext(httptrace.WithClientTrace(req.Context(), trace)), func() (time.Duration, bool) {
		took := time.Duration(back.Load() - sent.Load())
		return took, warm.Load() && sent.Load() > 0 && took > 0
	}
}

// counted counts what is read of a download.
type counted struct {
	body  io.ReadCloser
	phase *phase
	left  int64
	ended bool
	done  func()
}

// Read reads all there is at the first call: speedtest-go's own buffer is small, and its reading takes locks.
func (c *counted) Read([]byte) (int, error) {
	if c.ended {
		return 0, io.EOF
	}
	buf := make([]byte, most)
	for {
		n, err := c.body.Read(buf)
		if n > 0 {
			c.phase.count(n)
		}
		if c.left -= int64(n); err == nil {
			continue
		}
		c.ended = true
		c.done()
		if c.left == 0 {
			c.phase.succeeded()
		} else {
			c.phase.failed(err)
		}
		return 0, err
	}
}

func (c *counted) Close() error { return c.body.Close() }
