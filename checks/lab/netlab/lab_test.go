//go:build linux && lab

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestLab pings across a real link. It needs root, ip and ping.
func TestLab(t *testing.T) {
	dir := t.TempDir()
	stats, pings := filepath.Join(dir, "stats.json"), filepath.Join(dir, "pings")
	code, err := netlab([]string{"-rtt", "40ms", "-block", "udp", "-name", "nltest", "-stats", stats, "--", "sh", "-c",
		"$NETLAB_CLIENT ping -c 5 -i 0.1 $NETLAB_SERVER_ADDR >" + pings + "; exit 3"})
	if code != 3 || err != nil {
		t.Fatalf("code %d, error %v", code, err)
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
