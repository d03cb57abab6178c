package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Scenario is one headset, room or fault of audiolab, and what is true of it.
type Scenario struct {
	Name    string         `json:"name"`
	About   string         `json:"about"`
	Verdict string         `json:"verdict"` // what a checker ought to say: "pass", or the first cause
	Truth   map[string]any `json:"truth"`   // how the signal was made: levels in dBov and dBFS, times in s
	Figures *Figures       `json:"file_figures"`
}

// Figures are what the generator's own measure reads in the whole loop that is played into the microphone; nil in
// scenarios whose file belongs to another.
type Figures struct {
	ASL          float64 `json:"active_speech_level_dbov"` // ITU-T P.56
	RMS          float64 `json:"rms_dbfs"`
	Peak         float64 `json:"peak_dbfs"`
	DC           float64 `json:"dc_offset_fs"`
	NoiseFloor   float64 `json:"noise_floor_dbfs"`
	ClippedRatio float64 `json:"clipped_ratio"`
	Gaps         int     `json:"gaps_10ms"`
	GapsMS       float64 `json:"gaps_total_ms"`
	HumHz        int     `json:"hum_hz"`
	HumDB        float64 `json:"hum_dbfs"`
	Bandwidth    float64 `json:"bandwidth_hz"`
}

// Scenarios are all that audiolab has, by name.
func Scenarios(t testing.TB) []Scenario {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(here(t), "audiolab", "scenarios", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios of audiolab: %v", err)
	}
	var all []Scenario
	for _, file := range files {
		b, err := os.ReadFile(file)
		var s Scenario
		if err == nil {
			err = json.Unmarshal(b, &s)
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, s)
	}
	return all
}

// Named is the scenario of that name.
func Named(t testing.TB, name string) Scenario {
	t.Helper()
	all := Scenarios(t)
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("audiolab has no scenario %q", name)
	}
	return all[i]
}

// Sound runs a command among the scenario's devices, which it finds as any program would: through ALSA and the sound
// server. A freeze counts from its start, an unplug from its first recording. It is ended after 60 s, with exit code 124.
func Sound(t testing.TB, scenario string, command ...string) Outcome {
	t.Helper()
	o := Finish(t, audiolab(t.Context(), t, scenario, command...))
	if o.ExitCode == labFault {
		t.Fatalf("audiolab: %s", o.Stderr)
	}
	return o
}

const labFault = 99 // audiolab's exit code for a fault of its own

// SoundEnv keeps a scenario until the test ends, and answers the environment that leads a command to its devices, for
// exec.Cmd's Env. Events count from now. Where the test's own process is to be led there, use t.Setenv with each.
func SoundEnv(t testing.TB, scenario string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "environment")
	cmd := audiolab(context.Background(), t, scenario, "sh", "-c", `env -0 >"$1.new" && mv "$1.new" "$1" && cat`, "sh", file)
	cmd.Env = append(os.Environ(), "AUDIOLAB_TIMEOUT=900")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	hold, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("audiolab: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(sync.OnceFunc(func() { hold.Close(); <-ended }))
	for {
		if b, err := os.ReadFile(file); err == nil {
			return strings.Split(strings.TrimRight(string(b), "\x00"), "\x00")
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("audiolab %s: %v: %s", scenario, err, stderr.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// audiolab is the command that runs another among a scenario's devices.
func audiolab(ctx context.Context, t testing.TB, scenario string, command ...string) *exec.Cmd {
	t.Helper()
	script := filepath.Join(here(t), "audiolab", "audiolab")
	cmd := exec.CommandContext(ctx, "bash", append([]string{script, "run", scenario, "--"}, command...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it takes its sound server down
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// Wavs is the folder of the files that are played into the microphones, named by scenario: SCENARIO.wav.
func Wavs(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(here(t), "audiolab", "audiolab"), "wavs").Output()
	if err != nil {
		t.Fatalf("audiolab wavs: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// Oracle is what audiolab's own measure reads in a WAV file, apart from any code of the checks.
func Oracle(t testing.TB, wav string) Figures {
	t.Helper()
	script := filepath.Join(here(t), "audiolab", "audiolab")
	o := Finish(t, exec.CommandContext(t.Context(), "bash", script, "measure", wav))
	var f Figures
	if err := json.Unmarshal([]byte(o.Stdout), &f); err != nil || o.ExitCode != 0 {
		t.Fatalf("measure %s: exit %d, %v: %s", wav, o.ExitCode, err, o.Stderr)
	}
	return f
}
