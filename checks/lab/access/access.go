// Package access lays lines between two network namespaces of this machine, the hire's and the office's, by the program
// netlab. Package lab gives them to tests.
package access

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
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
	Block      string        // what is dropped silently: "udp,tcp/8080,ip6"
	Allow      string        // all else is dropped silently: "tcp/443"
	Seed       uint64        // of jitter and loss
	Congestion string        // TCP congestion control of both ends; empty for cubic
	Flags      []string      // further flags of netlab, to tell the directions apart: "-loss", "0.5/2", "-delay", "300ms/10ms"
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
	text("-allow", l.Allow, l.Allow != "")
	text("-seed", strconv.FormatUint(l.Seed, 10), l.Seed != 0)
	text("-cc", l.Congestion, l.Congestion != "")
	return append(args, l.Flags...)
}

// A Network is a line with a host at each end.
type Network struct {
	Hire, Office Host
	stop         func() error
	stats        string // file of the truth
	ask          io.Writer
	answers      *bufio.Scanner
}

// A Host is one end of a Network: a network namespace of its own, with nothing in it but loopback and the line.
type Host struct {
	Namespace   string
	Addr, Addr6 string // on the line
}

// Lay lays a line, which stands until it is closed. netlab is the program of that name, stats the file for the truth.
func Lay(netlab, stats string, line Line) (*Network, error) {
	args := append([]string{netlab, "-eof", "-stats", stats}, line.flags()...)
	cmd := asRoot(context.Background(), args...) // outlives who asked for it: it cleans up when its input ends
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("netlab: %w", err)
	}
	n := &Network{stats: stats, ask: hold, answers: bufio.NewScanner(stdout)}
	n.stop = sync.OnceValue(func() error {
		hold.Close()
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("netlab: %w: %s", err, stderr.String())
		}
		return nil
	})
	env := environment(n.answers)
	n.Hire = Host{env["NETLAB_CLIENT_NS"], env["NETLAB_CLIENT_ADDR"], env["NETLAB_CLIENT_ADDR6"]}
	n.Office = Host{env["NETLAB_SERVER_NS"], env["NETLAB_SERVER_ADDR"], env["NETLAB_SERVER_ADDR6"]}
	if n.Office.Addr == "" {
		return nil, fmt.Errorf("netlab did not start: it needs root, or sudo that asks nothing: %w", n.stop())
	}
	return n, nil
}

// environment reads the variables that netlab prints once the line stands.
func environment(lines *bufio.Scanner) map[string]string {
	env := map[string]string{}
	for lines.Scan() {
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

// asRoot is a command that runs args as root. It is ended by SIGTERM, which sudo passes on.
func asRoot(ctx context.Context, args ...string) *exec.Cmd {
	if os.Getuid() == 0 {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		return cmd
	}
	cmd := exec.CommandContext(ctx, "sudo", append([]string{"-n"}, args...)...)
	cmd.Cancel = func() error { return exec.Command("sudo", "-n", "kill", strconv.Itoa(cmd.Process.Pid)).Run() }
	return cmd
}
