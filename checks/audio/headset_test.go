package audio

import "testing"

// TestHeadsetByName: names in the way that systems show them; made up after well-known products.
func TestHeadsetByName(t *testing.T) {
	for name, want := range map[string]string{
		"Jabra Evolve2 40":                           isHeadset,
		"Headset Microphone (Jabra EVOLVE 20 MS)":    isHeadset,
		"Jabra BIZ 2300":                             isHeadset,
		"Jabra Engage 50":                            isHeadset,
		"Poly Blackwire 3220 Series":                 isHeadset,
		"Plantronics Blackwire 5220":                 isHeadset,
		"Poly Voyager Focus 2":                       isHeadset,
		"Logitech USB Headset H390":                  isHeadset,
		"Zone Wired":                                 isHeadset,
		"Zone Vibe 100":                              isHeadset,
		"EPOS IMPACT SC 260":                         isHeadset,
		"Sennheiser USB headset":                     isHeadset,
		"Sennheiser SC 60 for Lync":                  isHeadset,
		"Kopfhörermikrofon (Realtek Audio)":          isHeadset,
		"Auriculares con micrófono (Jabra Talk 45)":  isHeadset,
		"Maria's AirPods Pro":                        isHeadset,
		"External Headset Microphone":                isHeadset,
		"Casque (Plantronics C320)":                  isHeadset,
		"WH-1000XM4 Hands-Free AG Audio":             isHeadset,
		"Yealink UH36":                               isHeadset,
		"Built-in Audio Analog Stereo":               noHeadset,
		"MacBook Pro Microphone":                     noHeadset,
		"Internal Microphone (Conexant SmartAudio)":  noHeadset,
		"Microphone Array (Intel Smart Sound)":       noHeadset,
		"HD Pro Webcam C920":                         noHeadset,
		"FaceTime HD Camera":                         noHeadset,
		"Jabra SPEAK 510 USB":                        noHeadset,
		"Blue Yeti":                                  noHeadset,
		"LG UltraFine Display Audio":                 noHeadset,
		"Monitor of Jabra Evolve2 40":                noHeadset,
		"Microphone (Realtek High Definition Audio)": "",
		"USB Audio Device":                           "",
		"USB PnP Sound Device Mono":                  "",
		"default":                                    "",
		"":                                           "",
		"Zone de travail":                            "",
	} {
		if got, _ := byTheName(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestHeadsetBySigns(t *testing.T) {
	for _, c := range []struct {
		form, port string
		plugged    bool
		name, want string
	}{
		{"headset", "", false, "anything", isHeadset},
		{"hands-free", "", false, "", isHeadset},
		{"webcam", "", false, "My Headset", noHeadset},
		{"internal", "", false, "Built-in Audio Analog Stereo", noHeadset},
		{"internal", "analog-input-internal-mic", false, "Built-in Audio Analog Stereo", noHeadset},
		{"internal", "analog-input-headset-mic", true, "Built-in Audio Analog Stereo", isHeadset},
		{"internal", "analog-input-headset-mic", false, "Built-in Audio Analog Stereo", ""},
		{"internal", "analog-input-front-mic", true, "Built-in Audio Analog Stereo", ""},
		{"internal", "analog-output-headphones", true, "Built-in Audio Analog Stereo", isHeadset},
		{"internal", "analog-output-speaker", true, "Built-in Audio Analog Stereo", noHeadset},
		{"", "analog-input-mic", true, "Logitech USB Headset Mono", isHeadset},
		{"", "analog-input-mic", true, "USB Audio Device", ""},
	} {
		if got, _ := byTheSigns(c.form, c.port, c.plugged, c.name); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
