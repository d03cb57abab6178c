//go:build lab

package lab_test

import (
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"deskready/checks/lab"
)

// TestSound looks into two scenarios at once: each must show its own devices alone.
func TestSound(t *testing.T) {
	for scenario, device := range map[string]string{
		"clear_speech":  "alsa_input.usb-GN_Audio_A_S_Jabra_Evolve2_40",
		"no_output":     "alsa_input.usb-046d_HD_Pro_Webcam_C920",
		"wrong_default": "alsa_input.pci-0000_00_1f.3",
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			o := lab.Sound(t, scenario, "pactl", "get-default-source")
			if o.ExitCode != 0 || !strings.HasPrefix(o.Stdout, device) {
				t.Errorf("exit %d, default source %q, want %s: %s", o.ExitCode, o.Stdout, device, o.Stderr)
			}
		})
	}
}

// TestSoundKeepsExitCodes tells a command's own code from a lab that failed.
func TestSoundKeepsExitCodes(t *testing.T) {
	if o := lab.Sound(t, "no_server", "sh", "-c", "echo said; exit 11"); o.ExitCode != 11 || o.Stdout != "said\n" {
		t.Errorf("got %+v", o)
	}
}

// TestSoundEnv records three seconds of the microphone with the sound server's own tool, and reads them with the oracle.
func TestSoundEnv(t *testing.T) {
	for _, name := range []string{"clear_speech", "too_quiet"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := lab.SoundEnv(t, name)
			file := filepath.Join(t.TempDir(), "capture.wav")
			cmd := exec.CommandContext(t.Context(), "timeout", "4", "parec", "--file-format=wav", "--channels=1", "--rate=48000", file)
			cmd.Env = env
			if o := lab.Finish(t, cmd); o.ExitCode != 0 && o.ExitCode != 124 {
				t.Fatalf("parec: exit %d: %s", o.ExitCode, o.Stderr)
			}
			want := lab.Named(t, name).Truth["active_speech_level_dbov"].(float64)
			if got := lab.Oracle(t, file).ASL; math.Abs(got-want) > 1.5 {
				t.Errorf("active speech level %.2f dBov, want %.2f", got, want)
			}
		})
	}
}
