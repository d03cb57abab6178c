package call

import (
	"encoding/binary"
	"math"
	"testing"
	"time"
)

// arbitrary makes a stretch of any bytes: 22 a packet.
func arbitrary(first, sent uint32, data []byte) stretch {
	s := stretch{first: first, sent: sent}
	for ; len(data) >= 22; data = data[22:] {
		p := packet{
			seq:     first + uint32(binary.LittleEndian.Uint16(data)),
			sent:    time.Duration(binary.LittleEndian.Uint64(data[2:])),
			got:     time.Duration(binary.LittleEndian.Uint64(data[10:])),
			arrived: data[18]&1 == 0,
			late:    time.Duration(int8(data[19])) * ms,
		}
		if data[18]&2 != 0 {
			s.rtts = append(s.rtts, math.Float64frombits(uint64(p.sent)))
		}
		if data[18]&4 != 0 {
			s.stalls = append(s.stalls, span{p.sent, p.got})
		}
		if data[18]&8 != 0 {
			p.seq = uint32(p.got)
		}
		s.packets = append(s.packets, p)
	}
	return s
}

func FuzzQuality(f *testing.F) {
	f.Add(uint32(0), uint32(3), make([]byte, 66))
	f.Add(uint32(math.MaxUint32), uint32(40000), []byte("22 bytes of anything..and again something else entirely"))
	seed := make([]byte, 0, 22*200)
	for i := range uint64(200) {
		seed = binary.LittleEndian.AppendUint16(seed, uint16(i*3))
		seed = binary.LittleEndian.AppendUint64(seed, i*20_000_000)
		seed = binary.LittleEndian.AppendUint64(seed, i*i*1_000_000)
		seed = append(seed, byte(i), byte(i%12), 0, 0)
	}
	f.Add(uint32(7), uint32(700), seed)
	f.Fuzz(func(t *testing.T, first, sent uint32, data []byte) {
		s := arbitrary(first, sent, data)
		sound(t, s.quality())
		w, l := newWindows(first), live{}
		for _, p := range s.packets {
			w.add(p)
			l.add(p)
		}
		for _, x := range s.stalls {
			w.stalled(x)
		}
		for _, x := range s.rtts {
			w.echoed(x)
			l.echoed(x)
		}
		sound(t, l.now(time.Duration(sent)))
		total := w.close(sent % 20000)
		sound(t, total.worst)
		if share := total.share(); !(share >= 0 && share <= 1) || total.lost < 0 || total.received > total.sent {
			t.Errorf("got %+v", total)
		}
	})
}

// sound holds a quality to what must be true of any.
func sound(t *testing.T, q quality) {
	t.Helper()
	for _, x := range []float64{q.loss, q.lossWithin, q.late, q.lateWithin, q.reorder, q.spike, q.void, q.sender, q.receiver, q.discarded} {
		if !(x >= 0 && x <= 1) {
			t.Errorf("%v is no share: %+v", x, q)
		}
	}
	for _, x := range []float64{q.jitter, q.pdv50, q.pdv95, q.pdv99, q.buffer, q.delay, q.burstR} {
		if !(x >= 0) || math.IsInf(x, 0) {
			t.Errorf("%v is no figure: %+v", x, q)
		}
	}
	switch {
	case q.received > q.sent || q.lost != q.sent-q.received || q.counted > q.sent || q.hole > q.counted || q.reordered > q.received:
		t.Errorf("counts: %+v", q)
	case !(q.r >= 0 && q.r <= 100) || q.rated && !(q.mos >= 1 && q.mos <= 4.5) || !(q.pdv50 <= q.pdv95 && q.pdv95 <= q.pdv99):
		t.Errorf("figures: %+v", q)
	}
}
