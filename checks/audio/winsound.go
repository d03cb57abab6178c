package audio

import (
	"regexp"
	"strings"
)

// An endpoint is a microphone or an output as Windows keeps it: an entry under "MMDevices" in the registry, whose
// properties are named by the property keys of the Windows SDK (mmdeviceapi.h, functiondiscoverykeys_devpkey.h).
type endpoint struct {
	ID     string            // the key, a GUID
	Active bool              // plugged in and switched on
	Texts  map[string]string // the properties that are texts
	Form   uint64            // PKEY_AudioEndpoint_FormFactor
	Formed bool              // that property is there
}

// The properties.
const (
	keyDescription = "{a45c254e-df1c-4efd-8020-67d146a850e0},2"  // "Headset Microphone"
	keyEnumerator  = "{a45c254e-df1c-4efd-8020-67d146a850e0},24" // the bus: "USB"
	keyInterface   = "{b3f8fa53-0004-438e-9003-51a46e139bfc},6"  // "Jabra EVOLVE 20 MS"
	keyInstance    = "{b3f8fa53-0004-438e-9003-51a46e139bfc},2"  // the path of the device: "{1}.USB\VID_0B0E&PID_0E41..."
	keyFormFactor  = "{1da5d803-d492-4edd-8c23-e0c0ffee7f0e},0"  // EndpointFormFactor
)

// forms are PulseAudio's words for EndpointFormFactor.
var forms = map[uint64]string{0: "remote", 1: "speaker", 2: "line", 3: "headphone", 4: "microphone", 5: "headset", 6: "handset", 9: "hdmi"} // read only

// device is an endpoint in the words of this package.
func (e endpoint) device() Device {
	d := Device{ID: e.ID, Name: e.Texts[keyDescription]}
	if of := e.Texts[keyInterface]; of != "" { // as PKEY_Device_FriendlyName is put together, and PortAudio's name with it
		d.Name += " (" + of + ")"
	}
	if e.Formed {
		d.Form = forms[e.Form]
	}
	path := strings.ToUpper(e.Texts[keyInstance])
	if found := windowsIDs.FindStringSubmatch(path); found != nil {
		d.USB = usbID(found[1] + ":" + found[2])
	}
	d.Connection = e.connection(path, d.Name)
	form := d.Form
	// Windows calls so what it knows nothing better of: many a headset too, but nothing that is built in.
	if d.Connection != builtIn && (form == "microphone" || form == "speaker") {
		form = ""
	}
	d.Headset, d.Told = byTheSigns(form, "", false, d.Name)
	return d
}

// windowsIDs finds vendor and product in the path of a device, on USB and on Bluetooth's bus.
var windowsIDs = regexp.MustCompile(`VID[_&](?:[0-9A-F]{4})?([0-9A-F]{4})[_&]PID[_&]([0-9A-F]{4})`)

// buses are the beginnings of device paths. The computer's own card has jacks, whatever its bus.
var buses = []struct{ prefix, connection string }{
	{"USB", overUSB}, {"BTH", overBluetooth}, {"ROOT", inSoftware}, {"SW", inSoftware}, {"HDAUDIO", overJack}, {"INTELAUDIO", overJack},
	{"PCI", overJack}, {"ACPI", overJack},
} // read only

func (e endpoint) connection(path, name string) string {
	if _, after, ok := strings.Cut(path, "."); ok {
		path = after
	} else {
		path = strings.ToUpper(e.Texts[keyEnumerator])
	}
	way := ""
	for _, b := range buses {
		if strings.HasPrefix(path, b.prefix) {
			way = b.connection
			break
		}
	}
	switch form := forms[e.Form]; {
	case e.Formed && form == "hdmi":
		return overScreen
	case e.Formed && form == "remote":
		return overNetwork
	case way != overJack, e.Formed && (form == "headphone" || form == "headset"):
		return way
	case e.Formed && form == "speaker", otherNames.MatchString(name):
		return builtIn
	}
	return ""
}

// consent is what Windows' privacy settings say of the microphone: "Allow" or "Deny", empty where it says nothing. The
// first is for the whole computer, then for this user, then for programs that are no apps of the store, as this one.
type consent struct{ computer, user, desktop string }

func (c consent) denied() bool {
	return c.computer == "Deny" || c.user == "Deny" || c.desktop == "Deny"
}
