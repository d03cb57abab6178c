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

func echo(t *testing.T, address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
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
