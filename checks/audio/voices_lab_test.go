//go:build lab

package audio

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"testing"
)

// Voices, rooms and machines for the matrix of made signals: espeak-ng speaks, the rest is reckoned.

// sentences are what a hire might say, long enough for a take, with sounds high and low.
var sentences = map[string]string{
	"en-us": "Thank you for calling, my name is Alex. How can I help you today? Let me check that for you right away. Six boxes shipped on Tuesday.",
	"es":    "Gracias por llamar, me llamo Alex. ¿En qué puedo ayudarle hoy? Voy a revisarlo ahora mismo. Seis cajas salieron el jueves.",
	"de":    "Danke für Ihren Anruf, mein Name ist Alex. Wie kann ich Ihnen heute helfen? Ich sehe sofort für Sie nach. Sechs Pakete sind unterwegs.",
	"fr":    "Merci de votre appel, je m'appelle Alex. Comment puis-je vous aider aujourd'hui ? Je vérifie cela tout de suite. Six colis sont partis.",
	"pt":    "Obrigado por ligar, o meu nome é Alex. Como posso ajudar hoje? Vou verificar isso já para si. Seis caixas saíram na terça-feira.",
	"ru":    "Спасибо за звонок, меня зовут Алекс. Чем я могу вам помочь сегодня? Сейчас я всё проверю для вас. Шесть коробок отправлены.",
}

// A speaker is a voice of espeak-ng: a man, a woman, or a child, whose pitch is high.
type speaker struct{ name, variant, pitch string }

var speakers = []speaker{{"man", "m3", "40"}, {"woman", "f2", "55"}, {"child", "f4", "90"}}

// says is a text spoken, at a rate, without what lies under 80 Hz and without silence at its ends.
func (m *maker) says(lang, text string, s speaker, rate int) []float32 {
	m.Helper()
	key := [4]string{lang, text, s.variant + s.pitch, strconv.Itoa(rate)}
	if x, ok := m.spoken[key]; ok {
		return x
	}
	wav, err := exec.Command("espeak-ng", "-v", lang+"+"+s.variant, "-p", s.pitch, "-s", "165", "--stdout", text).Output()
	if err != nil {
		m.Fatalf("espeak-ng: %v", err)
	}
	x := sox(m, wav, []string{"-t", "wav", "-"}, "gain", "-6", "rate", "-v", strconv.Itoa(rate), "highpass", "80", "highpass", "80")
	from, to := 0, len(x)
	for ; from < to && math.Abs(float64(x[from])) < 0.003; from++ {
	}
	for ; to > from && math.Abs(float64(x[to-1])) < 0.003; to-- {
	}
	if to-from < rate/5 {
		m.Fatalf("espeak-ng said nothing in %s", lang)
	}
	m.spoken[key] = x[from:to]
	return x[from:to]
}

// sox sends sound through effects; what comes out is 32-bit float.
func sox(t testing.TB, in []byte, as []string, effects ...string) []float32 {
	t.Helper()
	args := append(append([]string{"-D", "-R"}, as...), "-t", "raw", "-e", "floating-point", "-b", "32", "-c", "1", "-")
	cmd := exec.Command("sox", append(args, effects...)...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("sox: %v", err)
	}
	x := make([]float32, len(out)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(out[4*i:]))
	}
	return x
}

// through is a signal that went through another sampling rate, as a Bluetooth headset's does.
func through(t testing.TB, x []float32, by int) []float32 {
	t.Helper()
	raw := func(x []float32) []byte {
		var b []byte
		for _, v := range x {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		return b
	}
	as := func(rate int) []string {
		return []string{"-t", "raw", "-e", "floating-point", "-b", "32", "-c", "1", "-r", strconv.Itoa(rate), "-"}
	}
	there := sox(t, raw(x), as(hz48), "rate", "-h", strconv.Itoa(by))
	back := sox(t, raw(there), as(by), "rate", "-h", strconv.Itoa(hz48))
	return append(back, make([]float32, max(len(x)-len(back), 0))...)[:len(x)]
}

// looped fills n samples with x, again and again, with a pause between.
func looped(x []float32, n, pause int) []float32 {
	out := make([]float32, n)
	for at := 0; at < n; {
		at += copy(out[at:], x) + pause
	}
	return out
}

// atRMS and atLevel bring a signal to a level: of its RMS in dBFS, of its active speech in dBov.
func atRMS(x []float32, db float64) []float32 {
	return scale(x, db-dB(math.Sqrt(power(soundSignal(x)))))
}

func atLevel(x []float32, rate int, db float64) []float32 {
	return scale(x, db-activeLevel(soundSignal(x), rate))
}

// colours are the noises of rooms and machines, at 0 dBFS.
var colours = []string{"white", "pink", "fan", "babble", "mains"}

func (m *maker) noiseOf(colour string, n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 17))
	x := make([]float32, n)
	switch colour {
	case "white":
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
	case "pink": // 3 dB less each octave: three poles (P. Kellet)
		var a, b, c float64
		for i := -hz48; i < n; i++ {
			w := r.NormFloat64()
			a, b, c = 0.99765*a+w*0.0990460, 0.96300*b+w*0.2965164, 0.57*c+w*1.0526913
			if i >= 0 {
				x[i] = float32(a + b + c + w*0.1848)
			}
		}
	case "fan": // air, 6 dB less each octave from 60 Hz, and the blades
		var air float64
		for i := range x {
			air = 0.992*air + r.NormFloat64()
			x[i] = float32(0.1*air + 0.2*math.Sin(2*math.Pi*137*float64(i)/hz48))
		}
	case "babble": // eight people in six languages
		for i, lang := range []string{"en-us", "es", "de", "fr", "pt", "ru", "en-us", "es"} {
			one := m.says(lang, sentences[lang], speakers[(i+int(seed))%2], hz48)
			from := r.IntN(len(one))
			x = add(x, atRMS(looped(append(one[from:len(one):len(one)], one[:from]...), n, hz48/5), 0))
		}
	case "mains", "mains 60":
		f := map[string]float64{"mains": 50, "mains 60": 60}[colour]
		for i := range x {
			at := 2 * math.Pi * f * float64(i) / hz48
			x[i] = float32(math.Sin(at) + 0.4*math.Sin(3*at) + 0.2*math.Sin(5*at+1))
		}
	}
	return atRMS(x, 0)
}

// fading is a burst of noise: a cough or a knock, by its length, with its energy about a tone.
func fading(r *rand.Rand, seconds, tone, width float64) []float32 {
	x := make([]float32, int(seconds*hz48))
	var low, band float64 // a resonator
	damp := width / tone
	f := 2 * math.Sin(math.Pi*tone/hz48)
	for i := range x {
		at := float64(i) / float64(len(x))
		in := r.NormFloat64() * min(at/0.05, 1) * math.Exp(-4*at)
		low += f * band
		band += f * (in - low - damp*band)
		x[i] = float32(band + 0.2*in)
	}
	return x
}

// put adds a piece to a signal, from a second on.
func put(x, piece []float32, second float64) {
	for i, v := range piece {
		if at := int(second*hz48) + i; at < len(x) {
			x[at] += v
		}
	}
}

// coughs are three coughs, each of two bursts.
func coughs(n int) []float32 {
	r := rand.New(rand.NewPCG(5, 6))
	x := make([]float32, n)
	for _, at := range []float64{0.6, 1.9, 2.5} {
		put(x, fading(r, 0.28, 700, 900), at)
		put(x, scale(fading(r, 0.22, 1100, 900), -5), at+0.32)
	}
	return x
}

// keyboard is quick typing: each key a click going down and a fainter one going up.
func keyboard(n int) []float32 {
	r := rand.New(rand.NewPCG(7, 8))
	x := make([]float32, n)
	for at := 0.1; at < float64(n)/hz48-0.2; at += 0.09 + 0.12*r.Float64() {
		put(x, fading(r, 0.02, 2500, 3000), at)
		put(x, scale(fading(r, 0.012, 3500, 3000), -8), at+0.06)
	}
	return x
}

// bark is a dog: short, hoarse, with a falling pitch.
func bark(n int) []float32 {
	r := rand.New(rand.NewPCG(9, 1))
	x := make([]float32, n)
	for _, at := range []float64{0.3, 0.75, 1.9, 2.3, 3.4} {
		one := fading(r, 0.18, 900, 700)
		phase := 0.0
		for i := range one {
			phase += (600 - 250*float64(i)/float64(len(one))) / hz48
			one[i] = one[i]*0.7 + float32(0.8*math.Exp(-4*float64(i)/float64(len(one)))*math.Sin(2*math.Pi*phase)*math.Abs(math.Sin(math.Pi*phase)))
		}
		put(x, one, at)
	}
	return x
}

// note is a plucked string: harmonics that die away.
func note(seconds, hz float64) []float32 {
	x := make([]float32, int(seconds*hz48))
	for i := range x {
		at := float64(i) / hz48
		for h := 1.0; h <= 12 && h*hz < 12000; h++ {
			x[i] += float32(math.Min(at/0.005, 1) * math.Exp(-at*(2+h)) * math.Sin(2*math.Pi*h*hz*at) / h)
		}
	}
	return x
}

// music plays instead of a voice.
func music(kind string, n int) []float32 {
	r := rand.New(rand.NewPCG(11, 3))
	x := make([]float32, n)
	step := func(semitones float64) float64 { return 220 * math.Pow(2, semitones/12) }
	switch kind {
	case "chords":
		for k, at := 0, 0.0; at < float64(n)/hz48; k, at = k+1, at+0.8 {
			for _, s := range [][]float64{{0, 4, 7}, {5, 9, 12}, {7, 11, 14}, {-3, 0, 4}}[k%4] {
				put(x, note(1.2, step(s)), at)
			}
		}
	case "melody":
		tune := []float64{0, 2, 4, 5, 7, 7, 9, 7, 5, 4, 2, 0, 12, 11, 9, 7}
		for k, at := 0, 0.0; at < float64(n)/hz48; k, at = k+1, at+0.25 {
			put(x, note(0.5, step(tune[k%len(tune)])), at)
		}
	case "band":
		for k, at := 0, 0.0; at < float64(n)/hz48; k, at = k+1, at+0.25 {
			put(x, scale(fading(r, 0.08, 6000, 8000), -10), at)
			if k%4 == 0 {
				put(x, scale(sine(hz48, 0.15, 70, 0), -3), at)
			}
			if k%4 == 2 {
				put(x, fading(r, 0.15, 1800, 2500), at)
			}
			put(x, scale(note(0.4, step(float64([]int{-24, -24, -17, -19}[k/4%4]))), -2), at)
			put(x, scale(note(0.3, step(float64([]int{0, 4, 7, 12, 7, 4}[k%6]))), -6), at)
		}
	case "organ": // held chords with vibrato: no note dies away
		for i := range x {
			at := float64(i) / hz48
			for _, s := range [][]float64{{0, 4, 7}, {5, 9, 12}}[int(at)%2] {
				for h := 1.0; h <= 6; h++ {
					x[i] += float32(math.Sin(2*math.Pi*h*step(s)*at+0.5*math.Sin(2*math.Pi*5*at)) / h)
				}
			}
		}
	}
	return x
}
