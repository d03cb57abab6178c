//go:build lab

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/checks/lab"
	"deskready/report"
)

// crowdPolicy leaves room around what a line of 10/2 Mbit/s gives.
const crowdPolicy = `
version: 1
name: crowd
title: The line
sources: [none]
rules:
  - {metric: bandwidth.download, require: {min: 5 Mbit/s}, why: Speed.}
  - {metric: bandwidth.upload, require: {min: 1 Mbit/s}, why: Speed.}
  - {metric: bandwidth.download, witness: true, require: {min: 5 Mbit/s}, why: Speed.}
  - {metric: bandwidth.upload, witness: true, require: {min: 1 Mbit/s}, why: Speed.}
  - {metric: bandwidth.rtt, require: {max: 100 ms}, why: Speed.}
  - {metric: call.mos, require: {min: 3.6}, why: Calls.}
  - {metric: call.mos_loaded, require: {min: 3.1}, why: Calls.}
  - {metric: call.rtt, require: {max: 150 ms}, why: Calls.}
  - {metric: path.udp, require: {is: true}, why: Calls.}
`

const hubAddr = "10.99.0.1"

// hub is where the office stands that many streets lead to.
func hub(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("hub%d", os.Getpid())
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
	shell(t, fmt.Sprintf("ip netns add %[1]s && ip -n %[1]s link set lo up && ip -n %[1]s addr add "+hubAddr+"/32 dev lo", name))
	return name
}

func shell(t *testing.T, script string) {
	t.Helper()
	if out, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// lead has the i-th street's line end at the hub: its hire gets an address of his own, and its office only forwards.
func (s *street) lead(t *testing.T, i int, hub string) {
	t.Helper()
	shell(t, strings.NewReplacer("HIRE", s.Hire.Namespace, "OFFICE", s.Office.Namespace, "HUB", hub, "ADDR", s.Office.Addr, "N", strconv.Itoa(i)).Replace(`
		ip -n HIRE addr add 10.78.N.2/32 dev link0
		ip -n HIRE route add `+hubAddr+` via ADDR src 10.78.N.2
		ip -n OFFICE link add toN type veth peer name from0
		ip -n OFFICE link set toN netns HUB
		ip -n OFFICE addr add 10.99.N.1/30 dev from0 && ip -n HUB addr add 10.99.N.2/30 dev toN
		ip -n OFFICE link set from0 up && ip -n HUB link set toN up
		ip -n OFFICE route add `+hubAddr+` via 10.99.N.2 && ip -n OFFICE route add 10.78.N.2 dev link0
		ip -n HUB route add 10.78.N.2 via 10.99.N.1
		ip netns exec OFFICE sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'`))
}

// spent is what a process has used: processor time, and memory now and at most.
func spent(t *testing.T, pid int) (cpu time.Duration, now, most int64) {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, field := range fields[11:13] { // utime and stime, in ticks of 10 ms (proc(5))
		ticks, _ := strconv.ParseInt(field, 10, 64)
		cpu += time.Duration(ticks) * 10 * time.Millisecond
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		_, _ = fmt.Sscanf(line, "VmRSS: %d", &now)
		_, _ = fmt.Sscanf(line, "VmHWM: %d", &most)
	}
	return cpu, now << 10, most << 10
}

// TestLabCrowd has hires measure at once against one office, each over a line of his own that leaves nothing to be desired:
// alone each of them is ready, and in the crowd none may be judged worse. DESKREADY_LAB_CROWD says how many; without it there are four. The hires share this
// machine's processors: where those are too busy for a hire's test call it is not judged, which is counted apart.
func TestLabCrowd(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("DESKREADY_LAB_CROWD"))
	if err != nil {
		n = 4
	}
	program, center := lab.Build(t, "./cmd/deskready"), hub(t)
	var hires []*street
	for i := range n {
		s := newStreet(t, program, lab.Line{Down: 10, Up: 2, RTT: 30 * time.Millisecond, Queue: 60 * time.Millisecond})
		s.lead(t, i+1, center)
		hires = append(hires, s)
	}
	first := hires[0]
	office := *first
	net := *first.Network
	net.Office.Namespace = center
	office.Network = &net
	policy := office.policy(t, "crowd", crowdPolicy)
	office.serve(t, "--listen", hubAddr+":8440")
	run := func(t *testing.T, s *street) visit {
		s.data = office.data
		return s.check(t, s.invite(t, policy), "", nil, "--name", "Ana", "--quick", "--only", "path,bandwidth,call")
	}
	cpu, memory, _ := spent(t, office.server.Process.Pid)
	began := time.Now()
	crowd := make([]visit, n)
	var all sync.WaitGroup
	for i, s := range hires {
		all.Go(func() { crowd[i] = run(t, s) })
	}
	all.Wait()
	took := time.Since(began)
	after, _, most := spent(t, office.server.Process.Pid)
	busy, ofOffice, findings := 0, 0, 0
	for i, v := range crowd {
		t.Logf("hire %d: %s after %v; %s down, %s up, idle RTT %s s, MOS %s, loaded %s", i, v.Verdict, v.Took.Round(time.Second), v.says("bandwidth.download"), v.says("bandwidth.upload"), v.says("bandwidth.rtt"), v.says("call.mos"), v.says("call.mos_loaded"))
		b, o := held(t, i, v)
		busy, ofOffice, findings = busy+b, ofOffice+o, findings+len(v.Findings)
	}
	t.Logf("%d hires at once: all done after %v; the office took %v of processor time for each, %.1f %% of one processor in all, and %.2f MB of memory for each, %.1f MB at most",
		n, took.Round(time.Second), ((after - cpu) / time.Duration(n)).Round(time.Millisecond), 100*(after-cpu).Seconds()/took.Seconds(), float64(most-memory)/1e6/float64(n), float64(most)/1e6)
	t.Logf("findings unknown for this machine's business: %d; for the office's: %d; of %d", busy, ofOffice, findings)
	if busy+ofOffice == findings {
		t.Error("nothing was judged")
	}
}

// held wants every finding good enough, and counts those unknown for want of processors, or by the office's doing.
func held(t *testing.T, i int, v visit) (busy, ofOffice int) {
	t.Helper()
	for _, f := range v.Findings {
		switch {
		case f.Outcome == report.Pass, f.Outcome == report.Warn: // too near to be certain: chance decides between the two
		case f.Outcome == report.Unknown && f.Missing != nil && f.Missing.Code == "call_busy_computer":
			busy++
		case f.Outcome == report.Unknown && f.Missing != nil && f.Missing.Side == "office":
			t.Logf("hire %d: %s is unknown: %s", i, f.Metric, f.Missing.Code)
			ofOffice++
		default:
			is, _ := json.Marshal(f)
			t.Errorf("hire %d: %s", i, is)
		}
	}
	return busy, ofOffice
}
