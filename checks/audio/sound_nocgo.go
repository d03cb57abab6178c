//go:build !cgo

package audio

import "deskready/checks"

// portSound is sound through PortAudio, which a program without C has not.
type portSound struct{}

func newPortSound(string) Sound { return portSound{} }

func (portSound) Devices() (Devices, error) {
	return Devices{}, missing(checks.CodeUnsupported)
}

func (portSound) Record(int, float64, func(*recording)) error {
	return missing(checks.CodeUnsupported)
}

func (portSound) Play(int, int, int, func(*recording, *playing)) error {
	return missing(checks.CodeUnsupported)
}
