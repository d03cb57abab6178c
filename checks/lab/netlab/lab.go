//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	clientAddr, serverAddr   = "10.77.0.2", "10.77.0.1"
	clientAddr6, serverAddr6 = "fd77::2", "fd77::1"
	prefix4, prefix6         = "10.77.0.0/24", "fd77::/64"
	device                   = "link0"
)

// Lab is two network namespaces with the emulated link between them.
type Lab struct {
	client, server string // names of the namespaces
	start          time.Time
	stop           atomic.Bool
	pumps          sync.WaitGroup
	down, up       *pump
	descriptors    []int
	namespaces     []string
}

// NewLab makes the namespaces, named after name, and starts the link.
// The Lab must be closed even if an error is returned with it.
func NewLab(name string, p Profile) (*Lab, error) {
	l := &Lab{client: name + "-hire", server: name + "-office"}
	client, err := l.join(l.client, name+"c", clientAddr, clientAddr6, p.Congestion)
	if err != nil {
		return l, err
	}
	server, err := l.join(l.server, name+"s", serverAddr, serverAddr6, p.Congestion)
	if err != nil {
		return l, err
	}
	l.start = time.Now()
	l.down = l.pump(&pump{from: server, to: client, firewall: p.Firewall, side: 0}, p.Down, 2*p.Seed)
	l.up = l.pump(&pump{from: client, to: server, firewall: p.Firewall, side: 2}, p.Up, 2*p.Seed+1)
	return l, nil
}

// join makes a namespace with one end of the link in it.
func (l *Lab) join(namespace, tun, addr, addr6, congestion string) (fd int, err error) {
	if err := run("ip", "netns", "add", namespace); err != nil {
		return -1, err
	}
	l.namespaces = append(l.namespaces, namespace)
	if fd, err = openTUN(tun); err != nil {
		return -1, err
	}
	l.descriptors = append(l.descriptors, fd)
	if err := run("ip", "link", "set", tun, "netns", namespace); err != nil {
		return -1, err
	}
	for _, cmd := range []string{
		"link set lo up",
		"link set " + tun + " name " + device + " mtu " + strconv.Itoa(mtu) + " txqueuelen 20000",
		"addr add " + addr + "/24 dev " + device,
		"addr add " + addr6 + "/64 nodad dev " + device,
		"link set " + device + " up",
	} {
		if err := run("ip", append([]string{"-n", namespace}, strings.Fields(cmd)...)...); err != nil {
			return -1, err
		}
	}
	if congestion != "" { // by route, for a namespace may not choose every algorithm by sysctl
		for _, prefix := range []string{prefix4, prefix6} {
			if err := run("ip", "-n", namespace, "route", "replace", prefix, "dev", device, "congctl", congestion); err != nil {
				return -1, err
			}
		}
	}
	// No connection inherits what an earlier one learnt of the link.
	forget := "echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save"
	return fd, run("ip", "netns", "exec", namespace, "sh", "-c", forget)
}

func (l *Lab) pump(p *pump, s Shape, seed uint64) *pump {
	p.link, p.start, p.stats = NewLink(s, seed), l.start, Stats{Shape: s, UDP: Ports{}, RTP: Ports{}}
	l.pumps.Go(func() { p.run(&l.stop) })
	return p
}

// Env tells a command where it is.
func (l *Lab) Env() []string {
	return []string{
		"NETLAB_CLIENT_NS=" + l.client,
		"NETLAB_SERVER_NS=" + l.server,
		"NETLAB_CLIENT_ADDR=" + clientAddr,
		"NETLAB_SERVER_ADDR=" + serverAddr,
		"NETLAB_CLIENT_ADDR6=" + clientAddr6,
		"NETLAB_SERVER_ADDR6=" + serverAddr6,
		"NETLAB_CLIENT=ip netns exec " + l.client,
		"NETLAB_SERVER=ip netns exec " + l.server,
		"NETLAB_DEVICE=" + device,
	}
}

// Close ends what still runs in the namespaces, stops the link and removes it.
func (l *Lab) Close() error {
	var errs []error
	for _, ns := range l.namespaces {
		errs = append(errs, killAll(ns))
	}
	l.stop.Store(true)
	l.pumps.Wait()
	for _, fd := range l.descriptors {
		errs = append(errs, syscall.Close(fd))
	}
	for _, ns := range l.namespaces {
		errs = append(errs, run("ip", "netns", "del", ns))
	}
	l.namespaces, l.descriptors = nil, nil
	return errors.Join(errs...)
}

// Report is what the link did until now.
func (l *Lab) Report(seed uint64) *Report {
	return &Report{
		Start: l.start, Seconds: time.Since(l.start).Seconds(), Seed: seed, SlotMS: slot.Milliseconds(),
		Down: l.down.snapshot(), Up: l.up.snapshot(),
	}
}

// killAll kills the processes in a namespace that this lab made.
func killAll(namespace string) error {
	out, err := exec.Command("ip", "netns", "pids", namespace).Output()
	if err != nil {
		return fmt.Errorf("ip netns pids %s: %w", namespace, err)
	}
	for _, field := range strings.Fields(string(out)) {
		if pid, err := strconv.Atoi(field); err == nil && pid != os.Getpid() {
			syscall.Kill(pid, syscall.SIGKILL) // it may have ended by now
		}
	}
	return nil
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
