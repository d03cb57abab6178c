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
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/lab"
	"deskready/checks/office"
)

// labSecret is known to both ends of the lab.
func labSecret() office.Secret { return bytes.Repeat([]byte{7}, 32) }

// serveLab is the office end, over TLS and with the UDP echo on the same port, in a process at the office.
func serveLab(t *testing.T, address string, h http.Handler) {
	srv := httptest.NewUnstartedServer(h)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	echo := &office.Echo{Secret: labSecret(), Now: time.Now}
	go echo.Serve(office.Share(udp).Packets(office.Probes))
	srv.Listener = l
	srv.Config.ConnContext = office.Connected
	srv.StartTLS()
	select {} // until the lab ends it
}

// labOptions trust the certificate that all of httptest's servers have.
func labOptions(address, mode string) Options {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	token := labSecret().Issue("lab", time.Now().Add(10*time.Minute), office.Caps{Bytes: 1 << 40, Seconds: 240})
	return Options{
		Ticket:    &office.Ticket{Base: "https://" + address, Token: token, Media: address},
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}},
		Exact:     mode == "exact", Quick: mode == "quick", LowData: mode == "low",
	}
}

// measureLab waits until the office end is there, and runs the check.
func measureLab(t *testing.T, address, mode string) []checks.Measurement {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
	}
	for result := range checks.Run(t.Context(), time.Now, []checks.Check{New(labOptions(address, mode))}, nil) {
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
		lab.Answer(t, measureLab(t, lab.Args(t)[0], lab.Args(t)[1]))
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

// A labCase is a line, and how it is measured.
type labCase struct {
	line lab.Line
	mode string // "", "exact", "quick", "low"
	off  float64
}

func (c labCase) String() string {
	l := c.line
	name := fmt.Sprintf("%g-%g-%v-q%v", l.Down, l.Up, l.RTT, l.Queue)
	if l.Loss > 0 {
		name += fmt.Sprintf("-loss%g", l.Loss)
	}
	if l.Burst > 0 {
		name += fmt.Sprintf("-burst%g", l.Burst)
	}
	if l.Jitter > 0 {
		name += fmt.Sprintf("-jitter%v", l.Jitter)
	}
	if l.Block != "" {
		name += "-no" + l.Block
	}
	if c.mode != "" {
		name += "-" + c.mode
	}
	return name
}

// someLines are the lines of every run; manyLines, those of a table.
func someLines() []labCase {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	return []labCase{
		{lab.Line{Down: 25, Up: 5, RTT: ms(40), Queue: ms(100)}, "", 0.05},
		{lab.Line{Down: 3, Up: 1, RTT: ms(60), Queue: ms(100)}, "", 0.05},
		{lab.Line{Down: 100, Up: 20, RTT: ms(20), Queue: ms(60)}, "", 0.05},
		{lab.Line{Down: 10, Up: 2, RTT: ms(100), Queue: ms(1000), Loss: 0.5}, "", 0.10},
		{lab.Line{Down: 1, Up: 0.5, RTT: ms(30), Queue: ms(200)}, "exact", 0.05},
		{lab.Line{Down: 25, Up: 5, RTT: ms(40), Queue: ms(100)}, "quick", 0.10},
		{lab.Line{Down: 25, Up: 5, RTT: ms(40), Queue: ms(100)}, "low", 1},
		{lab.Line{Down: 25, Up: 5, RTT: ms(40), Queue: ms(100), Block: "udp"}, "quick", 0.10},
	}
}

func manyLines(mode string) []labCase {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	lines := []lab.Line{
		{Down: 1, Up: 0.5, RTT: ms(30), Queue: ms(200)},
		{Down: 3, Up: 1, RTT: ms(60), Queue: ms(100)},
		{Down: 5, Up: 1, RTT: ms(60), Queue: ms(150)},
		{Down: 10, Up: 2, RTT: ms(100), Queue: ms(1000), Loss: 0.5},
		{Down: 10, Up: 10, RTT: ms(30), Queue: ms(400)},
		{Down: 20, Up: 2, RTT: ms(40), Queue: ms(500)},
		{Down: 25, Up: 5, RTT: ms(40), Queue: ms(100), Jitter: ms(3)},
		{Down: 25, Up: 5, RTT: ms(40), Queue: ms(100), Loss: 0.5},
		{Down: 25, Up: 5, RTT: ms(40), Queue: ms(100), Loss: 2},
		{Down: 25, Up: 5, RTT: ms(40), Queue: ms(100), Loss: 1, Burst: 4},
		{Down: 50, Up: 10, RTT: ms(250), Queue: ms(200)},
		{Down: 100, Up: 20, RTT: ms(20), Queue: ms(60)},
		{Down: 100, Up: 20, RTT: ms(150), Queue: ms(150)},
		{Down: 300, Up: 50, RTT: ms(10), Queue: ms(50)},
		{Down: 500, Up: 500, RTT: ms(5), Queue: ms(50)},
	}
	var out []labCase
	for _, l := range lines {
		out = append(out, labCase{l, mode, 1})
	}
	return out
}

// TestLabLines holds the figures against lines whose rate is known. A TCP segment of 1448 bytes travels in an IP packet
// of 1500: that share of the line's rate is what can be reached. DESKREADY_LAB_TABLE ("default", "exact" and so on)
// measures many lines in that mode in their place, and holds them against nothing but iperf3.
func TestLabLines(t *testing.T) {
	if parts(t) {
		return
	}
	list, table := someLines(), os.Getenv("DESKREADY_LAB_TABLE")
	if table != "" {
		list = manyLines(strings.TrimPrefix(table, "default"))
	}
	for _, c := range list {
		t.Run(c.String(), func(t *testing.T) { labLine(t, c, table != "") })
	}
}

func labLine(t *testing.T, c labCase, table bool) {
	line := c.line
	n := lab.Net(t, line)
	address := net.JoinHostPort(n.Office.Addr, "7001")
	n.Office.Part(t, "office", address).Start(t)
	got := byMetric(lab.Result[[]checks.Measurement](t, n.Hire.Part(t, "hire", address, c.mode)))
	truth := n.TruthNow(t)
	var text strings.Builder
	rate := func(m checks.Measurement, mbits float64) {
		want := mbits * 1e6 * 1448 / 1500
		off := m.Value/want - 1
		fmt.Fprintf(&text, " %.3f (%+.1f%% ±%.1f%% %d%s)", m.Value/1e6, 100*off, 100*m.Within/max(m.Value, 1), len(m.Samples),
			map[bool]string{true: " least"}[m.AtLeast])
		if m.Missing != nil || off < -c.off || off > c.off {
			t.Errorf("%s: %.3f Mbit/s, want %.3f within %g%% (%v)", m.Metric, m.Value/1e6, want/1e6, 100*c.off, m.Missing)
		}
	}
	rate(got[download.ID], line.Down)
	rate(got[upload.ID], line.Up)
	trip := got[rtt.ID]
	if off, allow := trip.Value-line.RTT.Seconds(), max(0.002, 0.02*line.RTT.Seconds()); trip.Missing != nil || off < -allow || off > allow {
		t.Errorf("rtt %.4f s, want %v within %.1f ms (%v)", trip.Value, line.RTT, 1000*allow, trip.Missing)
	}
	wire := truth.Down.OfferedBytes + truth.Up.OfferedBytes
	t.Logf("LINE %s |%s | rtt %.2f, loaded %.0f %.0f ms %s, rpm %.0f, other %.3f, again %.4f, %.1f s, %.1f MB", c, text.String(),
		1000*trip.Value, 1000*got[rttDown.ID].Value, 1000*got[rttUp.ID].Value, got[bloat.ID].Text, got[rpm.ID].Value,
		got[other.ID].Value, got[again.ID].Value, got["seconds"].Value, float64(wire)/1e6)
	if c.mode == "low" && wire > 5e6 {
		t.Errorf("%.2f MB on the wire", float64(wire)/1e6)
	}
	for _, m := range got {
		if m.Missing != nil {
			t.Errorf("%s is missing: %v", m.Metric, m.Missing)
		}
	}
	if table && line.Loss > 0 {
		down, up := labIperf(t, n)
		t.Logf("LINE %s | iperf3 -P 8 %.3f %.3f; ours %+.1f%% %+.1f%%", c, down/1e6, up/1e6, 100*(got[download.ID].Value/down-1), 100*(got[upload.ID].Value/up-1))
	}
	if testing.Verbose() && table {
		t.Logf("down %.2f\nup %.2f", got[download.ID].Samples, got[upload.ID].Samples)
	}
}

// labIperf is what eight connections of iperf3 carry over the line, each way, in bit/s.
func labIperf(t *testing.T, n *lab.Network) (down, up float64) {
	n.Office.Command(t.Context(), "iperf3", "-s", "-p", "7002", "-D").Run()
	time.Sleep(500 * time.Millisecond)
	for _, way := range []struct {
		flag string
		to   *float64
	}{{"-R", &down}, {"-4", &up}} {
		out, err := n.Hire.Command(t.Context(), "iperf3", "-J", "-P", "8", "-t", "10", "-O", "2", way.flag, "-c", n.Office.Addr, "-p", "7002").Output()
		if err != nil {
			t.Fatalf("iperf3: %v", err)
		}
		*way.to = received(t, out)
	}
	return down, up
}

// TestLabRefused is the same line with an office end that answers 404 to everything.
func TestLabRefused(t *testing.T) {
	if parts(t) {
		return
	}
	n := lab.Net(t, lab.Line{Down: 25, Up: 5, RTT: 40 * time.Millisecond, Queue: 100 * time.Millisecond})
	address := net.JoinHostPort(n.Office.Addr, "7001")
	n.Office.Part(t, "broken", address).Start(t)
	got := byMetric(lab.Result[[]checks.Measurement](t, n.Hire.Part(t, "hire", address, "")))
	for _, id := range []string{"bandwidth.download", "bandwidth.upload", "bandwidth.rtt"} {
		if p := got[id].Missing; p == nil || p.Code != office.CodeRefused || p.Side != checks.SideOffice {
			t.Errorf("%s: %+v, want it missing for the office's refusal", id, got[id])
		}
	}
	if took := got["seconds"].Value; took > 10 {
		t.Errorf("took %.1f s", took)
	}
}
