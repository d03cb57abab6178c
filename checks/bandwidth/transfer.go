package bandwidth

import (
	"context"
	"io"
	"net/http"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// length is how long speedtest-go is told to go on: a little longer than we do, so that it is always we who end it.
func (o Options) length() time.Duration { return o.Direction + 2*o.Patience }

// transferDown measures the download: bytes are counted as they are read here.
func transferDown(ctx context.Context, o Options, to target, live func(float64)) (outcome, error) {
	lines := o.lines(o.Connections)
	defer lines.CloseIdleConnections()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errOver)
	p := &phase{through: to.guard(lines, 0, 0), send: fetch, width: narrow, budget: o.Bytes, cancel: cancel}
	engine := newEngine(p.transport(ctx), o.Connections, o.length())
	drive := func(ctx context.Context) {
		_ = server(engine, to.url).DownloadTestContext(context.WithoutCancel(ctx)) // never an error
	}
	if err := p.run(ctx, o, drive, func() float64 { return p.moved.tally().live() }, live); err != nil {
		return outcome{}, err
	}
	t := p.moved.tally()
	if !p.capped() {
		t = t.downTo(o.Direction)
	}
	return measured(download, t, p)
}

// measured makes a measurement of what was counted.
func measured(m checks.Metric, t tally, p *phase) (outcome, error) {
	rate, ok := t.throughput(p.capped())
	if !ok {
		return outcome{}, errFew
	}
	got := m.Of("", rate)
	got.Samples = t.slices()
	return outcome{got, p.late}, nil
}

// An outcome is a measurement, and how long this computer was too busy to attend to it.
type outcome struct {
	measurement checks.Measurement
	late        time.Duration
}

// fetch sends one download request and counts its body as it is read.
func fetch(ctx context.Context, p *phase, req *http.Request) (*http.Response, error) {
	const least = 2 << 20 // what one picture of speedtest-go's choice holds, roughly
	if !p.claim(ctx, least) {
		return nil, errOver
	}
	resp, err := p.through.RoundTrip(req.Clone(ctx))
	if err != nil {
		p.release()
		return nil, err
	}
	if resp.ContentLength <= 0 || resp.ContentLength > 4*least {
		_ = resp.Body.Close()
		p.release()
		return nil, &checks.Problem{Code: office.CodeGarbled, Detail: "length", Side: checks.SideUnknown}
	}
	resp.Body = &counted{body: resp.Body, phase: p, left: resp.ContentLength}
	return resp, nil
}

// counted counts what is read of a download.
type counted struct {
	body  io.ReadCloser
	phase *phase
	left  int64
	ended bool
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.body.Read(b)
	c.phase.moved.add(time.Now(), int64(n))
	c.left -= int64(n)
	if err != nil && !c.ended {
		c.ended = true
		c.phase.release()
		if c.left == 0 {
			c.phase.succeeded()
		} else {
			c.phase.failed(err)
		}
	}
	return n, err
}

func (c *counted) Close() error { return c.body.Close() }
