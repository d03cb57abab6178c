package audio

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// macDevices reads what "system_profiler -json SPAudioDataType" of macOS says.
func macDevices(profile []byte) (Devices, error) {
	var said struct {
		Groups []struct {
			Items []macDevice `json:"_items"`
		} `json:"SPAudioDataType"`
	}
	if err := json.Unmarshal(profile, &said); err != nil {
		return Devices{}, errors.New("the list of devices cannot be read")
	}
	d := Devices{Named: true}
	for _, g := range said.Groups {
		for _, m := range g.Items {
			if m.In > 0 && !loopNames.MatchString(m.Name) && len(d.Inputs) < 10*maxDevices {
				d.Inputs = append(d.Inputs, m.device(m.DefaultIn, m.InSource))
			}
			if m.Out > 0 && len(d.Outputs) < 10*maxDevices {
				d.Outputs = append(d.Outputs, m.device(m.DefaultOut, m.OutSource))
			}
		}
	}
	return d, nil
}

// A macDevice is one device there. Truths are "spaudio_yes".
type macDevice struct {
	Name       string  `json:"_name"`
	In         float64 `json:"coreaudio_device_input"` // channels
	Out        float64 `json:"coreaudio_device_output"`
	DefaultIn  string  `json:"coreaudio_default_audio_input_device"`
	DefaultOut string  `json:"coreaudio_default_audio_output_device"`
	InSource   string  `json:"coreaudio_input_source"`
	OutSource  string  `json:"coreaudio_output_source"`
	Rate       float64 `json:"coreaudio_device_srate"`
	Transport  string  `json:"coreaudio_device_transport"`
}

// transports are how macOS says the connection.
var transports = map[string]string{"usb": overUSB, "bluetooth": overBluetooth, "bluetooth_le": overBluetooth, "builtin": builtIn,
	"displayport": overScreen, "hdmi": overScreen, "airplay": overNetwork, "virtual": inSoftware, "aggregate": inSoftware} // read only

func (m macDevice) device(byDefault, source string) Device {
	d := Device{ID: m.Name, Name: m.Name, Default: byDefault == "spaudio_yes",
		Connection: transports[strings.TrimPrefix(m.Transport, "coreaudio_device_type_")]}
	if m.Rate > 0 && m.Rate <= maxRate {
		d.Rate = int(m.Rate)
	}
	if d.Connection == builtIn && macJack.MatchString(m.Name+" "+source) {
		d.Connection = overJack
	}
	d.Headset, d.Told = byTheName(m.Name)
	switch d.Connection {
	case overJack: // "External Microphone" is a plug of which nobody knows what hangs on it
		if strings.Contains(strings.ToLower(m.Name+" "+source), "headphone") {
			d.Headset, d.Told = isHeadset, bySigns
		}
	case builtIn:
		d.Headset, d.Told = noHeadset, bySigns
	}
	return d
}

// macJack finds a plug in the one jack of the built-in card, which macOS shows as a source of its own.
var macJack = regexp.MustCompile(`(?i)headphone|external mic|line in`)

var macVolumes = regexp.MustCompile(`output volume:(\d+|missing value), input volume:(\d+|missing value),.*output muted:(true|false|missing value)`)

// setMacVolumes adds what AppleScript's "get volume settings" says of the defaults: "output volume:50, input volume:75,
// alert volume:100, output muted:false".
func setMacVolumes(d *Devices, said string) {
	found := macVolumes.FindStringSubmatch(said)
	if found == nil {
		return
	}
	share := func(text string) *float64 {
		percent, err := strconv.Atoi(text)
		if err != nil || percent > 100 {
			return nil
		}
		v := float64(percent) / 100
		return &v
	}
	if in := pick(d.Inputs, isDefault); in != nil {
		in.Volume = share(found[2])
	}
	if out := pick(d.Outputs, isDefault); out != nil {
		out.Volume, out.Muted = share(found[1]), found[3] == "true"
	}
}
