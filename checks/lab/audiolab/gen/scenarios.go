package main

type device struct {
	ID      string `json:"id"`                // a kind the lab knows: usb-headset, usb-headset-2, bt-headset, builtin, webcam
	Default bool   `json:"default,omitempty"` // the server's default microphone (and speaker)
	Feed    string `json:"feed,omitempty"`    // WAV played into the microphone, in a loop
	Stalled bool   `json:"stalled,omitempty"` // opens, but never delivers a sample
	Muted   bool   `json:"muted,omitempty"`   // muted in the sound server
	Volume  string `json:"volume,omitempty"`  // capture volume in the sound server
	NoMic   bool   `json:"no_mic,omitempty"`
	NoOut   bool   `json:"no_out,omitempty"`
	LeakMS  int    `json:"leak_ms,omitempty"` // its speaker reaches its microphone after this
	LeakDB  string `json:"leak_db,omitempty"` // and this much lower
}

type event struct {
	AtS    float64 `json:"at_s"`            // after the command starts, or what After names
	After  string  `json:"after,omitempty"` // capture: somebody began to record
	Do     string  `json:"do"`              // unplug, freeze
	Device string  `json:"device,omitempty"`
}

type truth map[string]any

type scenario struct {
	Name    string   `json:"name"`
	About   string   `json:"about"`
	Server  string   `json:"server"` // running, none, frozen
	Devices []device `json:"devices"`
	Events  []event  `json:"events,omitempty"`
	Verdict string   `json:"verdict"` // what a checker ought to say
	Truth   truth    `json:"truth"`
	File    *figures `json:"file_figures,omitempty"` // gen's own measure of the WAV

	sound []float64 // NAME.wav; nil where the scenario has no file of its own
}

func headset(feed string) []device {
	return []device{{ID: "usb-headset", Default: true, Feed: feed}}
}

// levels is the truth of speech over noise, and more in pairs of name and value.
func levels(speech, noise float64, more ...any) truth {
	t := truth{"active_speech_level_dbov": speech, "noise_dbfs": noise, "snr_db": round(speech-noise, 1)}
	for i := 0; i+1 < len(more); i += 2 {
		t[more[i].(string)] = more[i+1]
	}
	return t
}

// scenarios is everything the lab can play. All signals come of one voice and seeded noise.
func scenarios() ([]scenario, error) {
	voice, err := speech()
	if err != nil {
		return nil, err
	}
	quiet := white(-72, 1) // a good headset's own noise
	good := add(scale(voice, lin(-26)), quiet)
	through, err := bluetooth(good)
	if err != nil {
		return nil, err
	}
	all := spoilt(voice, quiet, good)
	all = append(all, through...)
	all = append(all, speechless(quiet)...)
	all = append(all, leaks()...)
	all = append(all, plugs()...)
	all = append(all, settings()...)
	all = append(all, servers()...)
	for i := range all {
		if all[i].Server == "" {
			all[i].Server = "running"
		}
	}
	return all, nil
}

// spoilt are speech as it should be, and speech with one thing wrong.
func spoilt(voice, quiet, good []float64) []scenario {
	at := func(level float64) []float64 { return scale(voice, lin(level)) }
	hot := add(at(-10), quiet)
	n, runs := clipped(quantise(hot), 3)
	holed := add(good)
	list, total := holes(holed, 3)
	offset := add(good)
	for i := range offset {
		offset[i] += 0.08
	}
	return []scenario{
		{Name: "clear_speech", Verdict: "pass", sound: good, Devices: headset("clear_speech.wav"),
			About: "speech at the nominal level over a good headset's noise",
			Truth: levels(-26, -72)},
		{Name: "too_quiet", Verdict: "level_low", sound: add(at(-55), white(-84, 1)), Devices: headset("too_quiet.wav"),
			About: "the same speech 29 dB lower",
			Truth: levels(-55, -84)},
		{Name: "clipping", Verdict: "clipping", sound: hot, Devices: headset("clipping.wav"),
			About: "speech driven 16 dB over nominal, cut off at full scale",
			Truth: truth{"active_speech_level_before_clip_dbov": -10.0, "clipped_samples": n, "clipped_runs": runs,
				"clipped_ratio": round(float64(n)/float64(len(hot)), 6)}},
		{Name: "noisy", Verdict: "noise_high", sound: add(at(-26), pink(-36, 2)), Devices: headset("noisy.wav"),
			About: "speech in pink noise, 10 dB of SNR",
			Truth: levels(-26, -36, "noise_colour", "pink")},
		{Name: "hum", Verdict: "hum", sound: add(good, tone(50, -40), tone(150, -48), tone(250, -54)), Devices: headset("hum.wav"),
			About: "50 Hz mains hum with its 3rd and 5th harmonic",
			Truth: levels(-26, -72, "hum_hz", 50, "hum_50_dbfs", -40.0, "hum_150_dbfs", -48.0, "hum_250_dbfs", -54.0)},
		{Name: "dropouts", Verdict: "dropouts", sound: holed, Devices: headset("dropouts.wav"),
			About: "a hole of exact zeros each half second, noise and all",
			Truth: truth{"gaps": len(list), "gaps_total_ms": total, "gap_ratio": round(total/(seconds*1000), 4),
				"gaps_start_ms_length_ms": list}},
		{Name: "dc_offset", Verdict: "dc_offset", sound: offset, Devices: headset("dc_offset.wav"),
			About: "the signal stands off centre by 8 % of full scale",
			Truth: levels(-26, -72, "dc_offset_fs", 0.08)},
	}
}

// bluetooth are good speech through the two codecs of the hands-free mode.
func bluetooth(good []float64) ([]scenario, error) {
	narrow, err := throughRate(good, 8000)
	if err != nil {
		return nil, err
	}
	wide, err := throughRate(good, 16000)
	if err != nil {
		return nil, err
	}
	return []scenario{
		{Name: "narrowband", Verdict: "narrowband", sound: narrow,
			About:   "a Bluetooth headset in hands-free mode with the narrow codec: 8 kHz sampling, nothing over 4 kHz",
			Truth:   levels(-26, -79.8, "sample_rate_of_source", 8000, "bandwidth_hz_max", 4000),
			Devices: []device{{ID: "bt-headset", Default: true, Feed: "narrowband.wav"}}},
		{Name: "wideband", Verdict: "pass", sound: wide,
			About:   "a Bluetooth headset in hands-free mode with the wide codec: 16 kHz sampling, nothing over 8 kHz",
			Truth:   levels(-26, -76.8, "bandwidth_hz_max", 8000),
			Devices: []device{{ID: "bt-headset", Default: true, Feed: "wideband.wav"}}},
	}, nil
}

// speechless are microphones with nobody in front of them.
func speechless(quiet []float64) []scenario {
	return []scenario{
		{Name: "muted", Verdict: "silent", sound: make([]float64, seconds*rate), Devices: headset("muted.wav"),
			About: "a microphone that gives exact zeros (mute switch on the cable)",
			Truth: truth{"all_zero": true}},
		{Name: "nobody_speaks", Verdict: "no_speech", sound: quiet, Devices: headset("nobody_speaks.wav"),
			About: "a working microphone and nobody speaking",
			Truth: truth{"noise_dbfs": -72.0}},
		{Name: "noise_only", Verdict: "no_speech", sound: pink(-28, 5), Devices: headset("noise_only.wav"),
			About: "a loud fan and nobody speaking: a level meter alone takes it for speech",
			Truth: truth{"noise_dbfs": -28.0, "noise_colour": "pink"}},
	}
}

// leaks are what is played coming back in the microphone, or not.
func leaks() []scenario {
	leak := func(ms int, db string) []device {
		return []device{{ID: "builtin", Default: true, Feed: "nobody_speaks.wav", LeakMS: ms, LeakDB: db}}
	}
	return []scenario{
		{Name: "headset_isolated", Verdict: "pass", Devices: headset("clear_speech.wav"),
			About: "speech over a good headset: what is played to it does not come back in its microphone",
			Truth: levels(-26, -72, "leak", "none")},
		{Name: "speaker_leak", Verdict: "speakers", Devices: leak(0, "-20dB"),
			About: "a laptop's speakers: what is played comes back in the microphone",
			Truth: truth{"leak_db": -20.0, "leak_ms_added": 0, "noise_dbfs": -72.0}},
		{Name: "speaker_leak_faint", Verdict: "speakers", Devices: leak(0, "-40dB"),
			About: "the same, 40 dB down: under the speech, still over the noise",
			Truth: truth{"leak_db": -40.0, "leak_ms_added": 0, "noise_dbfs": -72.0}},
		{Name: "speaker_leak_late", Verdict: "speakers", Devices: leak(120, "-20dB"),
			About: "the leak comes back 120 ms later, as from a Bluetooth loudspeaker; its delay may jump",
			Truth: truth{"leak_db": -20.0, "leak_ms_added": 120, "noise_dbfs": -72.0}},
	}
}

// plugs are devices that are not there, or go away.
func plugs() []scenario {
	return []scenario{
		{Name: "no_mic", Verdict: "no_microphone", Devices: []device{{ID: "usb-headset", Default: true, NoMic: true}},
			About: "headphones alone: the server's only source is the monitor of the output",
			Truth: truth{"microphones": 0, "outputs": 1}},
		{Name: "no_output", Verdict: "no_output",
			About:   "a microphone alone",
			Truth:   truth{"microphones": 1, "outputs": 0},
			Devices: []device{{ID: "webcam", Default: true, NoOut: true, Feed: "clear_speech.wav"}}},
		{Name: "no_devices", Verdict: "no_microphone", Devices: []device{},
			About: "a sound server with no device at all",
			Truth: truth{"microphones": 0, "outputs": 0}},
		{Name: "unplugged", Verdict: "unplugged", Devices: headset("clear_speech.wav"),
			About:  "the headset goes away 1.5 s after somebody begins to record",
			Truth:  truth{"unplugged_s_after_capture": 1.5},
			Events: []event{{1.5, "capture", "unplug", "usb-headset"}}},
		{Name: "unplugged_fallback", Verdict: "unplugged",
			About:   "the same with a built-in microphone left: the server moves the running capture to it",
			Truth:   truth{"unplugged_s_after_capture": 1.5},
			Devices: append(headset("clear_speech.wav"), device{ID: "builtin", Feed: "nobody_speaks.wav"}),
			Events:  []event{{1.5, "capture", "unplug", "usb-headset"}}},
	}
}

// settings are good headsets that the sound settings spoil.
func settings() []scenario {
	return []scenario{
		{Name: "wrong_default", Verdict: "wrong_default",
			About: "a good headset is plugged in, but the default microphone is the built-in one",
			Truth: truth{"default": "Built-in Audio Analog Stereo", "headset": "Jabra Evolve2 40"},
			Devices: []device{{ID: "builtin", Default: true, Feed: "nobody_speaks.wav"},
				{ID: "usb-headset", Feed: "clear_speech.wav"}}},
		{Name: "server_muted", Verdict: "silent",
			About:   "a good headset whose microphone is muted in the sound settings",
			Truth:   truth{"all_zero": true, "mute_flag": true},
			Devices: []device{{ID: "usb-headset", Default: true, Feed: "clear_speech.wav", Muted: true}}},
		{Name: "volume_low", Verdict: "level_low",
			About:   "a good headset whose capture volume is set 30 dB down",
			Truth:   truth{"active_speech_level_dbov": -56.0, "volume_db": -30.0},
			Devices: []device{{ID: "usb-headset", Default: true, Feed: "clear_speech.wav", Volume: "-30dB"}}},
	}
}

// servers are sound servers and drivers that do not answer.
func servers() []scenario {
	return []scenario{
		{Name: "stalled", Verdict: "stalled", Devices: []device{{ID: "usb-headset", Default: true, Stalled: true}},
			About: "a microphone that opens and never delivers a sample",
			Truth: truth{"samples": 0}},
		{Name: "no_server", Verdict: "no_microphone", Server: "none", Devices: []device{},
			About: "no sound server and no sound card",
			Truth: truth{"microphones": 0, "outputs": 0}},
		{Name: "server_frozen", Verdict: "stalled", Server: "frozen", Devices: headset("clear_speech.wav"),
			About: "the sound server holds its socket open and does not answer",
			Truth: truth{"answers": false}},
		{Name: "server_freezes", Verdict: "stalled", Devices: headset("clear_speech.wav"),
			About:  "the sound server stops answering 1.5 s after the command starts",
			Truth:  truth{"frozen_at_s": 1.5},
			Events: []event{{1.5, "", "freeze", ""}}},
	}
}
