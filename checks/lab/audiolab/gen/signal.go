package main

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
)

const rate = 48000

// seconds is the length of a loop; the lab plays the loop without a seam.
const seconds = 12

const script = "Thank you for calling customer care, my name is Alex. " +
	"May I have your order number, please? I see the parcel left our depot " +
	"on Tuesday. Six boxes, shipped with a zip bag, should reach you on Thursday. " +
	"Is there anything else that I can fix for you today?"

// speech is the script spoken by espeak-ng, at 48 kHz, with DC and what lies
// under 80 Hz removed, repeated to fill the loop, at an active level of 0 dBov.
func speech() ([]float64, error) {
	x, err := spoken()
	if err != nil {
		return nil, err
	}
	x = trim(x, 0.003)
	if len(x) == 0 {
		return nil, fmt.Errorf("espeak-ng said nothing")
	}
	out := make([]float64, seconds*rate)
	for at := rate / 4; at < len(out); {
		at += copy(out[at:], x) + rate/2
	}
	fade(out[len(out)-rate/20:])
	level, _ := activeLevel(out, rate)
	return scale(out, lin(-level)), nil
}

// spoken is the script once.
func spoken() ([]float64, error) {
	dir, err := os.MkdirTemp("", "audiolab")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	raw, wide := filepath.Join(dir, "a.wav"), filepath.Join(dir, "b.wav")
	if err := command("espeak-ng", "-v", "en-us", "-s", "165", "-w", raw, script); err != nil {
		return nil, err
	}
	if err := command("sox", "-D", "-R", raw, "-b", "16", "-c", "1", wide, "gain", "-6",
		"rate", "-v", fmt.Sprint(rate), "highpass", "80", "highpass", "80"); err != nil {
		return nil, err
	}
	x, r, err := readWAV(wide)
	if err == nil && r != rate {
		err = fmt.Errorf("speech came out at %d Hz", r)
	}
	return x, err
}

// trim takes the silence off both ends.
func trim(x []float64, silence float64) []float64 {
	a, b := 0, len(x)
	for a < b && math.Abs(x[a]) < silence {
		a++
	}
	for b > a && math.Abs(x[b-1]) < silence {
		b--
	}
	return x[a:b]
}

func fade(x []float64) {
	for i := range x {
		x[i] *= 1 - float64(i+1)/float64(len(x))
	}
}

func command(name string, arg ...string) error {
	if out, err := exec.Command(name, arg...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

func scale(x []float64, g float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v * g
	}
	return y
}

func add(x ...[]float64) []float64 {
	y := make([]float64, len(x[0]))
	for _, s := range x {
		for i, v := range s {
			y[i] += v
		}
	}
	return y
}

// white is Gaussian noise of the given RMS level.
func white(levelDB float64, seed int64) []float64 {
	r := rand.New(rand.NewSource(seed))
	x := make([]float64, seconds*rate)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return scale(x, lin(levelDB)/rms(x))
}

// pink is noise with 3 dB less each octave (Kellet's three-pole filter).
func pink(levelDB float64, seed int64) []float64 {
	r := rand.New(rand.NewSource(seed))
	x := make([]float64, seconds*rate)
	var a, b, c float64
	for i := -rate; i < len(x); i++ {
		w := r.NormFloat64()
		a = 0.99765*a + w*0.0990460
		b = 0.96300*b + w*0.2965164
		c = 0.57000*c + w*1.0526913
		if i >= 0 {
			x[i] = a + b + c + w*0.1848
		}
	}
	m := mean(x)
	for i := range x {
		x[i] -= m
	}
	return scale(x, lin(levelDB)/rms(x))
}

// tone has its frequency moved to a whole number of periods in the loop.
func tone(freq, levelDB float64) []float64 {
	n := math.Round(freq * seconds)
	x := make([]float64, seconds*rate)
	a := lin(levelDB) * math.Sqrt2
	for i := range x {
		x[i] = a * math.Sin(2*math.Pi*n*float64(i)/float64(len(x)))
	}
	return x
}

// holes puts zeros into x, 20 to 100 ms each half second, and answers where: start and length in ms.
func holes(x []float64, seed int64) (list [][2]float64, totalMS float64) {
	r := rand.New(rand.NewSource(seed))
	for t := 0.35; t < seconds-0.3; t += 0.5 {
		ms := float64(20 + 10*r.Intn(9))
		a := int(t * rate)
		clear(x[a : a+int(ms*rate/1000)])
		list = append(list, [2]float64{round(t*1000, 0), ms})
		totalMS += ms
	}
	return list, totalMS
}

// throughRate sends x through another sample rate and back.
func throughRate(x []float64, to int) ([]float64, error) {
	dir, err := os.MkdirTemp("", "audiolab")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	there, back := filepath.Join(dir, "there.wav"), filepath.Join(dir, "back.wav")
	start := filepath.Join(dir, "start.wav")
	if err := writeWAV(start, x, rate); err != nil {
		return nil, err
	}
	if err := command("sox", "-D", "-R", start, "-b", "16", there, "rate", "-h", fmt.Sprint(to)); err != nil {
		return nil, err
	}
	if err := command("sox", "-D", "-R", there, "-b", "16", back, "rate", "-h", fmt.Sprint(rate)); err != nil {
		return nil, err
	}
	y, _, err := readWAV(back)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(x))
	copy(out, y)
	return out, nil
}
