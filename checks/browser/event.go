package browser

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// maxEvent is how large an event of the page may be.
const maxEvent = 64 << 10

// An event is what the page says at one moment: exactly one of its members. An account is the last of each.
type event struct {
	Alive      *struct{}        `json:"alive,omitzero"` // the page is still there
	Page       *pageFacts       `json:"page,omitzero"`
	Popup      *popupFacts      `json:"popup,omitzero"`
	Sound      *soundFacts      `json:"sound,omitzero"`
	Storage    *storageFacts    `json:"storage,omitzero"`
	WebSocket  *socketFacts     `json:"websocket,omitzero"`
	Speed      *speedFacts      `json:"speed,omitzero"`
	Microphone *microphoneFacts `json:"microphone,omitzero"`
	Camera     *cameraFacts     `json:"camera,omitzero"`
	Call       *callFacts       `json:"call,omitzero"`
	Ended      *endedFacts      `json:"ended,omitzero"`
}

// A step is how one step of the page went.
type step struct {
	// Error is the name of the DOMException that ended it, "TimeoutError" also where the page itself gave up waiting.
	Error string `json:"error"`
	// Hidden says that the page was not in view for some of it: browsers then slow pages down, and times mean nothing.
	Hidden bool `json:"hidden"`
}

// errTimeout is the name of the error by which a step of the page ends at its limit.
const errTimeout = "TimeoutError"

// pageFacts are what a page knows without asking.
type pageFacts struct {
	step
	Agent         string   `json:"agent"`
	Brands        []brand  `json:"brands"` // User-Agent Client Hints; Chromium and its kin only
	Zone          string   `json:"zone"`   // IANA name
	Width         int      `json:"width"`  // of the screen, in CSS pixels
	Height        int      `json:"height"`
	Scale         float64  `json:"scale"`    // device pixels to one CSS pixel
	Extended      *bool    `json:"extended"` // more than one screen; null: the browser does not tell
	Automated     bool     `json:"automated"`
	Secure        bool     `json:"secure"` // the page counts as safe: without it, no microphone
	Notifications string   `json:"notifications"`
	Codecs        []string `json:"codecs"`
	Wasm          string   `json:"wasm"`
	Renderer      string   `json:"renderer"` // of WebGL; empty: there is no WebGL
	Lacks         []string `json:"lacks"`    // what a page needs for calls and this browser does not offer
}

type brand struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type popupFacts struct {
	step
	Opened bool `json:"opened"`
}

// soundFacts are how an AudioContext ran after a click.
type soundFacts struct {
	step
	Advanced float64  `json:"advanced"` // seconds of sound played
	Elapsed  float64  `json:"elapsed"`  // in so many seconds
	Latency  *float64 `json:"latency"`  // outputLatency, s; null: the browser does not tell
	Outputs  *int     `json:"outputs"`  // null: the browser does not list them
}

type storageFacts struct {
	step
	Local   bool `json:"local"`
	Indexed bool `json:"indexed"`
	Cookies bool `json:"cookies"`
}

type socketFacts struct {
	step
	Echoes int `json:"echoes"`
}

type speedFacts struct {
	step
	Rounds  float64 `json:"rounds"`  // of the benchmark
	Elapsed float64 `json:"elapsed"` // in so many seconds
	Jank    float64 `json:"jank"`    // longest time between two frames while nothing was done, s
}

// capture is how the browser gave a device to the page, or did not.
type capture struct {
	step
	Before   string `json:"before"`    // the permission before it was asked for: "granted", "denied", "prompt", or empty
	BySystem bool   `json:"by_system"` // refused by the operating system, says the browser
	Skipped  bool   `json:"skipped"`   // by the person
	Label    string `json:"label"`
	Muted    bool   `json:"muted"` // the track was muted from outside the page
	Lost     bool   `json:"lost"`  // the track ended in the middle
}

type microphoneFacts struct {
	capture
	Heard *levels `json:"heard"` // null: the browser's sound clock stood still, and nothing can be said
}

type levels struct {
	RMS  float64 `json:"rms"` // of full scale, over the loudest second
	Peak float64 `json:"peak"`
	Live float64 `json:"live"` // share of samples that are not exactly zero
}

type cameraFacts struct {
	capture
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Frames int     `json:"frames"` // shown in Span
	Span   float64 `json:"span"`   // s
	Seen   *light  `json:"seen"`   // null: no frame came
}

// light is what the frames look like, 0 to 255.
type light struct {
	Min     float64 `json:"min"`
	Mean    float64 `json:"mean"`
	Max     float64 `json:"max"`
	Changed float64 `json:"changed"` // largest mean difference of two frames
	Sharp   float64 `json:"sharp"`   // variance of the Laplacian (Pech-Pacheco et al., 2000)
}

// callFacts are how a call of the page with itself went.
type callFacts struct {
	step
	Candidates int      `json:"candidates"`
	Granted    bool     `json:"granted"` // the microphone was granted: addresses are then not hidden behind mDNS
	Connected  bool     `json:"connected"`
	Setup      float64  `json:"setup"` // s
	Packets    int      `json:"packets"`
	Samples    float64  `json:"samples"`   // played from packets
	Concealed  float64  `json:"concealed"` // of them, made up
	Tone       bool     `json:"tone"`      // the page's clock ran, so that a tone was sent
	Peak       float64  `json:"peak"`      // of what came out at the other end
	Jitter     *float64 `json:"jitter"`    // s
}

type endedFacts struct {
	Why string `json:"why"` // "done", "skipped" by the person, or "timeout": nobody pressed Start
}

// readEvent reads an event strictly: one member, no unknown ones, nothing twice, each value within its bounds.
func readEvent(data []byte) (event, error) {
	var e event
	if len(data) > maxEvent {
		return e, fmt.Errorf("event of more than %d bytes", maxEvent)
	}
	if err := json.Unmarshal(data, &e, json.RejectUnknownMembers(true)); err != nil {
		return e, err
	}
	said := e.said()
	if len(said) != 1 {
		return e, fmt.Errorf("event says %d things, not one", len(said))
	}
	return e, said[0].sane()
}

// A claim is one member of an event.
type claim interface{ sane() error }

// alive is said by a page that has nothing else to say.
type alive struct{}

func (alive) sane() error { return nil }

func (e event) said() []claim {
	var all []claim
	add := func(is bool, c claim) {
		if is {
			all = append(all, c)
		}
	}
	add(e.Alive != nil, alive{})
	add(e.Page != nil, e.Page)
	add(e.Popup != nil, e.Popup)
	add(e.Sound != nil, e.Sound)
	add(e.Storage != nil, e.Storage)
	add(e.WebSocket != nil, e.WebSocket)
	add(e.Speed != nil, e.Speed)
	add(e.Microphone != nil, e.Microphone)
	add(e.Camera != nil, e.Camera)
	add(e.Call != nil, e.Call)
	add(e.Ended != nil, e.Ended)
	return all
}

// merge keeps the last of each.
func (e *event) merge(last event) {
	take(&e.Page, last.Page)
	take(&e.Popup, last.Popup)
	take(&e.Sound, last.Sound)
	take(&e.Storage, last.Storage)
	take(&e.WebSocket, last.WebSocket)
	take(&e.Speed, last.Speed)
	take(&e.Microphone, last.Microphone)
	take(&e.Camera, last.Camera)
	take(&e.Call, last.Call)
	take(&e.Ended, last.Ended)
}

func take[T any](into **T, last *T) {
	if last != nil {
		*into = last
	}
}

var errBounds = errors.New("a value is out of its bounds")

// Bounds of what a page may say.
const (
	maxName   = 64   // of an error, a permission, a token
	maxText   = 512  // of a user agent, a label, a renderer
	maxItems  = 64   // of brands, codecs
	maxSpan   = 600  // s
	maxPixels = 1e5  // of one side
	maxCount  = 1e12 // of samples, rounds
)

func short(limit int, all ...string) error {
	for _, s := range all {
		if utf8.RuneCountInString(s) > limit {
			return errBounds
		}
	}
	return nil
}

func within(limit float64, all ...float64) error {
	for _, v := range all {
		if math.IsNaN(v) || v < 0 || v > limit {
			return errBounds
		}
	}
	return nil
}

func counts(limit int, all ...int) error {
	for _, n := range all {
		if n < 0 || n > limit {
			return errBounds
		}
	}
	return nil
}

func oneOf(s string, all ...string) error {
	for _, a := range all {
		if s == a {
			return nil
		}
	}
	return errBounds
}

func optional(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

func (s step) sane() error { return short(maxName, s.Error) }

func (p *pageFacts) sane() error {
	list := append(append([]string{p.Zone}, p.Codecs...), p.Lacks...)
	if len(p.Brands) > maxItems || len(list) > maxItems {
		return errBounds
	}
	for _, b := range p.Brands {
		list = append(list, b.Name, b.Version)
	}
	return errors.Join(
		p.step.sane(), short(maxName, list...), short(maxText, p.Agent, p.Renderer),
		counts(maxPixels, p.Width, p.Height), within(maxName, p.Scale),
		oneOf(p.Notifications, "granted", "denied", "default", "unsupported"),
		oneOf(p.Wasm, "simd", "plain", "none"),
	)
}

func (p *soundFacts) sane() error {
	if p.Outputs != nil && counts(maxItems, *p.Outputs) != nil {
		return errBounds
	}
	return errors.Join(p.step.sane(), within(maxSpan, p.Advanced, p.Elapsed, optional(p.Latency)))
}

func (p *socketFacts) sane() error { return errors.Join(p.step.sane(), counts(maxEchoes, p.Echoes)) }

func (p *speedFacts) sane() error {
	return errors.Join(p.step.sane(), within(maxCount, p.Rounds), within(maxSpan, p.Elapsed, p.Jank))
}

func (c *capture) sane() error {
	return errors.Join(c.step.sane(), short(maxText, c.Label), oneOf(c.Before, "", "granted", "denied", "prompt"))
}

func (p *microphoneFacts) sane() error {
	if p.Heard == nil {
		return p.capture.sane()
	}
	// Floats may go beyond full scale.
	return errors.Join(p.capture.sane(), within(1e3, p.Heard.RMS, p.Heard.Peak), within(1, p.Heard.Live))
}

func (p *cameraFacts) sane() error {
	err := errors.Join(p.capture.sane(), counts(maxPixels, p.Width, p.Height, p.Frames), within(maxSpan, p.Span))
	if p.Seen == nil {
		return err
	}
	return errors.Join(err, within(255, p.Seen.Min, p.Seen.Mean, p.Seen.Max, p.Seen.Changed), within(1e6, p.Seen.Sharp))
}

func (p *callFacts) sane() error {
	return errors.Join(
		p.step.sane(), counts(1e6, p.Candidates, p.Packets), within(maxSpan, p.Setup, optional(p.Jitter)),
		within(maxCount, p.Samples, p.Concealed), within(1e3, p.Peak),
	)
}

func (p *endedFacts) sane() error { return oneOf(p.Why, "done", "skipped", "timeout") }
