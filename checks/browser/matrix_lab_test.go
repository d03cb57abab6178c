//go:build lab && linux

package browser

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/checks/lab"
)

// A drive opens a page in a browser, and presses what is to be pressed, until its context ends.
type drive = func(ctx context.Context, url string)

// only leaves the page the steps named, to save time.
func only(steps ...string) []string {
	return []string{"'popup', 'sound', 'storage', 'websocket', 'speed', 'microphone', 'camera', 'call'", "'" + strings.Join(steps, "', '") + "'"}
}

// hurried is a page whose person gets three seconds for each answer.
var hurried = []string{"human = 60_000", "human = 3_000"} // read only

var (
	devices = map[string]any{"use-fake-device-for-media-stream": true}
	allowed = map[string]any{"use-fake-ui-for-media-stream": true}
	streams = map[string]any{"media.navigator.streams.fake": true}
	silentY = map[string]any{"media.navigator.permission.disabled": true}
) // read only

func both(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// film writes frames of YUV 4:2:0 for Chromium's fake camera, and answers its flags.
func film(t *testing.T, frames int, luma func(frame, pixel int) byte) map[string]any {
	t.Helper()
	const w, h = 320, 240
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F20:1 Ip A1:1 C420\n", w, h)
	for f := range frames {
		b.WriteString("FRAME\n")
		for p := range w * h {
			b.WriteByte(luma(f, p))
		}
		b.Write(bytes.Repeat([]byte{128}, w*h/2))
	}
	name := filepath.Join(t.TempDir(), "film.y4m")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return both(both(devices, allowed), map[string]any{"use-file-for-fake-video-capture": name})
}

func noise() func(frame, pixel int) byte {
	r := rand.New(rand.NewPCG(1, 2))
	return func(_, pixel int) byte { return byte(100 + pixel%320/4 + r.IntN(40)) }
}

// painted puts a camera in place of Firefox's own, which always moves and cannot be told what to show: a canvas, painted
// twenty times a second. before runs once, each each time; pen paints it.
func painted(before, each string) []string {
	return append(only("camera"), "navigator.mediaDevices.getUserMedia(constraints)", `(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
    const pen = canvas.getContext('2d');
    const image = pen.createImageData(320, 240);
    const fill = () => { for (let i = 0; i < image.data.length; i += 4) { image.data.fill(100 + i / 4 % 320 / 4 + 40 * Math.random(), i, i + 3); image.data[i + 3] = 255; } };
    `+before+`
    setInterval(() => { `+each+` }, 50);
    return Promise.resolve(canvas.captureStream(20));
  })()`)
}

// A trial is a browser, what is wrong with it, and what must be found.
type trial struct {
	name     string
	scenario string // of audiolab; empty: no sound server
	edits    []string
	drive    func(t *testing.T, h *host, env []string) drive
	during   func(t *testing.T, h *host, env []string) // beside it
	want     map[string]string
}

func chromiumWith(flags map[string]any, press ...string) func(*testing.T, *host, []string) drive {
	return func(t *testing.T, _ *host, env []string) drive { return inChromium(t, env, flags, press...) }
}

func firefoxWith(prefs map[string]any, press ...string) func(*testing.T, *host, []string) drive {
	return func(t *testing.T, _ *host, env []string) drive { return inFirefox(t, env, prefs, press...) }
}

// dies ends the browser in the middle.
func dies(with func(*testing.T, *host, []string) drive) func(*testing.T, *host, []string) drive {
	return func(t *testing.T, h *host, env []string) drive {
		return func(ctx context.Context, url string) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			go func() {
				for h.probe.told().Storage == nil && ctx.Err() == nil {
					time.Sleep(20 * time.Millisecond)
				}
				cancel()
			}()
			with(t, h, env)(ctx, url)
		}
	}
}

// unplug takes the microphone away while the page listens.
func unplug(t *testing.T, h *host, env []string) {
	for h.probe.told().Page == nil && t.Context().Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(4 * time.Second)
	for _, module := range []string{"module-remap-source", "module-null-sink"} {
		cmd := exec.CommandContext(t.Context(), "pactl", "unload-module", module)
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("unplugging: %v: %s", err, out)
		}
	}
}

func trials(t *testing.T) []trial {
	works := map[string]string{
		"webrtc": "1", "call_heard": "1", "microphone": "1", "microphone_state": "good", "camera": "1", "sound": "1",
		"storage": "1", "websocket": "1", "popups": "1", "lacks": "nothing", "automated": "1", "wasm": "simd",
	}
	gone := map[string]string{"storage": "1", "microphone": "missing page_gone", "camera_state": "missing page_gone", "webrtc": "missing page_gone"}
	patient := append(only("microphone"), "elapsed > 1500", "elapsed > 7000", "elapsed > 8000", "elapsed > 9000")
	return []trial{
		{"chromium/fake", "", nil, chromiumWith(both(devices, allowed), "start"), nil, with(works, "camera_state", "good", "webgl", "software")},
		{"firefox/fake", "clear_speech", nil, firefoxWith(both(streams, silentY), "start", "go_on"), nil, works},
		{"chromium/headset", "clear_speech", only("sound", "microphone", "call"), chromiumWith(allowed, "start"), nil, map[string]string{"sound": "1", "microphone": "1", "microphone_state": "good", "call_heard": "1", "camera": "missing page_gone"}},
		{"chromium/no device", "", only("sound", "microphone", "camera", "call"), chromiumWith(allowed, "start", "go_on"), nil, map[string]string{"sound": "0", "microphone": "0", "microphone_state": "absent", "camera": "0", "camera_state": "absent", "camera_frames": "missing absent", "webrtc": "1"}},
		{"firefox/no device", "no_devices", only("sound", "microphone", "camera"), firefoxWith(silentY, "start", "go_on"), nil, map[string]string{"sound": "0", "microphone": "0", "microphone_state": "absent", "camera": "0", "camera_state": "absent"}},
		{"chromium/refused", "", only("microphone", "camera"), chromiumWith(both(devices, map[string]any{"deny-permission-prompts": true}), "start", "go_on"), nil, map[string]string{"microphone": "missing denied", "microphone_state": "missing denied", "camera": "missing denied", "microphone_name": "missing denied"}},
		{"firefox/refused", "", only("microphone", "camera"), firefoxWith(both(streams, map[string]any{"permissions.default.microphone": 2, "permissions.default.camera": 2}), "start", "go_on"), nil, map[string]string{"microphone": "missing page_blocked", "camera_state": "missing page_blocked"}},
		{"chromium/muted", "server_muted", only("microphone"), chromiumWith(allowed, "start", "go_on"), nil, map[string]string{"microphone": "0", "microphone_state": "muted"}},
		{"chromium/zeros", "muted", only("microphone"), chromiumWith(allowed, "start", "go_on"), nil, map[string]string{"microphone": "0", "microphone_state": "silent"}},
		{"firefox/zeros", "muted", only("microphone"), firefoxWith(silentY, "start", "go_on"), nil, map[string]string{"microphone": "0", "microphone_state": "silent"}},
		{"chromium/unplugged", "clear_speech", patient, chromiumWith(allowed, "start", "go_on"), unplug, map[string]string{"microphone": "0", "microphone_state": "ended"}},
		{"firefox/unplugged", "clear_speech", patient, firefoxWith(silentY, "start", "go_on"), unplug, map[string]string{"microphone": "0", "microphone_state": "ended"}},
		{"chromium/black", "", only("camera"), chromiumWith(film(t, 20, func(int, int) byte { return 16 }), "start", "go_on"), nil, map[string]string{"camera": "0", "camera_state": "black"}},
		{"chromium/frozen", "", only("camera"), chromiumWith(film(t, 1, noise()), "start", "go_on"), nil, map[string]string{"camera": "0", "camera_state": "frozen"}},
		{"chromium/moving", "", only("camera"), chromiumWith(film(t, 20, noise()), "start"), nil, map[string]string{"camera": "1", "camera_state": "good", "camera_size": "320x240"}},
		{"firefox/black", "", painted("", "pen.fillRect(0, 0, 320, 240);"), firefoxWith(both(streams, silentY), "start", "go_on"), nil, map[string]string{"camera": "0", "camera_state": "black"}},
		{"firefox/frozen", "", painted("fill();", "pen.putImageData(image, 0, 0);"), firefoxWith(both(streams, silentY), "start", "go_on"), nil, map[string]string{"camera": "0", "camera_state": "frozen"}},
		{"firefox/moving", "", painted("", "fill(); pen.putImageData(image, 0, 0);"), firefoxWith(both(streams, silentY), "start"), nil, map[string]string{"camera": "1", "camera_state": "good", "camera_size": "320x240"}},
		{"firefox/unanswered", "", append(only("microphone"), hurried...), firefoxWith(streams, "start", "go_on"), nil, map[string]string{"microphone": "missing timeout", "microphone_state": "missing timeout", "webrtc": "missing page_gone"}},
		{"firefox/skipped", "", only("camera"), firefoxWith(streams, "start", "skip\\.camera", "go_on"), nil, map[string]string{"camera": "missing denied"}},
		// Chromium without a window says no at once, in the person's place: here it is made to wait.
		{"chromium/unanswered", "", append(append(only("microphone"), hurried...), "navigator.mediaDevices.getUserMedia(constraints)", "new Promise(() => {})"), chromiumWith(devices, "start", "go_on"), nil, map[string]string{"microphone": "missing timeout"}},
		{"chromium/killed", "", nil, dies(chromiumWith(both(devices, allowed), "start")), nil, gone},
		{"chromium/closed tab", "", nil, chromiumWith(both(devices, allowed), "start", "closed"), nil, gone},
		{"firefox/killed", "", nil, dies(firefoxWith(both(streams, silentY), "start")), nil, gone},
		// The page without the element that a call's sound must be attached to: the step must notice.
		{"chromium/no element", "", append(only("call"), "audio.srcObject = stream;", ""), chromiumWith(both(devices, allowed), "start", "go_on"), nil, map[string]string{"webrtc": "1", "call_heard": "0"}},
	}
}

func with(m map[string]string, pairs ...string) map[string]string {
	out := maps.Clone(m)
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// TestLabProbe holds what real browsers tell against what was done to them. Most of the time they wait: four at once do
// not disturb each other.
func TestLabProbe(t *testing.T) {
	var all sync.WaitGroup
	free := make(chan struct{}, 4)
	for _, tt := range trials(t) {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			t.Run(tt.name, tt.run)
		})
	}
	all.Wait()
}

func (tt trial) run(t *testing.T) {
	env := []string{"PULSE_SERVER=unix:/nowhere"}
	if tt.scenario != "" {
		env = lab.SoundEnv(t, tt.scenario)
	}
	h := newHost(t, append(slices.Clone(tt.edits), "elapsed > 8000", "elapsed > 4000")...)
	var beside sync.WaitGroup
	if tt.during != nil {
		beside.Go(func() { tt.during(t, h, env) })
	}
	began := time.Now()
	got := h.measure(t, tt.drive(t, h, env))
	beside.Wait()
	for metric, want := range tt.want {
		if is := shortly(got[metric]); is != want {
			t.Errorf("%s is %q, want %q", metric, is, want)
		}
	}
	t.Logf("%.1f s", time.Since(began).Seconds())
	if t.Failed() {
		t.Logf("\n%s", dump(got))
	}
}
