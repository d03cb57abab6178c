package call

import (
	"context"
	"sync"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// A Sampler is a call that stands while something else fills the line.
type Sampler struct {
	o Options

	mu   sync.Mutex
	done chan struct{} // of the last run
	seen map[stage]sides
	err  *checks.Problem
}

const (
	sampleRing   = 5 * time.Second // for the call to stand; after that the load begins without it
	sampleFinish = 6 * time.Second
)

// NewSampler makes the sampler that the check finds again in Options.Sampler.
func NewSampler(o Options) *Sampler { return &Sampler{o: o.withDefaults()} }

// Run calls the office and returns within five seconds; the call stands until ctx ends. phase says what else the line carries from
// now on: "download", "upload" or "" for nothing.
func (s *Sampler) Run(ctx context.Context) (phase func(name string)) {
	done := make(chan struct{})
	s.mu.Lock()
	s.done, s.seen, s.err = done, nil, nil
	s.mu.Unlock()
	if s.o.Ticket == nil {
		s.put(done, nil, &checks.Problem{Code: checks.CodeNoCollector, Side: checks.SideUnknown})
		return func(string) {}
	}
	d := newDesk(s.o)
	dial, cancel := context.WithTimeout(ctx, sampleRing)
	defer cancel()
	p, err := ring(dial, s.o, d)
	if err != nil {
		if dial.Err() != nil && ctx.Err() == nil {
			err = &checks.Problem{Code: checks.CodeTimeout, Detail: "setting up", Side: checks.SideUnknown}
		}
		d.close()
		s.put(done, nil, office.Why(ctx, err))
		return func(string) {}
	}
	go func() {
		<-ctx.Done()
		// The load is over: what both ends counted is exchanged on a free line.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sampleFinish)
		defer cancel()
		seen, err := p.finishing(last)
		p.close()
		d.close()
		if err != nil {
			s.put(done, nil, office.Why(last, err))
			return
		}
		s.put(done, seen, nil)
	}()
	return func(name string) { p.enter(stageOf(name)) }
}

// put ends a run.
func (s *Sampler) put(done chan struct{}, seen map[stage]sides, err *checks.Problem) {
	s.mu.Lock()
	if s.done == done {
		s.seen, s.err = seen, err
	}
	s.mu.Unlock()
	close(done)
}

// outcome is what the last run saw, which it may still be gathering.
func (s *Sampler) outcome(ctx context.Context) (map[stage]sides, *checks.Problem) {
	never := &checks.Problem{Code: checks.CodeNotRun, Side: checks.SideUnknown}
	if s == nil {
		return nil, never
	}
	s.mu.Lock()
	done := s.done
	s.mu.Unlock()
	if done == nil {
		return nil, never
	}
	select {
	case <-done:
	case <-ctx.Done():
		return nil, &checks.Problem{Code: checks.CodeInterrupted, Side: checks.SideHire}
	case <-time.After(sampleFinish + time.Second):
		return nil, &checks.Problem{Code: checks.CodeTimeout, Side: checks.SideUnknown}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen, s.err
}
