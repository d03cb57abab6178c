//go:build !linux && !windows && !darwin

package audio

// newSound is the sound of this system.
func newSound(r request) Sound { return newPortSound(r.Device) }
