//go:build lab

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLabFigures tries the quickest tool on one line, from the flags to the table, and then finds nothing left to do. A
// program that fails leaves a row with the reason and does not stop the rest.
func TestLabFigures(t *testing.T) {
	t.Chdir("../..") // where programs are built from
	folder := t.TempDir()
	args := []string{"-lines", "25-5,bloat", "-peers", "ping", "-modes", "default", "-deskready", "/bin/false", "-patience", "0s", "-retries", "0", "-out", folder}
	var out bytes.Buffer
	if err := figures(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	rows, err := book{filepath.Join(folder, "rows.jsonl")}.read()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v\n%s", len(rows), err, out.String())
	}
	for _, r := range rows {
		switch {
		case r.Tool == "default" && !strings.Contains(r.Error, "false does not listen on 8440"):
			t.Errorf("no reason: %+v", r)
		case r.Tool == "ping" && (r.RTT == nil || *r.RTT < r.line().RTT.Seconds() || *r.RTT > r.line().RTT.Seconds()+0.05):
			t.Errorf("ping of %v: %s", r.line().RTT, r)
		case r.Tool == "ping" && (r.Up.DeliveredPackets < 20 || r.Down.DeliveredPackets < 20 || r.Client.RSS < 1<<20 || r.Seconds < 3):
			t.Errorf("cost: %+v", r)
		}
	}
	table, err := os.ReadFile(filepath.Join(folder, "figures.md"))
	if err != nil || !strings.Contains(string(table), "| bloat | 20 | ") {
		t.Errorf("%v\n%s", err, table)
	}
	out.Reset()
	if err := figures(t.Context(), append(args, "-n"), &out); err != nil || !strings.Contains(out.String(), "2 trials") {
		t.Errorf("what failed is left, what succeeded is not: %v\n%s", err, out.String())
	}
}
