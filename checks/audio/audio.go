// Package audio measures the headset and the microphone: which devices are there and which the programs get, and how a
// voice comes through the microphone. Nothing is played: what the person hears is not measured.
//
// Sound systems hang, print and crash. All of that happens in a child process, which records, takes the figures and
// says them; the samples die with it and are never written anywhere. The parent bounds every step and ends the child.
package audio

import (
	"context"
	"embed"
	"io/fs"
	"os/exec"
	"slices"
	"time"

	"deskready/checks"
)

// Options are what the check needs of the program around it.
type Options struct {
	// Child starts this program again such that it calls RunChild with its standard input and output; nil where there is
	// no sound: everything is then missing with code "unsupported".
	Child func(ctx context.Context) *exec.Cmd
	// Ask asks the person to get ready to speak. Without it the recording begins at once, and a missing voice is nobody's
	// fault.
	Ask checks.Ask
	// Env is the environment, for the place of the sound server on Linux.
	Env func(string) string
	// Room and Speak are the seconds of quiet and of speech; zero: 1.5 and 4.5.
	Room, Speak float64
}

// The metrics.
var (
	diagnosis = checks.Metric{ID: "audio.diagnosis", Unit: checks.Text, Values: []string{
		"pass", "no_microphone", "no_output", "stalled", "unplugged", "silent", "no_speech", "level_low", "level_high",
		"clipping", "noise_high", "hum", "dropouts", "narrowband", "dc_offset", "speakers", "wrong_default"}}
	microphone = checks.Metric{ID: "audio.microphone", Unit: checks.Text}
	output     = checks.Metric{ID: "audio.output", Unit: checks.Text}
	headset    = checks.Metric{ID: "audio.headset", Unit: checks.Truth, Better: checks.Higher}
	both       = checks.Metric{ID: "audio.default_is_headset", Unit: checks.Truth, Better: checks.Higher}
	speech     = checks.Metric{ID: "audio.speech_level", Unit: checks.DBov, Better: checks.Neither, Decimals: 1}
	floor      = checks.Metric{ID: "audio.noise_floor", Unit: checks.DBFS, Better: checks.Lower, Decimals: 1}
	snr        = checks.Metric{ID: "audio.snr", Unit: checks.Decibel, Better: checks.Higher, Decimals: 1}
	clipping   = checks.Metric{ID: "audio.clipping", Unit: checks.Ratio, Better: checks.Lower, Decimals: 5}
	dropouts   = checks.Metric{ID: "audio.dropouts", Unit: checks.Ratio, Better: checks.Lower, Decimals: 5}
	humming    = checks.Metric{ID: "audio.hum", Unit: checks.Decibel, Better: checks.Lower, Decimals: 1}
	offset     = checks.Metric{ID: "audio.dc_offset", Unit: checks.Ratio, Better: checks.Lower, Decimals: 4}
	bandwidth  = checks.Metric{ID: "audio.bandwidth", Unit: checks.Hertz, Better: checks.Higher}
	roomNoise  = checks.Metric{ID: "audio.room_noise", Unit: checks.DBFS, Better: checks.Lower, Decimals: 1}
	rateOff    = checks.Metric{ID: "audio.rate_error", Unit: checks.Ratio, Better: checks.Lower, Decimals: 5}
)

//go:embed words
var texts embed.FS

// New is the check.
func New(o Options) checks.Check {
	return withLimits(o, usual)
}

func withLimits(o Options, l limits) checks.Check {
	if !(o.Room > 0) {
		o.Room = 1.5
	}
	if !(o.Speak > 0) {
		o.Speak = 4.5
	}
	words, err := fs.Sub(texts, "words")
	if err != nil {
		panic(err) // the folder is embedded under this very name
	}
	server, cookies := "", []string(nil)
	if o.Env != nil {
		server, cookies = serverOf(o.Env)
	}
	s := session{ask: o.Ask, room: o.Room, total: min(settling+o.Room+o.Speak, maxSeconds),
		children: children{start: o.Child, server: server, cookies: cookies, limits: l}}
	return checks.Check{
		Name: "audio",
		Metrics: []checks.Metric{diagnosis, microphone, output, headset, both, speech, floor, snr, clipping, dropouts, humming,
			offset, bandwidth, roomNoise, rateOff},
		Words: words,
		Reads: []string{"audio.reads.devices", "audio.reads.microphone"},
		Limit: 90 * time.Second,
		Alone: true, // a busy computer drops samples, and that would be our own doing
		Measure: func(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
			if s.children.start == nil {
				return nil, missing(checks.CodeUnsupported)
			}
			got := s.measure(ctx, tell).answers()
			if ctx.Err() != nil { // why that is so, Run knows
				got = slices.DeleteFunc(got, func(m checks.Measurement) bool { return m.Missing != nil })
			}
			return got, ctx.Err()
		},
	}
}

// settling is what settled leaves out at the start, in seconds.
const settling = 0.2

// session is one run of the check.
type session struct {
	children    children
	ask         checks.Ask
	room, total float64
}

// take is all that a session found out.
type take struct {
	devices *Devices
	unknown *checks.Problem // why there are no devices
	figures *Figures
	fault   *checks.Problem // why there are no figures
	asked   bool            // a person was asked to speak
}

// input and output are the defaults; nil where there is none.
func (t take) input() *Device {
	if t.devices == nil {
		return nil
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
	var t take
	tell(checks.Event{Step: "audio.step.devices"})
	t.devices, t.unknown = s.children.devices(ctx)
	if t.fault = t.hopeless(); t.fault != nil || ctx.Err() != nil {
		return t
	}
	t.asked = s.ready(ctx, "audio.ask.ready")
	for try := 1; ; try++ {
		s.record(ctx, &t, tell)
		if try == tries || !t.asked || !t.worthAnother() || !s.again(ctx) {
			return t
		}
	}
}

// tries bounds the recordings of one run: a person is offered two more.
const tries = 3

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

// ready asks, where there is somebody.
func (s session) ready(ctx context.Context, key string) bool {
	if s.ask == nil {
		return false
	}
	_, err := s.ask.Put(ctx, checks.Question{Key: key})
	return err == nil
}

// worthAnother tells what the person can mend at once by speaking, or by the switch on the headset.
func (t take) worthAnother() bool {
	return t.figures != nil && (t.figures.Silent || !t.figures.Speech)
}

func (s session) again(ctx context.Context) bool {
	answer, err := s.ask.Put(ctx, checks.Question{Key: "audio.ask.again", Choices: []string{"audio.answer.go_on", "audio.answer.again"}})
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
	t.figures, t.fault = s.children.record(ctx, rate, s.total, room, s.meter(t.asked, tell))
	if t.input() == nil || ctx.Err() != nil {
		return
	}
	after, p := s.children.devices(ctx)
	if p != nil && p.Code != codeNoMicrophone && p.Code != codeNoServer {
		return // nothing is known, and what was recorded stands
	}
	if !stillThere(*t.input(), after) {
		t.figures, t.fault = nil, missing(codeUnplugged)
	}
}

// stillThere looks for the device by name too: a Bluetooth headset that changes its profile gets another id.
func stillThere(d Device, after *Devices) bool {
	return after != nil && pick(after.Inputs, func(a Device) bool { return a.ID == d.ID || a.Name == d.Name }) != nil
}

// meter tells the progress of a recording, with the level for a live meter.
func (s session) meter(asked bool, tell checks.Progress) func(samples, rate int, level float64) {
	return func(samples, rate int, level float64) {
		at := float64(samples) / float64(rate)
		step := "audio.step.listen"
		switch {
		case asked && at < settling+s.room:
			step = "audio.step.room"
		case asked:
			step = "audio.step.speak"
		}
		tell(checks.Event{Step: step, Done: min(at/s.total, 1), Metric: speech.ID, Value: level,
			Left: max(time.Duration((s.total-at)*float64(time.Second)), 0)})
	}
}
