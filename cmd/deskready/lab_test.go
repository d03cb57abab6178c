//go:build lab

package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/lab"
	"deskready/report"
)

// usable are the exit codes of a check that came to a verdict and delivered it.
var usable = []int{exitReady, exitNotReady, exitUndecided}

// at makes a command find its settings in a folder of the test's own.
func at(dir string, cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(os.Environ(), "DESKREADY_CONFIG="+filepath.Join(dir, "config"), "DESKREADY_STATE="+filepath.Join(dir, "state"), "LANG=C")
	return cmd
}

func readReport(t *testing.T, o lab.Outcome) report.Report {
	t.Helper()
	if !slices.Contains(usable, o.ExitCode) {
		t.Fatalf("exit code %d\n%s\n%s", o.ExitCode, o.Stdout, o.Stderr)
	}
	r, err := report.Decode([]byte(o.Stdout))
	if err != nil {
		t.Fatalf("%v\n%s", err, o.Stdout)
	}
	return r
}

func value(t *testing.T, r report.Report, metric, by string) float64 {
	t.Helper()
	for _, result := range r.Results {
		for _, m := range result.Measurements {
			if m.Metric == metric && m.By == by && m.Missing == nil {
				return m.Value
			}
		}
	}
	data, _ := json.MarshalIndent(r.Results, "", " ")
	t.Fatalf("no %s by %s in %s", metric, by, data)
	return 0
}

// TestLabJourney is the whole journey of two people on a real line: the collector at the office speaks TLS with a
// certificate of its own making, the hire has the invite as a file, and the line decides the figures.
func TestLabJourney(t *testing.T) {
	line := lab.Line{Down: 25, Up: 5, RTT: 40 * time.Millisecond, Queue: 100 * time.Millisecond}
	n := lab.Net(t, line)
	program := lab.Build(t, "./cmd/deskready")
	office, home := t.TempDir(), t.TempDir()
	data := filepath.Join(office, "data")

	ctx, stop := context.WithCancel(t.Context())
	server := at(office, n.Office.Command(ctx, program, "serve", "--listen", n.Office.Addr+":8440", "--data", data, "--employer", "Acme"))
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = server.Wait() })
	for range 100 {
		if p, err := readPlace(data); err == nil && strings.HasPrefix(p.URL, "https://") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	invite := filepath.Join(home, "hire.invite.json")
	if o := lab.Finish(t, at(office, exec.CommandContext(ctx, program, "invite", "create", "--data", data, "--for", "Ana", "--out", invite))); o.ExitCode != 0 {
		t.Fatalf("%+v", o)
	}
	file := filepath.Join(home, "hire.deskready.json")
	r := readReport(t, lab.Finish(t, at(home, n.Hire.Command(ctx, program, "check",
		"--invite", invite, "--yes", "--name", "Ana", "--skip", "audio", "--format", "json", "--out", file))))
	if r.Assurance != report.A2 || r.Delivered == nil || !*r.Delivered {
		t.Errorf("assurance %s, delivered %v", r.Assurance, r.Delivered)
	}
	near := func(metric, by string, want, share float64) {
		if got := value(t, r, metric, by); math.Abs(got-want) > share*want {
			t.Errorf("%s by the %s: %.0f, the line carries %.0f", metric, by, got, want)
		} else {
			t.Logf("%s by the %s: %.0f (%+.1f %%)", metric, by, got, 100*(got/want-1))
		}
	}
	const payload = 1448.0 / 1500 // of a packet, with TCP timestamps
	near("bandwidth.download", checks.ByTool, line.Down*1e6*payload, 0.05)
	near("bandwidth.upload", checks.ByTool, line.Up*1e6*payload, 0.05)
	near("bandwidth.download", checks.ByCollector, line.Down*1e6*payload, 0.15)
	near("bandwidth.upload", checks.ByCollector, line.Up*1e6*payload, 0.05)
	if rtt := value(t, r, "bandwidth.rtt", checks.ByTool); math.Abs(rtt-line.RTT.Seconds()) > 0.002 {
		t.Errorf("RTT %.4f s, the line has %v", rtt, line.RTT)
	}
	o := lab.Finish(t, at(home, exec.CommandContext(ctx, program, "verify", file, "--trust", filepath.Join(data, "trust.json"))))
	if !slices.Contains(usable, o.ExitCode) || !strings.Contains(o.Stdout, "A2") {
		t.Errorf("verify: exit code %d\n%s%s", o.ExitCode, o.Stdout, o.Stderr)
	}
}

// TestLabSound runs the program itself among lab headsets. A starved machine makes holes in the lab's own player, so a
// good headset may need a second take; a fault may not.
func TestLabSound(t *testing.T) {
	program := lab.Build(t, "./cmd/deskready")
	for scenario, limit := range map[string]time.Duration{
		"clear_speech": 40 * time.Second, "too_quiet": 40 * time.Second, "muted": 40 * time.Second, "no_mic": 40 * time.Second,
		"server_frozen": 36 * time.Second, // three times the promise of 12 s
	} {
		t.Run(scenario, func(t *testing.T) {
			want := lab.Named(t, scenario).Verdict
			got, took := "", time.Duration(0)
			for range 3 {
				dir := t.TempDir()
				o := lab.Sound(t, scenario, "env", "DESKREADY_CONFIG="+dir, "DESKREADY_STATE="+dir, program, "check",
					"--only", "audio", "--yes", "--name", "Ana", "--no-page", "--format", "json", "--out", filepath.Join(dir, "a.deskready.json"))
				got, took = diagnosis(readReport(t, o)), o.Took
				if got != "dropouts" {
					break
				}
			}
			if got != want || took > limit {
				t.Errorf("%s after %v, want %s within %v", got, took, want, limit)
			}
		})
	}
}

func diagnosis(r report.Report) string {
	for _, result := range r.Results {
		for _, m := range result.Measurements {
			if m.Metric == "audio.diagnosis" && m.Missing == nil {
				return m.Text
			}
		}
	}
	return ""
}

// TestLabDiskFull fills the disk on which settings and runs are kept. The verdict is printed all the same where a run
// could start, and an error where it could not; nothing that was there is damaged.
func TestLabDiskFull(t *testing.T) {
	program := lab.Build(t, "./cmd/deskready")
	disk, outside := t.TempDir(), t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Fatalf("mount: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", disk).Run() })
	run := func() lab.Outcome {
		return lab.Finish(t, at(disk, exec.CommandContext(t.Context(), program, "check", "--only", "system", "--yes", "--name", "Ana", "--no-page",
			"--format", "json", "--out", filepath.Join(outside, "a.deskready.json"))))
	}
	readReport(t, run()) // with room
	key, err := filepath.Glob(filepath.Join(disk, "config", "keys", "*.pem"))
	if err != nil || len(key) != 1 {
		t.Fatalf("keys: %v %v", key, err)
	}
	before, err := os.ReadFile(key[0])
	if err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 1<<20), 0o600) // until it is full
	o := run()
	readReport(t, o)
	if !strings.Contains(o.Stderr, "could not be kept") {
		t.Errorf("nothing was said of the full disk:\n%s", o.Stderr)
	}
	if after, err := os.ReadFile(key[0]); err != nil || string(after) != string(before) {
		t.Errorf("the key was damaged: %v", err)
	}
	// Where the key cannot even be made, no run starts, and that is said in one document.
	if err := os.Remove(key[0]); err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(disk, "filler2"), make([]byte, 1<<20), 0o600)
	o = run()
	var doc struct {
		Error struct{ Code, Message, Hint string }
	}
	if err := json.Unmarshal([]byte(o.Stdout), &doc); err != nil || o.ExitCode != exitUnexpected || doc.Error.Code != "key" || doc.Error.Hint == "" {
		t.Errorf("exit code %d, %v\n%s\n%s", o.ExitCode, err, o.Stdout, o.Stderr)
	}
}
