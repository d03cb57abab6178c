package call

import (
	"context"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// ringLimit is for setting up, with an office that is busy and ways that look good and carry nothing.
const ringLimit = 40 * time.Second

// measure makes the idle call, or the long one, and tells what the sampler saw before.
func measure(ctx context.Context, o Options, tell checks.Progress) ([]checks.Measurement, error) {
	if o.Ticket == nil {
		return nil, &checks.Problem{Code: checks.CodeNoCollector, Side: checks.SideUnknown}
	}
	t := teller{by: checks.ByTool}
	t.sampled(o.Sampler.outcome(ctx))
	tell(checks.Event{Step: "call.step.connect", Left: o.talk() + 3*time.Second})
	d := newDesk(o)
	defer d.close()
	dial, cancel := context.WithTimeout(ctx, ringLimit)
	defer cancel()
	p, err := ring(dial, o, d)
	if err != nil {
		return t.out, office.Why(ctx, err)
	}
	defer p.close()
	t.add(setup, p.setup.Seconds(), 0, nil)
	named := path.Named("", p.way.name)
	named.By = t.by
	t.out = append(t.out, named)
	if o.Soak > 0 {
		return t.soak(ctx, p, o, tell)
	}
	t.notSoaked()
	p.converse(ctx, o.Length, 250*time.Millisecond, tell, nil)
	if ctx.Err() != nil {
		p.vanish(ctx)
		return t.out, ctx.Err()
	}
	tell(checks.Event{Step: "call.step.compare", Done: 0.95, Left: time.Second})
	seen, err := p.finishing(ctx)
	if err != nil {
		return t.out, office.Why(ctx, err)
	}
	t.quiet(seen[idle])
	return t.out, nil
}

// sampled tells of the call beside the load.
func (t *teller) sampled(seen map[stage]sides, p *checks.Problem) {
	if p != nil {
		t.unloaded(p)
		return
	}
	t.loaded(seen)
}

func (t *teller) notSoaked() {
	for _, m := range []checks.Metric{soakBad, soakGaps, soakWorst} {
		t.add(m, 0, 0, &checks.Problem{Code: checks.CodeNotRun, Side: checks.SideUnknown})
	}
}

// converse lets the call go on for so long, and shows how it is.
func (p *phone) converse(ctx context.Context, length, every time.Duration, tell checks.Progress, each func()) {
	l := p.talk.ledger
	l.mu.Lock()
	l.meter = &meter{}
	l.mu.Unlock()
	p.enter(idle)
	began := time.Now()
	beat := time.NewTicker(every)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		gone := time.Since(began)
		if gone >= length {
			return
		}
		e := checks.Event{Step: "call.step.talk", Done: 0.95 * gone.Seconds() / length.Seconds(), Left: length - gone + time.Second}
		if v, ok := l.watch(); ok {
			e.Metric, e.Value = mos.ID, v
		}
		if tell(e); each != nil {
			each()
		}
	}
}

// vanish tells the office that the hire has hung up, if that can be said in a moment. Nobody waits for it.
func (p *phone) vanish(ctx context.Context) {
	if p.id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	go func() {
		defer cancel()
		p.desk.hangUp(ctx, p.id)
		p.desk.close()
	}()
}
