//go:build cgo

package audio

import (
	"errors"

	"github.com/gordonklaus/portaudio"
)

// portSound is sound through PortAudio. Any of its calls may hang: on a frozen sound server Pa_Initialize never
// returns, and after one has frozen neither do stop nor close.
type portSound struct{}

func newPortSound() Sound { return portSound{} }

// Devices lists what PortAudio sees. Through ALSA these are the names of a layer in between.
func (portSound) Devices() (Devices, error) {
	if err := portaudio.Initialize(); err != nil {
		return Devices{}, portFault(err)
	}
	api, err := preferred()
	if err != nil {
		return Devices{}, portFault(err)
	}
	d := Devices{Named: api.Type != portaudio.ALSA && api.Type != portaudio.OSS}
	for _, x := range api.Devices {
		if x.MaxInputChannels > 0 {
			d.Inputs = append(d.Inputs, portDevice(x, x == api.DefaultInputDevice, d.Named))
		}
		if x.MaxOutputChannels > 0 {
			d.Outputs = append(d.Outputs, portDevice(x, x == api.DefaultOutputDevice, d.Named))
		}
	}
	return d, portaudio.Terminate()
}

func portDevice(x *portaudio.DeviceInfo, isDefault, named bool) Device {
	d := Device{ID: x.Name, Name: x.Name, Default: isDefault}
	if named {
		d.Headset, d.Rate = headsetByName(x.Name), int(x.DefaultSampleRate)
	}
	return d
}

// preferred is the host API whose names and defaults are the ones that people see: PortAudio's own first choice on
// Windows is MME, which cuts names after 31 characters.
func preferred() (*portaudio.HostApiInfo, error) {
	all, err := portaudio.HostApis()
	if err != nil {
		return nil, err
	}
	for _, api := range all {
		if api.Type == portaudio.WASAPI && api.DefaultInputDevice != nil {
			return api, nil
		}
	}
	return portaudio.DefaultHostApi()
}

// Record records the default microphone, mono.
func (portSound) Record(rate int, seconds float64, began func(*recording)) error {
	if err := portaudio.Initialize(); err != nil {
		return portFault(err)
	}
	api, err := preferred()
	if err != nil {
		return portFault(err)
	}
	if api.DefaultInputDevice == nil {
		return missing(codeNoMicrophone)
	}
	stream, rec, err := open(api.DefaultInputDevice, rate, seconds)
	if err != nil {
		return portFault(err)
	}
	if err := stream.Start(); err != nil {
		return portFault(err)
	}
	began(rec)
	<-rec.full
	// The recording is whole, and the process ends next: what stop and close say changes nothing.
	_ = stream.Abort()
	_ = stream.Close()
	_ = portaudio.Terminate()
	return nil
}

// open tries the rate of the microphone itself first: what needs no resampling comes through untouched.
func open(device *portaudio.DeviceInfo, rate int, seconds float64) (*portaudio.Stream, *recording, error) {
	p := portaudio.HighLatencyParameters(device, nil)
	own := int(p.SampleRate)
	var last error = portaudio.InvalidSampleRate
	for _, r := range []int{rate, own, 48000, 44100, 16000} {
		if r < 8000 || r > maxRate {
			continue
		}
		rec := newRecording(r, seconds)
		p.SampleRate = float64(r)
		stream, err := portaudio.OpenStream(p, rec.take)
		if err == nil {
			return stream, rec, nil
		}
		last = err
	}
	return nil, nil, last
}

// portFault names why PortAudio would not. Texts of host errors are whatever the host said last, so that only codes
// are looked at.
func portFault(err error) error {
	switch {
	case errors.Is(err, portaudio.NoDefaultInputDevice), errors.Is(err, portaudio.HostApiNotFound):
		return missing(codeNoMicrophone)
	case errors.Is(err, portaudio.DeviceUnavailable):
		return faultOf(codeBlocked, "device unavailable")
	}
	var host portaudio.UnanticipatedHostError
	if errors.As(err, &host) {
		return faultOf(codeNotOpened, host.HostApiType.String())
	}
	return faultOf(codeNotOpened, err.Error())
}
