// Package audio measures the headset, the microphone and the room: which devices are there and which the programs get,
// how a voice comes through the microphone, what of the sound that is played comes back in it, and whether the person
// hears that sound.
//
// Sound systems hang, print and crash. All of that happens in a child process, which records, takes the figures and
// says them; the samples die with it and are never written anywhere. The parent bounds every step and ends the child.
package audio

import (
	"context"
	"embed"
	"io/fs"
	"math/rand/v2"
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
	// Ask asks the person to get ready to speak, and what was heard. Without it all begins at once, a missing voice is
	// nobody's fault, and nobody says what was heard.
	Ask checks.Ask
	// Device is the name of the microphone to measure in the default's place.
	Device string
	// Env is the environment, for the place of the sound server on Linux.
	Env func(string) string
	// Room and Speak are the seconds of quiet and of speech; zero: 1.5 and 4.5.
	Room, Speak float64

	count func() int // how many sweeps to play; nil: at random
}

// The metrics.
var (
	diagnosis = checks.Metric{ID: "audio.diagnosis", Unit: checks.Text, Values: []string{
		"pass", "no_microphone", "no_output", "stalled", "unplugged", "silent", "no_speech", "level_low", "level_high",
		"clipping", "noise_high", "hum", "dropouts", "narrowband", "dc_offset", "speakers", "wrong_default"}}
	microphone = checks.Metric{ID: "audio.microphone", Unit: checks.Text}
	output     = checks.Metric{ID: "audio.output", Unit: checks.Text}
	identity   = checks.Metric{ID: "audio.microphone_id", Unit: checks.Text}
	connection = checks.Metric{ID: "audio.connection", Unit: checks.Text, Values: connections}
	volume     = checks.Metric{ID: "audio.volume", Unit: checks.Ratio, Better: checks.Neither, Decimals: 2}
	sampling   = checks.Metric{ID: "audio.source_rate", Unit: checks.Hertz, Better: checks.Higher}
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
	echoLoss   = checks.Metric{ID: "audio.echo_loss", Unit: checks.Decibel, Better: checks.Higher, Decimals: 1}
	echoDelay  = checks.Metric{ID: "audio.echo_delay", Unit: checks.Seconds, Better: checks.Lower, Decimals: 3}
	hearing    = checks.Metric{ID: "audio.heard", Unit: checks.Truth, Better: checks.Higher}
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
	if o.count == nil {
		o.count = func() int { return leastSweeps + rand.IntN(mostSweeps-leastSweeps+1) }
	}
	s := session{ask: o.Ask, device: o.Device, count: o.count, room: o.Room, total: min(settling+o.Room+o.Speak, maxSeconds),
		children: childrenOf(o, l)}
	if o.Env != nil {
		s.startedFrom = o.Env("TERM_PROGRAM")
	}
	return checks.Check{
		Name: "audio",
		Metrics: []checks.Metric{diagnosis, microphone, output, identity, connection, volume, sampling, headset, both, speech, floor, snr,
			clipping, dropouts, humming, offset, bandwidth, roomNoise, rateOff, echoLoss, echoDelay, hearing},
		Words: words,
		Reads: []string{"audio.reads.devices", "audio.reads.microphone", "audio.reads.playback"},
		Limit: 120 * time.Second,
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
