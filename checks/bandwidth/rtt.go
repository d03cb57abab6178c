package bandwidth

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// roundTrips measures the idle round-trip time: from the last byte of a small request to the first of its answer, on a
// connection that is there already. speedtest-go paces them: eleven, 200 ms apart.
func roundTrips(ctx context.Context, o Options, to target, m *meter) (checks.Measurement, error) {
	const least = 5
	lines := o.lines(1)
	defer lines.CloseIdleConnections()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errOver)
	w := &watch{guard: to.guard(lines, maxReply, o.Patience), cancel: cancel, told: func(n int) { m.pinged(n) }}
	engine := newEngine(w, 1, o.length())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server(engine, to.url).PingTestContext(ctx, nil) // its failures are counted in w
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	if context.Cause(ctx) != nil {
		return checks.Measurement{}, context.Cause(ctx)
	}
	trips := w.taken()
	if len(trips) < least {
		return checks.Measurement{}, errMute
	}
	got := rtt.Of("", median(trips))
	got.Samples = trips
	return got, nil
}

// A watch times the requests that pass.
type watch struct {
	guard  http.RoundTripper
	cancel context.CancelCauseFunc
	told   func(n int)

	mu     sync.Mutex
	trips  []float64 // seconds
	failed int       // in a row
}

// RoundTrip times one request. Those that had to open a connection are not counted.
func (w *watch) RoundTrip(req *http.Request) (*http.Response, error) {
	var (
		mu         sync.Mutex // the trace is called by goroutines of the transport
		sent, back time.Time
		warm       bool
	)
	set := func(at *time.Time) {
		mu.Lock()
		*at = time.Now()
		mu.Unlock()
	}
	trace := &httptrace.ClientTrace{
		GotConn:              func(i httptrace.GotConnInfo) { mu.Lock(); warm = i.Reused; mu.Unlock() },
		WroteRequest:         func(httptrace.WroteRequestInfo) { set(&sent) },
		GotFirstResponseByte: func() { set(&back) },
	}
	resp, err := w.guard.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		w.fail(err)
		return nil, err
	}
	body, err := io.ReadAll(resp.Body) // in memory: the guard has read it
	_ = resp.Body.Close()
	resp.Body = http.NoBody
	if err != nil || !bytes.HasPrefix(body, []byte("test=test")) {
		err = &checks.Problem{Code: office.CodePortal, Detail: "latency.txt", Side: checks.SideLine}
		w.fail(err)
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	w.count(warm, back.Sub(sent))
	return resp, nil
}

// fail ends the pings when the third in a row goes wrong, or the first in a way that will not pass.
func (w *watch) fail(err error) {
	const most = 3
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed++
	if p, ok := err.(*checks.Problem); w.failed >= most || ok && !passing(p) {
		w.cancel(err)
	}
}

func (w *watch) count(warm bool, took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = 0
	if warm && took > 0 {
		w.trips = append(w.trips, took.Seconds())
	}
	w.told(len(w.trips))
}

func (w *watch) taken() []float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.trips)
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}
