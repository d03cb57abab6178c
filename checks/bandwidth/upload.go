package bandwidth

import (
	"context"
	crand "crypto/rand"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
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
	seed  [32]byte
	acked series
	size  atomic.Int64          // of the next request to a public server
	heard atomic.Pointer[tally] // the office end's latest count
}

const (
	maxReply = 1 << 10 // of an upload
	// Requests to public servers are made to last about as long as acked, so that on a slow line there are enough of
	// them to tell a rate from, and on a fast line few.
	ackedEach = 400 * time.Millisecond
	leastPost = 32 << 10
	mostPost  = 1 << 20
	lastAcks  = 4 * time.Second // how long the last acknowledgements of a public server are waited for
)

// transferUp measures the upload by the word of the far end.
func transferUp(ctx context.Context, o Options, to target, live func(float64)) (outcome, error) {
	lines := o.lines(o.Connections)
	defer lines.CloseIdleConnections()
	outer := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errOver)
	u := &uploads{desk: to.desk}
	_, _ = crand.Read(u.seed[:]) // never fails: crypto/rand ends the program instead
	u.size.Store(leastPost)
	p := &phase{through: to.guard(lines, maxReply, 0), send: u.post, width: narrow, budget: o.Bytes, cancel: cancel}
	if u.desk == nil {
		p.tail = lastAcks
	}
	engine := newEngine(p.transport(ctx), o.Connections, o.length())
	drive := func(ctx context.Context) {
		_ = server(engine, to.url).UploadTestContext(context.WithoutCancel(ctx)) // never an error
	}
	go u.follow(ctx)
	if err := p.run(ctx, o, drive, u.live, live); err != nil {
		return outcome{}, err
	}
	t, err := u.final(outer, o)
	if err != nil {
		return outcome{}, err
	}
	if !p.capped() {
		t = t.downTo(o.Direction - time.Second/2) // the far end began a little later
	}
	return measured(upload, t, p)
}

// post sends one upload request with a body of ours. It counts when the far end says that it has read all of it.
func (u *uploads) post(ctx context.Context, p *phase, req *http.Request) (*http.Response, error) {
	size := req.ContentLength
	if u.desk == nil {
		size = u.size.Load()
	}
	if !p.claim(ctx, size) {
		return nil, errOver
	}
	defer p.release()
	out := req.Clone(ctx)
	out.Body, out.ContentLength = io.NopCloser(u.filler(size, p)), size
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
	u.size.Store(min(max(size*int64(ackedEach)/max(int64(took), 1), leastPost), mostPost))
	p.succeeded()
	resp.Body = http.NoBody
	return resp, nil
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

// follow asks the office end for its count while the upload goes on, seldom enough to leave a slow line alone.
func (u *uploads) follow(ctx context.Context) {
	if u.desk == nil {
		return
	}
	beat := time.NewTicker(time.Second / 2) // early once, for the number of connections
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			if c, err := u.desk.counts(ctx); err == nil {
				u.heard.Store(&c.Up)
			}
			beat.Reset(time.Second)
		}
	}
}

func (u *uploads) live() float64 {
	if u.desk == nil {
		return u.acked.tally().live()
	}
	if t := u.heard.Load(); t != nil {
		return t.live()
	}
	return 0
}

// final is the far end's count when all is over.
func (u *uploads) final(ctx context.Context, o Options) (tally, error) {
	if u.desk == nil {
		return u.acked.tally().upTo(o.Direction), nil
	}
	c, err := u.desk.counts(ctx)
	return c.Up, err
}

// filler is so many bytes that cannot be compressed: a keystream, another one for each body.
type filler struct {
	from  *rand.ChaCha8
	left  int64
	phase *phase
}

func (u *uploads) filler(n int64, p *phase) *filler {
	seed := u.seed
	_, _ = crand.Read(seed[:16])
	return &filler{from: rand.NewChaCha8(seed), left: n, phase: p}
}

func (f *filler) Read(b []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), f.left, int64(f.phase.moved.grain()))]
	n, err := f.from.Read(b)
	f.left -= int64(n)
	f.phase.moved.add(time.Now(), int64(n))
	return n, err
}
