package bandwidth

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/checktest"
	"deskready/checks/office"
)

// seen is what an office end recorded.
type seen struct {
	mu   sync.Mutex
	runs map[string][]checks.Measurement
}

func (s *seen) record(run string, ms []checks.Measurement) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs == nil {
		s.runs = map[string][]checks.Measurement{}
	}
	s.runs[run] = ms
}

func (s *seen) of(run string) []checks.Measurement {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs[run]
}

// newOffice is an office end over loopback, and the options of a short test against it.
func newOffice(t testing.TB, o *Office) Options {
	t.Helper()
	if o.Secret == nil {
		o.Secret = someSecret()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	srv := httptest.NewUnstartedServer(o.Handler())
	srv.Config.ConnContext = office.Connected
	srv.Start()
	t.Cleanup(srv.Close)
	return against(srv.URL, o.Secret.Issue("run-1", time.Now().Add(time.Minute), office.DefaultCaps()))
}

func against(base, token string) Options {
	return Options{
		Ticket:    &office.Ticket{Base: base, Token: token},
		Direction: 3 * time.Second,
		Bytes:     60e6,
		Patience:  time.Second,
		Queue:     5 * time.Second,

		Connections: 4, // many tests run beside each other
	}
}

// run runs the check as the program does, and gives its measurements by metric.
func run(ctx context.Context, t testing.TB, o Options, tell checks.Progress) map[string]checks.Measurement {
	t.Helper()
	got := map[string]checks.Measurement{}
	for result := range checks.Run(ctx, time.Now, []checks.Check{New(o)}, tell) {
		for _, m := range result.Measurements {
			got[m.Metric] = m
		}
	}
	if len(got) != len(New(o).Metrics) {
		t.Fatalf("metrics answered: %v", got)
	}
	wantDefaultClientAlone(t)
	return got
}

func wantDefaultClientAlone(t testing.TB) {
	t.Helper()
	borrowed.Lock() // other tests may be making an engine right now
	defer borrowed.Unlock()
	if http.DefaultClient.Transport != nil {
		t.Error("http.DefaultClient has a transport")
	}
}

func TestConforms(t *testing.T) {
	checktest.Conforms(t, New(newOffice(t, &Office{})))
}

func TestDefaultClientIsLeftAlone(t *testing.T) {
	New(Options{})
	wantDefaultClientAlone(t)
}

func TestBothEnds(t *testing.T) {
	var record seen
	o := newOffice(t, &Office{Record: record.record})
	o.Transport = slowly()
	var events []checks.Event
	got := run(t.Context(), t, o, func(e checks.Event) { events = append(events, e) })
	for _, id := range []string{"bandwidth.download", "bandwidth.upload"} {
		if m := got[id]; m.Missing != nil || m.Value < 5e6 {
			t.Errorf("%s over loopback: %+v", id, m)
		}
	}
	if m := got["bandwidth.rtt"]; m.Missing != nil || m.Value <= 0 || m.Value > 0.05 || len(m.Samples) != 10 {
		t.Errorf("rtt over loopback: %+v", m)
	}
	if m := got[again.ID]; m.Missing != nil || m.Value < 0 || m.Value > 0.2 {
		t.Errorf("sent again over loopback: %+v", m)
	}
	for _, id := range []string{rttDown.ID, rttUp.ID, rpm.ID} {
		if m := got[id]; m.Missing != nil || m.Value <= 0 {
			t.Errorf("%s over loopback: %+v", id, m)
		}
	}
	steps := map[string]bool{}
	for _, e := range events {
		steps[e.Step] = true
	}
	for _, step := range []string{"bandwidth.step.rtt"} {
		if !steps[step] {
			t.Errorf("progress lacks %s: %v", step, steps)
		}
	}
	for _, m := range record.of("run-1") {
		if m.By != checks.ByCollector {
			t.Errorf("recorded by %q", m.By)
		}
	}
	if len(record.of("run-1")) != 4 { // the rates, the round trip, and what was sent again
		t.Errorf("the office recorded %+v", record.of("run-1"))
	}
}

// TestBusyComputer: a direction during which this process did not get to run is measured again, in a fresh session, and
// the office end records of each session what that one saw.
func TestBusyComputer(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.Wait()
	for name, c := range map[string]struct {
		busy checks.Metric
		want []string // the calls of Record
	}{
		"download": {download, []string{download.ID, download.ID + " " + upload.ID}},
		"upload":   {upload, []string{download.ID + " " + upload.ID, upload.ID}},
	} {
		all.add(t, name, func(t *testing.T) {
			recorded, got := busyRun(t, c.busy)
			for _, id := range everything {
				if m := got[id]; m.Missing != nil {
					t.Errorf("%s is missing: %v", id, m.Missing)
				}
			}
			if len(recorded) < 2 {
				t.Fatal("the direction was not measured again")
			}
			if len(recorded) == 2 && !slices.Equal(recorded, c.want) { // more: the machine is busy by itself
				t.Errorf("recorded %q, want %q", recorded, c.want)
			}
		})
	}
}

// busyRun is a run whose computer is busy for a moment during one direction, and the metrics of each call of Record.
func busyRun(t *testing.T, way checks.Metric) (recorded []string, got map[string]checks.Measurement) {
	var mu sync.Mutex
	end := &Office{Record: func(_ string, seen []checks.Measurement) {
		var ids []string
		for _, m := range seen {
			if m.Metric == download.ID || m.Metric == upload.ID {
				ids = append(ids, m.Metric)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		recorded = append(recorded, strings.Join(ids, " "))
	}}
	o := newOffice(t, end)
	o.Ticket.Token = end.Secret.Issue("r", time.Now().Add(time.Minute), office.Caps{Bytes: 1 << 40, Seconds: 60})
	o.Exact = true
	busy := false
	got = run(t.Context(), t, o, func(e checks.Event) {
		if e.Metric == way.ID && !busy {
			busy = true
			time.Sleep(400 * time.Millisecond) // holds up the goroutine that watches the transfer
		}
	})
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(recorded), got
}

// someSecret makes one; the collector's lies in its data folder.
func someSecret() office.Secret {
	s := make(office.Secret, 32)
	_, _ = rand.Read(s) // never fails: crypto/rand ends the program instead
	return s
}

// slowly is a transport of 20 Mbit/s or so each way for each connection: loopback alone would be at its cap of bytes before
// anything could be noticed beside the load.
func slowly() *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &slow{c}, nil
	}}
}

type slow struct{ net.Conn }

const (
	slowPiece = 16 << 10
	slowPause = 6 * time.Millisecond
)

func (s *slow) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b[:min(len(b), slowPiece)])
	time.Sleep(slowPause * time.Duration(n) / slowPiece)
	return n, err
}

func (s *slow) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		n, err := s.Conn.Write(b[done:min(len(b), done+slowPiece)])
		if done += n; err != nil {
			return done, err
		}
		time.Sleep(slowPause * time.Duration(n) / slowPiece)
	}
	return done, nil
}

// idleBeside notices nothing.
func idleBeside(o Options) *beside {
	return &beside{o: o, ledger: &ledger{}, wire: new(wire)}
}
