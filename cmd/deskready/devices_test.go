package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"deskready/checks/all"
	"deskready/checks/audio"
)

func TestCameras(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	got := cameras(fstest.MapFS{
		"video0/name": file("HD Pro Webcam C920\n"), "video0/index": file("0\n"),
		"video0/device/modalias": file("usb:v046Dp082Dd0011dcEFdsc02dp01ic0Eisc01ip00in00\n"),
		"video1/name":            file("HD Pro Webcam C920\n"), "video1/index": file("1\n"),
		"video2/name": file("\x1b[2J\u202eIntegrated <b>Camera\n"), "video2/index": file("0\n"), "video2/device/modalias": file("acpi:INT33:"),
		"video3/index": file("0\n"),
	})
	if want := []camera{{"HD Pro Webcam C920", "046d:082d"}, {"[2JIntegrated <b>Camera", ""}}; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := cameras(fstest.MapFS{}); got == nil || len(got) != 0 {
		t.Errorf("no cameras are %#v", got)
	}
}

// TestDevicesTable: who reads the table sees which device is which, and which one programs get.
func TestDevicesTable(t *testing.T) {
	var out bytes.Buffer
	w := &world{stdout: &out, env: func(string) string { return "" }}
	b, err := w.book("en", all.All(all.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	full := 1.0
	devicesList{
		Inputs: []audio.Device{{Name: "Jabra Evolve2 40", Default: true, Connection: "usb", Headset: "yes", Told: "signs", Rate: 48000,
			Volume: &full, USB: "0b0e:0e41"}, {Name: "Mic (USB Headset)", Headset: "yes", Told: "name", Muted: true, Calls: true}, {}},
		Cameras: []camera{{"C920", "046d:082d"}},
	}.print(w, b)
	for _, want := range []string{
		"  * Jabra Evolve2 40                  USB, headset, level 100 %, 48000 Hz, 0b0e:0e41\n",
		"    Mic (USB Headset)                 headset (by its name), used for calls, muted\n",
		"    ?\n", "    none\n", "    C920                              046d:082d\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
}
