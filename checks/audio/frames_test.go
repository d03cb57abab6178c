package audio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"deskready/checks"
)

// crosses holds a list to what the rest relies on, once it has crossed the pipe: names that can be shown, and bounds.
func crosses(t *testing.T, d Devices) *Devices {
	t.Helper()
	d.Inputs, d.Outputs = bounded(d.Inputs), bounded(d.Outputs)
	var line bytes.Buffer
	if err := say(&line, frame{Devices: &d}); err != nil || line.Len() > maxLine {
		t.Fatalf("a line of %d bytes, %v", line.Len(), err)
	}
	f, err := decode(line.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Devices.Inputs) > maxDevices || len(f.Devices.Outputs) > maxDevices {
		t.Errorf("%d and %d devices", len(f.Devices.Inputs), len(f.Devices.Outputs))
	}
	for _, d := range slices.Concat(f.Devices.Inputs, f.Devices.Outputs) {
		if d.Name != checks.Clean(d.Name, maxName) || d.Form != checks.Clean(d.Form, 20) || d.USB != usbID(d.USB) || d.Rate < 0 || d.Rate > maxRate ||
			d.Volume != nil && !within(0, *d.Volume, mostVolume) || d.Connection != "" && !slices.Contains(connections, d.Connection) {
			t.Errorf("%+v", d)
		}
	}
	return f.Devices
}

// TestHostileDevices: names come from plugs that anybody can build.
func TestHostileDevices(t *testing.T) {
	var d Devices
	loud := 1e300
	for i := range 10000 {
		d.Inputs = append(d.Inputs, Device{ID: fmt.Sprint(i), Name: "\x1b[2J\u202eteksdaeH\x00 \u200b" + strings.Repeat("名", 5000),
			Rate: -7, Headset: "perhaps", Told: "me", Default: i == 9999, Calls: i == 5000, Form: strings.Repeat("<b>", 100), Volume: &loud,
			Connection: "a string", USB: "0b0e:<script>"})
	}
	d.Outputs = slices.Clone(d.Inputs)
	got := crosses(t, d)
	in := got.Inputs[0]
	if n := len(got.Inputs); n != maxDevices || !in.Calls || !got.Inputs[1].Default {
		t.Errorf("%d inputs, the first is %+v", n, in)
	}
	if strings.ContainsAny(in.Name, "\x1b\u202e\x00\u200b") || utf8.RuneCountInString(in.Name) > maxName || in.Rate != 0 ||
		in.Headset+in.Told+in.Connection+in.USB != "" || in.Volume != nil {
		t.Errorf("%+v", in)
	}
}

// TestFullFrameFits: the longest figures and the longest list both fit a line.
func TestFullFrameFits(t *testing.T) {
	f := measure(add(voice(8000, 25), noiseAt(8000, 25, -70)), 8000, 0)
	var list []Device
	full := 0.123456789012345678
	for range maxDevices {
		name := strings.Repeat("\u2028", maxName) // six bytes each in JSON
		list = append(list, Device{ID: name + name, Name: name, Default: true, Muted: true, Rate: maxRate, Headset: isHeadset,
			Told: bySigns, Form: strings.Repeat("\u2028", 20), Volume: &full, Connection: overBluetooth, USB: "0b0e:0e41", Calls: true})
	}
	for _, x := range []frame{{Figures: &f}, {Devices: &Devices{Inputs: list, Outputs: list}}} {
		var line bytes.Buffer
		if err := say(&line, x); err != nil || line.Len() > maxLine {
			t.Errorf("%d bytes, %v", line.Len(), err)
		}
		if _, err := decode(line.Bytes()); err != nil {
			t.Error(err)
		}
	}
}

func TestFrames(t *testing.T) {
	for name, c := range map[string]struct {
		in      string
		frames  int
		garbage bool
	}{
		"none":            {"", 0, false},
		"one":             {open48 + "\n", 1, false},
		"print between":   {"42\n" + open48 + "\nwarning\n" + open48, 2, false},
		"two parts":       {`{"opened":{"rate":48000},"heard":{"samples":1}}`, 0, true},
		"no part":         {`{}`, 0, true},
		"not JSON":        {`{"opened":`, 0, true},
		"a huge number":   {`{"heard":{"samples":1,"level":1e999}}`, 0, true},
		"negative":        {`{"heard":{"samples":-1,"level":0}}`, 0, true},
		"deep":            {strings.Repeat(`{"a":`, 100000), 0, true},
		"a long line":     {"{" + strings.Repeat(" ", maxLine+1), 0, true},
		"a lot":           {strings.Repeat("x\n", maxBytes), 0, true},
		"an endless echo": {`{"echo":{"sweeps":3,"found":4}}`, 0, true},
		"an echo before":  {`{"echo":{"sweeps":3,"found":3,"delay":-5}}`, 0, true},
		"too many levels": {`{"figures":{"rate":48000,"levels":[0` + strings.Repeat(",0", maxLevels) + `]}}`, 0, true},
	} {
		n := 0
		err := frames(strings.NewReader(c.in), func(frame) { n++ })
		if n != c.frames || errors.Is(err, errGarbage) != c.garbage {
			t.Errorf("%s: %d frames, %v", name, n, err)
		}
	}
}

// FuzzFrames: whatever a child says, what is handed on is within bounds, and comes through a second time unchanged.
func FuzzFrames(f *testing.F) {
	for _, s := range []string{oneHeadset, goodVoice, open48, noEcho, `{"fault":{"code":"silent","detail":"x"}}`, `{"heard":{"samples":3,"level":-1}}`, "1\n{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = frames(bytes.NewReader(data), func(x frame) {
			if x.Devices != nil && (len(x.Devices.Inputs) > maxDevices || len(x.Devices.Outputs) > maxDevices) {
				t.Fatal("too many devices")
			}
			if x.Echo != nil && !x.Echo.sound() {
				t.Fatalf("echo %+v", x.Echo)
			}
			if x.Figures != nil {
				finite(t, *x.Figures)
			}
			if x.Fault != nil && (x.Fault.Side == "" || x.Fault.Detail != checks.Clean(x.Fault.Detail, 200)) {
				t.Fatalf("fault %+v", x.Fault)
			}
			var line bytes.Buffer
			if err := say(&line, x); err != nil {
				t.Fatal(err)
			}
			again, err := decode(line.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			a, _ := json.Marshal(x)
			b, _ := json.Marshal(again)
			if !bytes.Equal(a, b) {
				t.Fatalf("%s became %s", a, b)
			}
		})
	})
}
