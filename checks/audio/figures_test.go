package audio

import (
	"math"
	"testing"
)

// TestFigureAnswers: what was not heard, or not asked for, is missing with its reason, and what is at least so much
// says so.
func TestFigureAnswers(t *testing.T) {
	whole := Figures{Speech: true, Level: -26, Floor: -70, Room: 1.5, RoomNoise: -60, RoomLevels: []float64{-70, -60}, Clocked: true,
		RateError: 0.001, RateWithin: 0.0005, Bandwidth: 8000, Spectrum: []float64{-40, -50}}
	for name, c := range map[string]struct {
		breaks       func(*Figures)
		metric, code string
		value        float64
	}{
		"room":                {func(*Figures) {}, "audio.room_noise", "", -60},
		"nobody asked":        {func(f *Figures) { f.Room = 0 }, "audio.room_noise", codeNobodyAsked, 0},
		"spoke early":         {func(f *Figures) { f.Early = true }, "audio.room_noise", codeSpokeEarly, 0},
		"room lost":           {func(f *Figures) { f.Room = 0.3 }, "audio.room_noise", codeTooShort, 0},
		"clock":               {func(*Figures) {}, "audio.rate_error", "", 0.001},
		"no clock":            {func(f *Figures) { f.Clocked = false }, "audio.rate_error", codeTooShort, 0},
		"band":                {func(*Figures) {}, "audio.bandwidth", "", 8000},
		"hidden":              {func(f *Figures) { f.Masked, f.Bandwidth = true, 3500 }, "audio.bandwidth", codeNoise, 0},
		"hidden, but far up":  {func(f *Figures) { f.Masked = true }, "audio.bandwidth", "", 8000},
		"noise taken off":     {func(f *Figures) { f.Floor = -36.46 }, "audio.snr", "", 10.05},
		"nothing over noise":  {func(f *Figures) { f.Floor = -26 }, "audio.snr", "", -20},
		"voice below its own": {func(f *Figures) { f.Floor = -20 }, "audio.snr", "", -20},
	} {
		f := whole
		c.breaks(&f)
		found := false
		for _, m := range f.answers(nil) {
			if m.Metric != c.metric {
				continue
			}
			found = true
			if (m.Missing == nil) != (c.code == "") || m.Missing != nil && m.Missing.Code != c.code || math.Abs(m.Value-c.value) > 0.01 {
				t.Errorf("%s: %v, %+v", name, m.Value, m.Missing)
			}
			if m.AtLeast != (m.Missing == nil && f.Masked && m.Metric == bandwidth.ID) {
				t.Errorf("%s: at least %v", name, m.AtLeast)
			}
		}
		if !found {
			t.Errorf("%s: no %s", name, c.metric)
		}
	}
	if got := whole.answers(missing(codeNoSpeech)); len(got) != len(ofFigures()) {
		t.Errorf("%d answers for %d metrics", len(got), len(ofFigures()))
	}
}

// TestRoom: a take of 1.7 s of room and then a voice.
func TestRoom(t *testing.T) {
	const room = 1.7
	speaks := voice(hz48, 6.2)
	clear(speaks[:room*hz48])
	low := make([]float32, len(speaks)) // a rumble: nearly all of its power lies under 100 Hz
	for i, v := range noiseAt(hz48, 6.2, 0) {
		low[i] = 0.99*low[max(i-1, 0)] + 0.0005*v
	}
	rumble := dB(math.Sqrt(power(soundSignal(low))))
	door := noiseAt(hz48, 6.2, -60)
	copy(door[hz48:hz48+hz48/5], noiseAt(hz48, 0.2, -30))
	for name, c := range map[string]struct {
		x           []float32
		floor, loud float64
		early       bool
	}{
		"white noise":  {add(speaks, noiseAt(hz48, 6.2, -60)), -60, -60, false},
		"a rumble":     {add(speaks, low), rumble, rumble + 3, false},
		"a door":       {add(speaks, door), -60, -30, true},
		"spoken early": {add(voice(hz48, 6.2), noiseAt(hz48, 6.2, -60)), -60, -20, true},
	} {
		f := figuresOf(c.x, hz48, room)
		if math.Abs(f.Floor-c.floor) > 1 || math.Abs(f.RoomNoise-c.loud) > 2.5 || f.Early != c.early || math.Abs(f.Room-1.5) > 0.01 || len(f.RoomLevels) != 15 {
			t.Errorf("%s: floor %.1f, loudest %.1f, early %v, %v s, %d levels", name, f.Floor, f.RoomNoise, f.Early, f.Room, len(f.RoomLevels))
		}
		if away := figuresOf(c.x, hz48, 0).Floor - c.floor; math.Abs(away) > 1 {
			t.Errorf("%s: %.1f dB off where nobody was asked", name, away)
		}
	}
	if f := figuresOf(append(make([]float32, 2*hz48), speaks...), hz48, room); f.Room > 0.1 || f.room().Missing.Code == "" {
		t.Errorf("a microphone that began late has a room part of %v s", f.Room)
	}
	if f := figuresOf(add(noiseAt(hz48, 6.2, -40), noiseAt(hz48, 6.2, -70)), hz48, 1e9); f.Room > 6.2 || !f.sound() {
		t.Errorf("%+v", f)
	}
}

// TestCeiling: a cut is found behind a volume control too, and is not seen in what only has a round top.
func TestCeiling(t *testing.T) {
	hot := cut(scale(voice(hz48, 3), 16))
	full := clipped(soundSignal(hot))
	for name, c := range map[string]struct {
		x    []float32
		want float64
	}{
		"at full scale": {hot, full}, "turned down by 20 dB": {scale(hot, -20), full}, "voice": {voice(hz48, 3), 0},
		"low tone": {sine(hz48, 3, 60, -20), 0}, "tone at full scale": {sine(hz48, 3, 1000, -0.1), 0}, "faint": {sine(hz48, 3, 60, -60), 0},
		"noise": {noiseAt(hz48, 3, -30), 0},
	} {
		x := soundSignal(c.x)
		for i, v := range x {
			x[i] = math.Round(v*32768) / 32768
		}
		if got := clipped(x); math.Abs(got-c.want) > 0.003 {
			t.Errorf("%s: %.4f, want %.4f", name, got, c.want)
		}
	}
	if full < 0.02 {
		t.Errorf("only %.4f is cut", full)
	}
}
