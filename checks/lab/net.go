package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Line is the access line between the hire's desk and the office. The zero Line is perfect.
type Line struct {
	Down, Up   float64       // Mbit/s to and from the hire, counting whole IP packets; 0 is no limit
	RTT        time.Duration // of the idle line
	Jitter     time.Duration // standard deviation of the one-way delay, in both directions
	Loss       float64       // percent of the packets, in each direction
	Burst      float64       // mean number of packets lost in a row
	Queue      time.Duration // room before the bottleneck, in both directions; 0 is no limit
	Block      string        // what is dropped silently: "udp,tcp/8080"
	Seed       uint64        // of jitter and loss
	Congestion string        // TCP congestion control of both ends; empty for cubic
	Flags      []string      // further flags of netlab, to tell the directions apart: "-loss", "0.5/2", "-queue", "50p/500ms"
}

func (l Line) flags() []string {
	var args []string
	number := func(flag string, v float64) {
		if v != 0 {
			args = append(args, flag, strconv.FormatFloat(v, 'g', -1, 64))
		}
	}
	text := func(flag, v string, given bool) {
		if given {
			args = append(args, flag, v)
		}
	}
	number("-down", l.Down)
	number("-up", l.Up)
	text("-rtt", l.RTT.String(), l.RTT != 0)
	text("-jitter", l.Jitter.String(), l.Jitter != 0)
	number("-loss", l.Loss)
	number("-burst", l.Burst)
	text("-queue", l.Queue.String(), l.Queue != 0)
	text("-block", l.Block, l.Block != "")
	text("-seed", strconv.FormatUint(l.Seed, 10), l.Seed != 0)
	text("-cc", l.Congestion, l.Congestion != "")
	return append(args, l.Flags...)
}

// A Network is a line with a host at each end.
type Network struct {
	Hire, Office Host
	stop         func()
	stats        string
}

// A Host is one end of a Network: a network namespace of its own, with nothing in it but loopback and the line.
type Host struct {
	Namespace   string
	Addr, Addr6 string // on the line
}

// Net lays a line, which stands until the test ends or asks for the Truth. Whatever then still runs at its ends is killed.
func Net(t testing.TB, line Line) *Network {
	t.Helper()
	netlab := Build(t, "./checks/lab/netlab")
	n := &Network{stats: filepath.Join(t.TempDir(), "truth.json")}
	args := append([]string{netlab, "-eof", "-stats", n.stats}, line.flags()...)
	cmd := asRoot(context.Background(), args...) // outlives the test's context: it cleans up when its input ends
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("netlab: %v", err)
	}
	n.stop = sync.OnceFunc(func() {
		hold.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("netlab: %v: %s", err, stderr.String())
		}
	})
	t.Cleanup(n.stop)
	env := environment(stdout)
	n.Hire = Host{env["NETLAB_CLIENT_NS"], env["NETLAB_CLIENT_ADDR"], env["NETLAB_CLIENT_ADDR6"]}
	n.Office = Host{env["NETLAB_SERVER_NS"], env["NETLAB_SERVER_ADDR"], env["NETLAB_SERVER_ADDR6"]}
	if n.Office.Addr == "" {
		n.stop()
		t.Fatal("netlab did not start: it needs root, or sudo that asks nothing")
	}
	return n
}

// environment reads the variables that netlab prints once the line stands.
func environment(r io.Reader) map[string]string {
	env := map[string]string{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		env[name] = value
		if name == "NETLAB_DEVICE" { // the last
			break
		}
	}
	return env
}

// Command is a command to run at the host.
func (h Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := asRoot(ctx, append([]string{"ip", "netns", "exec", h.Namespace, name}, args...)...)
	cmd.WaitDelay = 3 * time.Second
	return cmd
}

// Role is the part that this process was started for with Part; empty in the test that starts the parts.
func Role() string { return os.Getenv("DESKREADY_LAB_ROLE") }

// Part runs the calling top-level test once more, at the host, in a process in which Role answers role: that is how Go
// code of the test gets to that end of the line. What the part prints comes mixed with the lines of the test itself, so
// it gives its result with Answer.
//
//	switch lab.Role() {
//	case "office": serve(t); return
//	case "hire":   lab.Answer(t, measure(t)); return
//	}
//	net := lab.Net(t, lab.Line{Down: 25, Up: 5, RTT: 40 * time.Millisecond})
//	office := net.Office.Part(t, "office")
//	office.Start(t)
//	got := lab.Result[figures](t, net.Hire.Part(t, "hire", net.Office.Addr))
//
// Further arguments reach the part as Args.
func (h Host) Part(t testing.TB, role string, args ...string) *Part {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	top, _, _ := strings.Cut(t.Name(), "/")
	answer := filepath.Join(t.TempDir(), "answer.json")
	packed, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	cmd := h.Command(t.Context(), "env", "DESKREADY_LAB_ROLE="+role, "DESKREADY_LAB_ANSWER="+answer,
		"DESKREADY_LAB_ARGS="+string(packed), self, "-test.run=^"+top+"$", "-test.count=1", "-test.v")
	return &Part{Cmd: cmd, answer: answer}
}

// A Part is one end of a test, in a process of its own.
type Part struct {
	*exec.Cmd
	answer string
}

// Start starts a part that serves until the test ends. What it printed is logged if the test fails.
func (p *Part) Start(t testing.TB) {
	t.Helper()
	var out bytes.Buffer
	p.Stdout, p.Stderr = &out, &out
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Cancel()
		if p.Wait(); t.Failed() {
			t.Logf("%s:\n%s", p.Cmd, out.String())
		}
	})
}

// Args are the further arguments that Part was given.
func Args(t testing.TB) []string {
	t.Helper()
	var args []string
	if err := json.Unmarshal([]byte(os.Getenv("DESKREADY_LAB_ARGS")), &args); err != nil {
		t.Fatal(err)
	}
	return args
}

// Answer gives the result of a part to the test that started it.
func Answer(t testing.TB, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(os.Getenv("DESKREADY_LAB_ANSWER"), b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Result runs a part to its end and answers what it gave to Answer.
func Result[T any](t testing.TB, p *Part) (v T) {
	t.Helper()
	o := Finish(t, p.Cmd)
	b, err := os.ReadFile(p.answer)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil || o.ExitCode != 0 {
		t.Fatalf("%s: exit %d, %v\n%s%s", p.Cmd, o.ExitCode, err, o.Stdout, o.Stderr)
	}
	return v
}

// Truth is what really went over a line. Bytes are whole IP packets.
type Truth struct {
	Start    time.Time `json:"start"`
	Seconds  float64   `json:"seconds"`
	SlotMS   int64     `json:"slot_ms"`
	Down, Up Traffic
}

// Traffic is what one direction did.
type Traffic struct {
	OfferedPackets   int64     `json:"offered_packets"`
	OfferedBytes     int64     `json:"offered_bytes"`
	DeliveredPackets int64     `json:"delivered_packets"`
	DeliveredBytes   int64     `json:"delivered_bytes"`
	LostPackets      int64     `json:"lost_packets"`     // by chance
	OverflowPackets  int64     `json:"overflow_packets"` // the queue was full
	BlockedPackets   int64     `json:"blocked_packets"`
	LateP99US        float64   `json:"late_p99_us"` // how late the lab itself was: the machine was too busy if this is not small
	Mbps             []float64 `json:"mbps"`        // delivered, in each slot since Start
	QueueMS          []float64 `json:"queue_ms"`    // longest wait for the bottleneck, in each slot
}

// Truth takes the line down and tells what went over it.
func (n *Network) Truth(t testing.TB) Truth {
	t.Helper()
	n.stop()
	var truth Truth
	b, err := os.ReadFile(n.stats)
	if err == nil {
		err = json.Unmarshal(b, &truth)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("truth of the line: %w", err))
	}
	return truth
}
