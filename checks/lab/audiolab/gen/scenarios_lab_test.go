//go:build lab

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestScenariosAreAsWritten makes all signals anew, with espeak-ng and sox, and expects the figures that are kept.
func TestScenariosAreAsWritten(t *testing.T) {
	dir := t.TempDir()
	if err := writeAll(dir, writeScenario); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing written: %v", err)
	}
	for _, file := range files {
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("../scenarios", filepath.Base(file)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s has changed (%v); after a change of gen, or of espeak-ng, run: audiolab scenarios", filepath.Base(file), err)
		}
	}
}
