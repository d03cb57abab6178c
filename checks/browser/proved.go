package browser

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"deskready/checks"
)

// The metrics that only a page in the browser proves. Their subject is that browser.
var (
	observed        = checks.Metric{ID: "browser.observed", Unit: checks.Text}
	observedDefault = checks.Metric{ID: "browser.observed_default", Unit: checks.Truth, Better: checks.Higher}
	automated       = checks.Metric{ID: "browser.automated", Unit: checks.Truth, Better: checks.Lower}
	lacking         = checks.Metric{ID: "browser.lacks", Unit: checks.Text}

	webrtc        = checks.Metric{ID: "browser.webrtc", Unit: checks.Truth, Better: checks.Higher}
	callSetup     = checks.Metric{ID: "browser.call_setup", Unit: checks.Seconds, Better: checks.Lower, Decimals: 3}
	callHeard     = checks.Metric{ID: "browser.call_heard", Unit: checks.Truth, Better: checks.Higher}
	callConcealed = checks.Metric{ID: "browser.call_concealed", Unit: checks.Ratio, Better: checks.Lower, Decimals: 4}

	microphone      = checks.Metric{ID: "browser.microphone", Unit: checks.Truth, Better: checks.Higher}
	microphoneState = checks.Metric{ID: "browser.microphone_state", Unit: checks.Text, Values: []string{
		good, low, silent, muted, lost, absent, busy, system, unsupported,
	}}
	microphoneName  = checks.Metric{ID: "browser.microphone_name", Unit: checks.Text}
	microphoneLevel = checks.Metric{ID: "browser.microphone_level", Unit: checks.DBFS, Better: checks.Higher, Decimals: 1}

	camera      = checks.Metric{ID: "browser.camera", Unit: checks.Truth, Better: checks.Higher}
	cameraState = checks.Metric{ID: "browser.camera_state", Unit: checks.Text, Values: []string{
		good, dark, blurred, black, frozen, lost, absent, busy, system, unsupported,
	}}
	cameraSize   = checks.Metric{ID: "browser.camera_size", Unit: checks.Text}
	cameraFrames = checks.Metric{ID: "browser.camera_frames", Unit: checks.PerSecond, Better: checks.Higher, Decimals: 1}

	sound        = checks.Metric{ID: "browser.sound", Unit: checks.Truth, Better: checks.Higher}
	soundLatency = checks.Metric{ID: "browser.sound_latency", Unit: checks.Seconds, Better: checks.Lower, Decimals: 3}

	storage       = checks.Metric{ID: "browser.storage", Unit: checks.Truth, Better: checks.Higher}
	socket        = checks.Metric{ID: "browser.websocket", Unit: checks.Truth, Better: checks.Higher}
	popups        = checks.Metric{ID: "browser.popups", Unit: checks.Truth, Better: checks.Higher}
	notifications = checks.Metric{ID: "browser.notifications", Unit: checks.Text, Values: []string{"granted", "default", "denied", unsupported}}

	codecs = checks.Metric{ID: "browser.codecs", Unit: checks.Text}
	wasm   = checks.Metric{ID: "browser.wasm", Unit: checks.Text, Values: []string{"simd", "plain", "none"}}
	webgl  = checks.Metric{ID: "browser.webgl", Unit: checks.Text, Values: []string{"hardware", "software", "none"}}
	speed  = checks.Metric{ID: "browser.js_speed", Unit: checks.PerSecond, Better: checks.Higher}
	jank   = checks.Metric{ID: "browser.js_jank", Unit: checks.Seconds, Better: checks.Lower, Decimals: 3}

	timezone       = checks.Metric{ID: "browser.timezone", Unit: checks.Text}
	screen         = checks.Metric{ID: "browser.screen", Unit: checks.Text}
	screenWidth    = checks.Metric{ID: "browser.screen_width", Unit: checks.Count, Better: checks.Higher}
	screenHeight   = checks.Metric{ID: "browser.screen_height", Unit: checks.Count, Better: checks.Higher}
	screenExtended = checks.Metric{ID: "browser.screen_extended", Unit: checks.Truth}
)

// provable lists them.
func provable() []checks.Metric {
	return []checks.Metric{
		observed, observedDefault, automated, lacking,
		webrtc, callSetup, callHeard, callConcealed,
		microphone, microphoneState, microphoneName, microphoneLevel,
		camera, cameraState, cameraSize, cameraFrames,
		sound, soundLatency, storage, socket, popups, notifications,
		codecs, wasm, webgl, speed, jank, timezone, screen, screenWidth, screenHeight, screenExtended,
	}
}

// Codes of problems that a page may have.
const (
	codeNoPage   = "no_page"       // nothing runs in a browser in this run
	codeGone     = "page_gone"     // the page was closed, or fell silent, before this was tried
	codeHidden   = "page_hidden"   // the page was not in view: browsers slow such pages down
	codeBlocked  = "page_blocked"  // the browser is set to refuse it to all pages
	codeFailed   = "page_failed"   // the page's own step broke
	codeUnheard  = "page_unheard"  // there was no sound clock to listen by
	codeUnlinked = "page_unlinked" // the browser hides the computer's addresses, and found itself nowhere
	codeUntold   = "page_untold"   // this browser does not tell pages
	codeUngiven  = "page_ungiven"  // what it would be measured of did not come about
)

// why is the problem of a step in this state; nil: the state is an answer.
func why(state string) *checks.Problem {
	code := map[string]string{
		denied: checks.CodeDenied, skipped: checks.CodeDenied, timeout: checks.CodeTimeout, blocked: codeBlocked,
		failed: codeFailed, hidden: codeHidden, unheard: codeUnheard, unlinked: codeUnlinked,
	}[state]
	if code == "" {
		return nil
	}
	return problem(code)
}

// prove puts the question that a page answers, and reads its account. The problem is why the rest is missing.
func prove(ctx context.Context, o Options, known inventoried) ([]checks.Measurement, error) {
	if o.Probe == nil || o.Ask == nil {
		return nil, problem(codeNoPage)
	}
	account, err := o.Probe.attend(ctx, o.Ask)
	if errors.Is(err, checks.ErrNoPanel) {
		return nil, problem(codeNoPage)
	}
	return account.measurements(known), account.rest(err)
}

// rest is why what the account does not tell is missing.
func (e event) rest(err error) error {
	switch p := (*checks.Problem)(nil); {
	case e.Ended != nil && e.Ended.Why == "skipped":
		return problem(checks.CodeDenied)
	case e.Ended != nil && e.Ended.Why == "timeout":
		return problem(checks.CodeTimeout)
	case errors.As(err, &p):
		return p
	}
	return problem(codeGone) // whoever asks ends a question for reasons of its own, and all of them mean this
}

// inventoried is what was found of the computer's browsers before.
type inventoried struct {
	all       []found
	preferred string // empty: none, or not known
}

// sayings gathers what a page says, of one browser.
type sayings struct {
	subject string
	list    []checks.Measurement
}

func (s *sayings) add(m checks.Measurement) {
	m.By = checks.ByBrowser
	s.list = append(s.list, m)
}

// truth is a metric's, or why a step in that state has none.
func (s *sayings) truth(m checks.Metric, state string, is bool) {
	if p := why(state); p != nil {
		s.add(m.Missing(s.subject, p))
		return
	}
	s.add(m.True(s.subject, is))
}

func (s *sayings) number(m checks.Metric, state string, value float64) {
	if p := why(state); p != nil {
		s.add(m.Missing(s.subject, p))
		return
	}
	s.add(m.Of(s.subject, value))
}

func (s *sayings) text(m checks.Metric, state, text string) {
	switch p := why(state); {
	case p != nil:
		s.add(m.Missing(s.subject, p))
	case checks.Clean(text, maxText) == "":
		s.add(m.Missing(s.subject, problem(codeUntold)))
	default:
		s.add(m.Named(s.subject, text))
	}
}

// measurements are what the account tells. What it does not tell is left out.
func (e event) measurements(known inventoried) []checks.Measurement {
	if e.Page == nil {
		return nil // nobody knows of which browser the rest would be
	}
	name, version := e.Page.identify(known.all)
	s := &sayings{subject: name}
	e.Page.say(s, known, version)
	e.sayBasics(s)
	if e.Microphone != nil {
		e.Microphone.say(s)
	}
	if e.Camera != nil {
		e.Camera.say(s)
	}
	if e.Call != nil {
		e.Call.say(s)
	}
	return s.list
}

func (p *pageFacts) say(s *sayings, known inventoried, version string) {
	s.text(observed, good, version)
	if s.subject != "" && known.preferred != "" {
		s.add(observedDefault.True(s.subject, s.subject == known.preferred))
	} else {
		s.add(observedDefault.Missing(s.subject, problem(codeUnknownDefault)))
	}
	s.add(automated.True(s.subject, p.Automated || strings.Contains(p.Agent, "Headless")))
	lacks := slices.Clone(p.Lacks)
	slices.Sort(lacks)
	if len(lacks) == 0 {
		lacks = []string{"nothing"}
	}
	s.text(lacking, good, strings.Join(lacks, " "))
	s.text(notifications, good, p.Notifications)
	s.text(codecs, good, strings.Join(slices.Sorted(slices.Values(p.Codecs)), " "))
	s.text(wasm, good, p.Wasm)
	s.text(webgl, good, drawn(p.Renderer))
	s.text(timezone, good, p.Zone)
	s.text(screen, good, fmt.Sprintf("%.0fx%.0f", float64(p.Width)*p.Scale, float64(p.Height)*p.Scale))
	s.add(screenWidth.Of(s.subject, float64(p.Width)))
	s.add(screenHeight.Of(s.subject, float64(p.Height)))
	if p.Extended == nil {
		s.add(screenExtended.Missing(s.subject, problem(codeUntold)))
	} else {
		s.add(screenExtended.True(s.subject, *p.Extended))
	}
}

func (e event) sayBasics(s *sayings) {
	if p := e.Popup; p != nil {
		s.truth(popups, p.state(), p.Opened)
	}
	if p := e.Sound; p != nil {
		s.truth(sound, p.state(), p.state() == good)
		if p.state() == good && p.Latency != nil {
			s.number(soundLatency, good, *p.Latency)
		} else {
			s.add(soundLatency.Missing(s.subject, problem(codeUntold)))
		}
	}
	if p := e.Storage; p != nil {
		s.truth(storage, p.state(), p.state() == good)
	}
	if p := e.WebSocket; p != nil {
		s.truth(socket, p.state(), p.state() == good)
	}
	if p := e.Speed; p != nil {
		s.number(speed, p.state(), p.Rounds/math.Max(p.Elapsed, 0.001))
		s.number(jank, p.state(), p.Jank)
	}
}

func (p *microphoneFacts) say(s *sayings) {
	state := p.state()
	s.truth(microphone, state, state == good || state == low)
	s.text(microphoneState, state, state)
	if p := p.ungiven(); p != nil {
		s.add(microphoneName.Missing(s.subject, p))
		s.add(microphoneLevel.Missing(s.subject, p))
		return
	}
	s.text(microphoneName, good, p.Label)
	if p.Heard == nil {
		s.add(microphoneLevel.Missing(s.subject, problem(codeUnheard)))
		return
	}
	s.number(microphoneLevel, good, p.Heard.level())
}

// ungiven is why nothing can be said of a device that the page did not get; nil: it got it.
func (c *capture) ungiven() *checks.Problem {
	state := c.state()
	switch {
	case state == "":
		return nil
	case state == absent:
		return problem(checks.CodeAbsent)
	case why(state) != nil:
		return why(state)
	}
	return problem(codeUngiven)
}

func (p *cameraFacts) say(s *sayings) {
	state := p.state()
	s.truth(camera, state, slices.Contains([]string{good, dark, blurred}, state))
	s.text(cameraState, state, state)
	missing := p.ungiven()
	if missing == nil && p.Seen == nil {
		missing = problem(codeUngiven)
	}
	if missing != nil {
		s.add(cameraSize.Missing(s.subject, missing))
	} else {
		s.text(cameraSize, good, fmt.Sprintf("%dx%d", p.Width, p.Height))
	}
	switch {
	case missing == nil && p.Hidden:
		s.add(cameraFrames.Missing(s.subject, problem(codeHidden)))
	case missing == nil && p.Span == 0:
		s.add(cameraFrames.Missing(s.subject, problem(codeUntold)))
	case missing == nil:
		s.number(cameraFrames, good, float64(p.Frames)/p.Span)
	default:
		s.add(cameraFrames.Missing(s.subject, missing))
	}
}

func (p *callFacts) say(s *sayings) {
	state := p.state()
	s.truth(webrtc, state, state == good || state == silent)
	if why(state) == nil && !p.Connected {
		none := problem(codeUngiven)
		for _, m := range []checks.Metric{callSetup, callHeard, callConcealed} {
			s.add(m.Missing(s.subject, none))
		}
		return
	}
	s.number(callSetup, state, p.Setup)
	switch {
	case why(state) == nil && !p.Tone:
		s.add(callHeard.Missing(s.subject, problem(codeUnheard)))
	default:
		s.truth(callHeard, state, p.Peak >= tonePeak)
	}
	if why(state) == nil && (p.Samples == 0 || p.Hidden) {
		s.add(callConcealed.Missing(s.subject, problem(codeUntold)))
		return
	}
	s.number(callConcealed, state, min(p.Concealed/math.Max(p.Samples, 1), 1))
}
