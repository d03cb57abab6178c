package bandwidth

import (
	"bytes"
	"context"
	"errors"
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
func roundTrips(ctx context.Context, o Options, to target, m *meter) (trips, error) {
	const least = 5
	enough := 10
	if o.Quick {
		enough = least
	}
	lines := o.lines(1)
	var wire wire
	lines.DialContext = wire.counting(lines.DialContext, asItIs)
	defer lines.CloseIdleConnections()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(errOver)
	w := &watch{guard: to.guard(lines, maxReply, o.Patience), cancel: cancel, wire: &wire, told: m.pinged, enough: enough}
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
	if err := context.Cause(ctx); err != nil && err != errEnough {
		return trips{}, err
	}
	got := w.taken()
	if len(got.seconds) < least {
		return trips{}, errMute
	}
	return got, nil
}

var errEnough = errors.New("there are enough round trips")

// trips are round trips, and the bytes that each sent over the line.
type trips struct {
	seconds  []float64
	up, down float64
}

// measurement is the median round trip, less the time that its own bits need at the throughput of the line: three
// hundred bytes take 2.4 ms at 1 Mbit/s, and none of that is delay. A direction whose throughput is not known is left
// as it is.
func (t trips) measurement(measured []checks.Measurement) checks.Measurement {
	own := 0.0
	for _, m := range measured {
		switch {
		case m.Missing != nil || m.Value <= 0:
		case m.Metric == download.ID:
			own += 8 * t.down / m.Value
		case m.Metric == upload.ID:
			own += 8 * t.up / m.Value
		}
	}
	got := rtt.Of("", 0)
	for _, s := range t.seconds {
		got.Samples = append(got.Samples, max(s-own, s/2)) // more than half was never the bits alone
	}
	got.Value = median(got.Samples)
	return got
}

// A watch times the requests that pass.
type watch struct {
	guard  http.RoundTripper
	cancel context.CancelCauseFunc
	wire   *wire
	told   func()
	enough int // trips

	mu     sync.Mutex
	trips  []float64 // seconds
	up     int64     // what the wire had carried before the first of them
	down   int64
	failed int // in a row
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
	switch {
	case warm && took > 0:
		if w.trips = append(w.trips, took.Seconds()); len(w.trips) >= w.enough {
			w.cancel(errEnough)
		}
	case len(w.trips) == 0:
		w.up, w.down = w.wire.up.Load(), w.wire.down.Load()
	}
	w.told()
}

func (w *watch) taken() trips {
	const headers = 52 // of IPv4 and TCP with timestamps, on one packet each way
	w.mu.Lock()
	defer w.mu.Unlock()
	n := float64(max(len(w.trips), 1))
	return trips{
		seconds: slices.Clone(w.trips),
		up:      float64(w.wire.up.Load()-w.up)/n + headers,
		down:    float64(w.wire.down.Load()-w.down)/n + headers,
	}
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}
