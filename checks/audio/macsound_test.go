package audio

import (
	"reflect"
	"strings"
	"testing"
)

// macProfile is synthetic, after what macOS 14 and 15 say of such devices.
const macProfile = `{"SPAudioDataType":[{"_items":[
 {"_name":"MacBook Pro Microphone","coreaudio_default_audio_input_device":"spaudio_yes","coreaudio_device_input":1,"coreaudio_device_srate":48000,
  "coreaudio_device_transport":"coreaudio_device_type_builtin","coreaudio_input_source":"MacBook Pro Microphone"},
 {"_name":"Jabra Evolve2 40","coreaudio_default_audio_output_device":"spaudio_yes","coreaudio_device_input":1,"coreaudio_device_output":2,
  "coreaudio_device_srate":48000,"coreaudio_device_transport":"coreaudio_device_type_usb"},
 {"_name":"External Headphones","coreaudio_device_output":2,"coreaudio_device_transport":"coreaudio_device_type_builtin","coreaudio_output_source":"Headphones"},
 {"_name":"External Microphone","coreaudio_device_input":1,"coreaudio_device_transport":"coreaudio_device_type_builtin"},
 {"_name":"BlackHole 2ch","coreaudio_device_input":2,"coreaudio_device_output":2,"coreaudio_device_transport":"coreaudio_device_type_virtual"},
 {"_name":"LG HDR","coreaudio_device_output":2,"coreaudio_device_srate":1e99,"coreaudio_device_transport":"coreaudio_device_type_displayport"}
],"_name":"coreaudio_device"}]}`

func TestMacDevices(t *testing.T) {
	d, err := macDevices([]byte(macProfile))
	if err != nil {
		t.Fatal(err)
	}
	setMacVolumes(&d, "output volume:50, input volume:75, alert volume:100, output muted:true\n")
	half, most := 0.5, 0.75
	want := Devices{Named: true,
		Inputs: []Device{
			{ID: "MacBook Pro Microphone", Name: "MacBook Pro Microphone", Default: true, Rate: 48000, Connection: builtIn, Headset: noHeadset, Told: bySigns, Volume: &most},
			{ID: "Jabra Evolve2 40", Name: "Jabra Evolve2 40", Rate: 48000, Connection: overUSB, Headset: isHeadset, Told: byName},
			{ID: "External Microphone", Name: "External Microphone", Connection: overJack},
		},
		Outputs: []Device{
			{ID: "Jabra Evolve2 40", Name: "Jabra Evolve2 40", Default: true, Muted: true, Rate: 48000, Connection: overUSB, Headset: isHeadset, Told: byName, Volume: &half},
			{ID: "External Headphones", Name: "External Headphones", Connection: overJack, Headset: isHeadset, Told: bySigns},
			{ID: "BlackHole 2ch", Name: "BlackHole 2ch", Connection: inSoftware},
			{ID: "LG HDR", Name: "LG HDR", Connection: overScreen},
		}}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("%+v\nwant %+v", d, want)
	}
	before := *d.Inputs[0].Volume
	for _, said := range []string{"", "output volume:missing", "output volume:999999999999999999999, input volume:-1, output muted:no"} {
		if setMacVolumes(&d, said); *d.Inputs[0].Volume != before {
			t.Errorf("%q changes something", said)
		}
	}
	setMacVolumes(&d, "output volume:missing value, input volume:missing value, alert volume:1, output muted:missing value")
	if d.Inputs[0].Volume != nil || d.Outputs[0].Muted {
		t.Error("a value that is missing is none")
	}
}

// FuzzMacDevices: whatever macOS says, the list can cross the pipe.
func FuzzMacDevices(f *testing.F) {
	f.Add(macProfile)
	f.Add(`{"SPAudioDataType":[{"_items":[` + strings.Repeat(`{"_name":"<script>\u202e\u0007","coreaudio_device_input":1e300},`, 1000) + `{}]}]}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, said string) {
		d, err := macDevices([]byte(said))
		if err != nil {
			return
		}
		crosses(t, d)
	})
}

// FuzzEndpoints: likewise, whatever Windows' registry says.
func FuzzEndpoints(f *testing.F) {
	f.Add("{1}", "Headset Microphone", "Jabra", `{1}.USB\VID_0B0E&PID_0300&MI_00\7`, "USB", uint64(5))
	f.Add("\u202e", "\x1b[2J", "<b>", `VID_&PID_`, "", uint64(1)<<63)
	f.Fuzz(func(t *testing.T, id, description, of, instance, bus string, form uint64) {
		e := endpoint{ID: id, Form: form, Formed: true,
			Texts: map[string]string{keyDescription: description, keyInterface: of, keyInstance: instance, keyEnumerator: bus}}
		crosses(t, Devices{Inputs: []Device{e.device()}})
	})
}
