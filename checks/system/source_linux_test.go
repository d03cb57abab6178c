package system

import (
	"math"
	"os"
	"slices"
	"testing"

	"github.com/shirou/gopsutil/v3/host"
)

// TestRedirection points the library's settings at an empty folder: the figures must be this computer's all the same.
func TestRedirection(t *testing.T) {
	for _, name := range []string{"HOST_PROC", "HOST_SYS", "HOST_ETC", "HOST_ROOT"} {
		t.Setenv(name, t.TempDir())
	}
	if _, err := os.Stat(os.Getenv("HOST_PROC") + "/meminfo"); err == nil {
		t.Fatal("the folder is not empty")
	}
	m := thisMachine(newSources(Options{}))
	if got, err := m.memory(t.Context()); err != nil || got.total == 0 {
		t.Errorf("memory %+v, %v", got, err)
	}
	if got, err := m.times(t.Context()); err != nil || got.all == 0 {
		t.Errorf("times %+v, %v", got, err)
	}
	if got, err := m.cores(t.Context()); err != nil || got == 0 {
		t.Errorf("cores %d, %v", got, err)
	}
}

// TestProcesses looks for the test among what runs: it is there, and left out where it is this program.
func TestProcesses(t *testing.T) {
	mine := func(p process) bool { return slices.Contains(p.names, "system.test") }
	root := os.DirFS("/")
	all, err := linuxProcesses(t.Context(), root, 0, os.Getpagesize())
	if err != nil || !slices.ContainsFunc(all, mine) {
		t.Errorf("this program is not among %d, %v", len(all), err)
	}
	others, err := linuxProcesses(t.Context(), root, os.Getpid(), os.Getpagesize())
	if err != nil || slices.ContainsFunc(others, mine) {
		t.Errorf("this program is among %d, %v", len(others), err)
	}
}

// TestAgainstTheLibrary holds what is read here against what the library says of the same.
func TestAgainstTheLibrary(t *testing.T) {
	up, err := thisMachine(newSources(Options{})).uptime(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, err := host.UptimeWithContext(plain(t.Context()))
	if err != nil || math.Abs(up.Seconds()-float64(want)) > 5 {
		t.Errorf("up for %v, by the library %d s, %v", up, want, err)
	}
}
