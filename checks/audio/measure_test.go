package audio

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"
)

const hz48 = 48000

// TestActiveLevel holds P.56 against signals whose level is known by reckoning: a steady sine is active all the time,
// and a sine that is on for a half reads the level it has while it is on, give or take the hangover of 200 ms.
func TestActiveLevel(t *testing.T) {
	half := sine(hz48, 8, 1000, -20)
	clear(half[4*hz48:])
	for name, c := range map[string]struct {
		x          []float32
		want, near float64
	}{
		"sine":      {sine(hz48, 5, 1000, -20), -23.01, 0.05},
		"half":      {half, -23.01, 0.35},
		"sine 8k":   {sine(8000, 5, 1000, -20), -23.01, 0.05},
		"noise":     {noiseAt(hz48, 5, -30), -30, 0.05},
		"full tone": {sine(hz48, 5, 997, 0), -3.01, 0.05},
	} {
		rate := hz48
		if name == "sine 8k" {
			rate = 8000
		}
		if got := activeLevel(soundSignal(c.x), rate); math.Abs(got-c.want) > c.near {
			t.Errorf("%s: %.2f dBov, want %.2f", name, got, c.want)
		}
	}
}

func TestMeasure(t *testing.T) {
	room := noiseAt(hz48, 6, -70)
	spoken := add(voice(hz48, 6), room)
	holed := add(voice(hz48, 6), room)
	for i := range holed {
		if i%(hz48/2) < hz48/20 { // 50 ms of each half second
			holed[i] = 0
		}
	}
	gated := voice(hz48, 6) // pauses of exact zeros between words
	shifted := scale(spoken, 0)
	for i := range shifted {
		shifted[i] += 0.08
	}
	telephone := add(voice(8000, 6), noiseAt(8000, 6, -70))
	for name, c := range map[string]struct {
		x     []float32
		rate  int
		class string
		holds func(Figures) bool
	}{
		"voice":       {spoken, hz48, "pass", func(f Figures) bool { return math.Abs(f.Floor+70) < 1 && f.Clipping == 0 && f.Dropouts == 0 }},
		"quiet voice": {scale(spoken, -25), hz48, "level_low", func(f Figures) bool { return f.Level < -43 }},
		"loud voice":  {cut(scale(spoken, 12.5)), hz48, "level_high", func(f Figures) bool { return f.Clipping < 0.01 }},
		"clipped":     {cut(scale(spoken, 20)), hz48, "clipping", func(f Figures) bool { return f.Clipping > 0.05 }},
		"noisy":       {add(spoken, noiseAt(hz48, 6, -34)), hz48, "noise_high", func(f Figures) bool { return math.Abs(f.Floor+34) < 1.5 }},
		"hum 50":      {add(spoken, sine(hz48, 6, 50, -40)), hz48, "hum", func(f Figures) bool { return math.Abs(f.HumLevel+43) < 1 }},
		"hum 60":      {add(spoken, sine(hz48, 6, 180, -40)), hz48, "hum", func(f Figures) bool { return f.Hum > 15 }},
		"dropouts":    {holed, hz48, "dropouts", func(f Figures) bool { return math.Abs(f.Dropouts-0.1) < 0.03 && math.Abs(f.Floor+70) < 1 }},
		"noise gate":  {gated, hz48, "pass", func(f Figures) bool { return f.Dropouts == 0 && f.Floor < -95 }},
		"telephone":   {telephone, 8000, "narrowband", func(f Figures) bool { return f.Bandwidth > 3000 }},
		"offset":      {shifted, hz48, "dc_offset", func(f Figures) bool { return math.Abs(f.DCOffset-0.08) < 0.002 && math.Abs(f.Floor+70) < 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			f := measure(c.x, c.rate, 0)
			if !f.Speech || f.class() != c.class || !c.holds(f) {
				f.Levels = nil
				t.Errorf("class %s, want %s: %+v", f.class(), c.class, f)
			}
			if f.Silent || !f.sound() {
				t.Errorf("not sound: %+v", f)
			}
		})
	}
}

// TestNoSpeech: what a room and its machines do by themselves must never be taken for a voice.
func TestNoSpeech(t *testing.T) {
	clicks := noiseAt(hz48, 6, -70)
	for i := 0; i < len(clicks); i += hz48 / 3 {
		clicks[i], clicks[i+1] = 0.9, -0.9
	}
	sweep := make([]float32, 6*hz48)
	for i := range sweep {
		at := float64(i%hz48) / hz48
		sweep[i] = float32(0.2 * math.Sin(2*math.Pi*(300*at+1350*at*at)))
	}
	beeps := add(sine(hz48, 6, 1000, -20), noiseAt(hz48, 6, -70))
	for i := range beeps {
		if i%hz48 > hz48/2 {
			beeps[i] = 0
		}
	}
	for name, x := range map[string][]float32{
		"room": noiseAt(hz48, 6, -70), "fan": noiseAt(hz48, 6, -25), "tone": sine(hz48, 6, 440, -20), "clicks": clicks,
		"sweep": sweep, "beeps": beeps, "mains": sine(hz48, 6, 100, -20), "short": voice(hz48, 0.3), "nothing": nil,
	} {
		if f := measure(x, hz48, 0); f.Speech {
			t.Errorf("%s is taken for a voice", name)
		}
	}
}

func TestSpeechAtEveryRate(t *testing.T) {
	for _, rate := range []int{8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000} {
		f := measure(add(voice(rate, 6), noiseAt(rate, 6, -70)), rate, 0)
		if !f.Speech || math.Abs(f.Floor+70) > 1 || f.Level < -28 || f.Level > -20 {
			f.Levels = nil
			t.Errorf("%d Hz: %+v", rate, f)
		}
	}
}

// TestMeasureAnyLength: devices end early, and may run at any rate.
func TestMeasureAnyLength(t *testing.T) {
	for _, rate := range []int{-5, 0, 1, 999, 8000, 44100, 48000, 192000, 1 << 40} {
		for _, n := range []int{0, 1, 2, 3, 7, 79, 80, 81, 799, 4801, 9599} {
			for _, x := range [][]float32{make([]float32, n), noiseAt(n+1, 1, -3)[:n], cut(scale(sine(n+1, 1, 3, 0)[:n], 40))} {
				if f := measure(x, rate, 0); !f.sound() && rate >= 1000 && rate <= maxRate {
					t.Errorf("%d samples at %d Hz: %+v", n, rate, f)
				} else {
					finite(t, f)
				}
			}
		}
	}
}

func TestSilent(t *testing.T) {
	level := make([]float32, hz48)
	for i := range level {
		level[i] = 0.25
	}
	for name, c := range map[string]struct {
		x    []float32
		want bool
	}{
		"zeros": {make([]float32, hz48), true}, "none": {nil, true}, "stuck": {level, true},
		"faint": {noiseAt(hz48, 1, -90), false}, "one step": {sine(hz48, 1, 100, -91), true},
	} {
		if got := measure(c.x, hz48, 0).Silent; got != c.want {
			t.Errorf("%s: silent %v", name, got)
		}
	}
}

// TestSettled: the change-over of a Bluetooth headset is left out, a muted microphone stays muted.
func TestSettled(t *testing.T) {
	x := append(make([]float32, hz48), voice(hz48, 5)...)
	if got := len(settled(x, hz48)); got < 5*hz48-hz48/100 || got > 5*hz48 {
		t.Errorf("%d samples are left of 5 s", got)
	}
	if got := settled(make([]float32, 6*hz48), hz48); len(got) < 3*hz48 || !measure(got, hz48, 0).Silent {
		t.Errorf("%d samples of silence are left", len(got))
	}
	for n := range 5 {
		settled(make([]float32, n), hz48)
	}
}

func finite(t *testing.T, f Figures) {
	t.Helper()
	for _, v := range slices.Concat([]float64{f.Seconds, f.Level, f.Floor, f.Peak, f.Clipping, f.DCOffset, f.Dropouts, f.Hum, f.HumLevel,
		f.Bandwidth, f.Room, f.RoomNoise, f.RateError, f.RateWithin, f.ratio()}, f.Levels, f.RoomLevels, f.Spectrum) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("not finite: %+v", f)
		}
	}
}

// FuzzMeasure: whatever a driver delivers, figures are numbers that may cross the pipe.
func FuzzMeasure(f *testing.F) {
	nan := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.NaN())))
	inf := binary.LittleEndian.AppendUint32(nan, math.Float32bits(float32(math.Inf(-1))))
	f.Add([]byte{}, 48000, 1.7)
	f.Add(inf, 8000, math.Inf(1))
	f.Add([]byte("some bytes that are no sound at all, but long enough for frames"), 1000, 0.3)
	f.Fuzz(func(t *testing.T, data []byte, rate int, room float64) {
		x := make([]float32, 0, 40*len(data)/4)
		for range 40 { // long enough for spectra
			for i := 0; i+4 <= len(data); i += 4 {
				x = append(x, math.Float32frombits(binary.LittleEndian.Uint32(data[i:])))
			}
		}
		got := figuresOf(x, rate, room)
		finite(t, got)
		if rate >= 1000 && rate <= maxRate && !got.sound() {
			t.Fatalf("not sound: %+v", got)
		}
		if class := got.class(); !slices.Contains(diagnosis.Values, class) {
			t.Fatalf("class %q", class)
		}
	})
}

// BenchmarkMeasure says how long the figures of a take last beside the take itself, from a microphone at the usual rate
// and at the highest.
func BenchmarkMeasure(b *testing.B) {
	for _, rate := range []int{16000, hz48, maxRate} {
		b.Run(fmt.Sprintf("%d Hz", rate), func(b *testing.B) {
			x := add(voice(rate, 6), noiseAt(rate, 6, -70))
			b.ReportAllocs()
			for b.Loop() {
				figuresOf(x, rate, 1.7)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/6, "of-real-time")
		})
	}
}

// TestTakeAllocates: in the audio thread nothing may be allocated, for that may wait.
func TestTakeAllocates(t *testing.T) {
	rec, in := newRecording(hz48, 3), make([]float32, 480)
	if n := testing.AllocsPerRun(200, func() { rec.take(in) }); n != 0 {
		t.Errorf("%v allocations each time", n)
	}
	if rec.n.Load() != 201*480 || len(rec.came.at) == 0 {
		t.Errorf("%d samples, %d arrivals", rec.n.Load(), len(rec.came.at))
	}
}
