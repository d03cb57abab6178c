//go:build cgo

package audio

import (
	"errors"
	"time"

	"github.com/gordonklaus/portaudio"
)

// portSound is sound through PortAudio. Any of its calls may hang: on a frozen sound server Pa_Initialize never
// returns, and after one has frozen neither do stop nor close.
type portSound struct {
	device string // the name of the microphone in the default's place
}

func newPortSound(device string) Sound { return portSound{device} }

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
		if x.MaxInputChannels > 0 && !loopNames.MatchString(x.Name) {
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
		d.Headset, d.Told = byTheName(x.Name)
		d.Rate = int(x.DefaultSampleRate)
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
		if api.Type == portaudio.WASAPI && (api.DefaultInputDevice != nil || api.DefaultOutputDevice != nil) {
			return api, nil
		}
	}
	return portaudio.DefaultHostApi()
}

// start initialises the library, and finds the API and the microphone.
func (s portSound) start() (*portaudio.HostApiInfo, *portaudio.DeviceInfo, error) {
	if err := portaudio.Initialize(); err != nil {
		return nil, nil, portFault(err)
	}
	api, err := preferred()
	if err != nil {
		return nil, nil, portFault(err)
	}
	for _, x := range api.Devices {
		if s.device != "" && x.Name == s.device && x.MaxInputChannels > 0 {
			return api, x, nil
		}
	}
	if api.DefaultInputDevice == nil {
		return nil, nil, missing(codeNoMicrophone)
	}
	return api, api.DefaultInputDevice, nil
}

// Record records the microphone, mono.
func (s portSound) Record(rate int, seconds float64, began func(*recording)) error {
	_, device, err := s.start()
	if err != nil {
		return err
	}
	stream, rec, err := open(device, rate, seconds)
	if err != nil {
		return portFault(err)
	}
	if err := stream.Start(); err != nil {
		return portFault(err)
	}
	began(rec)
	<-rec.full
	leave(stream)
	return nil
}

// Play opens the microphone first: what it hears before the sweeps costs nothing.
func (s portSound) Play(rate, output, n int, began func(*recording, *playing)) error {
	api, device, err := s.start()
	switch {
	case err != nil:
		return err
	case api.DefaultOutputDevice == nil:
		return missing(codeNoOutput)
	}
	in, rec, err := open(device, rate, sweepsLast(n)+wakes)
	if err != nil {
		return portFault(err)
	}
	out, played, err := openOutput(api.DefaultOutputDevice, output, n)
	if err == nil {
		err = in.Start()
	}
	if err == nil {
		err = out.Start()
	}
	if err != nil {
		return portFault(err)
	}
	began(rec, played)
	leave(out, in)
	return nil
}

// leave closes the streams: the recording is whole, and the process ends next, so that what these calls say changes
// nothing.
func leave(streams ...*portaudio.Stream) {
	for _, s := range streams {
		_ = s.Abort()
		_ = s.Close()
	}
	_ = portaudio.Terminate()
}

// open tries the rate of the microphone itself first: what needs no resampling comes through untouched.
func open(device *portaudio.DeviceInfo, rate int, seconds float64) (*portaudio.Stream, *recording, error) {
	p := portaudio.HighLatencyParameters(device, nil)
	own := int(p.SampleRate)
	var rec *recording
	stream, err := atRate(p, []int{rate, own, 48000, 44100, 16000}, func(r int) any {
		rec = newRecording(r, seconds)
		return rec.take
	})
	return stream, rec, err
}

// unhurried is how much an output holds at least: whistles can wait, and a busy computer is late by more than the 45 ms
// that PortAudio takes for high latency.
const unhurried = 150 * time.Millisecond

// openOutput tries the rate of the output first too. Through ALSA and PulseAudio it must be that one: at another, some
// outputs take samples faster than time, and drop what they took.
func openOutput(device *portaudio.DeviceInfo, rate, n int) (*portaudio.Stream, *playing, error) {
	p := portaudio.HighLatencyParameters(nil, device)
	p.Output.Channels = 1
	p.Output.Latency = max(p.Output.Latency, unhurried)
	var played *playing
	stream, err := atRate(p, []int{rate, int(p.SampleRate), 48000, 44100, 16000}, func(r int) any {
		played = newPlaying(n, r)
		return played.give
	})
	if err == nil && stream.Info() != nil {
		played.held = min(max(stream.Info().OutputLatency, 0), 2*unhurried) // some drivers make it up
	}
	return stream, played, err
}

// atRate opens a stream at the first rate that can be had.
func atRate(p portaudio.StreamParameters, rates []int, callback func(rate int) any) (*portaudio.Stream, error) {
	var last error = portaudio.InvalidSampleRate
	for _, r := range rates {
		if r < 8000 || r > maxRate {
			continue
		}
		p.SampleRate = float64(r)
		stream, err := portaudio.OpenStream(p, callback(r))
		if err == nil {
			return stream, nil
		}
		last = err
	}
	return nil, last
}

// portFault names why PortAudio would not. Texts of host errors are whatever the host said last, so that only codes
// are looked at.
func portFault(err error) error {
	switch {
	case errors.Is(err, portaudio.NoDefaultInputDevice), errors.Is(err, portaudio.HostApiNotFound):
		return missing(codeNoMicrophone)
	case errors.Is(err, portaudio.DeviceUnavailable):
		return missing(codeInUse)
	}
	var host portaudio.UnanticipatedHostError
	if errors.As(err, &host) {
		return hostFault(int32(host.Code), host.HostApiType.String())
	}
	return faultOf(codeNotOpened, err.Error())
}
