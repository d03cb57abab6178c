//go:build lab

package bandwidth

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/lab"
	"deskready/checks/office"
)

// labSecret is known to both ends of the lab.
func labSecret() office.Secret { return bytes.Repeat([]byte{7}, 32) }

// serveLab is the office end, over TLS, in a process at the office.
func serveLab(t *testing.T, address string, h http.Handler) {
	srv := httptest.NewUnstartedServer(h)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	srv.Listener = l
	srv.StartTLS()
	select {} // until the lab ends it
}

// labOptions trust the certificate that all of httptest's servers have.
func labOptions(address string) Options {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	token := labSecret().Issue("lab", time.Now().Add(10*time.Minute), office.DefaultCaps())
	return Options{
		Ticket:    &office.Ticket{Base: "https://" + address, Token: token},
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}},
	}
}

// measureLab waits until the office end is there, and runs the check.
func measureLab(t *testing.T, address string) []checks.Measurement {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
	}
	for result := range checks.Run(t.Context(), time.Now, []checks.Check{New(labOptions(address))}, nil) {
		return append(result.Measurements, checks.Measurement{Metric: "seconds", Value: result.Seconds})
	}
	return nil
}

// parts runs the part of this process, if it is one.
func parts(t *testing.T) bool {
	switch lab.Role() {
	case "office":
		o := &Office{Secret: labSecret(), Now: time.Now, Record: func(_ string, ms []checks.Measurement) {
			lab.Answer(t, ms)
		}}
		serveLab(t, lab.Args(t)[0], o.Handler())
	case "broken":
		serveLab(t, lab.Args(t)[0], http.NotFoundHandler())
	case "hire":
		lab.Answer(t, measureLab(t, lab.Args(t)[0]))
	default:
		return false
	}
	return true
}

func byMetric(ms []checks.Measurement) map[string]checks.Measurement {
	out := map[string]checks.Measurement{}
	for _, m := range ms {
		out[m.Metric] = m
	}
	return out
}

// TestLabLines holds the figures against lines whose rate is known. A TCP segment of 1448 bytes travels in an IP packet
// of 1500: that share of the line's rate is what can be reached.
func TestLabLines(t *testing.T) {
	if parts(t) {
		return
	}
	for _, line := range []lab.Line{
		{Down: 25, Up: 5, RTT: 40 * time.Millisecond, Queue: 100 * time.Millisecond},
		{Down: 3, Up: 1, RTT: 60 * time.Millisecond, Queue: 100 * time.Millisecond},
		{Down: 100, Up: 20, RTT: 20 * time.Millisecond, Queue: 100 * time.Millisecond},
	} {
		repeat, _ := strconv.Atoi(os.Getenv("DESKREADY_LAB_REPEAT")) // once, unless a table is wanted
		for n := range max(repeat, 1) {
			t.Run(fmt.Sprintf("%g-%g-%v-%d", line.Down, line.Up, line.RTT, n), func(t *testing.T) { labLine(t, line) })
		}
	}
}

func labLine(t *testing.T, line lab.Line) {
	n := lab.Net(t, line)
	address := net.JoinHostPort(n.Office.Addr, "7001")
	n.Office.Part(t, "office", address).Start(t)
	got := byMetric(lab.Result[[]checks.Measurement](t, n.Hire.Part(t, "hire", address)))
	var text strings.Builder
	rate := func(m checks.Measurement, mbits float64) {
		want := mbits * 1e6 * 1448 / 1500
		off := m.Value/want - 1
		fmt.Fprintf(&text, " %s %.3f (%+.1f%%)", m.Metric, m.Value/1e6, 100*off)
		if m.Missing != nil || off < -0.05 || off > 0.05 {
			t.Errorf("%s: %.3f Mbit/s, want %.3f within 5%% (%v)", m.Metric, m.Value/1e6, want/1e6, m.Missing)
		}
	}
	if os.Getenv("DESKREADY_LAB_REPEAT") != "" {
		truth := n.Truth(t)
		t.Logf("down %.2f\ntruth %.2f\nup %.2f\ntruth %.2f slot %d ms; overflow %d %d", got["bandwidth.download"].Samples,
			truth.Down.Mbps, got["bandwidth.upload"].Samples, truth.Up.Mbps, truth.SlotMS, truth.Down.OverflowPackets, truth.Up.OverflowPackets)
	}
	rate(got["bandwidth.download"], line.Down)
	rate(got["bandwidth.upload"], line.Up)
	trip := got["bandwidth.rtt"]
	if off := trip.Value - line.RTT.Seconds(); trip.Missing != nil || off < -0.002 || off > 0.002 {
		t.Errorf("rtt %.4f s, want %v within 2 ms (%v)", trip.Value, line.RTT, trip.Missing)
	}
	t.Logf("%s rtt %.2f ms, took %.1f s", text.String(), 1000*trip.Value, got["seconds"].Value)
}

// TestLabRefused is the same line with an office end that answers 404 to everything.
func TestLabRefused(t *testing.T) {
	if parts(t) {
		return
	}
	n := lab.Net(t, lab.Line{Down: 25, Up: 5, RTT: 40 * time.Millisecond, Queue: 100 * time.Millisecond})
	address := net.JoinHostPort(n.Office.Addr, "7001")
	n.Office.Part(t, "broken", address).Start(t)
	got := byMetric(lab.Result[[]checks.Measurement](t, n.Hire.Part(t, "hire", address)))
	for _, id := range []string{"bandwidth.download", "bandwidth.upload", "bandwidth.rtt"} {
		if p := got[id].Missing; p == nil || p.Code != office.CodeRefused || p.Side != checks.SideOffice {
			t.Errorf("%s: %+v, want it missing for the office's refusal", id, got[id])
		}
	}
	if took := got["seconds"].Value; took > 10 {
		t.Errorf("took %.1f s", took)
	}
}
