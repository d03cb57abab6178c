package bandwidth

import (
	"context"
	"encoding/json"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// BenchmarkLoopback holds the rate that our client and office end reach over loopback against one flow of iperf3 in the
// same run: a ratio well under one would mean that we measure ourselves on a fast line, and not the line.
func BenchmarkLoopback(b *testing.B) {
	peer := iperf(b)
	o := newOffice(b, &Office{Secret: testSecret()})
	o.Ticket.Token = testSecret().Issue("bench", time.Now().Add(time.Hour), office.Caps{Bytes: 1 << 50, Seconds: 1 << 20})
	o.Exact, o.Direction, o.Patience = true, 3*time.Second, 5*time.Second
	o = o.withDefaults()
	m := meter{tell: func(checks.Event) {}, began: time.Now(), options: o}
	var down, up float64
	for b.Loop() {
		to, release, err := find(context.Background(), o, new(wire), &m)
		if err != nil {
			b.Fatal(err)
		}
		d, err := transferDown(context.Background(), o, to, idleBeside(o), func(float64) {})
		if err != nil {
			b.Fatal(err)
		}
		u, err := transferUp(context.Background(), o, to, idleBeside(o), func(float64) {})
		if err != nil {
			b.Fatal(err)
		}
		release()
		down, up = d.measurement.Value, u.measurement.Value
	}
	b.ReportMetric(down/1e9, "down-Gbit/s")
	b.ReportMetric(up/1e9, "up-Gbit/s")
	b.ReportMetric(peer/1e9, "iperf3-Gbit/s")
	b.ReportMetric(down/peer, "down/iperf3")
	b.ReportMetric(up/peer, "up/iperf3")
}

// iperf is the rate of one flow of iperf3 over loopback, in bit/s.
func iperf(b *testing.B) float64 {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	server := exec.CommandContext(b.Context(), "iperf3", "-s", "-1", "-p", port)
	if err := server.Start(); err != nil {
		b.Fatalf("iperf3 is needed: %v", err)
	}
	defer server.Wait()
	time.Sleep(300 * time.Millisecond)
	out, err := exec.CommandContext(b.Context(), "iperf3", "-J", "-P", "1", "-t", "3", "-c", "127.0.0.1", "-p", port).Output()
	if err != nil {
		b.Fatalf("iperf3: %v", err)
	}
	return received(b, out)
}

// received is the rate at the receiver, from what iperf3 says.
func received(b testing.TB, out []byte) float64 {
	b.Helper()
	var said struct {
		End struct {
			Received struct {
				Rate float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		} `json:"end"`
	}
	if err := json.Unmarshal(out, &said); err != nil {
		b.Fatal(err)
	}
	return said.End.Received.Rate
}
