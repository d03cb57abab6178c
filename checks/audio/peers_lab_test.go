//go:build lab

package audio

import (
	"fmt"
	"math"
	"testing"
)

// What other tools would say of the matrix, by the rules they publish.

// testrtc is the microphone test of webrtc/testrtc (src/js/mictest.js): buffers of 512 samples whose first and last
// sample are silent are left out, until 2 s of others have come. Once the highest sample so far has reached full scale,
// all later ones count as clipped; so do they here.
func testrtc(x []float32, rate int) (problem string) {
	const size, silence = 512, 1.0 / 32767
	var peak, loudest float64
	clipped, most, heard := 0, 0, 0
	for i := 0; i+size <= len(x) && heard < 2*rate; i += size {
		b := x[i : i+size]
		if math.Abs(float64(b[0])) <= silence && math.Abs(float64(b[size-1])) <= silence {
			continue
		}
		heard += size
		for _, v := range b {
			if peak = max(peak, math.Abs(float64(v))); peak >= 1 {
				clipped++
				most = max(most, clipped)
			} else {
				clipped = 0
			}
		}
		loudest = max(loudest, power(soundSignal(b)))
	}
	switch {
	case peak <= silence:
		return "silent"
	case most > 6:
		return "clipping"
	case dB(math.Sqrt(loudest)) < -60:
		return "level_low"
	}
	return ""
}

// plainRMS is what a level meter can say: too low under -50 dBFS, too high over -12.
func plainRMS(x []float32, _ int) (problem string) {
	switch level := rootLevel(soundSignal(x)); {
	case level <= -96:
		return "silent"
	case level < -50:
		return "level_low"
	case level > -12:
		return "level_high"
	}
	return ""
}

// twilio is the warning of Twilio's voice SDK: an input whose level hardly moves, by the standard deviation of ten
// readings of a level from 0 to 32767.
func twilio(x []float32, rate int) (problem string) {
	n := rate / 2
	for i := 0; i+10*n <= len(x); i += n {
		var l []float64
		for k := range 10 {
			l = append(l, 32767*min(math.Sqrt(power(soundSignal(x[i+k*n:i+(k+1)*n]))), 1))
		}
		m, s := mean(l), 0.0
		for _, v := range l {
			s += (v - m) * (v - m) / 10
		}
		if math.Sqrt(s) <= 327.67 {
			return "constant"
		}
	}
	return ""
}

// TestLabPeers counts, on the matrix, how many of the unusable signals each finds at all, how many it names rightly, and
// how many of the good ones it fails.
func TestLabPeers(t *testing.T) {
	list := matrix(t)
	ours := func(m made) string {
		if class, _ := m.classOf(); class != "pass" {
			return class
		}
		return ""
	}
	by := func(rule func([]float32, int) string) func(made) string {
		return func(m made) string { return rule(m.x[m.rate/5:], m.rate) }
	}
	table := fmt.Sprintf("%-10s %8s %8s %14s\n", "", "found", "named", "wrongly failed")
	for _, p := range []struct {
		name string
		says func(made) string
	}{{"deskready", ours}, {"testrtc", by(testrtc)}, {"plain RMS", by(plainRMS)}, {"Twilio", by(twilio)}} {
		var found, named, wrongly, faults, fine int
		for _, m := range list {
			problem := p.says(m)
			switch {
			case m.use == unfit:
				faults++
				if problem != "" {
					found++
				}
				if problem == m.truth {
					named++
				}
			case m.use == fit:
				fine++
				if problem != "" {
					wrongly++
				}
			}
		}
		table += fmt.Sprintf("%-10s %3d / %2d %3d / %2d %9d / %2d\n", p.name, found, faults, named, faults, wrongly, fine)
		if p.name == "deskready" && (found < faults || wrongly > 0) {
			t.Errorf("%d of %d faults, %d of %d good ones failed", found, faults, wrongly, fine)
		}
	}
	t.Logf("%d signals\n%s", len(list), table)
}
