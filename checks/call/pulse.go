package call

import (
	"context"
	"sync"
	"time"
)

// A pulse notices when this computer stands still: too busy, or asleep. What arrives late then is not the line's doing.
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

// beat goes on until ctx ends.
func (p *pulse) beat(ctx context.Context) {
	ticker := time.NewTicker(pulseEvery)
	defer ticker.Stop()
	before := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			now := time.Now() // not the ticker's: it may have waited for us
			if now.Sub(before) >= stallFrom {
				p.note(before, now)
			}
			before = now
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
