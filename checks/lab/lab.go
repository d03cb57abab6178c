// Package lab gives tests a line or a headset of any kind, made of real parts: netlab joins two network namespaces by a
// link of the asked rate, delay, loss and queue; audiolab puts virtual headsets, rooms and faults into a real sound
// server. Both write down the truth, to hold a measurement against.
//
// Tests that use it carry the build tag "lab" and run under "make lab", as root or with sudo that asks nothing. They fail
// where a part is missing: they never skip. Labs of several tests may run side by side.
package lab

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// An Outcome is what a command left.
type Outcome struct {
	Stdout, Stderr string
	ExitCode       int // -1 if a signal ended it
	Took           time.Duration
}

// Finish runs a command made by Command, Part or by the test itself, and gathers its outcome. Only a command that could
// not be started ends the test: what an exit code means is the test's to say.
func Finish(t testing.TB, cmd *exec.Cmd) Outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%s: %v", cmd, err)
	}
	return Outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(began)}
}

// Build builds a program of this module, such as "./cmd/deskready", and answers where it lies until the test ends.
func Build(t testing.TB, program string, flags ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), filepath.Base(program))
	cmd := exec.CommandContext(t.Context(), "go", append(append([]string{"build", "-o", file}, flags...), program)...)
	cmd.Dir = filepath.Join(here(t), "..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return file
}

// here is the folder of this package: tests run from their sources, which lie beside the labs'.
func here(t testing.TB) string {
	_, file, _, ok := runtime.Caller(0)
	if dir := filepath.Dir(file); ok && filepath.IsAbs(dir) {
		return dir
	}
	t.Fatal("the labs are started from their sources: build this test without -trimpath")
	return ""
}
