package audio

import (
	"context"
	"time"

	"deskready/checks"
)

// settling is what settled leaves out at the start, in seconds.
const settling = 0.2

// session is one run of the check.
type session struct {
	children    children
	ask         checks.Ask
	device      string     // the name of the microphone to measure; empty: the default
	count       func() int // how many sweeps to play
	startedFrom string     // macOS: the terminal, whose permission counts
	room, total float64
}

// take is all that a session found out.
type take struct {
	devices     *Devices
	unknown     *checks.Problem // why there are no devices
	chosen      *Device         // the microphone that was measured in the default's place
	figures     *Figures
	fault       *checks.Problem // why there are no figures
	asked       bool            // a person was asked to speak
	mute        bool            // the person cannot speak, and said so
	echo        *Echo
	unplayed    *checks.Problem // why there is no echo
	heard       bool            // the person counted right
	unheard     *checks.Problem // why it is not known
	startedFrom string
}

// input and output are the devices in use; nil where there is none.
func (t take) input() *Device {
	if t.devices == nil || t.chosen != nil {
		return t.chosen
	}
	return pick(t.devices.Inputs, isDefault)
}

func (t take) output() *Device {
	if t.devices == nil {
		return nil
	}
	return pick(t.devices.Outputs, isDefault)
}

func (s session) measure(ctx context.Context, tell checks.Progress) take {
	t := take{startedFrom: s.startedFrom}
	tell(checks.Event{Step: "audio.step.devices"})
	t.devices, t.unknown = s.children.devices(ctx)
	if t.fault = t.choose(s.device); t.fault == nil {
		t.fault = t.hopeless()
	}
	if t.fault != nil || ctx.Err() != nil {
		return t
	}
	s.children.chosen = t.chosen
	s.ready(ctx, &t)
	for try := 1; ; try++ {
		s.record(ctx, &t, tell)
		if try == tries || !t.asked || t.mute || !s.again(ctx, t) {
			break
		}
	}
	if t.fault == nil && ctx.Err() == nil {
		s.play(ctx, &t, tell)
	}
	return t
}

// tries bounds the recordings of one run: a person is offered one more.
const tries = 2

// choose finds the microphone that was asked for.
func (t *take) choose(name string) *checks.Problem {
	if name == "" || t.devices == nil {
		return nil
	}
	if t.chosen = t.devices.Input(name); t.chosen == nil {
		return faultOf(codeNoMicrophone, "there is none of the name that was asked for")
	}
	return nil
}

// hopeless is why it makes no sense to open the microphone.
func (t take) hopeless() *checks.Problem {
	switch {
	case t.unknown != nil && !t.mayHear():
		return t.unknown
	case t.devices == nil:
		return nil // the microphone itself says whether sound works
	case len(t.devices.Inputs) == 0:
		return missing(codeNoMicrophone)
	case t.input() == nil:
		return missing(codeWrongDefault)
	case t.input().Muted:
		return faultOf(codeSilent, "muted in the system")
	}
	return nil
}

// mayHear tells that the list of devices failed in a way that the microphone need not share.
func (t take) mayHear() bool {
	switch t.unknown.Code {
	case codeFrozen, codeFailed, checks.CodeTimeout:
		return true
	}
	return false
}

const cannotSpeak = "audio.answer.cannot_speak"

// ready asks, where there is somebody.
func (s session) ready(ctx context.Context, t *take) {
	if s.ask == nil {
		return
	}
	answer, err := s.ask.Put(ctx, checks.Question{Key: "audio.ask.ready", Choices: []string{"audio.answer.ready", cannotSpeak}})
	t.asked, t.mute = err == nil, answer == cannotSpeak
}

// again offers another recording where the person can mend at once what was found: by speaking, by the switch on the
// headset, or by moving the microphone.
func (s session) again(ctx context.Context, t take) bool {
	if t.figures == nil {
		return false
	}
	found := codeNoSpeech
	if t.figures.Silent {
		found = codeSilent
	} else if t.figures.Speech {
		found = t.figures.class()
	}
	switch found {
	case codeNoSpeech, codeSilent, "level_low", "level_high", "clipping", "noise_high":
	default:
		return false
	}
	answer, err := s.ask.Put(ctx, checks.Question{Key: "audio.ask.again." + found, Choices: []string{"audio.answer.go_on", "audio.answer.again"}})
	return err == nil && answer == "audio.answer.again"
}

// record takes the figures, and makes sure that the microphone is still the same one afterwards: sound servers move a
// recording to another microphone without a word.
func (s session) record(ctx context.Context, t *take, tell checks.Progress) {
	rate := 0
	if in := t.input(); in != nil {
		rate = in.Rate
	}
	room := 0.0
	if t.asked {
		room = settling + s.room
	}
	t.figures, t.fault = s.children.record(ctx, rate, s.total, room, s.meter(t.asked && !t.mute, tell))
	s.lookAgain(ctx, t)
}

// lookAgain looks whether the microphone is still there. Where nothing is known of it, what was recorded stands.
func (s session) lookAgain(ctx context.Context, t *take) {
	if t.input() == nil || ctx.Err() != nil {
		return
	}
	after, p := s.children.devices(ctx)
	if p != nil && p.Code != codeNoMicrophone && p.Code != codeNoServer {
		return
	}
	if !stillThere(*t.input(), after) {
		t.figures, t.fault = nil, missing(codeUnplugged)
	}
}

// stillThere looks for the device by name too: a Bluetooth headset that changes its profile gets another id.
func stillThere(d Device, after *Devices) bool {
	return after != nil && pick(after.Inputs, func(a Device) bool { return a.ID == d.ID || a.Name == d.Name }) != nil
}

// recordingShare is the part of the check that is over when the recording is: the rest is the playing.
const recordingShare = 0.55

// meter tells the progress of a recording, with the level for a live meter, and in words what the level means.
func (s session) meter(asked bool, tell checks.Progress) func(samples, rate int, level float64) {
	var advice advice
	return func(samples, rate int, level float64) {
		at := float64(samples) / float64(rate)
		step := "audio.step.listen"
		switch {
		case asked && at < settling+s.room:
			step = "audio.step.room"
		case asked:
			step = advice.of(at-settling-s.room, level)
		}
		tell(checks.Event{Step: step, Done: recordingShare * min(at/s.total, 1), Metric: speech.ID, Value: level, Left: left(s.total - at)})
	}
}

func left(seconds float64) time.Duration {
	return max(time.Duration(seconds*float64(time.Second)), 0)
}

// advice says how loud a voice is while it is recorded. Levels of 100 ms jump by 20 dB within words: the loudest of the
// last second counts, and the words stay for a second, so that they can be read, or heard from a screen reader.
type advice struct {
	last [10]float64
	n    int
	said string
	at   float64
}

// A voice at -26 dBov, the nominal level, has its loudest tenth of a second at about -20 dBFS. Our own choice: the edges
// are those of "low" and of a level without room for peaks.
const speakUp, tooLoud = -38.0, -9.0

func (a *advice) of(at, level float64) string {
	a.last[a.n%len(a.last)] = level
	a.n++
	if a.said == "" {
		a.said = "audio.step.speak"
	}
	if a.n < len(a.last) || at-a.at < 1 {
		return a.said
	}
	loudest := lowest
	for _, l := range a.last {
		loudest = max(loudest, l)
	}
	say := "audio.step.speak_good"
	switch {
	case loudest < speakUp:
		say = "audio.step.speak_up"
	case loudest > tooLoud:
		say = "audio.step.speak_loud"
	}
	if say != a.said {
		a.said, a.at = say, at
	}
	return a.said
}
