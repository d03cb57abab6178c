//go:build lab

package call

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/lab"
	"deskready/checks/office"
)

// heardAtOffice is what the office part answers: rewritten with each call that ends.
type heardAtOffice struct {
	Seen []checks.Measurement
}

// labParts runs the part of this process, if it is one.
func labParts(t *testing.T) bool {
	switch lab.Role() {
	case "office":
		labOffice(t, lab.Args(t)[0])
	case "idle":
		lab.Answer(t, labIdle(t, lab.Args(t)[0]))
	case "loaded":
		lab.Answer(t, labLoaded(t, lab.Args(t)[0], lab.Args(t)[1]))
	default:
		return false
	}
	return true
}

func labOffice(t *testing.T, address string) {
	o := &Office{Secret: testSecret(), Now: time.Now, Record: func(_ string, seen []checks.Measurement) {
		lab.Answer(t, heardAtOffice{seen})
	}}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	u, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	web, relay, _ := office.Split(l, nil)
	port := office.Share(u)
	go http.Serve(web, o.Handler())
	host, _, _ := net.SplitHostPort(address)
	sink, err := net.Listen("tcp", net.JoinHostPort(host, "7002"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := sink.Accept()
			if err != nil {
				return
			}
			go io.Copy(io.Discard, c)
		}
	}()
	t.Fatal(o.Serve(t.Context(), port.Packets(office.Media), port.Packets(office.Relay), relay))
}

func labTicket(address string) *office.Ticket {
	return &office.Ticket{Base: "http://" + address, Media: address,
		Token: testSecret().Issue("lab", time.Now().Add(10*time.Minute), office.DefaultCaps())}
}

func labWait(address string) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
	}
}

// labCounts are what both ends counted of a call.
type labCounts struct {
	UpSent, UpLost, DownSent, DownLost int
	MOS, RTT, Setup                    float64
	Why                                string
}

func labIdle(t *testing.T, address string) labCounts {
	labWait(address)
	p := dialled(t, labTicket(address))
	time.Sleep(20 * time.Second)
	seen, err := p.finishing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	j := seen[idle].judge()
	q := worse(j.up, j.down)
	rtt, _ := least(seen[idle].up.rtts)
	return labCounts{j.up.sent, j.up.lost, j.down.sent, j.down.lost, q.mos, rtt, p.setup.Seconds(), q.why}
}

// TestLabLoss: on a line that loses one packet in a hundred each way, both ends count the same, and what the line itself counted.
func TestLabLoss(t *testing.T) {
	if labParts(t) {
		return
	}
	n := lab.Net(t, lab.Line{Down: 25, Up: 5, RTT: 40 * time.Millisecond, Queue: 100 * time.Millisecond, Loss: 1, Seed: 7})
	address := net.JoinHostPort(n.Office.Addr, "7001")
	part := n.Office.Part(t, "office", address)
	part.Start(t)
	got := lab.Result[labCounts](t, n.Hire.Part(t, "idle", address))
	truth := n.Truth(t)
	t.Logf("%+v; the line lost %d up, %d down of all its packets", got, truth.Up.LostPackets, truth.Down.LostPackets)
	for way, c := range map[string]struct {
		lost, sent int
		truth      int64
	}{"up": {got.UpLost, got.UpSent, truth.Up.LostPackets}, "down": {got.DownLost, got.DownSent, truth.Down.LostPackets}} {
		// HTTPS, ICE and the packets before and after the stage are lost too.
		if other := c.truth - int64(c.lost); other < 0 || other > 4 || c.lost == 0 || c.sent < 900 {
			t.Errorf("%s: %d of %d lost, the line lost %d packets", way, c.lost, c.sent, c.truth)
		}
	}
	if got.RTT < 0.039 || got.RTT > 0.045 {
		t.Errorf("round trip %.4f s on a line of 40 ms", got.RTT)
	}
}

// labLoad are the figures of a call beside an upload.
type labLoad struct {
	Idle, Loaded                   checks.Measurement
	Loss, Jitter, Late, PDV95, RTT float64
}

func labLoaded(t *testing.T, address, sink string) labLoad {
	labWait(address)
	sampler := NewSampler(Options{Ticket: labTicket(address)})
	ctx, cancel := context.WithCancel(t.Context())
	phase := sampler.Run(ctx)
	phase("download")
	time.Sleep(3 * time.Second)
	phase("upload")
	full := labUpload(t, sink)
	time.Sleep(10 * time.Second)
	full()
	phase("")
	cancel()
	seen, p := sampler.outcome(t.Context())
	if p != nil {
		t.Fatal(p)
	}
	q := seen[upload].judge().up
	got := run(t, Options{Ticket: labTicket(address), Length: 8 * time.Second, Sampler: sampler})
	return labLoad{got["call.mos"], got["call.mos_loaded"], q.loss, q.jitter, q.late, q.pdv95, got["call.rtt"].Value}
}

// labUpload sends what the line takes over four connections, until the returned function is called.
func labUpload(t *testing.T, sink string) func() {
	var conns []net.Conn
	for range 4 {
		c, err := net.Dial("tcp", sink)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		go func() {
			b := make([]byte, 64<<10)
			for {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}()
	}
	return func() {
		for _, c := range conns {
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}
}

// TestLabBloat: on a line whose router queues 400 ms, an upload ruins the call while loss and jitter look fine.
func TestLabBloat(t *testing.T) {
	if labParts(t) {
		return
	}
	n := lab.Net(t, lab.Line{Down: 10, Up: 10, RTT: 20 * time.Millisecond, Queue: 400 * time.Millisecond})
	address := net.JoinHostPort(n.Office.Addr, "7001")
	n.Office.Part(t, "office", address).Start(t)
	var got labLoad
	for range 4 { // a machine that does other things as well says so
		got = lab.Result[labLoad](t, n.Hire.Part(t, "loaded", address, net.JoinHostPort(n.Office.Addr, "7002")))
		if got.Idle.Missing == nil && got.Loaded.Missing == nil {
			break
		}
		t.Logf("again: %v, %v", got.Idle.Missing, got.Loaded.Missing)
	}
	t.Logf("MOS %.2f, under load %.2f; up: loss %.3f, jitter %.1f ms, late %.3f, PDV p95 %.0f ms", got.Idle.Value, got.Loaded.Value,
		got.Loss, 1000*got.Jitter, got.Late, 1000*got.PDV95)
	if got.Idle.Missing != nil || got.Idle.Value < 4.2 {
		t.Errorf("idle: %+v", got.Idle)
	}
	if got.Loaded.Missing != nil || got.Loaded.Value > 3.6 {
		t.Errorf("loaded: %+v", got.Loaded)
	}
	if got.Loss > 0.01 || got.Jitter > 0.030 {
		t.Errorf("loss %.3f and jitter %.4f s: the line is bad by the usual figures too", got.Loss, got.Jitter)
	}
}
