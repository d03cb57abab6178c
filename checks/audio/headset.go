package audio

import (
	"regexp"
	"strings"
)

// What a device says of itself. Anything else is not known, which is neither yes nor no.
const (
	isHeadset = "yes"
	noHeadset = "no"
)

// By what it is known. Signs (form factor, jack) are the device's own word for what it is; names are guessed at.
const (
	bySigns = "signs"
	byName  = "name"
)

// Names of headsets that their makers use; "headset" in the languages of the systems. A name is the last resort: form
// factor and jack tell better. Speakerphones of the same makers are no headsets and are named first.
var (
	otherNames = regexp.MustCompile(`(?i)speak ?\d|speakerphone|conference|webcam|\bcam\b|camera|c9\d\d\b|internal|built-?in|` +
		`integrated|microphone array|mikrofonarray|varios micrófonos|macbook|imac|display audio|monitor of|hdmi|displayport|yeti|snowball|podcast`)
	headsetNames = regexp.MustCompile(`(?i)head ?set|headphone|earphone|earbud|airpod|earpod|hands-?free|auricular|` +
		`casque|kopfhörer|evolve|jabra (biz|engage|talk|elite|pro|link)|blackwire|encorepro|voyager|\bsavi\b|\bzone (vibe|wired|wireless|learn)|` +
		`\bh(340|390|540|570e?|650e)\b|sennheiser (sc|usb)|epos (impact|adapt)|impact (sc|mb)|yealink (uh|wh)|arctis|hyperx cloud|` +
		`\bwh-1000|freetalk|discover d|addasound|vt\d{3,4}`)
	// What records the computer's own sound, by the names that drivers give it: no microphone, and no voice in it.
	loopNames = regexp.MustCompile(`(?i)stereo ?mix|mixage stéréo|mezcla estéreo|what ?u ?hear|wave ?out mix|rec\. playback|loopback|` +
		`\bmonitor of\b|cable output|blackhole|soundflower|virtual audio cable`)
)

// byTheName judges a name.
func byTheName(name string) (headset, told string) {
	switch {
	case otherNames.MatchString(name):
		return noHeadset, byName
	case headsetNames.MatchString(name):
		return isHeadset, byName
	}
	return "", ""
}

// byTheSigns goes by PulseAudio's device.form_factor property (or what other systems have of it) and by the port names
// of its ALSA mixer paths, and by the name where they are silent.
func byTheSigns(formFactor, port string, portPlugged bool, name string) (headset, told string) {
	port = strings.ToLower(port)
	switch {
	case formFactor == "headset" || formFactor == "headphone" || formFactor == "hands-free":
		return isHeadset, bySigns
	case strings.Contains(port, "headset") && portPlugged, strings.Contains(port, "headphone") && portPlugged:
		return isHeadset, bySigns
	case formFactor == "webcam" || formFactor == "microphone" || formFactor == "speaker" || formFactor == "tv" ||
		formFactor == "handset":
		return noHeadset, bySigns
	case strings.Contains(port, "internal"), strings.Contains(port, "speaker"), formFactor == "internal" && port == "":
		return noHeadset, bySigns
	case formFactor == "internal":
		return "", "" // a jack at the built-in card: anything may hang on it
	}
	return byTheName(name)
}
