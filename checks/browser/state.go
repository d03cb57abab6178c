package browser

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// The states of a step: values of metrics, reasons why there is none, and what the page tells the person.
const (
	good        = "good"
	bad         = "bad"
	low         = "low"
	silent      = "silent"
	muted       = "muted"
	lost        = "ended" // the device went away in the middle
	black       = "black"
	dark        = "dark"
	frozen      = "frozen"
	blurred     = "blurred"
	absent      = "absent"
	busy        = "busy"
	system      = "blocked_by_system"
	unsupported = "unsupported"

	denied   = "denied"  // the person said no
	blocked  = "blocked" // the browser is set to say no
	skipped  = "skipped"
	timeout  = "timeout"
	failed   = "failed"
	hidden   = "hidden"
	unheard  = "unheard"  // the browser's sound clock stood still
	unlinked = "unlinked" // no connection, and the browser hid the page's addresses from itself
)

// state is how the step stands that the event tells of.
func (e event) state() string {
	switch {
	case e.Popup != nil:
		return e.Popup.state()
	case e.Sound != nil:
		return e.Sound.state()
	case e.Storage != nil:
		return e.Storage.state()
	case e.WebSocket != nil:
		return e.WebSocket.state()
	case e.Speed != nil:
		return e.Speed.state()
	case e.Microphone != nil:
		return e.Microphone.state()
	case e.Camera != nil:
		return e.Camera.state()
	case e.Call != nil:
		return e.Call.state()
	}
	return good
}

// broken is how a step stands that did not come to its end; empty: it did.
func (s step) broken() string {
	switch {
	case s.Error == errTimeout:
		return timeout
	case s.Error != "":
		return failed
	}
	return ""
}

// timed is the same for a step that is worth nothing when the page was out of view.
func (s step) timed() string {
	if s.Hidden {
		return hidden
	}
	return s.broken()
}

func holds(is bool) string {
	if is {
		return good
	}
	return bad
}

// A browser without WebSocket, or one whose extension took it away, throws where one is made: that is no fault of the
// page's, and not unknown.
func (p *socketFacts) state() string {
	if s := p.broken(); s == timeout {
		return s
	}
	return holds(p.Echoes > 0)
}

func (p *popupFacts) state() string { return cmp.Or(p.broken(), holds(p.Opened)) }

func (p *storageFacts) state() string {
	return cmp.Or(p.broken(), holds(p.Local && p.Indexed && p.Cookies))
}

func (p *speedFacts) state() string {
	if s := p.timed(); s != "" {
		return s
	}
	return good
}

// state takes a clock that moved at all for one that runs: how evenly it runs is not known from so short a time.
// A clock without an output is none: Chromium runs one for nobody.
func (p *soundFacts) state() string {
	switch {
	case p.Outputs != nil && *p.Outputs == 0:
		return bad
	case p.Advanced > 0.1:
		return good
	}
	return cmp.Or(p.timed(), bad)
}

// state tells apart why a device was not given (Media Capture and Streams, 10.2); empty: it was given.
func (c *capture) state() string {
	switch {
	case c.Skipped:
		return skipped
	case c.BySystem:
		return system
	}
	switch c.Error {
	case "":
		return ""
	case "NotAllowedError", "SecurityError":
		if c.Before == "denied" {
			return blocked // before it was asked for: nobody said no just now
		}
		return denied
	case "NotFoundError", "OverconstrainedError":
		return absent
	case "NotReadableError", "AbortError":
		return busy
	case "TypeError": // there is no getUserMedia at all
		return unsupported
	}
	return c.broken()
}

// Levels of a microphone. Digital silence is no quiet room: what is plugged in has noise of its own.
const (
	lowLevel = 0.001 // -60 dBFS
	noSound  = 1e-4  // share of samples that are not zero, below which nothing came but a click
)

func (p *microphoneFacts) state() string {
	if s := p.capture.state(); s != "" {
		return s
	}
	switch {
	case p.Lost:
		return lost
	case p.Heard != nil && p.Heard.RMS >= lowLevel:
		return good
	case p.Muted:
		return muted
	case p.Heard == nil:
		return unheard
	case p.Heard.Live < noSound:
		return silent
	}
	return low
}

// Limits of what a camera shows, of 255. They are ours, and wide: a face in a dim room is far above them.
const (
	blackMax = 24.0 // nothing in the frame is brighter
	darkMean = 40.0
	sharpMin = 4.0 // an evenly grey wall in focus has more, from its noise alone
)

func (p *cameraFacts) state() string {
	if s := p.capture.state(); s != "" {
		return s
	}
	switch {
	case p.Lost:
		return lost
	case p.Seen == nil && p.Hidden:
		return hidden
	case p.Seen == nil:
		return frozen
	case p.Seen.Max < blackMax:
		return black
	case p.Seen.Changed == 0 && p.Hidden:
		return hidden
	case p.Seen.Changed == 0:
		return frozen
	case p.Seen.Mean < darkMean:
		return dark
	case p.Seen.Sharp < sharpMin:
		return blurred
	}
	return good
}

func (p *callFacts) state() string {
	switch {
	case p.Error == "TypeError" || p.Error == "ReferenceError": // there is no RTCPeerConnection
		return unsupported
	case p.broken() != "":
		return p.broken()
	case !p.Connected && p.Candidates > 0 && !p.Granted:
		return unlinked
	case !p.Connected && p.Hidden:
		return hidden
	case !p.Connected || p.Packets == 0:
		return bad
	case p.Tone && p.Peak < tonePeak:
		return silent
	}
	return good
}

// tonePeak is what of the tone, sent at full scale, must come out at the other end.
const tonePeak = 0.05

// identify finds the product and its version in what the page says of its browser. has says what is installed.
func (p *pageFacts) identify(all []found) (name, version string) {
	for _, b := range p.Brands {
		if n := branded(b.Name); n != "" && (name == "" || rank(n) != rank("Chromium")) {
			name, version = n, cmp.Or(b.Version, version)
		}
	}
	if name != "" {
		return chromium(name, all), cmp.Or(version, engineOf(p.Brands))
	}
	for _, m := range agents {
		if _, rest, ok := strings.Cut(p.Agent, m.mark); ok {
			version, _, _ = strings.Cut(rest, " ")
			return chromium(asInstalled(m.name, all), all), versionIn(version)
		}
	}
	return "", ""
}

// branded knows a product by its brand (User-Agent Client Hints). All of Chromium's kin call themselves that too.
func branded(name string) string {
	switch name {
	case "Google Chrome", "Microsoft Edge", "Brave", "Opera", "Vivaldi", "Chromium":
		return name
	case "HeadlessChrome":
		return "Chromium"
	}
	return ""
}

func engineOf(brands []brand) string {
	for _, b := range brands {
		if b.Name == "Chromium" {
			return b.Version
		}
	}
	return ""
}

// agents are the marks of a user agent, those first that stand beside others.
var agents = []struct{ mark, name string }{
	{"Edg/", "Microsoft Edge"}, {"OPR/", "Opera"}, {"Vivaldi/", "Vivaldi"}, {"Firefox/", firefox},
	{"HeadlessChrome/", "Chromium"}, {"Chrome/", "Google Chrome"}, {"Version/", safari},
} // read only

// chromium names the one browser that can be meant where the one that the page names is not installed: Chrome without a
// window goes by Chromium's name, and Vivaldi and Arc by Chrome's.
func chromium(name string, all []found) string {
	has := func(name string) bool { return slices.ContainsFunc(all, func(f found) bool { return f.name == name }) }
	masks := map[string][]string{"Chromium": {"Google Chrome"}, "Google Chrome": {"Vivaldi", "Arc"}}[name]
	if has(name) {
		return name
	}
	if meant := slices.DeleteFunc(masks, func(m string) bool { return !has(m) }); len(meant) == 1 {
		return meant[0]
	}
	return name
}

// drawn tells a graphics chip from a program that draws in its stead.
func drawn(renderer string) string {
	if renderer == "" {
		return "none"
	}
	renderer = strings.ToLower(renderer)
	for _, soft := range []string{"swiftshader", "llvmpipe", "softpipe", "software", "basic render", "warp"} {
		if strings.Contains(renderer, soft) {
			return "software"
		}
	}
	return "hardware"
}

// level is in dBFS as the audio check has it: a full-scale sine's peak is 0 dBFS peak, and its RMS -3.
func (l *levels) level() float64 { return 20 * math.Log10(max(l.RMS, 1e-6)) }
