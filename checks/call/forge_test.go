package call

import (
	"net/netip"
	"testing"
	"time"
)

// TestShortenedTrip: a hire that says it held each echo for nearly as long as the way took has no short way.
func TestShortenedTrip(t *testing.T) {
	const away = 300 * time.Millisecond
	for name, c := range map[string]struct {
		trusts bool
		hold   time.Duration // claimed
		gap    time.Duration // since the packet before
		least  float64       // s, of the round trips
	}{
		"honest":          {hold: 15 * time.Millisecond, gap: interval, least: 0.285},
		"hire":            {hold: 295 * time.Millisecond, gap: interval, least: 0.275},
		"nothing between": {hold: 295 * time.Millisecond, gap: 300 * time.Millisecond, least: 0.005},
		"office, trusted": {trusts: true, hold: 295 * time.Millisecond, gap: interval, least: 0.005},
	} {
		l := newLedger()
		l.trusts = c.trusts
		for i := range uint32(100) {
			due := time.Duration(i) * interval
			p, _ := l.depart(idle, due)
			l.out[idle].sent[i].at = due
			l.hear(echo{idle, i, uint32(p.token >> 32), c.hold}, due+away, due+away-c.gap, due+away)
		}
		got, ok := least(l.outgoing(idle, 0, 100, nil).rtts)
		if !ok || got < c.least-1e-9 || got > c.least+1e-9 {
			t.Errorf("%s: the shortest round trip is %.3f s, want %.3f", name, got, c.least)
		}
	}
}

// TestMadeUpTimes: packets that wait ever longer in the hire's line come out late or lost, whatever the hire writes into them.
func TestMadeUpTimes(t *testing.T) {
	const n = 500
	wait := func(i int) time.Duration { return min(time.Duration(i)*2*time.Millisecond, 400*time.Millisecond) } // a queue that fills
	for name, c := range map[string]struct {
		dated func(i int) (by, late time.Duration) // what the hire adds to its sending time, and says of its lateness
		void  bool
	}{
		"honest":         {dated: func(int) (time.Duration, time.Duration) { return 0, 0 }},
		"dated later":    {dated: func(i int) (time.Duration, time.Duration) { return wait(i), 0 }},
		"in steps":       {dated: func(i int) (time.Duration, time.Duration) { return wait(i).Truncate(interval), 0 }},
		"late by itself": {dated: func(i int) (time.Duration, time.Duration) { return wait(i), wait(i) }, void: true},
	} {
		l := newLedger()
		for i := range n {
			due := time.Duration(i) * interval
			by, late := c.dated(i)
			l.arrive(payload{stage: idle, seq: uint32(i), sent: due + by, late: late}, due+wait(i))
		}
		q := l.incoming(idle, 0, n, nil).quality()
		if bad := q.loss+q.late > 0.5; bad == c.void || c.void != (q.why == whyBusy) {
			t.Errorf("%s: %.2f lost, %.2f late, %q", name, q.loss, q.late, q.why)
		}
	}
}

// TestScheduleOfSleepers: a sender that slept goes on with a new schedule, and is believed; so is one that is late.
func TestScheduleOfSleepers(t *testing.T) {
	const n = 300
	l := newLedger()
	for i := range n {
		due := time.Duration(i) * interval
		if i >= n/2 {
			due += 3 * time.Second
		}
		late := time.Duration(i%4) * time.Millisecond
		l.arrive(payload{stage: idle, seq: uint32(i), sent: due + late, late: late}, due+late+20*time.Millisecond)
	}
	if q := l.incoming(idle, 0, n, nil).quality(); q.lost != 0 || q.late != 0 || q.why != "" {
		t.Errorf("%d lost, %.2f late, %q", q.lost, q.late, q.why)
	}
}

// TestLikeliest: of an office's addresses, media goes to the one that HTTPS has found, or to one of its family.
func TestLikeliest(t *testing.T) {
	four, other, six := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("192.0.2.8"), netip.MustParseAddr("2001:db8::7")
	mapped := netip.MustParseAddr("::ffff:192.0.2.7")
	for name, c := range map[string]struct {
		found   []netip.Addr
		reached netip.Addr
		want    netip.Addr
	}{
		"the same":            {[]netip.Addr{six, other, four}, four, four},
		"the same, mapped":    {[]netip.Addr{other, mapped}, four, four},
		"its family":          {[]netip.Addr{six, other}, four, other},
		"its family, IPv6":    {[]netip.Addr{four, six}, netip.MustParseAddr("2001:db8::1"), six},
		"another host's only": {[]netip.Addr{six}, four, six}, // never the address of the first host
		"nothing reached":     {[]netip.Addr{six, four}, netip.Addr{}, four},
		"nothing found":       {nil, four, netip.Addr{}},
	} {
		if got := likeliest(c.found, c.reached); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestOutage: what came before a break, and could be told only after it, came when it came.
func TestOutage(t *testing.T) {
	const outage = 3 * time.Second
	l, far := newLedger(), newLedger()
	for i := range uint32(300) {
		due := time.Duration(i) * interval
		if i >= 100 {
			due += outage
		}
		p, _ := l.depart(idle, 0)
		l.out[idle].sent[i].at = due
		far.arrive(payload{stage: idle, seq: i, sent: due, token: p.token}, due+15*time.Millisecond)
		if i == 99 {
			continue // its echo falls into the break, and is said again after it
		}
		far.mu.Lock()
		echoes := far.owed(due + interval)
		far.mu.Unlock()
		l.arrive(payload{stage: idle, seq: i, sent: due + interval, echoes: echoes}, due+2*interval)
	}
	s := l.outgoing(idle, 0, 300, nil)
	w := newWindows(0)
	for _, p := range s.packets {
		w.add(p)
	}
	if got := w.close(300); got.gaps != 0 { // the sender paused, as its times say
		t.Errorf("%d gaps, the longest %v", got.gaps, got.longest)
	}
	if q := s.quality(); q.lost != 0 || q.late != 0 || q.pdv99 > 0.001 {
		t.Errorf("%d lost, %.3f late, PDV %.3f s", q.lost, q.late, q.pdv99)
	}
}
