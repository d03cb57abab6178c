package call

import (
	"context"
	"sync"
	"time"
)

// A pulse notices when this computer stands still, too busy or asleep, and when it drops packets itself. What arrives late
// then, or not at all, is not the line's doing.
type pulse struct {
	mu     sync.Mutex
	stalls []stall // the newest, oldest first
}

type stall struct{ from, to time.Time }

const (
	pulseEvery = 10 * time.Millisecond
	stallFrom  = interval // between two beats
	keptStalls = 4000
)

// beat goes on until ctx ends. dropped is how many packets this computer has dropped so far; nil: it cannot tell.
func (p *pulse) beat(ctx context.Context, dropped func() uint64) {
	if dropped == nil {
		dropped = func() uint64 { return 0 }
	}
	lost := dropped()
	ticker := time.NewTicker(pulseEvery)
	defer ticker.Stop()
	before := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			now := time.Now() // not the ticker's: it may have waited for us
			gone := dropped()
			if now.Sub(before) >= stallFrom || gone != lost {
				p.note(before, now)
			}
			before, lost = now, gone
		}
	}
}

func (p *pulse) note(from, to time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.stalls) >= keptStalls {
		p.stalls = append(p.stalls[:0], p.stalls[keptStalls/2:]...)
	}
	p.stalls = append(p.stalls, stall{from, to})
}

// since are the stalls of a clock that began at that moment.
func (p *pulse) since(began time.Time) []span {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []span
	for _, s := range p.stalls {
		if s.to.After(began) {
			out = append(out, span{max(s.from.Sub(began), 0), s.to.Sub(began)})
		}
	}
	return out
}
