package system

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRound holds the work: the same sum every time and on every computer, and a reckoning that goes wrong is seen.
func TestRound(t *testing.T) {
	r := newRound()
	const want = 0xeae9807d5db15ce7
	if got := r.do(); got != want || r.do() != got || newRound().do() != got {
		t.Errorf("sum %#x, want %#x each time", got, uint64(want))
	}
	if _, right := r.spell(want + 1); right {
		t.Error("a wrong sum passes")
	}
	if _, err := r.best(t.Context(), want+1); problem(err).Code != codeUnreadable {
		t.Errorf("a wrong sum passes: %v", err)
	}
}

func TestRounds(t *testing.T) {
	began := time.Now()
	one, err := rounds(t.Context(), 1)
	if err != nil || one < 50 || one > 1e6 {
		t.Errorf("%v rounds a second, %v", one, err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := rounds(ctx, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

func TestTimeDisk(t *testing.T) {
	folder := t.TempDir()
	left := filepath.Join(folder, TrialFile)
	if err := os.WriteFile(left, []byte("of a run that was cut off"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := timeDisk(t.Context(), folder)
	if err != nil || w.bitsPerSecond <= 0 || len(w.syncs) == 0 || len(w.syncs) > mostSyncs {
		t.Errorf("%v bit/s, %d syncs, %v", w.bitsPerSecond, len(w.syncs), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := timeDisk(ctx, folder); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	_, err = timeDisk(t.Context(), filepath.Join(folder, "none"))
	if err == nil || problem(err).Code != codeUnreadable || strings.Contains(problem(err).Detail, "none") {
		t.Errorf("no folder: %v", err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

func TestPercentile(t *testing.T) {
	var list []time.Duration
	for i := range 20 {
		list = append(list, time.Duration(20-i))
	}
	for share, want := range map[float64]time.Duration{0.95: 19, 0.5: 10, 1: 20, 0: 1} {
		if got := percentile(list, share); got != want {
			t.Errorf("%v: %d, want %d", share, got, want)
		}
	}
	if got := percentile(list[:1], 0.95); got != 20 {
		t.Errorf("of one: %d", got)
	}
}

func BenchmarkRound(b *testing.B) {
	r := newRound()
	for b.Loop() {
		r.do()
	}
}
