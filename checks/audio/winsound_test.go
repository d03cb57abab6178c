package audio

import (
	"reflect"
	"testing"
)

// TestEndpoints: entries of the registry, synthetic, after what Windows 10 and 11 write for such devices.
func TestEndpoints(t *testing.T) {
	of := func(form uint64, description, of, instance string) endpoint {
		return endpoint{ID: "{1}", Form: form, Formed: true, Texts: map[string]string{keyDescription: description, keyInterface: of, keyInstance: instance}}
	}
	for name, c := range map[string]struct {
		e    endpoint
		want Device
	}{
		"USB headset": {of(5, "Headset Microphone", "Jabra EVOLVE 20 MS", `{1}.USB\VID_0B0E&PID_0300&MI_00\7&1A2B3C&0&0000`),
			Device{Name: "Headset Microphone (Jabra EVOLVE 20 MS)", Form: "headset", Connection: overUSB, USB: "0b0e:0300", Headset: isHeadset, Told: bySigns}},
		"USB headset that says microphone": {of(4, "Microphone", "Poly Blackwire 3220", `{1}.USB\VID_047F&PID_C056&MI_00\6&1&0&0000`),
			Device{Name: "Microphone (Poly Blackwire 3220)", Form: "microphone", Connection: overUSB, USB: "047f:c056", Headset: isHeadset, Told: byName}},
		"webcam": {of(4, "Microphone", "HD Pro Webcam C920", `{1}.USB\VID_046D&PID_082D&MI_02\6&1&0&0002`),
			Device{Name: "Microphone (HD Pro Webcam C920)", Form: "microphone", Connection: overUSB, USB: "046d:082d", Headset: noHeadset, Told: byName}},
		"Bluetooth": {of(5, "Headset", "Jabra Talk 45 Hands-Free", `{1}.BTHHFENUM\BthHFPAudio\8&1&0&97`),
			Device{Name: "Headset (Jabra Talk 45 Hands-Free)", Form: "headset", Connection: overBluetooth, Headset: isHeadset, Told: bySigns}},
		"Bluetooth with ids": {of(3, "Headphones", "WH-1000XM4", `{1}.BTHENUM\{0000110B-0000-1000-8000-00805F9B34FB}_VID&0002054C_PID&0D58\8&1&0&A_C0`),
			Device{Name: "Headphones (WH-1000XM4)", Form: "headphone", Connection: overBluetooth, USB: "054c:0d58", Headset: isHeadset, Told: bySigns}},
		"the laptop's own": {of(4, "Microphone Array", "Intel Smart Sound", `{1}.INTELAUDIO\DSP_CTLR_DEV_51CA\0601`),
			Device{Name: "Microphone Array (Intel Smart Sound)", Form: "microphone", Connection: builtIn, Headset: noHeadset, Told: bySigns}},
		"speakers": {of(1, "Speakers", "Realtek(R) Audio", `{1}.HDAUDIO\FUNC_01&VEN_10EC&DEV_0257\4&1&0&0001`),
			Device{Name: "Speakers (Realtek(R) Audio)", Form: "speaker", Connection: builtIn, Headset: noHeadset, Told: bySigns}},
		"a headset that says speakers": {of(1, "Speakers", "Jabra EVOLVE 20 MS", `{1}.USB\VID_0B0E&PID_0300&MI_00\7&1A2B3C&0&0000`),
			Device{Name: "Speakers (Jabra EVOLVE 20 MS)", Form: "speaker", Connection: overUSB, USB: "0b0e:0300", Headset: isHeadset, Told: byName}},
		"a plug in the jack": {of(3, "Headphones", "Realtek(R) Audio", `{1}.HDAUDIO\FUNC_01&VEN_10EC&DEV_0257\4&1&0&0001`),
			Device{Name: "Headphones (Realtek(R) Audio)", Form: "headphone", Connection: overJack, Headset: isHeadset, Told: bySigns}},
		"any plug in the jack": {of(4, "Microphone", "Realtek(R) Audio", `{1}.HDAUDIO\FUNC_01&VEN_10EC&DEV_0257\4&1&0&0001`),
			Device{Name: "Microphone (Realtek(R) Audio)", Form: "microphone"}},
		"a screen": {of(9, "LG HDR 4K", "NVIDIA High Definition Audio", `{1}.HDAUDIO\FUNC_01&VEN_10DE&DEV_0083\5&1&0&0001`),
			Device{Name: "LG HDR 4K (NVIDIA High Definition Audio)", Form: "hdmi", Connection: overScreen}},
		"remote desktop": {of(0, "Remote Audio", "", `{1}.ROOT\RDPBUS\0000`),
			Device{Name: "Remote Audio", Form: "remote", Connection: overNetwork}},
		"a program's":      {of(4, "Microphone", "NVIDIA Broadcast", `{1}.ROOT\MEDIA\0000`), Device{Name: "Microphone (NVIDIA Broadcast)", Form: "microphone", Connection: inSoftware}},
		"nothing is known": {endpoint{}, Device{}},
		"no path":          {endpoint{Texts: map[string]string{keyEnumerator: "USB", keyDescription: "x"}}, Device{Name: "x", Connection: overUSB}},
	} {
		c.want.ID = c.e.ID
		if got := c.e.device(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestConsent(t *testing.T) {
	for c, want := range map[consent]bool{
		{}: false, {"Allow", "Allow", "Allow"}: false, {"Deny", "Allow", "Allow"}: true, {"Allow", "Deny", ""}: true,
		{"Allow", "Allow", "Deny"}: true, {"", "", "Prompt"}: false,
	} {
		if c.denied() != want {
			t.Errorf("%+v: %v", c, !want)
		}
	}
}

// TestLoopbacks: what records the computer's own sound is no microphone, on any system.
func TestLoopbacks(t *testing.T) {
	for name, want := range map[string]bool{"Stereo Mix (Realtek(R) Audio)": true, "Stereomix (Realtek)": true, "What U Hear (Sound Blaster)": true,
		"Mezcla estéreo (Realtek)": true, "CABLE Output (VB-Audio Virtual Cable)": true, "BlackHole 2ch": true, "Monitor of Built-in Audio": true,
		"Headset Microphone (Jabra EVOLVE 20 MS)": false, "Microphone Array (Intel Smart Sound)": false, "Yeti Stereo Microphone": false} {
		if loopNames.MatchString(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// TestHostFault: what Windows, macOS and ALSA say when they say no, by their numbers.
func TestHostFault(t *testing.T) {
	number := func(n uint32) int32 { return int32(n) }
	for code, want := range map[int32]string{
		number(0x80070005): codeBlocked, number(0x8889000a): codeInUse, number(0x88890012): codeInUse, number(0x88890004): codeUnplugged,
		number(0x88890010): codeNoServer, 560492391: codeInUse, 560227702: codeUnplugged,
		-13: codeBlocked, -16: codeInUse, -19: codeUnplugged, 0: codeNotOpened, -9999: codeNotOpened,
	} {
		if p := hostFault(code, "x"); p.Code != want {
			t.Errorf("%d: %s, want %s", code, p.Code, want)
		}
	}
}
