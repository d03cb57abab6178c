//go:build linux && lab

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"deskready/checks/lab"
)

// TestLab pings across a real link. It needs ip, ping, and root or sudo.
func TestLab(t *testing.T) {
	dir := t.TempDir()
	stats, pings := filepath.Join(dir, "stats.json"), filepath.Join(dir, "pings")
	args := []string{lab.Build(t, "./checks/lab/netlab"), "-rtt", "40ms", "-block", "udp", "-name", "nltest", "-stats", stats, "--",
		"sh", "-c", "$NETLAB_CLIENT ping -c 5 -i 0.1 $NETLAB_SERVER_ADDR >" + pings + "; exit 3"}
	if os.Getuid() != 0 {
		args = append([]string{"sudo", "-n"}, args...)
	}
	if o := lab.Finish(t, exec.CommandContext(t.Context(), args[0], args[1:]...)); o.ExitCode != 3 {
		t.Fatalf("exit %d: %s", o.ExitCode, o.Stderr)
	}
	out, err := os.ReadFile(pings)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`min/avg/max/mdev = ([0-9.]+)/`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("no pings:\n%s", out)
	}
	if rtt, _ := strconv.ParseFloat(string(m[1]), 64); rtt < 39.8 || rtt > 45 {
		t.Errorf("round trip %g ms, want 40", rtt)
	}
	b, err := os.ReadFile(stats)
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if r.Down.DeliveredPackets < 5 || r.Up.DeliveredBytes < 5*84 {
		t.Errorf("stats miss the pings: %s", b)
	}
	if left, _ := filepath.Glob("/run/netns/nltest-*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
