//go:build !linux

package audio

// newSound is the sound of this system: PortAudio gives the devices' own names here.
func newSound(request) Sound { return newPortSound() }
