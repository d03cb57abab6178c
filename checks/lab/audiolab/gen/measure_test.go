package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s = %g, want %g within %g", what, got, want, tolerance)
	}
}

// TestMeasure holds the oracle against signals whose figures follow from how they are made.
func TestMeasure(t *testing.T) {
	noise := white(-60, 9)
	sine := tone(1000, -20)
	half := add(sine)
	clear(half[len(half)/2:]) // active for six seconds of twelve
	off := add(noise)
	for i := range off {
		off[i] += 0.05
	}
	hot := scale(tone(997, -3), 2)
	holed := add(noise)
	list, total := holes(holed, 3)

	near(t, "RMS of a tone", measure(sine, rate).RMS, -20, 0.01)
	near(t, "peak of a tone", measure(sine, rate).Peak, -20+3.01, 0.01)
	near(t, "active level of a tone", measure(sine, rate).ASL, -20, 0.1)
	near(t, "active level of half a tone", measure(half, rate).ASL, -20, 0.2)
	near(t, "activity of half a tone", measure(half, rate).Activity, 0.5+0.2/seconds, 0.01) // it counts 200 ms longer
	near(t, "noise floor", measure(noise, rate).NoiseFloor, -60, 0.7)
	near(t, "DC offset", measure(off, rate).DC, 0.05, 1e-4)
	near(t, "noise floor beside an offset", measure(off, rate).NoiseFloor, -60, 0.7)
	near(t, "level of silence", measure(make([]float64, rate), rate).ASL, -200, 0)

	clip := measure(quantise(hot), rate)
	if share := math.Acos(1/(2*lin(-3)*math.Sqrt2)) * 2 / math.Pi; clip.ClipRuns < 1000 {
		t.Errorf("clipped runs %d", clip.ClipRuns)
	} else {
		near(t, "clipped share", clip.ClipRatio, share, 0.01)
	}
	f := measure(quantise(holed), rate)
	if f.Gaps != len(list) {
		t.Errorf("%d gaps, want %d", f.Gaps, len(list))
	}
	near(t, "gaps", f.GapMS, total, 1)
}

func TestHum(t *testing.T) {
	for _, mains := range []int{50, 60} {
		x := add(white(-70, 4), tone(float64(mains), -40), tone(float64(3*mains), -46))
		freq, level, over := hum(x, rate)
		if freq != mains || over < 20 {
			t.Errorf("%d Hz read as %d Hz, %g dB over its neighbours", mains, freq, over)
		}
		near(t, "level of hum", level, 10*math.Log10(math.Pow(10, -4)+math.Pow(10, -4.6)), 0.3)
	}
	if _, _, over := hum(white(-50, 4), rate); over > 3 {
		t.Errorf("noise has hum %g dB over its neighbours", over)
	}
}

func TestWAVKeepsSamples(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.wav")
	x := []float64{0, 0.5, -0.5, 1, -1, 1.0 / 32768}
	if err := writeWAV(file, x, rate); err != nil {
		t.Fatal(err)
	}
	got, r, err := readWAV(file)
	if err != nil || r != rate {
		t.Fatalf("%d Hz, %v", r, err)
	}
	want := quantise(x)
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("sample %d = %g, want %g", i, got[i], want[i])
		}
	}
}

func FuzzParseWAV(f *testing.F) {
	head := "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\xbb\x00\x00\x00\x77\x01\x00\x02\x00\x10\x00"
	f.Add([]byte(head + "data\x04\x00\x00\x00\x01\x00\x02\x00"))
	f.Add([]byte(head + "data\xff\xff\xff\xff\x01\x00\x02"))
	f.Add([]byte(head[:20]))
	f.Add([]byte("RIFF....WAVEdata\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, _, err := parseWAV(b); err == nil && len(x) > len(b) {
			t.Errorf("%d samples of %d bytes", len(x), len(b))
		}
	})
}

// TestScenariosName keeps the written scenarios whole: each names the file it plays, and each file has its scenario.
func TestScenariosName(t *testing.T) {
	files, err := filepath.Glob("../scenarios/*.json")
	if err != nil || len(files) != 28 {
		t.Fatalf("%d scenarios, want 28: %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		var s scenario
		if err == nil {
			err = json.Unmarshal(b, &s)
		}
		if err != nil {
			t.Fatal(err)
		}
		if s.Name+".json" != filepath.Base(file) || s.Verdict == "" || s.Truth == nil {
			t.Errorf("%s: name %q, verdict %q, truth %v", file, s.Name, s.Verdict, s.Truth)
		}
		for _, d := range s.Devices {
			if d.Feed == "" {
				continue
			}
			feed, err := os.ReadFile(filepath.Join("../scenarios", strings.TrimSuffix(d.Feed, ".wav")+".json"))
			if err != nil || !strings.Contains(string(feed), `"file_figures"`) {
				t.Errorf("%s plays %s, which no scenario makes: %v", file, d.Feed, err)
			}
		}
	}
}
