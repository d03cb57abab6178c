package office

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	mrand "math/rand/v2"

	"runtime"
	"strings"
	"testing"
	"time"
)

// asker makes requests by hand.
type asker struct {
	claims []byte
	key    hash.Hash
}

func askerOf(t testing.TB, token string) asker {
	t.Helper()
	claims, mac, ok := parts(token)
	if !ok {
		t.Fatalf("token %q", token)
	}
	return asker{claims, echoKey(mac)}
}

func (a asker) request(size int, stream, seq uint32, flags byte) []byte {
	b := make([]byte, size)
	var sum [sha256.Size]byte
	putRequest(b, a.claims, stream, seq, flags)
	sealProbe(a.key, b, &sum)
	return b
}

func (a asker) read(t testing.TB, b []byte) echoed {
	t.Helper()
	var sum [sha256.Size]byte
	if !isProbe(b, true) || !openProbe(a.key, b, &sum) {
		t.Fatalf("no answer: %x", b)
	}
	return readAnswer(b)
}

func testEcho(now time.Time, l EchoLimits) *Echo {
	e := &Echo{Secret: someSecret(), Now: func() time.Time { return now }, Limits: l}
	e.open()
	return e
}

// TestEchoAnswers: count, mask and the office's clock are right whatever the order.
func TestEchoAnswers(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	e := testEcho(now, EchoLimits{})
	a := askerOf(t, e.Secret.Issue("run", now.Add(time.Minute), DefaultCaps()))
	at := e.began
	for i, c := range []struct {
		seq  uint32
		mask uint64 // 0: no answer
	}{
		{0, 1}, {1, 3}, {3, 0b1101}, {3, 0}, {2, 0b111}, {66, 1 | 1<<63}, {65, 1 | 1<<62 | 1<<63}, {5000, 1}, {66, 0},
		{5000 - windowSize, 0}, {5001 - windowSize, 1}, {5000, 0},
	} {
		at = at.Add(1500 * time.Microsecond)
		size := 100 + i
		out := e.answer(a.request(size, 7, c.seq, 0), at)
		if c.mask == 0 {
			if out != nil {
				t.Errorf("%d: answered again", c.seq)
			}
			continue
		}
		if len(out) != size {
			t.Fatalf("%d: answered with %d bytes, not %d", c.seq, len(out), size)
		}
		got := a.read(t, out)
		if got.seq != c.seq || got.stream != 7 || got.mask != c.mask || got.at != at.Sub(e.began) {
			t.Errorf("%d: %+v, want mask %b", c.seq, got, c.mask)
		}
	}
	if got := a.read(t, e.answer(a.request(100, 8, 0, flagBrief), at)); got.count != 1 || got.left != time.Minute || got.busy {
		t.Errorf("another stream: %+v", got)
	}
	if out := e.answer(a.request(1200, 8, 1, flagBrief), at); len(out) != minProbe || a.read(t, out).count != 2 {
		t.Errorf("brief: %d bytes", len(out))
	}
	seen, ok := e.Seen("run")
	if !ok || seen.Received != 10 || seen.Twice != 4 || seen.Refused != 0 || !seen.Last.Equal(at) {
		t.Errorf("%+v", seen)
	}
	if _, ok := e.Seen("other"); ok {
		t.Error("saw a run that was not there")
	}
}

// TestEchoSilence: nothing but a good packet is answered, and none with more bytes than it has.
func TestEchoSilence(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	e := testEcho(now, EchoLimits{})
	good := e.Secret.Issue("run", now.Add(time.Minute), DefaultCaps())
	a := askerOf(t, good)
	other := askerOf(t, someSecret().Issue("run", now.Add(time.Minute), DefaultCaps()))
	old := askerOf(t, e.Secret.Issue("run", now, DefaultCaps()))
	least := probeSize(a.claims)
	answer := e.answer(a.request(100, 1, 0, 0), time.Now())
	for name, b := range map[string][]byte{
		"nothing":          {},
		"one byte":         {probeFirst},
		"an answer":        answer,
		"another's ticket": other.request(100, 1, 1, 0),
		"expired":          old.request(100, 1, 1, 0),
		"too long":         a.request(maxProbe+1, 1, 1, 0),
		"unknown flag":     a.request(100, 1, 1, 8),
		"an answer's flag": a.request(100, 1, 1, flagBusy),
		"cut off":          a.request(100, 1, 1, 0)[:99],
		"stretched":        append(a.request(100, 1, 1, 0), 0),
		"claims of others": asker{a.claims, other.key}.request(100, 1, 1, 0),
	} {
		if out := e.answer(bytes.Clone(b), time.Now()); out != nil {
			t.Errorf("%s: answered %x", name, out)
		}
	}
	for i := range 100 { // one bit anywhere
		b := a.request(100, 1, 1, 0)
		b[i] ^= 1 << mrand.IntN(8)
		if out := e.answer(b, time.Now()); out != nil {
			t.Errorf("byte %d changed: answered", i)
		}
	}
	if got := a.read(t, e.answer(a.request(least, 1, 1, 0), time.Now())); got.count != 2 {
		t.Errorf("after all that: %+v", got)
	}
	if _, mac, _ := parts(good); bytes.Contains(a.request(100, 1, 1, 0), mac[:8]) {
		t.Error("the packet holds the ticket")
	}
	none := &Echo{Now: e.Now}
	none.open()
	if out := none.answer(askerOf(t, Secret{}.Issue("r", now.Add(time.Hour), Caps{})).request(100, 0, 0, 0), now); out != nil {
		t.Error("answered without a secret")
	}
}

func TestEchoLimits(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	run := func(name string, l EchoLimits, want int, ask func(e *Echo, i int) []byte) *Echo {
		t.Helper()
		e := testEcho(now, l)
		got := 0
		for i := range 1000 {
			if e.answer(ask(e, i), e.began.Add(time.Duration(i)*time.Millisecond)) != nil {
				got++
			}
		}
		if got < want || got > want+1 {
			t.Errorf("%s: %d answered, not %d", name, got, want)
		}
		return e
	}
	until := now.Add(time.Minute)
	one := func(stream, seq func(i int) int, size int) func(*Echo, int) []byte {
		return func(e *Echo, i int) []byte {
			return askerOf(t, e.Secret.Issue("run", until, Caps{})).request(size, uint32(stream(i)), uint32(seq(i)), 0)
		}
	}
	same, each := func(int) int { return 0 }, func(i int) int { return i }
	e := run("rate", EchoLimits{Rate: 50}, 50+49, one(same, each, 100)) // a second's worth at once, and that second's
	if seen, _ := e.Seen("run"); seen.Refused < 900 {
		t.Errorf("%+v", seen)
	}
	a := askerOf(t, e.Secret.Issue("run", until, Caps{}))
	replayed := testEcho(now, EchoLimits{Rate: 2})
	b := askerOf(t, replayed.Secret.Issue("run", until, Caps{}))
	for range 1000 {
		replayed.answer(b.request(100, 0, 0, 0), replayed.began)
	}
	if got := b.read(t, replayed.answer(b.request(100, 0, 1, 0), replayed.began)); got.count != 2 || got.busy {
		t.Errorf("after a flood of one packet: %+v", got)
	}
	for wait, busy := range map[time.Duration]bool{busyFor: true, busyFor + time.Second: false} {
		if got := a.read(t, e.answer(a.request(100, 0, uint32(1000+wait/time.Second), 0), e.began.Add(wait))); got.busy != busy {
			t.Errorf("after %v: busy %t", wait, got.busy)
		}
	}
	run("bytes", EchoLimits{Bytes: 10_050, Rate: 1e6}, 100, one(same, each, 100))
	run("streams", EchoLimits{Streams: 10, Rate: 1e6}, 10, one(each, same, 100))
	many := func(e *Echo, i int) []byte {
		return askerOf(t, e.Secret.Issue("run"+string(rune('A'+i%26))+string(rune('A'+i/26)), until, Caps{})).request(100, 0, 0, 0)
	}
	run("tickets", EchoLimits{Tickets: 20}, 20, many)
	run("total", EchoLimits{Total: 30}, 30+29, many)
}

// TestEchoForgets: expired tickets make room.
func TestEchoForgets(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	e := testEcho(now, EchoLimits{Tickets: 2})
	e.Now = func() time.Time { return now }
	ask := func(run string) bool {
		return e.answer(askerOf(t, e.Secret.Issue(run, now.Add(time.Minute), Caps{})).request(100, 0, 0, 0), time.Now()) != nil
	}
	if !ask("a") || !ask("b") || ask("c") {
		t.Error("not two of three")
	}
	now = now.Add(2 * time.Minute)
	if !ask("c") || len(e.guests) != 1 {
		t.Errorf("%d tickets are remembered", len(e.guests))
	}
}

// TestEchoFlood: 100 000 packets of noise get no answer and take no memory, and a good one among them gets its own.
func TestEchoFlood(t *testing.T) {
	p := shared(t)
	e, token := echoing(t, p)
	bad := dialed(t, p.LocalAddr())
	a := askerOf(t, token)
	out := make([]byte, 1500)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	good, err := Ping(t.Context(), Ticket{Media: p.LocalAddr().String(), Token: token}, PingOptions{Every: -1})
	if err != nil {
		t.Fatal(err)
	}
	slow := 0
	for i := range 100_000 {
		b := out[:1+mrand.IntN(len(out))]
		_, _ = rand.Read(b[:min(len(b), 64)])
		switch i % 4 {
		case 0:
			b[0] = probeFirst
		case 1: // as near to a good one as a stranger gets
			copy(out, a.request(100, 1, uint32(i), 0))
			b = out[:100]
			b[99] ^= 1
		case 2:
			copy(out, a.request(100, 1, uint32(i), 0))
			b = out[:100]
			b[atBody+tokenHead] ^= 1 // another run
		}
		send(t, bad, b)
		if i%1000 == 999 {
			began := time.Now()
			trip := try(t, good, 100)
			if trip.Fate != Back {
				slow++
			} else if time.Since(began) > time.Second {
				t.Errorf("a good packet took %v", trip.RTT)
			}
		}
	}
	if slow > 5 {
		t.Errorf("%d of 100 good packets went without an answer", slow)
	}
	_ = bad.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := bad.Read(out); err == nil {
		t.Errorf("noise was answered with %d bytes", n)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("%d bytes are held", grown)
	}
	if seen, _ := e.Seen("run"); seen.Received > 100 || len(e.guests) != 1 {
		t.Errorf("%+v, %d guests", seen, len(e.guests))
	}
}

func FuzzEcho(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	secret := Secret(strings.Repeat("k", 32))
	a := askerOf(f, secret.Issue("run", now.Add(time.Minute), DefaultCaps()))
	f.Add(a.request(100, 1, 2, 0), true)
	f.Add(a.request(minProbe+20, 1, 2, flagBrief), true)
	f.Add(a.request(100, 1, 1<<32-1, 0), false)
	f.Add([]byte{probeFirst}, false)
	f.Fuzz(func(t *testing.T, b []byte, seal bool) {
		e := &Echo{Secret: secret, Now: func() time.Time { return now }}
		e.open()
		if seal && len(b) >= tagSize { // past the MAC, where fuzzing would not come
			var sum [sha256.Size]byte
			sealProbe(a.key, b, &sum)
		}
		out := e.answer(bytes.Clone(b), time.Now())
		if len(out) > len(b) {
			t.Fatalf("%d bytes for %d", len(out), len(b))
		}
		if out != nil && (a.read(t, out).count != 1 || binary.BigEndian.Uint32(b[atSeq:]) != readAnswer(out).seq) {
			t.Errorf("%+v", readAnswer(out))
		}
		if e.answer(bytes.Clone(b), time.Now()) != nil {
			t.Error("answered twice")
		}
	})
}

// FuzzAnswer: nothing that comes back can confuse who asked.
func FuzzAnswer(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	token := Secret(strings.Repeat("k", 32)).Issue("run", now.Add(time.Minute), DefaultCaps())
	e := &Echo{Secret: Secret(strings.Repeat("k", 32)), Now: func() time.Time { return now }}
	e.open()
	a := askerOf(f, token)
	f.Add(e.answer(a.request(100, 1, 2, 0), time.Now()))
	f.Add(e.answer(a.request(100, 1, 3, 0), time.Now()))
	f.Add(bytes.Repeat([]byte{0xff}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < minProbe {
			return
		}
		p := &Pinger{waiting: map[uint32]chan struct{}{}, next: 5}
		for i := range uint32(5) {
			p.slot(i).sent = time.Now()
		}
		p.arrived(readAnswer(b), time.Now())
		back := 0
		for _, one := range p.Since(time.Time{}) {
			if one.Fate == Back {
				back++
			}
			if one.RTT < 0 || one.Office < 0 {
				t.Errorf("%+v", one)
			}
		}
		if want := readAnswer(b).seq < 5; want != (back == 1) {
			t.Errorf("%d are back", back)
		}
	})
}

// FuzzParts: what a token is taken for at one end is what the other issued.
func FuzzParts(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	secret := Secret(strings.Repeat("k", 32))
	f.Add(secret.Issue("run", now.Add(time.Minute), DefaultCaps()))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		claims, mac, ok := parts(token)
		if !ok {
			if _, err := secret.Check(token, now); err == nil {
				t.Error("a good token has no parts")
			}
			return
		}
		if base64.RawURLEncoding.EncodeToString(append(bytes.Clone(claims), mac...)) != token || len(claims) > maxClaims {
			t.Errorf("%q: %x, %x", token, claims, mac)
		}
		if probeSize(claims) > defaultSize*2 {
			t.Errorf("needs %d bytes", probeSize(claims))
		}
	})
}

func BenchmarkEcho(b *testing.B) {
	now := time.Unix(1_800_000_000, 0)
	e := testEcho(now, EchoLimits{Rate: 1 << 30, Total: 1 << 30, Bytes: 1 << 60})
	a := askerOf(b, e.Secret.Issue("run-012345678901", now.Add(time.Minute), DefaultCaps()))
	forged := askerOf(b, someSecret().Issue("run-012345678901", now.Add(time.Minute), DefaultCaps()))
	sum := [sha256.Size]byte{}
	b.Run("good", func(b *testing.B) {
		b.ReportAllocs()
		buf, seq := make([]byte, 100), uint32(0)
		for b.Loop() { // with the making of the request: one of three HMACs
			putRequest(buf, a.claims, 1, seq, 0)
			sealProbe(a.key, buf, &sum)
			if e.answer(buf, e.began) == nil {
				b.Fatal("no answer")
			}
			seq++
		}
	})
	stranger := askerOf(b, someSecret().Issue("run-999999999999", now.Add(time.Minute), DefaultCaps()))
	for name, one := range map[string][]byte{
		"stranger": stranger.request(100, 1, 0, 0),
		"forged":   forged.request(100, 1, 0, 0), "replayed": a.request(100, 1, 0, 0), "tampered": append(a.request(99, 1, 0, 0), 0),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 100)
			for b.Loop() {
				copy(buf, one)
				if e.answer(buf, e.began) != nil {
					b.Fatal("answered")
				}
			}
		})
	}
}
