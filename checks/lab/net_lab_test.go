//go:build lab

package lab_test

import (
	"encoding/json"
	"io"
	"net"
	"testing"
	"time"

	"deskready/checks/lab"
)

// TestNet sends a download of iperf3 over the line.
func TestNet(t *testing.T) {
	n := lab.Net(t, lab.Line{Down: 25, Up: 5, RTT: 40 * time.Millisecond, Queue: 200 * time.Millisecond})
	server := n.Office.Command(t.Context(), "iperf3", "-s", "-1")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	o := lab.Finish(t, n.Hire.Command(t.Context(), "iperf3", "-J", "-R", "-O", "2", "-t", "4", "-c", n.Office.Addr))
	server.Wait()
	var said struct {
		End struct {
			Received struct {
				Rate float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		} `json:"end"`
	}
	if err := json.Unmarshal([]byte(o.Stdout), &said); err != nil {
		t.Fatalf("%v\n%s", err, o.Stderr)
	}
	want := 25e6 * 1448 / 1500
	if got := said.End.Received.Rate; got < 0.97*want || got > 1.03*want {
		t.Errorf("iperf3 says %.2f Mbit/s, want %.2f", got/1e6, want/1e6)
	}
	if truth := n.Truth(t); truth.Down.DeliveredBytes < 10e6 || truth.Up.DeliveredBytes == 0 {
		t.Errorf("the lab saw %d bytes down, %d up", truth.Down.DeliveredBytes, truth.Up.DeliveredBytes)
	}
}

// TestTruthByPort sends numbered packets to an echo at the office over a line that loses some, and holds the lab's count
// of that port against what both ends counted. One side also goes to a port that nobody counts with them.
func TestTruthByPort(t *testing.T) {
	const sent = 2000
	switch lab.Role() {
	case "office":
		echoPackets(t, lab.Args(t)[0])
		return
	case "hire":
		lab.Answer(t, sendPackets(t, lab.Args(t)[0], sent))
		return
	}
	n := lab.Net(t, lab.Line{Down: 20, Up: 10, RTT: 20 * time.Millisecond, Flags: []string{"-loss", "2/5"}})
	address := net.JoinHostPort(n.Office.Addr, "7002")
	n.Office.Part(t, "office", address).Start(t)
	got := lab.Result[int64](t, n.Hire.Part(t, "hire", address))
	now := n.TruthNow(t)
	up, down := now.Up.UDP[7002], now.Down.UDP[7002]
	if up.OfferedPackets != sent || up.LostPackets == 0 || up.DeliveredPackets != sent-up.LostPackets {
		t.Errorf("up: %+v, want %d offered and all accounted for", up, sent)
	}
	if down.OfferedPackets != up.DeliveredPackets || down.LostPackets == 0 || down.DeliveredPackets != got {
		t.Errorf("down: %+v, the hire got %d of %d", down, got, up.DeliveredPackets)
	}
	if bytes := up.OfferedBytes; bytes != sent*(20+8+100) {
		t.Errorf("%d bytes up", bytes)
	}
	if other := now.Up.UDP[7003]; other.OfferedPackets != 1 {
		t.Errorf("port 7003: %+v", other)
	}
	if _, ok := now.Up.UDP[50000]; ok || len(now.Up.UDP) != 2 {
		t.Errorf("ports: %v", now.Up.UDP)
	}
	if later := n.Truth(t); later.Up.UDP[7002].Since(up) != (lab.Counts{}) {
		t.Errorf("after the last packet: %+v", later.Up.UDP[7002])
	}
}

func echoPackets(t *testing.T, address string) {
	c, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	for buf := make([]byte, 1500); ; {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		c.WriteTo(buf[:n], from)
	}
}

// sendPackets answers how many came back. Sockets of a busy machine overflow before the line does: so it sends slowly.
func sendPackets(t *testing.T, address string, n int) (back int64) {
	time.Sleep(time.Second) // until the office is there
	other, err := net.Dial("udp", address[:len(address)-1]+"3")
	if err != nil {
		t.Fatal(err)
	}
	other.Write(make([]byte, 100))
	c, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for range n {
			c.Write(make([]byte, 100))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		c.SetReadDeadline(time.Now())
	}()
	for buf := make([]byte, 1500); ; back++ {
		if _, err := c.Read(buf); err != nil {
			return back
		}
	}
}

// TestWalls tries TCP across a line that lets only one port through, and none of IPv6, and is slower one way.
func TestWalls(t *testing.T) {
	switch lab.Role() {
	case "office":
		listen(t, "[::]:8443") // nobody gets through to it
		echo(t, "[::]:443")
		return
	case "hire":
		var took []time.Duration // 0 where nothing answers
		for _, address := range lab.Args(t) {
			began, d := time.Now(), time.Duration(0)
			if c, err := net.DialTimeout("tcp", address, 700*time.Millisecond); err == nil {
				d = time.Since(began)
				c.Close()
			}
			took = append(took, d)
		}
		lab.Answer(t, took)
		return
	}
	n := lab.Net(t, lab.Line{Allow: "tcp/443", Block: "ip6", Flags: []string{"-delay", "60ms/10ms"}})
	n.Office.Part(t, "office").Start(t)
	time.Sleep(time.Second)
	got := lab.Result[[]time.Duration](t, n.Hire.Part(t, "hire", n.Office.Addr+":443", n.Office.Addr+":8443", "["+n.Office.Addr6+"]:443"))
	if got[0] < 70*time.Millisecond || got[0] > 120*time.Millisecond || got[1] != 0 || got[2] != 0 {
		t.Errorf("443, 8443, 443 over IPv6 took %v, want 70ms and nothing", got)
	}
}

// TestParts is an echo between Go code at both ends, over two lines at once that must not disturb each other.
func TestParts(t *testing.T) {
	switch lab.Role() {
	case "office":
		echo(t, lab.Args(t)[0])
		return
	case "hire":
		lab.Answer(t, roundTrip(t, lab.Args(t)[0]))
		return
	}
	for _, rtt := range []time.Duration{30 * time.Millisecond, 120 * time.Millisecond} {
		t.Run(rtt.String(), func(t *testing.T) {
			t.Parallel()
			n := lab.Net(t, lab.Line{RTT: rtt})
			address := net.JoinHostPort(n.Office.Addr, "7000")
			n.Office.Part(t, "office", address).Start(t)
			got := lab.Result[time.Duration](t, n.Hire.Part(t, "hire", address))
			if got < rtt || got > rtt+20*time.Millisecond {
				t.Errorf("round trip %v, want %v", got, rtt)
			}
		})
	}
}

func listen(t *testing.T, address string) net.Listener {
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func echo(t *testing.T, address string) {
	l := listen(t, address)
	for {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		go io.Copy(c, c)
	}
}

// roundTrip is the shortest of ten over one connection.
func roundTrip(t *testing.T, address string) time.Duration {
	var c net.Conn
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var err error
		if c, err = net.Dial("tcp", address); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	best := time.Hour
	for range 10 {
		began := time.Now()
		if _, err := c.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(began))
	}
	return best
}
