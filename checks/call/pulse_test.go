package call

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPulseNotesWhatWasDropped: what the office itself dropped is not held against the line.
func TestPulseNotesWhatWasDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var dropped atomic.Uint64
		p, began := &pulse{}, time.Now()
		go p.beat(ctx, dropped.Load)
		time.Sleep(105 * time.Millisecond)
		if got := p.since(began); len(got) != 0 {
			t.Fatalf("stalls of a computer that stood still for nothing: %v", got)
		}
		dropped.Add(3)
		time.Sleep(100 * time.Millisecond)
		got := p.since(began)
		if len(got) != 1 || got[0].from != 100*time.Millisecond || got[0].to != 110*time.Millisecond {
			t.Errorf("three packets dropped after 105 ms are noted as %v", got)
		}
	})
}
