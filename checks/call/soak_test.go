//go:build lab

package call

import (
	"testing"
	"time"

	"deskready/checks"
)

// TestSoak: a long call is settled as it goes, keeps little, and knows which quarter of a minute was bad and when nothing came.
func TestSoak(t *testing.T) {
	s := serve(t, Limits{})
	line := impair(t, s.address)
	var most int
	beats, live := 0, 0
	time.AfterFunc(20*time.Second, func() { line.noUDP.Store(true) })
	time.AfterFunc(23*time.Second, func() { line.noUDP.Store(false) })
	watch := func(e checks.Event) {
		if e.Step != "call.step.talk" {
			return
		}
		beats++
		if e.Metric == "call.mos" && e.Value >= 1 && e.Left > 0 {
			live++
		}
		s.Office.mu.Lock()
		defer s.Office.mu.Unlock()
		for _, c := range s.Office.calls {
			l := c.talk.ledger
			l.mu.Lock()
			most = max(most, len(l.in[idle].packets), len(l.out[idle].sent))
			l.mu.Unlock()
		}
	}
	got := map[string]checks.Measurement{}
	for result := range checks.Run(t.Context(), time.Now, []checks.Check{New(Options{Ticket: s.issue(line.address), Soak: 55 * time.Second})}, watch) {
		got = byMetric(result.Measurements)
	}
	for who, m := range map[string]map[string]checks.Measurement{"hire": got, "office": s.witness()} {
		t.Logf("%s: bad %v, gaps %v, worst %v, MOS %v, loss %v and %v", who, m["call.soak_bad"], m["call.soak_gaps"], m["call.soak_worst"],
			m["call.mos"].Value, m["call.loss_up"].Value, m["call.loss_down"].Value)
		if v := m["call.soak_gaps"]; v.Missing != nil || v.Value != 1 {
			t.Errorf("%s: gaps %+v", who, v)
		}
		if v := m["call.soak_worst"]; v.Missing != nil || v.Value > 3 || len(v.Samples) < 3 {
			t.Errorf("%s: worst %+v", who, v)
		}
		if v := m["call.soak_bad"]; v.Missing != nil || v.Value < 0.2 || v.Value > 0.6 {
			t.Errorf("%s: bad %+v", who, v)
		}
		for _, id := range []string{"call.loss_up", "call.loss_down"} { // 3 of 55 s
			if v := m[id]; v.Missing != nil || v.Value < 0.04 || v.Value > 0.07 {
				t.Errorf("%s: %+v", who, v)
			}
		}
	}
	if most > 1200 {
		t.Errorf("%d packets were kept", most)
	}
	if beats < 45 || live < 40 {
		t.Errorf("%d events, %d with a figure", beats, live)
	}
}
