package audio

import (
	"context"
	"slices"
	"strings"

	"deskready/checks"
)

// Devices are the microphones and outputs of a computer, without those that are none: monitors of outputs, and outputs
// that lead nowhere.
type Devices struct {
	Inputs  []Device `json:"inputs"`
	Outputs []Device `json:"outputs"`
	Named   bool     `json:"named"` // the names are the devices' own, not those of a layer in between
}

// A Device is a microphone or an output. What is not known of it is empty.
type Device struct {
	ID         string   `json:"id,omitzero"` // as the sound system knows it; may hold an address: never reported
	Name       string   `json:"name"`
	Default    bool     `json:"default,omitzero"`
	Calls      bool     `json:"calls,omitzero"` // the default for calls, where the system has one of its own (Windows)
	Muted      bool     `json:"muted,omitzero"`
	Volume     *float64 `json:"volume,omitzero"`     // the slider: 1 is its usual end
	Rate       int      `json:"rate,omitzero"`       // Hz
	Form       string   `json:"form,omitzero"`       // what it says it is, in PulseAudio's words: headset, webcam, internal, ...
	Connection string   `json:"connection,omitzero"` // one of the values of audio.connection
	USB        string   `json:"usb,omitzero"`        // vendor and product, as in "0b0e:0e41"; of other buses too
	Headset    string   `json:"headset,omitzero"`    // isHeadset, noHeadset, or empty: not known
	Told       string   `json:"told,omitzero"`       // by what Headset is known: bySigns or byName
}

// How a device is connected. A jack is any plug of the computer's own sound card; Bluetooth comes with a delay and, in
// the hands-free mode, with less sound.
const (
	overUSB       = "usb"
	overJack      = "jack"
	overBluetooth = "bluetooth"
	builtIn       = "builtin"
	overScreen    = "screen"  // HDMI, DisplayPort
	overNetwork   = "network" // remote desktop, AirPlay
	inSoftware    = "software"
)

var connections = []string{overUSB, overJack, overBluetooth, builtIn, overScreen, overNetwork, inSoftware} // read only

// List is what there is to hear and to speak with, and nothing is opened for it.
func List(ctx context.Context, o Options) (*Devices, *checks.Problem) {
	if o.Child == nil {
		return nil, missing(checks.CodeUnsupported)
	}
	return childrenOf(o, usual).devices(ctx)
}

// Input finds a microphone by its name, or by a part of it that no other has; nil where it is none or not the only one.
func (d *Devices) Input(name string) *Device {
	name = strings.ToLower(checks.Clean(name, maxName))
	if whole := pick(d.Inputs, func(x Device) bool { return strings.ToLower(x.Name) == name }); whole != nil || name == "" {
		return whole
	}
	var found *Device
	for i, x := range d.Inputs {
		if strings.Contains(strings.ToLower(x.Name), name) {
			if found != nil {
				return nil
			}
			found = &d.Inputs[i]
		}
	}
	return found
}

func pick(list []Device, fits func(Device) bool) *Device {
	if i := slices.IndexFunc(list, fits); i >= 0 {
		return &list[i]
	}
	return nil
}

func isDefault(d Device) bool { return d.Default }

// first tells which devices must never be cut off.
func (d Device) first() bool { return d.Default || d.Calls }

// bounded is the list as it may cross the pipe: clean names, and not more devices than a person can have. Defaults
// come first, so that they are never cut off.
func bounded(list []Device) []Device {
	slices.SortStableFunc(list, func(a, b Device) int {
		switch {
		case a.first() == b.first():
			return 0
		case a.first():
			return -1
		}
		return 1
	})
	list = list[:min(len(list), maxDevices)]
	for i := range list {
		list[i].bound()
	}
	return list
}

// mostVolume is the furthest that any system's slider goes, which is PulseAudio's.
const mostVolume = 10

func (d *Device) bound() {
	d.Name, d.ID = checks.Clean(d.Name, maxName), checks.Clean(d.ID, 2*maxName)
	d.Form = checks.Clean(d.Form, 20)
	if d.Rate < 0 || d.Rate > maxRate {
		d.Rate = 0
	}
	if d.Volume != nil && !within(0, *d.Volume, mostVolume) {
		d.Volume = nil
	}
	if !slices.Contains(connections, d.Connection) {
		d.Connection = ""
	}
	d.USB = usbID(d.USB)
	if d.Headset != isHeadset && d.Headset != noHeadset {
		d.Headset = ""
	}
	if d.Headset == "" || d.Told != bySigns && d.Told != byName {
		d.Told = ""
	}
}

// usbID is the one spelling of a vendor and a product, or empty.
func usbID(text string) string {
	vendor, product, _ := strings.Cut(strings.ToLower(text), ":")
	for _, part := range []string{vendor, product} {
		if len(part) != 4 || strings.Trim(part, "0123456789abcdef") != "" {
			return ""
		}
	}
	return vendor + ":" + product
}
