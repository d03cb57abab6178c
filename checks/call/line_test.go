package call

import (
	"context"
	"testing"
	"time"

	"deskready/checks/office"
)

// dialled is a call that stands, in stage idle.
func dialled(t testing.TB, ticket *office.Ticket) *phone {
	t.Helper()
	o := Options{Ticket: ticket}.withDefaults()
	d := newDesk(o)
	p, err := ring(t.Context(), o, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.close()
		d.close()
	})
	p.enter(idle)
	return p
}

func unique(s stretch) int {
	seen := map[uint32]bool{}
	for _, p := range s.packets {
		seen[p.seq] = true
	}
	return len(seen)
}

// TestLossExact: what the line drops is what both ends count, in both directions, to the packet, the last ones included.
func TestLossExact(t *testing.T) {
	t.Parallel()
	s := serve(t, Limits{})
	line := impair(t, s.address)
	line.up.loss, line.down.loss = 0.08, 0.04
	p := dialled(t, s.issue(line.address))
	for p.talk.ledger.farStage() != idle { // the office follows
		time.Sleep(time.Millisecond)
	}
	line.active.Store(true)
	time.Sleep(4 * time.Second)
	for _, w := range []*way1{&line.up, &line.down} {
		w.set(func(w *way1) { w.loss = 1 }) // of the last ones all
	}
	time.Sleep(150 * time.Millisecond)
	p.talk.muted.Store(true)
	time.AfterFunc(30*time.Millisecond, func() {
		line.active.Store(false)
		p.talk.muted.Store(false)
	})
	seen, err := p.settleAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Office.mu.Lock()
	c := s.Office.calls[p.id]
	s.Office.mu.Unlock()
	c.mu.Lock()
	theirs := c.rest(idle, nil)
	c.mu.Unlock()
	for who, got := range map[string]sides{"hire": seen[idle], "office": theirs} {
		if lost := int(got.up.sent) - unique(got.up); lost != line.up.lost || lost < 5 {
			t.Errorf("%s: %d lost up of %d, the line dropped %d", who, lost, got.up.sent, line.up.lost)
		}
		if lost := int(got.down.sent) - unique(got.down); lost != line.down.lost || lost < 5 {
			t.Errorf("%s: %d lost down of %d, the line dropped %d", who, lost, got.down.sent, line.down.lost)
		}
	}
	p.desk.hangUp(t.Context(), p.id)
	for _, id := range []string{"call.mos", "call.rtt", "call.loss_up", "call.late_down", "call.jitter_up"} {
		if m, ok := s.witness()[id]; !ok || m.By != "collector" {
			t.Errorf("the office says %+v", m)
		}
	}
}

// TestTwice: packets that come twice are not lost, and are seen.
func TestTwice(t *testing.T) {
	t.Parallel()
	s := serve(t, Limits{})
	line := impair(t, s.address)
	line.up.twice, line.down.twice = 10, 7
	p := dialled(t, s.issue(line.address))
	time.Sleep(200 * time.Millisecond)
	line.active.Store(true)
	time.Sleep(2 * time.Second)
	line.active.Store(false)
	seen, err := p.finishing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	j := seen[idle].judge()
	if j.up.lost != 0 || j.down.lost != 0 || j.up.dups != line.up.dups || j.down.dups != line.down.dups || j.up.dups == 0 {
		t.Errorf("up %d lost, %d twice of %d; down %d, %d of %d", j.up.lost, j.up.dups, line.up.dups, j.down.lost, j.down.dups, line.down.dups)
	}
}

// calm leaves out what a stretch says of busy computers: those that run tests are.
func calm(s stretch) stretch {
	s.stalls = nil
	for i := range s.packets {
		s.packets[i].late = 0
	}
	return s
}

// TestDelay: the delay of the line is in the round trip, and what grows is late.
func TestDelay(t *testing.T) {
	t.Parallel()
	s := serve(t, Limits{})
	line := impair(t, s.address)
	p := dialled(t, s.issue(line.address))
	line.active.Store(true)
	line.up.set(func(w *way1) { w.delay = 20 * time.Millisecond })
	line.down.set(func(w *way1) { w.delay = 60 * time.Millisecond })
	time.Sleep(2 * time.Second)
	line.up.set(func(w *way1) { w.delay = 150 * time.Millisecond })
	time.Sleep(2 * time.Second)
	seen, err := p.finishing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	j := sides{calm(seen[idle].up), calm(seen[idle].down)}.judge()
	if j.up.late < 0.3 || j.up.late > 0.7 || j.down.late > 0.05 || j.up.loss > 0 || j.down.loss > 0 {
		t.Errorf("late %.3f up, %.3f down; lost %.3f, %.3f", j.up.late, j.down.late, j.up.loss, j.down.loss)
	}
	trips := seen[idle].up.rtts
	quick := 0
	for _, trip := range trips {
		if trip > 0.079 && trip < 0.1 {
			quick++
		}
	}
	if quick < len(trips)/3 {
		t.Errorf("%d of %d round trips take the 80 ms of the line", quick, len(trips))
	}
}

// TestSampler: a call beside a load is told under other names, and a line that lets packets wait fails there.
func TestSampler(t *testing.T) {
	t.Parallel()
	s := serve(t, Limits{})
	line := impair(t, s.address)
	ticket := s.issue(line.address)
	sampler := NewSampler(Options{Ticket: ticket})
	ctx, cancel := context.WithCancel(t.Context())
	phase := sampler.Run(ctx)
	line.active.Store(true)
	phase("download")
	time.Sleep(1700 * time.Millisecond)
	phase("upload")
	for n := range 17 { // a queue that fills
		line.up.set(func(w *way1) { w.delay = time.Duration(n) * 20 * time.Millisecond })
		time.Sleep(100 * time.Millisecond)
	}
	line.up.set(func(w *way1) { w.delay = 0 })
	phase("")
	cancel()
	seen, p := sampler.outcome(t.Context())
	if p != nil {
		t.Fatal(p)
	}
	for _, st := range []stage{download, upload} {
		if n := seen[st].up.sent; n < leastPackets || n > 2*leastPackets {
			t.Errorf("%d packets in %v", n, st)
		}
		seen[st] = sides{calm(seen[st].up), calm(seen[st].down)}
	}
	got := run(t, Options{Ticket: ticket, Length: 2 * time.Second, Sampler: sampler})
	if l := got["call.mos_loaded"]; l.Missing != nil || l.Value > 3.5 {
		t.Errorf("loaded %+v", l)
	}
	if l := got["call.late_loaded_up"]; l.Missing != nil || l.Value < 0.2 {
		t.Errorf("late %+v", l)
	}
	if l := got["call.loss_loaded_up"]; l.Missing != nil || l.Value != 0 {
		t.Errorf("lost %+v", l)
	}
	if m, ok := s.witness()["call.mos_loaded"]; !ok || m.Missing != nil && m.Missing.Code != CodeBusyComputer && m.Missing.Code != office.CodeBusy {
		t.Errorf("the office says %+v", m)
	}
}
