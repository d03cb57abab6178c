package call

import (
	"testing"
	"time"
)

func TestLateSenderIsNotCharged(t *testing.T) {
	s := drive(1500, 0, without(500, 510, 520, 530, 1000))
	for i := range s.packets { // the sender wakes up for the eleventh second at once at its end
		if p := &s.packets[i]; p.seq >= 500 && p.seq < 550 {
			p.late = time.Duration(550-p.seq) * pace
			p.sent += p.late
			p.got += p.late + 90*ms // and the burst stands in a queue
		}
	}
	q := s.quality()
	if q.why != "" || q.counted != 1450 || q.lost != 5 || q.late != 0 || q.discarded != 0 {
		t.Errorf("got %+v", q)
	}
	near(t, "void", q.void, 1.0/30, 1e-12)
	near(t, "by the sender", q.sender, 1.0/30, 1e-12)
	near(t, "by the receiver", q.receiver, 0, 1e-12)
	near(t, "loss", q.loss, 1.0/1450, 1e-12)
	if q.mos < 4.3 {
		t.Errorf("MOS %v", q.mos)
	}
}

// What was lost before and after a void second is not one hole.
func TestVoidBreaksHoles(t *testing.T) {
	s := drive(1500, 0, without(497, 498, 499, 550, 551))
	for i := range s.packets {
		if s.packets[i].seq >= 500 && s.packets[i].seq < 550 {
			s.packets[i].late = 20 * ms
		}
	}
	q := s.quality()
	if q.hole != 3 {
		t.Errorf("hole %d", q.hole)
	}
	near(t, "burst ratio", q.burstR, 2.5*(1-5.0/1450), 1e-12)
	near(t, "spike", q.spike, 0.3, 1e-12)
}

// Three of fifty may be late by more than 10 ms before the second is void: the 95th percentile is the 48th.
func TestSenderMayHiccup(t *testing.T) {
	for late, void := range map[int]float64{2: 0, 3: 0.5} {
		s := drive(100, 0, clean)
		for i := range late {
			s.packets[10+i].late = 11 * ms
		}
		near(t, "void", s.quality().void, void, 1e-12)
	}
}

func TestBusyComputerIsNoBadLine(t *testing.T) {
	s := drive(1500, 0, even(500*ms))
	for i := range s.packets {
		if s.packets[i].seq >= 700 {
			s.packets[i].late = 30 * ms
		}
	}
	q := s.quality()
	if q.why != whyBusy || q.sender != 16.0/30 || q.receiver != 0 {
		t.Errorf("got %+v", q)
	}
}

// What came, or ought to have come, while the receiver stood still is left out.
func TestReceiverStallIsNotCharged(t *testing.T) {
	const from, to = 5*time.Second + 10*time.Second + 100*ms, 5*time.Second + 10*time.Second + 700*ms
	s := drive(1500, 0, func(i int, sent time.Duration) (time.Duration, bool) {
		due := sent + 15*ms
		switch {
		case due >= from && due < from+200*ms:
			return 0, false // the socket's buffer ran over
		case due >= from && due < to:
			return to - sent, true
		}
		return 15 * ms, true
	})
	bad := s.quality()
	s.stalls = []span{{from + time.Hour, to + time.Hour}}
	good := s.quality()
	if bad.mos > 4.2 || bad.late == 0 || bad.void != 0 {
		t.Errorf("without knowing of the stall: %+v", bad)
	}
	if good.mos < 4.3 || good.late != 0 || good.loss != 0 || good.lost != 10 {
		t.Errorf("knowing of the stall: %+v", good)
	}
	near(t, "void", good.receiver, 1.0/30, 1e-12)
	s.stalls = []span{{20 * time.Second, 20*time.Second + 100*ms}, {from + time.Hour, to + time.Hour}, {0, time.Second}}
	if q := s.quality(); q != good {
		t.Errorf("stalls in no order: %+v", q)
	}
	s.stalls = []span{{0, time.Minute}, {3 * time.Hour, 4 * time.Hour}, {time.Hour, time.Hour + time.Minute}}
	if q := s.quality(); q.why != whyBusy || q.counted != 0 {
		t.Errorf("one long stall: %+v", q)
	}
}

// A stall marks what came in it and in the 5 ms after. Three packets of fifty are too many, two are not.
func TestReceiverMayHiccup(t *testing.T) {
	for length, void := range map[time.Duration]float64{22 * ms: 0, 34 * ms: 0, 45 * ms: 0.1} {
		s := drive(500, 0, clean)
		from := s.packets[120].got - ms
		s.stalls = []span{{from, from + length}}
		near(t, "void", s.quality().receiver, void, 1e-12)
	}
	s := drive(500, 0, clean)
	for i := range 10 { // every second
		from := s.packets[50*i+20].got - ms
		s.stalls = append(s.stalls, span{from, from + 30*ms})
	}
	if q := s.quality(); q.void != 0 || q.why != "" {
		t.Errorf("got %+v", q)
	}
}

// Someone closes the lid: the clock of one end stands still, and the packets before or after seem a minute late.
func TestSleepIsNoBadLine(t *testing.T) {
	for _, step := range []time.Duration{-time.Minute, time.Minute} {
		s := drive(500, 0, clean)
		for i := range s.packets[300:] {
			s.packets[300+i].got += step
		}
		if q := s.quality(); q.why != whyBusy {
			t.Errorf("got %+v", q)
		}
	}
}

// A packet that the sender told of but the line did not bring is lost, and its lateness counts.
func TestTellingOfALostPacket(t *testing.T) {
	s := drive(50, 0, without(20, 21, 22))
	for i := range uint32(3) {
		s.packets = append(s.packets, packet{seq: 20 + i, sent: 5*time.Second + time.Duration(20+i)*pace, late: 50 * ms})
	}
	q := s.quality()
	if q.lost != 3 || q.received != 47 || q.void != 1 {
		t.Errorf("got %+v", q)
	}
}
