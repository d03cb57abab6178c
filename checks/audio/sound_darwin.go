package audio

import (
	"context"
	"os/exec"
	"time"
)

// systemSound asks macOS itself for devices: PortAudio knows names and rates alone.
type systemSound struct{ Sound }

// newSound is the sound of this system.
func newSound(r request) Sound { return systemSound{newPortSound(r.Device)} }

// patience is how long macOS may take for an answer.
const patience = 4 * time.Second

func (s systemSound) Devices() (Devices, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	profile, err := exec.CommandContext(ctx, "/usr/sbin/system_profiler", "-json", "SPAudioDataType").Output()
	if err != nil {
		return s.Sound.Devices()
	}
	d, err := macDevices(profile)
	if err != nil {
		return s.Sound.Devices()
	}
	if said, err := exec.CommandContext(ctx, "/usr/bin/osascript", "-e", "get volume settings").Output(); err == nil {
		setMacVolumes(&d, string(said))
	}
	return d, nil
}
