//go:build lab

package audio

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A made signal, and what is true of it.
type made struct {
	name  string
	x     []float32
	rate  int
	room  float64 // seconds in which nobody should speak; zero: nobody was asked
	truth string  // the class
	use   fitness
	// What else is true; NaN where nothing is claimed.
	level, noise, snr, clip, gaps float64
}

// fitness is whether calls can be taken with it; what is neither may be judged either way.
type fitness int

const (
	fit fitness = iota
	unfit
	either
)

// A take of the matrix: 0.2 s that are left out, 1.5 s of room, 0.2 s until the person begins, and speech.
const (
	takeSeconds = 6.2
	takeRoom    = 0.2 + 1.5
	takeSpeech  = 1.9
)

// maker makes the signals.
type maker struct {
	testing.TB
	list   []made
	spoken map[[4]string][]float32 // by language, text, voice and rate
}

func (m *maker) length() int { return int(takeSeconds * hz48) }

// said is a take with a voice at an active level, in nothing.
func (m *maker) said(lang string, s speaker, level float64) []float32 {
	x := make([]float32, m.length())
	text := sentences[lang] + strangers[lang]
	one := m.says(lang, text, s, hz48)
	put(x, atLevel(looped(one, m.length()-int(takeSpeech*hz48), hz48/2), hz48, level), takeSpeech)
	return x
}

func (m *maker) noise(colour string, db float64) []float32 {
	return scale(m.noiseOf(colour, m.length(), 1), db)
}

// put adds a signal to the matrix.
func (m *maker) put(name string, x []float32, truth string, use fitness, says ...func(*made)) {
	one := made{name: name, x: quantised(x), rate: hz48, room: takeRoom, truth: truth, use: use,
		level: math.NaN(), noise: math.NaN(), snr: math.NaN(), clip: math.NaN(), gaps: math.NaN()}
	for _, say := range says {
		say(&one)
	}
	m.list = append(m.list, one)
}

func quantised(x []float32) []float32 {
	y := cut(x)
	for i, v := range y {
		y[i] = float32(math.Round(float64(v)*32768) / 32768)
	}
	return y
}

func at(level, noise float64) func(*made) {
	return func(m *made) { m.level, m.noise, m.snr = level, noise, level-noise }
}

var woman = speakers[1]

// matrix are all of the made signals.
func matrix(t testing.TB) []made {
	m := &maker{TB: t, spoken: map[[4]string][]float32{}}
	m.levels()
	m.noises()
	m.voices()
	m.flaws()
	m.bands()
	m.noVoice()
	m.habits()
	return m.list
}

func (m *maker) levels() {
	for _, level := range []float64{-60, -55, -50, -46, -40, -36, -31, -26, -21, -17} {
		truth, use := "pass", fit
		if level < levelLow {
			truth, use = "level_low", unfit
		}
		m.put(fmt.Sprintf("level %.0f", level), add(m.said("en-us", woman, level), m.noise("white", max(level-40, -90))), truth, use, at(level, max(level-40, -90)))
	}
	for _, level := range []float64{-13, -9, -5} {
		x := m.said("en-us", speakers[0], level)
		over := overShare(x)
		truth, use := "clipping", unfit
		if over < clippingHigh {
			truth, use = "level_high", either
		}
		m.put(fmt.Sprintf("level %.0f", level), add(x, m.noise("white", -70)), truth, use, func(d *made) { d.clip = over })
	}
}

// overShare is how much of a signal lies beyond full scale.
func overShare(x []float32) float64 {
	n := 0
	for _, v := range x {
		if math.Abs(float64(v)) >= 1 {
			n++
		}
	}
	return float64(n) / float64(len(x))
}

func (m *maker) noises() {
	for _, colour := range colours {
		for i, snr := range []float64{0, 5, 10, 15, 20, 30, 40, 50} {
			who := speakers[i%2]
			truth, use := "pass", fit
			if snr < snrLow {
				truth, use = "noise_high", unfit
			}
			if colour == "mains" && -26-snr > humLoud {
				truth, use = "hum", unfit
			}
			says := at(-26, -26-snr)
			if snr < 10 { // P.56 measures all that is active: the voice and its noise
				both := dB(math.Hypot(lin(-26), lin(-26-snr)))
				says = func(d *made) { d.level, d.noise, d.snr = both, -26-snr, snr }
			}
			m.put(fmt.Sprintf("%s SNR %.0f", colour, snr), add(add(m.said("en-us", who, -26), m.noise(colour, -26-snr)), scale(m.noiseOf("white", m.length(), 2), -90)),
				truth, use, says)
		}
	}
	m.put("mains 60", add(add(m.said("es", woman, -26), m.noise("mains 60", -42)), m.noise("white", -70)), "hum", unfit)
	m.put("mains 60 faint", add(add(m.said("es", woman, -26), m.noise("mains 60", -58)), m.noise("white", -70)), "pass", fit)
}

func (m *maker) voices() {
	for _, lang := range slices.Sorted(maps.Keys(sentences)) {
		for i, who := range speakers {
			room := []string{"white", "pink", "fan"}[i]
			m.put(lang+" "+who.name, add(m.said(lang, who, -26), m.noise(room, -66)), "pass", fit, at(-26, -66))
		}
	}
	for i, lang := range []string{"en-us", "es", "de"} {
		who := speaker{"whisper", []string{"whisper", "whisperf", "whisper"}[i], "50"}
		m.put(lang+" whispers", add(m.said(lang, who, -34), m.noise("white", -70)), "pass", fit, at(-34, -70))
	}
}

func (m *maker) flaws() {
	voice := m.said("en-us", woman, -26)
	room := m.noise("white", -70)
	for _, drive := range []float64{14, 18, 24} {
		x := scale(voice, drive)
		over := overShare(x)
		truth, use := "clipping", unfit
		if over < clippingHigh {
			truth, use = "level_high", either
		}
		m.put(fmt.Sprintf("drive +%.0f", drive), add(x, room), truth, use, func(d *made) { d.clip = over })
	}
	hot := scale(voice, 20)
	m.put("clipped before the volume", add(scale(quantised(hot), -14), m.noise("white", -101)), "clipping", unfit, func(d *made) { d.clip = overShare(hot) })
	r := rand.New(rand.NewPCG(21, 4))
	for _, n := range []int{1, 6, 12, 24} {
		x, lost := add(voice, room), 0
		for k := range n {
			from := int((takeSpeech + 0.2 + 4*float64(k)/float64(n)) * hz48)
			length := (30 + r.IntN(60)) * hz48 / 1000
			clear(x[from : from+length])
			lost += length
		}
		share := float64(lost) / (float64(len(x)) - 0.2*hz48)
		truth, use := "pass", fit
		if share > dropoutsHigh {
			truth, use = "dropouts", unfit
		}
		m.put(fmt.Sprintf("%d holes", n), x, truth, use, func(d *made) { d.gaps, d.noise = share, -70 })
	}
	gated := add(voice, room)
	for i := 0; i+hz48/50 <= len(gated); i += hz48 / 50 {
		if power(soundSignal(voice[max(i-hz48/10, 0):min(i+hz48/10, len(voice))])) < math.Pow(10, -5.5) {
			clear(gated[i : i+hz48/50])
		}
	}
	m.put("noise gate", gated, "pass", fit, func(d *made) { d.level = -26 })
	for _, dc := range []float32{0.005, 0.08, -0.3} {
		x := add(voice, room)
		for i := range x {
			x[i] += dc
		}
		truth, use := "pass", fit
		if math.Abs(float64(dc)) > offsetHigh {
			truth, use = "dc_offset", unfit
		}
		m.put(fmt.Sprintf("offset %v", dc), x, truth, use, at(-26, -70))
	}
}

func (m *maker) bands() {
	for i, lang := range []string{"en-us", "de", "ru"} {
		x := add(m.said(lang, speakers[i], -26), m.noise("white", -66))
		m.put(lang+" narrow", through(m, x, 8000), "narrowband", unfit, func(d *made) { d.level = -26 })
		m.put(lang+" wide", through(m, x, 16000), "pass", fit, func(d *made) { d.level = -26 })
	}
	for _, rate := range []int{8000, 16000, 44100} {
		truth, use := "pass", fit
		if rate == 8000 {
			truth, use = "narrowband", unfit
		}
		n := int(takeSeconds * float64(rate))
		x := make([]float32, n)
		copy(x[int(takeSpeech*float64(rate)):], atLevel(looped(m.says("es", sentences["es"], woman, rate), n, rate/2)[:n-int(takeSpeech*float64(rate))], rate, -26))
		m.put(fmt.Sprintf("at %d Hz", rate), add(x, noiseAt(rate, takeSeconds, -70)), truth, use, at(-26, -70), func(d *made) { d.rate = rate })
	}
}

func (m *maker) noVoice() {
	room := m.noise("white", -68)
	n := m.length()
	late := func(x []float32) []float32 { // after the room part
		return append(make([]float32, int(takeSpeech*hz48)), x[:n-int(takeSpeech*hz48)]...)
	}
	m.put("zeros", make([]float32, n), "silent", unfit)
	m.put("one step", scale(m.noise("mains", 0), -96), "silent", unfit)
	m.put("stuck", scale(add(make([]float32, n), []float32{1}), -12), "silent", unfit)
	for colour, db := range map[string]float64{"white": -68, "pink": -28, "fan": -25, "mains": -30, "babble": -40} {
		m.put(colour+" alone", m.noise(colour, db), "no_speech", unfit, func(d *made) { d.noise = db })
	}
	for name, x := range map[string][]float32{"coughs": coughs(n), "keyboard": keyboard(n), "bark": bark(n), "chords": music("chords", n),
		"melody": music("melody", n), "band": music("band", n), "organ": music("organ", n)} {
		m.put(name+" alone", add(late(atRMS(x, -28)), room), "no_speech", unfit)
	}
	m.put("music all the time", add(atRMS(music("band", n), -28), room), "no_speech", unfit)
}

func (m *maker) habits() {
	voice, room := m.said("en-us", woman, -26), m.noise("white", -70)
	n := m.length()
	m.put("coughs and speaks", add(add(voice, scale(atRMS(coughs(n), -34), 0)), room), "pass", fit)
	m.put("types and speaks", add(add(voice, atRMS(keyboard(n), -48)), room), "pass", fit)
	door := slices.Clone(room)
	put(door, atRMS(fading(rand.New(rand.NewPCG(2, 2)), 0.3, 120, 100), -22), 0.8)
	m.put("a door in the room part", add(voice, door), "pass", fit, at(-26, -70))
	paused := slices.Clone(voice)
	clear(paused[3*hz48 : 42*hz48/10])
	m.put("a pause of 1.2 s", add(paused, room), "pass", fit)
	words := make([]float32, n)
	for k, word := range []string{"Yes.", "One moment.", "Okay.", "Please hold."} {
		put(words, m.says("en-us", word, woman, hz48), takeSpeech+1.1*float64(k))
	}
	m.put("single words", add(atLevel(words, hz48, -26), room), "pass", fit)
	early := looped(m.says("en-us", sentences["en-us"], woman, hz48), n, hz48/3)
	early = add(atLevel(early, hz48, -26), room)
	m.put("speaks from the start", early, "pass", fit, at(-26, -70))
	m.put("nobody asked, speaks", early, "pass", fit, at(-26, -70), func(d *made) { d.room = 0 })
	begins := slices.Clone(room)
	put(begins, early[:hz48/2], 1.1)
	m.put("says a word in the room part", add(voice, begins), "pass", fit, at(-26, -70))
	changes := add(voice, room)
	clear(changes[:12*hz48/10])
	m.put("Bluetooth changes over", changes, "pass", fit, at(-26, -70))
	m.put("takes a breath", add(voice, breath(n)), "pass", fit)
}

func breath(n int) []float32 {
	x := scale(noiseAt(hz48, takeSeconds, 0), -70)
	r := rand.New(rand.NewPCG(3, 3))
	put(x, atRMS(fading(r, 0.5, 1500, 3000), -48), 1.2)
	return x[:n]
}

// classOf is what the check says of a made signal, where all devices are as they should be.
func (m made) classOf() (string, Figures) {
	f := figuresOf(m.x, m.rate, m.room)
	t := good()
	t.asked, t.figures = m.room > 0, &f
	class, p := t.diagnose()
	if p != nil {
		class = "-" + p.Code
	}
	return class, f
}

// TestLabMatrix: no good signal is failed, no unusable one passed, and the figures are what they were made to be.
func TestLabMatrix(t *testing.T) {
	list := matrix(t)
	if len(list) < 60 {
		t.Fatalf("%d signals", len(list))
	}
	confusion := map[[2]string]int{}
	right := 0
	for _, m := range list {
		class, f := m.classOf()
		confusion[[2]string{m.truth, class}]++
		if class == m.truth {
			right++
		}
		if m.use == fit && class != "pass" || m.use == unfit && class == "pass" {
			t.Errorf("%s: %s, is %s", m.name, class, m.truth)
		}
		wrong := m.figures(f)
		if away := figuresOf(m.x, m.rate, 0).Floor - m.noise; math.Abs(away) > 1 && !strings.HasPrefix(m.name, "babble") {
			wrong = append(wrong, fmt.Sprintf("noise %.1f dB off where nobody was asked to be quiet", away)) // a babble has pauses of its own
		}
		t.Logf("%-30s %-11s %-12s level %6.1f floor %6.1f snr %5.1f clip %.4f holes %.4f hum %4.1f/%5.1f band %5.0f speech %v %s", m.name, m.truth, class,
			f.Level, f.Floor, f.ratio(), f.Clipping, f.Dropouts, f.Hum, f.HumLevel, f.Bandwidth, f.Speech, strings.Join(wrong, "; "))
		for _, w := range wrong {
			t.Errorf("%s: %s", m.name, w)
		}
	}
	t.Logf("%d of %d named rightly\n%s", right, len(list), confused(confusion))
}

// figures says which figures are not what they were made to be.
func (m made) figures(f Figures) (wrong []string) {
	near := func(what string, got, want, by float64) {
		if !math.IsNaN(want) && math.Abs(got-want) > by {
			wrong = append(wrong, fmt.Sprintf("%s %.4g, is %.4g", what, got, want))
		}
	}
	near("level", f.Level, m.level, 0.5)
	near("noise", f.Floor, m.noise, 1)
	near("SNR", f.ratio(), m.snr, 1.5) // a babble is never as loud in one part as in another
	near("clipping", f.Clipping, m.clip, 0.003)
	near("dropouts", f.Dropouts, m.gaps, 0.003)
	return wrong
}

// confused is the table of truths by classes.
func confused(cells map[[2]string]int) string {
	var b strings.Builder
	keys := slices.SortedFunc(maps.Keys(cells), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	for _, k := range keys {
		fmt.Fprintf(&b, "%-12s named %-12s %3d\n", k[0], k[1], cells[k])
	}
	return b.String()
}
