package bandwidth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// uploads is what the far end says of the bytes that were sent to it. What was handed to the network says little: on a
// slow line much of it is still in the buffers of this computer.
type uploads struct {
	desk  *desk // the office end counts what it reads; nil for public servers, which only acknowledge whole requests
	block []byte
	low   bool
	acked series
	size  atomic.Int64 // of the next request to a public server
	heard *heard       // the office end's latest count
}

const (
	maxReply = 1 << 10 // of an upload
	// Requests to public servers are made to last about as long as acked, so that on a slow line there are enough of
	// them to tell a rate from, and on a fast line few.
	ackedEach = 400 * time.Millisecond
	mostPost  = 1 << 20
	lastAcks  = 4 * time.Second // how long the last acknowledgements of a public server are waited for
)

// transferUp measures the upload by the word of the far end.
func transferUp(ctx context.Context, o Options, to target, b *beside, live func(float64)) (outcome, error) {
	lines := o.lines(o.Connections)
	defer lines.CloseIdleConnections()
	outer := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errOver)
	u := &uploads{desk: to.desk, block: newBlock(), low: o.LowData}
	u.size.Store(leastBody)
	p := o.phase(to, lines, maxReply)
	p.send, p.cancel, p.swollen = u.post, cancel, b.swollen
	if u.desk == nil {
		p.tail = lastAcks
		if p.limit > 0 { // whole requests alone count: none is cut off
			p.limit, p.budget = 0, p.limit
		}
	}
	engine := newEngine(p.transport(ctx), o.Connections, o.length())
	drive := func(ctx context.Context) {
		_ = server(engine, to.url).UploadTestContext(context.WithoutCancel(ctx)) // never an error
	}
	u.heard = u.desk.listen(ctx, o)
	began := time.Now()
	if err := p.run(ctx, o, drive, u.look, o.rule(upload), live); err != nil {
		return outcome{}, to.blame(outer, err)
	}
	lasted := p.moved.age(time.Now())
	t, err := u.final(outer, lasted)
	if err != nil {
		return outcome{}, err
	}
	if !p.capped() {
		t = t.downTo(lasted - time.Second/2) // the far end began a little later
	}
	return measured(upload, t, p, began)
}

// body is how many bytes the next upload holds.
func (u *uploads) body(asked int64, short bool, p *phase) int64 {
	switch {
	case u.desk == nil:
		return u.size.Load()
	case u.low:
		return lowBody
	case short:
		return min(max(p.brief(), leastBody), bigBody)
	}
	return max(asked, bigBody)
}

// post sends one upload request with a body of ours. It counts when the far end says that it has read all of it.
func (u *uploads) post(ctx context.Context, p *phase, req *http.Request) (*http.Response, error) {
	short := false
	if u.desk != nil && !u.low {
		if short = p.takeShort(); short {
			defer p.dropShort()
		}
	}
	size := u.body(req.ContentLength, short, p)
	if !p.claim(ctx, size) {
		return nil, errOver
	}
	defer p.release()
	out := req.Clone(ctx)
	out.Body, out.ContentLength = io.NopCloser(newFiller(u.block, size, p)), size
	began := time.Now()
	resp, err := p.through.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	reply, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	if n, err := parseSize(string(reply)); err != nil || u.desk != nil && n != size {
		return nil, &checks.Problem{Code: office.CodeGarbled, Detail: "upload reply", Side: checks.SideUnknown}
	}
	took := time.Since(began)
	u.acked.spread(began, began.Add(took), size)
	u.size.Store(min(max(size*int64(ackedEach)/max(int64(took), 1), leastBody), mostPost))
	p.succeeded()
	if short {
		p.ask(ctx, req)
	}
	resp.Body = http.NoBody
	return resp, nil
}

// ask times a small request on the connection that has just carried an upload: of all connections only that one is free.
func (p *phase) ask(ctx context.Context, like *http.Request) {
	at := *like.URL
	at.Path = path.Join(path.Dir(at.Path), "latency.txt")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return
	}
	req, after := timed(req)
	resp, err := p.through.RoundTrip(req)
	if err != nil {
		return // what is wrong here is wrong with the uploads, which say it
	}
	_ = resp.Body.Close()
	if took, warm := after(); warm {
		p.answered(took)
	}
}

var errSize = errors.New("not size=N")

// parseSize reads what upload.php answers: "size=" and how many bytes it has read.
func parseSize(reply string) (int64, error) {
	digits, ok := strings.CutPrefix(strings.TrimSpace(reply), "size=")
	if !ok || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return 0, errSize
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 {
		return 0, errSize
	}
	return n, nil
}

// look is the latest count.
func (u *uploads) look() tally {
	if u.desk == nil {
		return u.acked.tally()
	}
	return u.heard.latest(false)
}

// final is the far end's count when all is over.
func (u *uploads) final(ctx context.Context, lasted time.Duration) (tally, error) {
	if u.desk == nil {
		return u.acked.tally().upTo(lasted), nil
	}
	c, err := u.desk.counts(ctx)
	return c.Up, err
}
