package call

import (
	"bytes"
	"net"
	"slices"
	"testing"
	"time"
)

func FuzzPayload(f *testing.F) {
	var b [payloadSize]byte
	payload{stage: idle, seq: 7, sent: time.Second, late: time.Millisecond, token: 1 << 60,
		echoes: []echo{{upload, 9, 3, time.Millisecond}, {rest, 1, 2, 0}}}.put(&b)
	f.Add(b[:])
	f.Add(b[:40])
	f.Add(make([]byte, payloadSize))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePayload(data)
		if err != nil {
			return
		}
		var again [payloadSize]byte
		p.put(&again)
		q, err := parsePayload(again[:])
		if err != nil || q.seq != p.seq || q.sent != p.sent || q.token != p.token || !slices.Equal(q.echoes, p.echoes) {
			t.Errorf("%+v became %+v, %v", p, q, err)
		}
		l := newLedger()
		l.arrive(p, time.Second)
		l.depart(idle, 0)
	})
}

func FuzzAccount(f *testing.F) {
	f.Add([]byte(`{"version":1,"last":true,"entries":[{"stage":"idle","first":0,"sent":3,"got":"AAACwLgC","proof":"AAAA","stalls":[1,2]}]}`))
	f.Add([]byte(`{"version":1,"last":false,"entries":[]}`))
	f.Add([]byte(`{"version":1,"last":false,"entries":[{"stage":"idle","first":4294967295,"sent":750}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := parseAccount(data)
		if err != nil {
			return
		}
		l := newLedger()
		for range 10 {
			l.depart(idle, 0)
		}
		c := &held{talk: &talk{ledger: l}, told: map[stage]entry{}}
		for _, e := range a.Entries {
			c.balance(e, a.Last, nil)
			l.outgoing(stageOf(e.Stage), e.First, e.Sent, &e).quality()
		}
		c.seen(nil)
	})
}

func FuzzArrivals(f *testing.F) {
	f.Add(packArrivals([]arrival{{3, time.Second}, {5, 2 * time.Second}, {4, 2 * time.Second}}), uint32(3), uint32(9))
	f.Add([]byte{0x80}, uint32(0), uint32(1))
	f.Fuzz(func(t *testing.T, data []byte, first, count uint32) {
		list, err := unpackArrivals(data, first, count)
		if err != nil {
			return
		}
		for _, a := range list {
			if a.seq < first || uint64(a.seq) >= uint64(first)+uint64(count) || a.got < 0 || a.got > maxStamp {
				t.Errorf("%+v", a)
			}
		}
		again, err := unpackArrivals(packArrivals(list), first, count)
		if err != nil || !slices.Equal(again, list) {
			t.Errorf("%v became %v, %v", list, again, err)
		}
	})
}

func FuzzSignal(f *testing.F) {
	f.Add([]byte(`{"version":1,"sdp":"m=audio 9 UDP/TLS/RTP/SAVPF 111"}`))
	f.Add([]byte(`{"version":1,"id":"ABC","sdp":"m=audio 9"}`))
	f.Add([]byte(`{"version":1,"sent":{"idle":3}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o, err := parseOffer(data); err == nil && !oneAudio(o.SDP) {
			t.Errorf("%q", o.SDP)
		}
		if a, err := parseAnswer(data); err == nil && (a.ID == "" || len(a.ID) > maxID) {
			t.Errorf("%q", a.ID)
		}
		_, _ = parseCounted(data)
	})
}

// FuzzSDP: whatever a hire offers, the office's end of the call is made or refused, and closed.
func FuzzSDP(f *testing.F) {
	f.Add("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n")
	f.Fuzz(func(t *testing.T, sdp string) {
		if len(sdp) > 2000 || !oneAudio(sdp) {
			return
		}
		c := &held{id: newID(), told: map[stage]entry{}}
		c.line = newExchange(nil, 200).open(c.id)
		_, _ = c.pickUp(offer{Version: signalVersion, SDP: sdp})
		c.abandon()
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x40, 0, 0, 1, 9, 0, 0, 0})
	f.Add([]byte{0x40, 0, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		conn := &framed{Conn: stream{Reader: bytes.NewReader(data)}}
		b := make([]byte, maxPacket+64)
		total := 0
		for {
			n, err := conn.Read(b)
			if err != nil {
				break
			}
			if want, _ := frame(b[:n]); want != n {
				t.Fatalf("%d bytes are no message of %d", n, want)
			}
			total += n
		}
		if total > len(data) {
			t.Errorf("%d bytes of %d", total, len(data))
		}
	})
}

// stream is a connection that gives what it was given.
type stream struct {
	net.Conn
	*bytes.Reader
}

func (s stream) Read(b []byte) (int, error) { return s.Reader.Read(b) }
