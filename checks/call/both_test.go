package call

import (
	"bytes"
	"context"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/checktest"
	"deskready/checks/office"
)

// TestMain lets many tests wait at once, however few processors there are: most of their time is that of calls.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func testSecret() office.Secret { return bytes.Repeat([]byte{7}, 32) }

// stand is an office end on loopback, with one port for UDP and TCP.
type stand struct {
	*Office
	address string
	ticket  *office.Ticket

	mu   sync.Mutex
	seen []checks.Measurement
}

// listenBoth takes one port number for TCP and UDP.
func listenBoth(t testing.TB) (net.Listener, *net.UDPConn) {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.Addr().(*net.TCPAddr).Port})
		if err == nil {
			return l, u
		}
		l.Close()
	}
	t.Fatal("no port for both")
	return nil, nil
}

// serve stands until the test ends.
func serve(t testing.TB, limits Limits) *stand {
	t.Helper()
	s := &stand{}
	s.Office = &Office{Secret: testSecret(), Now: time.Now, Limits: limits, Record: func(_ string, seen []checks.Measurement) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, seen...)
	}}
	l, u := listenBoth(t)
	s.address = l.Addr().String()
	web, relay, _ := office.Split(l, nil)
	port := office.Share(u)
	srv := &httptest.Server{Listener: web, Config: &http.Server{Handler: s.Handler()}}
	srv.Start()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, port.Packets(office.Media), port.Packets(office.Relay), relay) }()
	for {
		s.Office.mu.Lock()
		up := s.Office.exchange != nil
		s.Office.mu.Unlock()
		if up {
			break
		}
		time.Sleep(time.Millisecond)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		srv.Close()
		port.Close()
	})
	s.ticket = s.issue(s.address)
	return s
}

func (s *stand) issue(address string) *office.Ticket {
	return &office.Ticket{
		Base: "http://" + address, Media: address,
		Token: testSecret().Issue("run", time.Now().Add(10*time.Minute), office.DefaultCaps()),
	}
}

func (s *stand) witness() map[string]checks.Measurement {
	s.mu.Lock()
	defer s.mu.Unlock()
	return byMetric(s.seen)
}

func byMetric(ms []checks.Measurement) map[string]checks.Measurement {
	out := map[string]checks.Measurement{}
	for _, m := range ms {
		out[m.Metric] = m
	}
	return out
}

func run(t testing.TB, o Options) map[string]checks.Measurement {
	t.Helper()
	for result := range checks.Run(t.Context(), time.Now, []checks.Check{New(o)}, nil) {
		return byMetric(result.Measurements)
	}
	return nil
}

func TestConforms(t *testing.T) {
	t.Parallel()
	s := serve(t, Limits{})
	checktest.Conforms(t, New(Options{Ticket: s.ticket, Length: 2 * time.Second}))
}

// TestCall: both ends say the same of a good line, each figure in its unit and by its teller.
func TestCall(t *testing.T) {
	t.Parallel()
	s := serve(t, Limits{})
	got := run(t, Options{Ticket: s.ticket, Length: 5 * time.Second})
	busy := func(m checks.Measurement) bool {
		return m.Missing != nil && (m.Missing.Code == CodeBusyComputer || m.Missing.Code == office.CodeBusy)
	}
	for id, most := range map[string]float64{"call.loss_up": 0, "call.loss_down": 0, "call.late_up": 0.3, "call.late_down": 0.3,
		"call.jitter_up": 0.1, "call.jitter_down": 0.1, "call.rtt": 0.2, "call.mos": 4.5, "call.r_factor": 94} {
		for who, m := range map[string]checks.Measurement{"hire": got[id], "office": s.witness()[id]} {
			if !busy(m) && (m.Missing != nil || m.Metric != id || m.Value < 0 || m.Value > most) {
				t.Errorf("%s: %s %+v", who, id, m)
			}
		}
	}
	if m := got["call.path"]; m.Text != byUDP {
		t.Errorf("path %+v", m)
	}
	if m := got["call.setup"]; m.Missing != nil || m.Value < 0.01 || m.Value > 5 {
		t.Errorf("setup %+v", m)
	}
	for _, id := range []string{"call.mos_loaded", "call.late_loaded_up", "call.soak_bad"} {
		if p := got[id].Missing; p == nil || p.Code != checks.CodeNotRun {
			t.Errorf("%s: %+v", id, got[id])
		}
	}
}
