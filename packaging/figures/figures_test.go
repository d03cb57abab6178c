package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"deskready/checks/lab/access"
)

func TestPlan(t *testing.T) {
	s, err := read([]string{"-lines", "25-5,bloat", "-peers", "ping,ndt7", "-modes", "exact", "-repeat", "2"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	todo, err := s.plan()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, t := range todo {
		got = append(got, row{Line: t.line.name, Tool: t.tool.name, Repeat: t.repeat}.key())
	}
	want := []string{"25-5|ping|1", "25-5|ndt7|1", "25-5|exact|1", "25-5|exact|2", "bloat|ping|1", "bloat|ndt7|1", "bloat|exact|1", "bloat|exact|2"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	left := missing(todo, []row{{Line: "25-5", Tool: "ndt7", Repeat: 1}, {Line: "bloat", Tool: "ping", Repeat: 1, Error: "no"}})
	if len(left) != len(todo)-1 {
		t.Errorf("%d left of %d: what failed is tried again, what succeeded is not", len(left), len(todo))
	}
	var out bytes.Buffer
	if err := dryRun(&out, todo); err != nil || !strings.HasSuffix(out.String(), "8 trials, about 3 minutes\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestRefused(t *testing.T) {
	for _, args := range [][]string{{"-lines", "26-5"}, {"-peers", "fast.com"}, {"-modes", "slow"}, {"extra"}, {"-repeat", "x"}} {
		if err := figures(t.Context(), append(args, "-n", "-out", t.TempDir()), &bytes.Buffer{}); err == nil {
			t.Errorf("%q: accepted", args)
		}
	}
}

// TestLines holds what the table must have: at least 14 lines with a limit, each with a name of its own.
func TestLines(t *testing.T) {
	seen, limited := map[string]bool{}, 0
	for _, l := range lines() {
		if seen[l.name] {
			t.Errorf("two lines %s", l.name)
		}
		if seen[l.name] = true; l.Down > 0 && l.Up > 0 {
			limited++
		}
	}
	if limited < 14 {
		t.Errorf("%d lines", limited)
	}
	l, _ := findLine("25-5")
	if want, known := l.download(); !known || math.Abs(want-24.133e6) > 1e3 {
		t.Errorf("25 Mbit/s carry %g", want)
	}
	if _, known := (line{Line: access.Line{Down: 25, Loss: 1}}).download(); known {
		t.Error("loss decides the rate, not the line")
	}
}

func TestBook(t *testing.T) {
	b := book{filepath.Join(t.TempDir(), "rows.jsonl")}
	if rows, err := b.read(); err != nil || len(rows) != 0 {
		t.Fatalf("%v, %v", rows, err)
	}
	first := row{Line: "25-5", Tool: "ping", Repeat: 1, Error: "no", Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	other := row{Line: "25-5", Tool: "ping", Repeat: 2, RTT: value(0.04), Up: traffic{RTP: map[uint16]access.Counts{8440: {OfferedPackets: 3}}}}
	second := first
	second.Error, second.RTT = "", value(0.041)
	for _, r := range []row{first, other, second} {
		if err := b.add(r); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := b.read()
	if want := []row{second, other}; err != nil || !reflect.DeepEqual(rows, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, rows, want)
	}
	if err := os.WriteFile(b.file, []byte("{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := b.read(); err == nil || !strings.Contains(err.Error(), "rows.jsonl:1:") {
		t.Errorf("half a row: %v", err)
	}
}

func TestReadings(t *testing.T) {
	if rate, err := parseIperf([]byte(`{"end":{"sum_received":{"bits_per_second":24.1e6}}}`)); err != nil || *rate != 24.1e6 {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "{}", `{"error":"unable to connect","end":{}}`} {
		if _, err := parseIperf([]byte(bad)); err == nil {
			t.Errorf("iperf3 %q: accepted", bad)
		}
	}
	var r row
	summary := `{"Key":"x"}` + "\n" + `{"Download":{"Throughput":{"Value":23.2,"Unit":"Mbit/s"},"Latency":{"Value":40.3,"Unit":"ms"}},"Upload":{"Throughput":{"Value":4.7}}}` + "\n"
	if err := parseNDT7([]byte(summary), &r); err != nil || *r.Download != 23.2e6 || *r.Upload != 4.7e6 || math.Abs(*r.RTT-0.0403) > 1e-9 {
		t.Errorf("%v, %+v", err, r)
	}
	for _, bad := range []string{"", "{}", `{"Download":{"Throughput":{"Value":1}}}`} {
		if err := parseNDT7([]byte(bad), &r); err == nil {
			t.Errorf("ndt7 %q: accepted", bad)
		}
	}
	if m := pinged.FindStringSubmatch("rtt min/avg/max/mdev = 40.1/40.5/41.0/0.2 ms"); m == nil || m[1] != "40.5" {
		t.Errorf("ping: %q", m)
	}
}

func TestReport(t *testing.T) {
	r, err := parseReport([]byte(`{"version":1,"tool":{"version":"v1"},"results":[{"check":"bandwidth","seconds":12.5,"measurements":[
		{"metric":"bandwidth.download","value":24e6,"unit":"bit/s","by":"tool","at_least":true},
		{"metric":"bandwidth.download","value":23e6,"unit":"bit/s","by":"collector"},
		{"metric":"bandwidth.bloat","text":"a","unit":"text","by":"tool"},
		{"metric":"system.memory","value":1,"by":"tool"},
		{"metric":"call.mos","by":"tool","missing":{"code":"timeout","side":"line"}}]}],
		"findings":[{"metric":"bandwidth.download","outcome":"pass","require":{"min":10e6}},{"metric":"audio.diagnosis","outcome":"unknown"},
		{"metric":"path.mtu","outcome":"unknown","missing":{"code":"not_run"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &said{Version: "v1", Seconds: map[string]float64{"bandwidth": 12.5},
		Figures: map[string]float64{"bandwidth.download tool": 24e6, "bandwidth.download collector": 23e6},
		Texts:   map[string]string{"bandwidth.bloat tool": "a", "bandwidth.download tool": "at least"},
		Missing: map[string]string{"call.mos tool": "timeout line"}}
	want.Findings = []finding{{Metric: "bandwidth.download", Outcome: "pass"}}
	want.Findings[0].Require.Min = value(10e6)
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
	if _, err := parseReport([]byte(`{"version":1,"error":{"code":"usage","message":"unknown flag"}}`)); err == nil || err.Error() != "unknown flag" {
		t.Errorf("%v", err)
	}
}

func TestMachine(t *testing.T) {
	before := parseTicks("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2\n")
	after := parseTicks("cpu  200 0 100 1600 50 0 0 50 999 0\n")
	if got := before.until(after); math.Abs(got.busy-0.2) > 1e-9 || math.Abs(got.stolen-0.05) > 1e-9 {
		t.Errorf("%+v", got)
	}
	if got := before.until(before); got != (shares{}) {
		t.Errorf("no time: %+v", got)
	}
	if cpu := parseCPU("42 (a b) c) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 25 25 20 0"); cpu != 2.5 {
		t.Errorf("cpu %g s", cpu)
	}
	if cpu := parseCPU(""); cpu != 0 {
		t.Errorf("cpu of nobody: %g s", cpu)
	}
	table := "  sl  local_address rem_address   st\n   0: 0100004D0A:20F8 00000000:0000 0A 0\n   1: 0A4D0002:1F90 0A4D0001:C350 01 0\n"
	if !parseListens(table, 8440) || parseListens(table, 8080) || parseListens(table, 50000) {
		t.Error("listeners misread")
	}
	if used(os.Getpid()).RSS < 1<<20 || watch(os.Getpid())() < 1<<20 {
		t.Error("this test takes no memory")
	}
}

func TestAgainst(t *testing.T) {
	for _, tt := range []struct {
		outcome  string
		min, max *float64
		truth    float64
		want     tally
	}{
		{"pass", value(10), nil, 20, tally{right: 1}},
		{"warn", value(10), nil, 20, tally{right: 1}},
		{"fail", value(10), nil, 20, tally{falseFail: 1}},
		{"fail", value(10), nil, 5, tally{right: 1}},
		{"pass", value(10), nil, 5, tally{falsePass: 1}},
		{"warn", value(10), nil, 5, tally{falsePass: 1}},
		{"unknown", value(10), nil, 5, tally{undecided: 1}},
		{"fail", value(10), nil, 10.9, tally{near: 1}},
		{"pass", nil, value(0.15), 0.25, tally{falsePass: 1}},
		{"fail", nil, value(0.15), 0.25, tally{right: 1}},
		{"pass", nil, nil, 1, tally{}},
	} {
		f := finding{Outcome: tt.outcome}
		f.Require.Min, f.Require.Max = tt.min, tt.max
		if got := f.against(reach{tt.truth, tt.truth}); got != tt.want {
			t.Errorf("%s at %g: %+v, want %+v", tt.outcome, tt.truth, got, tt.want)
		}
	}
}

// TestReach has a line that loses 2 % of 25 Mbit/s: what iperf3 reached there and what the line could carry enclose the
// mark of 10, so that nobody can say what is right; the mark of 3 and of 30 leave no doubt.
func TestReach(t *testing.T) {
	l, _ := findLine("25-5-loss2")
	want, known := truth("bandwidth.download", l, row{Download: value(6e6)})
	if !known || want.low != 6e6 || math.Abs(want.high-23.65e6) > 1e4 {
		t.Fatalf("%+v, %v", want, known)
	}
	if _, known := truth("bandwidth.download", l, row{}); known {
		t.Error("the rate is known without iperf3")
	}
	for mark, expect := range map[float64]tally{3e6: {right: 1}, 10e6: {near: 1}, 30e6: {falsePass: 1}} {
		f := finding{Outcome: "pass"}
		f.Require.Min = &mark
		if got := f.against(want); got != expect {
			t.Errorf("mark %g: %+v, want %+v", mark, got, expect)
		}
	}
}

func TestJudgeCall(t *testing.T) {
	for _, tt := range []struct {
		outcomes, call string
		want           tally
	}{
		{"pass pass", "good", tally{right: 1}},
		{"pass warn", "good", tally{right: 1}},
		{"pass fail", "good", tally{falseFail: 1}},
		{"pass fail", "bad", tally{right: 1}},
		{"pass warn", "bad", tally{right: 1}},
		{"pass pass", "bad", tally{falsePass: 1}},
		{"pass unknown", "bad", tally{undecided: 1}},
		{"fail", "", tally{}},
		{"", "bad", tally{}},
	} {
		var findings []finding
		for _, o := range strings.Fields(tt.outcomes) {
			findings = append(findings, finding{Metric: "call.mos", Outcome: o})
		}
		if got := judgeCall(append(findings, finding{Metric: "path.udp", Outcome: "fail"}), tt.call); got != tt.want {
			t.Errorf("%q on a %s line: %+v, want %+v", tt.outcomes, tt.call, got, tt.want)
		}
	}
}

func TestTables(t *testing.T) {
	said := func(outcome string) *said {
		s := &said{Figures: map[string]float64{"call.loss_up tool": 0.01, "call.mos tool": 4.2}, Findings: []finding{{Metric: "bandwidth.download", Outcome: outcome}}}
		s.Findings[0].Require.Min = value(10e6)
		return s
	}
	rtp := traffic{RTP: map[uint16]access.Counts{officePort: {OfferedPackets: 200, LostPackets: 1, OverflowPackets: 1}}}
	rows := []row{
		{Line: "25-5", Tool: "loaded", Repeat: 1, Download: value(24.133e6 * 0.98), Upload: value(4.8266e6 * 1.01), RTT: value(0.041), Said: said("pass"), Up: rtp, Office: usage{1, 30e6}},
		{Line: "25-5", Tool: "loaded", Repeat: 2, Download: value(24.133e6 * 1.00), Upload: value(4.8266e6 * 1.01), RTT: value(0.043), Said: said("fail"), LateMS: 9},
		{Line: "25-5-loss2", Tool: "iperf3-8", Repeat: 1, Download: value(10e6), Upload: value(4e6)},
		{Line: "25-5-loss2", Tool: "loaded", Repeat: 1, Download: value(9e6), Upload: value(4e6), Said: said("fail")},
		{Line: "bloat", Tool: "ndt7", Repeat: 1, Error: "ndt7: no result\nmore"},
	}
	file := filepath.Join(t.TempDir(), "figures.md")
	if err := writeTables(file, rows); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 25-5 | 24.13 / 4.827 | - / - | 23.89 -1.0 % / 4.875 +1.0 % * |",
		"| loaded | 1.0 | 1.0 | 2 | -10.0 | +0.0 |",
		"| 25-5 | 40 | 42.0 (+2.0) * |",
		"| 25-5 | loaded | 2 | 1 | 0 | 0 | 1 | 0 | bandwidth.download fail ×1 |",
		"| 25-5-loss2 | loaded | 1 | 0 | 0 | 0 | 0 | 1 | bandwidth.download fail ×1 |", // iperf3 reached the mark itself
		"1 false fails, 0 false passes, 0 undecided, 1 right.",
		"| 25-5 | loaded | 1 | 1.00 | - | 1.00 (2 of 200) | - | - | - | 4.20, - |",
		"* bloat ndt7 1 did not succeed: ndt7: no result\n",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}
