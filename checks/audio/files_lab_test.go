//go:build lab

package audio

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"deskready/checks/lab"
)

// wav is a file of the lab: 48 kHz, mono, 16 bits.
func wav(t testing.TB, name string) []float32 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(lab.Wavs(t), name+".wav"))
	if err != nil || len(data) < 1<<20 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	pcm := make([]float32, (len(data)-44)/2)
	for i := range pcm {
		pcm[i] = float32(int16(binary.LittleEndian.Uint16(data[44+2*i:]))) / 32768
	}
	return pcm
}

// excerpt is a part of a loop.
func excerpt(loop []float32, from, seconds float64) []float32 {
	x := make([]float32, int(seconds*hz48))
	for i := range x {
		x[i] = loop[(int(from*hz48)+i)%len(loop)]
	}
	return x
}

// minus is what was added to the clean voice, or noise, to make a file.
func minus(a, b []float32) []float32 {
	x := slices.Clone(a)
	for i := range x {
		x[i] -= b[i]
	}
	return x
}

// TestLabFiles takes the figures of 6 s of each of the lab's files, from eight places of the loop on, with somebody who
// was asked to be quiet first and is not, and without: each has the class of its scenario, and the figures that are
// true of that very part. It is TestLab without the sound server.
func TestLabFiles(t *testing.T) {
	clean, quiet := wav(t, "clear_speech"), wav(t, "nobody_speaks")
	worst := map[string]float64{}
	for _, s := range lab.Scenarios(t) {
		if s.Figures == nil {
			continue
		}
		loop := wav(t, s.Name)
		for i := range 8 {
			from := 1.5 * float64(i)
			x := excerpt(loop, from, 6.2)
			room := float64(i%2) * takeRoom
			d := made{x: x, rate: hz48, room: room}
			class, f := d.classOf()
			want := s.Verdict
			if want == codeNoSpeech && room == 0 {
				want = "-" + codeNobodyAsked
			}
			name := fmt.Sprintf("%s from %.0f s, room %.1f s", s.Name, from, room)
			if class != want {
				t.Errorf("%s: %s, want %s: %+v", name, class, want, f)
			}
			part := part{t, s, excerpt(clean, from, 6.2)[hz48/5:], excerpt(quiet, from, 6.2)[hz48/5:], x[hz48/5:], from + 0.2, f, name, worst}
			part.compare()
		}
	}
	for _, what := range []string{"level", "noise", "SNR", "clipping", "dropouts", "offset", "hum"} {
		t.Logf("%s: at most %.4g off", what, worst[what])
	}
}

// part is a part of a file, and what is known of it.
type part struct {
	*testing.T
	lab.Scenario
	clean, quiet, x []float32
	from            float64
	got             Figures
	name            string
	worst           map[string]float64
}

func (p part) near(what string, got, want, by float64) {
	p.Helper()
	if off := math.Abs(got - want); off > p.worst[what] {
		p.worst[what] = off
		p.Logf("%s: %s %.5g, is %.5g", p.name, what, got, want)
	}
	if !(math.Abs(got-want) <= by) {
		p.Errorf("%s: %s %.5g, is %.5g", p.name, what, got, want)
	}
}

// compare holds the figures of a part against its truth.
func (p part) compare() {
	voice := activeLevel(soundSignal(p.clean), hz48)
	noise := rootLevel(soundSignal(p.quiet))
	gaps, clip, dc := p.gaps(), 0.0, 0.0
	f := p.got
	switch p.Name {
	case "muted":
		return
	case "nobody_speaks", "noise_only":
		p.near("noise", f.Floor, rootLevel(soundSignal(p.x)), 1)
		return
	case "too_quiet":
		voice, noise = voice-29, noise-12
	case "noisy":
		noise = rootLevel(soundSignal(minus(p.x, minus(p.clean, p.quiet))))
	case "clipping":
		hot := scale(minus(p.clean, p.quiet), 16)
		clip = overShare(hot)
		heard := soundSignal(cut(hot))
		voice, dc, noise = activeLevel(heard, hz48), math.Abs(mean(heard)), math.NaN() // the steps of the clean file are 16 dB louder
	case "narrowband", "wideband":
		noise = map[string]float64{"narrowband": -79.8, "wideband": -76.8}[p.Name]
	case "hum":
		hum := minus(p.x, p.clean)
		noise = rootLevel(soundSignal(hum))
		p.near("hum", f.HumLevel, noise, 1)
	case "dc_offset":
		dc = 0.08
	case "dropouts":
		voice = math.NaN() // the holes take away of it what was there
	}
	if !math.IsNaN(voice) {
		p.near("level", f.Level, voice, 1)
	}
	if !math.IsNaN(noise) {
		p.near("noise", f.Floor, noise, 1)
		if !math.IsNaN(voice) {
			p.near("SNR", f.ratio(), voice-noise, 1.5)
		}
	}
	p.near("clipping", f.Clipping, clip, 0.003)
	p.near("dropouts", f.Dropouts, gaps, 0.003)
	p.near("offset", f.DCOffset, dc, 0.003)
	p.band()
}

// band wants the right class of bandwidth. The voice itself ends at 11 kHz.
func (p part) band() {
	from, to := 8400.0, 24000.0
	switch p.Name {
	case "narrowband":
		from, to = 3000, bandNarrow
	case "wideband":
		from, to = bandNarrow, 8400
	case "noisy": // noise hides how far it goes
		from, to = 0, 24000
		if !p.got.Masked {
			p.Errorf("%s: noise hides nothing", p.name)
		}
	}
	if p.got.Bandwidth < from || p.got.Bandwidth > to {
		p.Errorf("%s: bandwidth %v", p.name, p.got.Bandwidth)
	}
}

// gaps is how much of the part lies in holes that both begin and end in it.
func (p part) gaps() float64 {
	list, _ := p.Truth["gaps_start_ms_length_ms"].([]any)
	lost, seconds := 0.0, float64(len(p.x))/hz48
	for _, one := range list {
		hole, _ := one.([]any)
		at, long := hole[0].(float64)/1000-p.from, hole[1].(float64)/1000
		if at < 0 {
			at += 12
		}
		if at > 0 && at+long < seconds {
			lost += long
		}
	}
	return lost / seconds
}
