// Package bandwidth measures the throughput of a line both ways and its idle round-trip time, against an office end or,
// without one, against public speedtest.net servers. Both ends of the protocol are here.
//
// speedtest-go drives the transfers: it makes the requests, keeps its connections busy and paces the pings. What is
// reported is counted here. The office end's system knows when each segment arrives, in whatever order (TCP_INFO on
// Linux): uploads are what has arrived there, and downloads what has arrived here by the acknowledgements, where that is
// in sum what was read here. Other office ends tell what they have read, and public servers acknowledge whole requests.
//
// The throughput is the slope of the bytes over time, from slices of 250 ms without the warm-up, which is at least the
// first 1.5 s; the slices, those of the warm-up included, are the Samples of the measurement. To it is added what our own
// probes took of the line meanwhile; a call that Options.Beside runs is not added. A direction ends as soon as its figure
// is precise (half the 95 % interval is 2.5 % of it or less, and it does not drift) or the verdict is certain, at the
// latest after Options.Direction. One that was cut short by its cap of bytes before that is a lower bound, and marked
// AtLeast.
package bandwidth

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"math"
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
	Quick    bool // shorter: 11 s in all
	// Beside runs during the load: a call. It returns when the call stands or has failed, within five seconds, and its
	// phase is told "download", "upload" and, when the load is over, "". Its ctx ends it.
	Beside func(ctx context.Context) (phase func(name string))

	Direction   time.Duration // longest each transfer may take; 5.5 s, Exact 10 s, Quick 4 s
	Bytes       int64         // cap of each transfer; 60 MB
	Connections int           // most at the same time; 16, so that neither one lost packet nor one slow connection decides
	Patience    time.Duration // without a byte or an answer for so long, there is no measuring; 5 s
	Queue       time.Duration // longest wait for a turn at the office end, and 25 s more for each one who is before; 2 min
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	switch {
	case o.Exact:
		set(&o.Direction, 10*time.Second)
	case o.Quick:
		set(&o.Direction, 4*time.Second)
	}
	set(&o.Direction, 5500*time.Millisecond)
	set(&o.Patience, 5*time.Second)
	set(&o.Queue, 2*time.Minute)
	if o.Bytes <= 0 {
		o.Bytes = 60e6
	}
	if o.Connections <= 0 {
		o.Connections = 16
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
		Limit:   4*o.Direction + 9*o.Patience + 20*time.Second, // the wait for a turn does not count
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
	var probes wire
	to, release, err := find(ctx, o, &probes, &m)
	if err != nil {
		return nil, office.Why(ctx, err)
	}
	defer release()
	m.began = time.Now() // without the wait for a turn
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	call := o.startCall(own)
	b := newBeside(own, o, to, &probes)
	rested := time.Now()
	trips, err := roundTrips(ctx, o, to, &m)
	if err != nil {
		return nil, office.Why(ctx, err)
	}
	r := visit{o: o, to: to, meter: &m, beside: b, call: call, rested: rested, loaded: time.Now(), trips: b.rest(trips)}
	return r.measure(ctx)
}

// A visit is one check under way, once the idle line is known.
type visit struct {
	o              Options
	to             target
	meter          *meter
	beside         *beside
	call           *call
	rested, loaded time.Time // between them the line was idle
	trips          trips

	got  []checks.Measurement
	done []passed
}

func (r *visit) measure(ctx context.Context) ([]checks.Measurement, error) {
	r.call.stand(ctx, r.meter)
	for _, way := range []direction{
		{metric: download, loaded: rttDown, step: "bandwidth.step.download", name: "download", transfer: transferDown},
		{metric: upload, loaded: rttUp, step: "bandwidth.step.upload", name: "upload", transfer: transferUp, up: true},
	} {
		if err := r.load(ctx, way); err != nil {
			r.call.phase("")
			return append(r.got, r.trips.measurement(r.got)), err
		}
	}
	r.call.phase("")
	idle := r.trips.measurement(r.got)
	r.got = append(r.got, idle)
	r.derive(idle)
	return r.got, nil
}

// load measures one direction, and what its load does to others. It fails only where the whole check does.
func (r *visit) load(ctx context.Context, way direction) error {
	r.call.phase(way.name)
	began := time.Now()
	stop := r.beside.during(ctx)
	one, err := way.measure(ctx, r.o, r.to, r.beside, r.meter)
	stop()
	r.call.atLeast(ctx, began)
	if err != nil {
		p := office.Why(ctx, err)
		if ctx.Err() != nil {
			return p
		}
		r.got = append(r.got, way.metric.Missing("", p), way.loaded.Missing("", p))
		return nil
	}
	d := passed{outcome: one, up: way.up}
	if len(one.measurement.Samples) >= int((warm+time.Second)/slice) {
		d.aside = r.beside.aside(way.up, one.from, one.to)
		if r.call.there {
			d.aside += callEach * callPacket * 8. * 1448 / 1500 // a twentieth of 1 Mbit/s: it must not cost a hire on a thin line his job
		}
		d.measurement.Value += d.aside
	}
	r.done = append(r.done, d)
	r.got = append(r.got, d.measurement, r.beside.loaded(way.loaded, d))
	return nil
}

// derive makes what follows from both directions.
func (r *visit) derive(idle checks.Measurement) {
	by := map[string]checks.Measurement{}
	var missing *checks.Problem
	for _, m := range r.got {
		by[m.Metric] = m
		if (m.Metric == download.ID || m.Metric == upload.ID) && m.Missing != nil {
			missing = m.Missing
		}
	}
	r.got = append(r.got, bloated(idle, by[rttDown.ID], by[rttUp.ID]))
	switch {
	case missing != nil:
		r.got = append(r.got, rpm.Missing("", missing))
	default:
		r.got = append(r.got, r.beside.responsiveness(r.done))
	}
	switch {
	case len(r.done) == 0:
		r.got = append(r.got, other.Missing("", missing))
	default:
		r.got = append(r.got, r.beside.otherTraffic(r.rested, r.loaded, r.call.there, r.done))
	}
	switch k := r.to.kernel(); {
	case by[download.ID].Missing != nil:
		r.got = append(r.got, again.Missing("", by[download.ID].Missing))
	case k == nil:
		r.got = append(r.got, again.Missing("", &checks.Problem{Code: checks.CodeUnsupported, Detail: "no TCP_INFO", Side: checks.SideOffice}))
	default:
		m := k.again()
		m.By = checks.ByTool
		r.got = append(r.got, m)
	}
}

// A direction is one way of the line.
type direction struct {
	metric   checks.Metric
	loaded   checks.Metric // the round trip meanwhile
	step     string
	name     string // as the call beside is told
	up       bool
	transfer func(ctx context.Context, o Options, to target, b *beside, live func(rate float64)) (outcome, error)
}

// measure measures a direction, and once more where this computer was too busy to attend to it for a tenth of the time and
// the figure was not good enough all the same. Of two rates the higher one stands: the line has carried it.
func (way direction) measure(ctx context.Context, o Options, to target, b *beside, m *meter) (outcome, error) {
	tell := m.live(way)
	live := func(rate float64) {
		b.rate.Store(math.Float64bits(rate))
		tell(rate)
	}
	first, err := way.transfer(ctx, o, to, b, live)
	if err != nil || first.settled || first.late <= first.to.Sub(first.began)/10 {
		return first, err
	}
	if to.desk != nil { // the office end's counts begin anew with each turn
		if err := to.desk.queue(ctx, o.Queue, m); err != nil {
			return first, nil
		}
	}
	second, err := way.transfer(ctx, o, to, b, live)
	if err != nil || second.measurement.Value < first.measurement.Value {
		return first, nil
	}
	return second, nil
}

// find takes a turn at the office end, or finds a public server.
func find(ctx context.Context, o Options, w *wire, m *meter) (to target, release func(), err error) {
	if o.Ticket == nil {
		to, err = publicServer(ctx, o, m)
		return to, func() {}, err
	}
	d := newDesk(o, w)
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

// kernel is what the office's system knows of the downloads; nil where nobody tells.
func (to target) kernel() *kernel {
	if to.desk == nil {
		return nil
	}
	return to.desk.kernel.Load()
}

// blame asks the office end for the reason where a connection broke: it cuts those whose ticket is used up.
func (to target) blame(ctx context.Context, err error) error {
	var p *checks.Problem
	if to.desk == nil || !errors.As(err, &p) || p.Code != office.CodeLost {
		return err
	}
	_, why := to.desk.ask(ctx, http.MethodHead, pictureName(350))
	if why == nil {
		return err
	}
	switch p := office.Why(ctx, why); p.Code {
	case office.CodeSpent, office.CodeExpired, office.CodeRefused: // the last: nobody is there any more
		return p
	}
	return err
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
	t.ReadBufferSize, t.WriteBufferSize = 128<<10, 4<<10 // bodies are written past a buffer of the latter
	t.DialContext = dropping(t.DialContext, o.Patience)
	return t
}
