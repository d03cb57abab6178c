package audio

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/checks"
)

// fake is a sound system that plays what it is given into the microphone, in blocks of an odd size.
type fake struct {
	devices Devices
	err     error
	rate    int
	plays   []float32
	hangs   bool // after what it plays
}

func (f fake) Devices() (Devices, error) { return f.devices, f.err }

func (f fake) Record(_ int, seconds float64, began func(*recording)) error {
	if f.err != nil {
		return f.err
	}
	rec := newRecording(f.rate, seconds)
	go func() {
		for rest := f.plays; len(rest) > 0; {
			n := min(len(rest), 479)
			rec.take(rest[:n])
			rest = rest[n:]
		}
	}()
	began(rec)
	if f.hangs {
		select {}
	}
	<-rec.full
	return nil
}

func (f fake) Play(rate, _, n int, began func(*recording, *playing)) error {
	return f.Record(rate, sweepsLast(n), func(rec *recording) {
		began(rec, asked(newPlaying(n, f.rate), 0, 0))
	})
}

// asked is a row that an output asked for in time, but for a pause of some seconds when at seconds of it were given.
func asked(p *playing, at, pause float64) *playing {
	const blocks = 100 // in a second
	began, block := time.Now().UnixNano(), make([]float32, p.rate/blocks)
	for i := 0; p.last.Load() == 0; i++ {
		now := float64(i) / blocks
		if now > at {
			now += pause
		}
		p.giveAt(began+int64(now*float64(time.Second)), block)
	}
	return p
}

// heldOpen is a parent that has sent its request and waits.
func heldOpen(t *testing.T, request string) io.Reader {
	r, w := io.Pipe()
	go func() { _, _ = io.WriteString(w, request) }()
	t.Cleanup(func() { w.Close() })
	return r
}

// TestServe holds the child against the parent's own reading of frames: figures cross the pipe whole.
func TestServe(t *testing.T) {
	spoken := add(voice(hz48, 3.5), noiseAt(hz48, 3.5, -70))
	var out bytes.Buffer
	err := serve(heldOpen(t, `{"job":"record","seconds":3}`+"\n"), &out, func(request) Sound { return fake{rate: hz48, plays: spoken} })
	if err != nil {
		t.Fatal(err)
	}
	var got *Figures
	last := 0
	if err := frames(&out, func(f frame) {
		switch {
		case f.Heard != nil:
			last = f.Heard.Samples
		case f.Figures != nil:
			got = f.Figures
		}
	}); err != nil {
		t.Fatal(err)
	}
	want := measure(settled(spoken[:3*hz48], hz48), hz48, 0)
	if got == nil || math.Abs(got.Level-want.Level) > 1e-9 || got.Floor != want.Floor || !got.Speech || last != 3*hz48 {
		t.Errorf("%d samples, %+v, want %+v", last, got, want)
	}
	if got != nil && len(got.Levels) != 28 {
		t.Errorf("%d levels", len(got.Levels))
	}
}

// TestServeEndsWithItsParent: a child whose parent dies ends, even inside a call that never returns.
func TestServeEndsWithItsParent(t *testing.T) {
	r, w := io.Pipe()
	done := make(chan error)
	var out locked
	go func() {
		done <- serve(r, &out, func(request) Sound { return fake{rate: 8000, plays: make([]float32, 100), hangs: true} })
	}()
	if _, err := io.WriteString(w, `{"job":"record","seconds":1}`+"\n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	w.Close()
	select {
	case <-done:
	case <-time.After(3 * time.Second):
		t.Error("goes on without a parent")
	}
}

type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func TestServeFaults(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code string
	}{
		"known":     {missing(codeBlocked), codeBlocked},
		"unknown":   {errors.New("\x1bsome host error"), codeNotOpened},
		"not of us": {&checks.Problem{Code: "another"}, codeFailed},
	} {
		for _, job := range []string{jobDevices, jobRecord, jobPlay} {
			var out bytes.Buffer
			if err := serve(heldOpen(t, `{"job":"`+job+`","seconds":1,"sweeps":3}`+"\n"), &out, func(request) Sound { return fake{err: c.err} }); err != nil {
				t.Fatal(err)
			}
			said, hello := strings.CutPrefix(out.String(), hello1+"\n")
			if !hello {
				t.Errorf("%s, %s: no hello", name, job)
			}
			f, err := decode([]byte(strings.TrimSpace(said)))
			if err != nil || f.Fault == nil || f.Fault.Code != c.code {
				t.Errorf("%s, %s: %s, %v", name, job, out.Bytes(), err)
			}
		}
	}
}

// TestServeRequests: what is not a request is refused at once, and asks nothing of the sound system.
func TestServeRequests(t *testing.T) {
	for _, r := range []string{"", "\n", "{}", "null\n", "{\n", "{}\n", `{"job":"sing"}` + "\n", `{"job":"record","seconds":1e9}` + "\n",
		`{"job":"record","seconds":-1}` + "\n", `{"job":"record","rate":-1}` + "\n", `{"job":"play"}` + "\n", `{"job":"play","sweeps":-3}` + "\n",
		`{"job":"play","sweeps":1000}` + "\n", strings.Repeat("x", 1<<20)} {
		var out bytes.Buffer
		in := heldOpen(t, r)
		if !strings.HasSuffix(r, "\n") {
			in = strings.NewReader(r)
		}
		if err := serve(in, &out, func(request) Sound { return fake{} }); err == nil {
			t.Errorf("%.40q is taken for a request", r)
		}
		if out.Len() > 0 {
			t.Errorf("%.40q: said %s", r, out.Bytes())
		}
	}
}

// TestRecordingTakes what comes, in any pieces, and not one sample more than it has place for.
func TestRecordingTakes(t *testing.T) {
	rec := newRecording(1000, 1)
	for n := 0; n < 1500; n += 7 {
		rec.take([]float32{1, 2, 3, 4, 5, 6, 7})
	}
	rec.take(nil)
	select {
	case <-rec.full:
	default:
		t.Error("not full")
	}
	if got := rec.sofar(); len(got) != 1000 || got[999] != 6 {
		t.Errorf("%d samples, the last is %v", len(got), got[len(got)-1])
	}
	long, block := newRecording(48000, 20), make([]float32, 480)
	if n := testing.AllocsPerRun(100, func() { long.take(block) }); n != 0 {
		t.Errorf("%v allocations in the audio thread", n)
	}
}

// TestServePlay: what comes back of the sweeps crosses the pipe as an echo.
func TestServePlay(t *testing.T) {
	back := make([]float32, 8000/4)
	for _, v := range sweeps(3, 8000) {
		back = append(back, v/10)
	}
	var out bytes.Buffer
	if err := serve(heldOpen(t, `{"job":"play","sweeps":3}`+"\n"), &out, func(request) Sound { return fake{rate: 8000, plays: back} }); err != nil {
		t.Fatal(err)
	}
	var got *Echo
	if err := frames(&out, func(f frame) {
		if f.Echo != nil {
			got = f.Echo
		}
	}); err != nil {
		t.Fatal(err)
	}
	if got == nil || got.Found != 3 || math.Abs(got.Loss-20) > 0.1 {
		t.Errorf("%+v", got)
	}
}

// TestPlayingGives what is to be played, in any pieces, then silence, and allocates nothing.
func TestPlayingGives(t *testing.T) {
	p := &playing{pcm: []float32{1, 2, 3, 4, 5}, rate: 100000}
	var all []float32
	for range 4 {
		block := []float32{9, 9}
		p.give(block)
		all = append(all, block...)
	}
	if !slices.Equal(all, []float32{1, 2, 3, 4, 5, 0, 0, 0}) || p.first.Load() == 0 {
		t.Errorf("gave %v", all)
	}
	p.rate = 1
	if p.failed() == "" {
		t.Error("five seconds in no time pass for played")
	}
	if (&playing{pcm: make([]float32, 8), rate: 8}).failed() == "" {
		t.Error("what was never asked for passes for played")
	}
	long, block := newPlaying(7, 48000), make([]float32, 480)
	if n := testing.AllocsPerRun(100, func() { long.give(block) }); n != 0 {
		t.Errorf("%v allocations in the audio thread", n)
	}
}

// TestPlayingPauses: an output may wake up late, as Bluetooth does; one that stops among the whistles splits them.
func TestPlayingPauses(t *testing.T) {
	for _, c := range []struct {
		at, pause float64
		fails     bool
	}{{0, 0, false}, {0.04, 1.9, false}, {0.8, 0.2, false}, {0.8, 0.4, true}, {2, 2, true}, {2.6, 0.4, true}} {
		p := asked(newPlaying(3, 8000), c.at, c.pause)
		if why := p.failed(); (why != "") != c.fails {
			t.Errorf("%v s after %v s: %q", c.pause, c.at, why)
		}
		for i, at := range p.since(p.first.Load()) {
			want := sweepStarts(i)
			if want > c.at {
				want += c.pause
			}
			if math.Abs(at-want) > 0.011 {
				t.Errorf("%v s after %v s: sweep %d is given at %v s, want %v", c.pause, c.at, i, at, want)
			}
		}
	}
	p := newPlaying(3, 8000)
	p.give(make([]float32, 80))
	if p.over(sweepsLast(3)) || p.failed() == "" {
		t.Error("a row that was not given to its end passes for played")
	}
}
