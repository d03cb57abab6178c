// Package bandwidth measures the throughput of a line both ways and its idle round-trip time, against an office end or,
// without one, against public speedtest.net servers. Both ends of the protocol are here.
//
// speedtest-go drives the transfers: it makes the requests, keeps its connections busy and paces the pings. What is
// reported is counted here: downloads by our own reader, uploads by what the office end says it read or, against public
// servers, by requests they have acknowledged. The throughput is the mean of 250 ms slices without the first 1.5 s; the
// slices, those of the start included, are the Samples of the measurement. A direction that reached its cap of bytes
// within 2.5 s has fewer than ten Samples, and its value is a lower bound: so much the line did carry while TCP was still
// finding its rate.
package bandwidth

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

//go:embed words
var words embed.FS

var (
	download = checks.Metric{ID: "bandwidth.download", Unit: checks.BitsPerSecond, Better: checks.Higher}
	upload   = checks.Metric{ID: "bandwidth.upload", Unit: checks.BitsPerSecond, Better: checks.Higher}
	rtt      = checks.Metric{ID: "bandwidth.rtt", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
	rttDown  = checks.Metric{ID: "bandwidth.rtt_download", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
	rttUp    = checks.Metric{ID: "bandwidth.rtt_upload", Unit: checks.Seconds, Better: checks.Lower, Decimals: 4}
	rpm      = checks.Metric{ID: "bandwidth.rpm", Unit: checks.PerMinute, Better: checks.Higher}
	bloat    = checks.Metric{ID: "bandwidth.bloat", Unit: checks.Text, Values: []string{"a_plus", "a", "b", "c", "d", "f"}}
	other    = checks.Metric{ID: "bandwidth.other_traffic", Unit: checks.Ratio, Better: checks.Lower, Decimals: 3}
	again    = checks.Metric{ID: "bandwidth.retransmitted", Unit: checks.Ratio, Better: checks.Lower, Decimals: 4}
)

// Options say what is measured against, and how much it may cost. Zero values stand for the defaults.
type Options struct {
	Ticket *office.Ticket // nil: public speedtest.net servers
	// Transport carries proxy, dialer and TLS pin, whether there is a ticket or not; it is cloned. nil: the system's
	// roots and no proxy, not even one that the environment names (http.ProxyFromEnvironment): who wants that gives it.
	Transport *http.Transport

	// Decisive are the values at which the policy decides, by the id of the metric: a direction ends early when it is
	// certain on which side of all of them its rate lies. nil: only the precision of the rate ends it early.
	Decisive map[string][]float64
	Exact    bool // neither early stop nor cap of bytes: for tables. The ticket must allow as many bytes
	LowData  bool // 5 MB on the wire for the whole check: what is cut short by that is a lower bound
	Quick    bool // shorter: 8 s in all
	// Beside runs during the load: a call. It returns when the call stands or has failed, within five seconds, and its
	// phase is told "download", "upload" and, when the load is over, "". Its ctx ends it.
	Beside func(ctx context.Context) (phase func(name string))

	Direction   time.Duration // length of each transfer; 8 s. Each direction is one, or two where this computer was busy
	Bytes       int64         // cap of each transfer; 60 MB
	Connections int           // at the same time; 8, so that one lost packet does not halve the rate
	Patience    time.Duration // without a byte or an answer for so long, there is no measuring; 5 s
	Queue       time.Duration // longest wait for a turn at the office end; 2 min
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&o.Direction, 8*time.Second)
	set(&o.Patience, 5*time.Second)
	set(&o.Queue, 2*time.Minute)
	if o.Bytes <= 0 {
		o.Bytes = 60e6
	}
	if o.Connections <= 0 {
		o.Connections = 8
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{}
	}
	return o
}

// New is the check of the line's throughput.
func New(o Options) checks.Check {
	o = o.withDefaults()
	releaseDefaultClient()
	texts, err := fs.Sub(words, "words")
	if err != nil {
		panic(err) // only for a path that is no path
	}
	reads := []string{"bandwidth.reads.office"}
	if o.Ticket == nil {
		reads = []string{"bandwidth.reads.public"}
	}
	return checks.Check{
		Name:    "bandwidth",
		Metrics: []checks.Metric{download, upload, rtt, rttDown, rttUp, rpm, bloat, other, again},
		Words:   texts,
		Reads:   reads,
		Limit:   o.Queue + 4*o.Direction + 6*o.Patience + 14*time.Second,
		Alone:   true,
		Measure: func(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
			return measure(ctx, o, tell)
		},
	}
}

// A target is what is measured against.
type target struct {
	url   string // of its upload.php: speedtest-go finds the rest beside it
	guard func(transport http.RoundTripper, small int64, patience time.Duration) *office.Guard
	desk  *desk // the office end's own account; nil for public servers
}

func measure(ctx context.Context, o Options, tell checks.Progress) ([]checks.Measurement, error) {
	m := meter{tell: tell, began: time.Now(), options: o}
	to, release, err := find(ctx, o, &m)
	if err != nil {
		return nil, problem(ctx, err)
	}
	defer release()
	m.began = time.Now() // without the wait for a turn
	var got []checks.Measurement
	trips, err := roundTrips(ctx, o, to, &m)
	if err != nil {
		return nil, problem(ctx, err)
	}
	for _, way := range []direction{
		{metric: download, step: "bandwidth.step.download", transfer: transferDown, share: 0.15},
		{metric: upload, step: "bandwidth.step.upload", transfer: transferUp, share: 0.57},
	} {
		one, err := way.measure(ctx, o, to, &m)
		if err != nil {
			p := problem(ctx, err)
			if ctx.Err() != nil {
				return append(got, trips.measurement(got)), p
			}
			one = way.metric.Missing("", p)
		}
		got = append(got, one)
	}
	for _, m := range []checks.Metric{rttDown, rttUp, rpm, bloat, other, again} {
		got = append(got, m.Missing("", &checks.Problem{Code: checks.CodeUnsupported, Side: checks.SideTool}))
	}
	return append(got, trips.measurement(got)), nil
}

// A direction is one way of the line.
type direction struct {
	metric   checks.Metric
	step     string
	share    float64 // of the check, when it begins
	transfer func(ctx context.Context, o Options, to target, live func(rate float64)) (outcome, error)
}

// measure measures a direction, and once more where this computer was too busy to attend to it for a twentieth of the
// time. Of two rates the higher one stands: the line has carried it.
func (way direction) measure(ctx context.Context, o Options, to target, m *meter) (checks.Measurement, error) {
	first, err := way.transfer(ctx, o, to, m.live(way))
	if err != nil || first.late <= o.Direction/20 {
		return first.measurement, err
	}
	if to.desk != nil { // the office end's counts begin anew with each turn
		if err := to.desk.queue(ctx, o.Queue, m); err != nil {
			return first.measurement, nil
		}
	}
	second, err := way.transfer(ctx, o, to, m.live(way))
	if err != nil || second.measurement.Value < first.measurement.Value {
		return first.measurement, nil
	}
	return second.measurement, nil
}

// find takes a turn at the office end, or finds a public server.
func find(ctx context.Context, o Options, m *meter) (to target, release func(), err error) {
	if o.Ticket == nil {
		to, err = publicServer(ctx, o, m)
		return to, func() {}, err
	}
	d := newDesk(o)
	if err := d.queue(ctx, o.Queue, m); err != nil {
		return target{}, nil, err
	}
	to = target{
		url:  o.Ticket.At("speedtest/upload.php"),
		desk: d,
		guard: func(transport http.RoundTripper, small int64, patience time.Duration) *office.Guard {
			return &office.Guard{Ticket: o.Ticket, Transport: transport, Small: small, Patience: patience}
		},
	}
	return to, func() { d.release(ctx) }, nil
}

// problem is what an error means for a report.
func problem(ctx context.Context, err error) *checks.Problem {
	if ctx.Err() != nil {
		return &checks.Problem{Code: checks.CodeInterrupted, Side: checks.SideHire}
	}
	var p *checks.Problem
	if errors.As(err, &p) {
		return p
	}
	return office.Explain(err)
}

// lines makes the transport of a phase: HTTP/1.1 only, for a single HTTP/2 connection would measure one TCP connection,
// and no more connections than asked.
func (o Options) lines(n int) *http.Transport {
	t := o.Transport.Clone()
	t.TLSNextProto = map[string]func(string, tlsConn) http.RoundTripper{}
	t.ForceAttemptHTTP2 = false
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	if t.TLSClientConfig != nil {
		t.TLSClientConfig.NextProtos = nil
	}
	t.MaxIdleConnsPerHost, t.MaxConnsPerHost, t.MaxIdleConns = n, n, 0
	t.DisableCompression = true
	t.ReadBufferSize, t.WriteBufferSize = 128<<10, 64<<10
	t.DialContext = dropping(t.DialContext, o.Patience)
	return t
}
