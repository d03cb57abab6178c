// Package checks is the measuring half: what a check is, and how a list of them is run.
//
// A check is a value. Everything that describes it (flags, documentation, policy linting, pages, the list of what is
// read) is taken from that value, so there is no second description to keep true. This package and the packages below
// it judge nothing: what is good enough lies in policies, which package report reads.
package checks

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"
	"unicode"
)

// A Check is one concern of a workstation, measured.
type Check struct {
	Name    string        // one lower-case word: its folder, and the prefix of its metrics
	Metrics []Metric      // all that Measure may bring back
	Words   fs.FS         // en.json and its translations at the root: titles, hints, remedies
	Reads   []string      // what it reads of the machine, for the consent list: keys into Words
	Limit   time.Duration // after which Run abandons it; time spent in an Ask does not count
	Alone   bool          // nothing else runs beside it
	Measure MeasureFunc
}

// A MeasureFunc brings back what it could measure, along with the error, if any, that kept it from the rest: Run marks
// that as missing for that reason. An error that is a *Problem says the reason in its own code; any other error is a
// fault of ours (code "internal").
type MeasureFunc func(ctx context.Context, tell Progress) ([]Measurement, error)

// Progress is told what is going on, for meters. It is never nil inside Measure, and returns at once.
type Progress func(Event)

// An Event is a moment in a check.
type Event struct {
	Check  string        // whose moment it is: filled by Run
	Step   string        // what is being done: a key into the check's Words, such as "bandwidth.step.download"
	Done   float64       // share of the check done, 0 to 1
	Left   time.Duration // what is left of the check, roughly; zero where unknown
	Metric string        // whose live figure Value is; empty for none
	Value  float64       // the live figure, in the metric's unit
	Ended  bool          // the check has ended: sent by Run, once
}

// A Unit is the one unit a metric has for ever: base units only, scaled where people read them.
type Unit string

// The units in use.
const (
	Seconds       Unit = "s"
	BitsPerSecond Unit = "bit/s"
	Bytes         Unit = "B"
	Ratio         Unit = "ratio" // 0 to 1
	Decibel       Unit = "dB"
	DBFS          Unit = "dBFS" // RMS, full-scale sine's peak is 0 dBFS peak
	DBov          Unit = "dBov" // ITU-T G.100.1: RMS of a full-scale square wave is 0
	DBm           Unit = "dBm"
	Hertz         Unit = "Hz"
	Count         Unit = "count"
	Days          Unit = "days"
	PerSecond     Unit = "1/s"
	PerMinute     Unit = "1/min"
	MOS           Unit = "MOS"   // 1 to 4.5, ITU-T G.107 Annex B
	Truth         Unit = "truth" // 0 or 1
	Text          Unit = "text"  // names, versions, classes: judged by membership
)

// Direction says which way a metric is better. It serves words and pictures; judging knows bounds alone.
type Direction int

// The directions.
const (
	Neither Direction = iota
	Higher
	Lower
)

// A Metric is a quantity that a check measures.
type Metric struct {
	ID       string // "bandwidth.download": never renamed, never given another meaning
	Unit     Unit
	Better   Direction
	Decimals int      // of Unit, kept in reports
	Values   []string // closes the vocabulary of a Text metric; nil leaves it open
}

// Of is the measurement of a number.
func (m Metric) Of(subject string, value float64) Measurement {
	return Measurement{Metric: m.ID, Subject: subject, Value: value, Unit: m.Unit, By: ByTool}
}

// Named is the measurement of a text.
func (m Metric) Named(subject, text string) Measurement {
	return Measurement{Metric: m.ID, Subject: subject, Text: text, Unit: m.Unit, By: ByTool}
}

// True is the measurement of a truth.
func (m Metric) True(subject string, truth bool) Measurement {
	if truth {
		return m.Of(subject, 1)
	}
	return m.Of(subject, 0)
}

// Missing says why there is no measurement.
func (m Metric) Missing(subject string, p *Problem) Measurement {
	return Measurement{Metric: m.ID, Subject: subject, Unit: m.Unit, By: ByTool, Missing: p}
}

// Who says so.
const (
	ByTool      = "tool"      // this program on the hire's computer
	ByCollector = "collector" // the office end of the measurement
	ByBrowser   = "browser"   // a page in the hire's browser
	ByHire      = "hire"      // declared by the person
)

// A Measurement is one value read, or why there is none.
type Measurement struct {
	Metric  string
	Subject string    // what it was measured of, where there are several: a browser, an endpoint
	Value   float64   // in Unit; means nothing when Missing is set or Unit is Text
	Text    string    // for metrics whose unit is Text
	Unit    Unit      // the metric's, so that a report can be read without a catalogue
	Samples []float64 // optional: the series behind the value, for plots and recomputation; at most MaxSamples
	// Within is half the width of the 95 % confidence interval of Value, in Unit: Value ± Within. Zero where none is known.
	Within float64
	// AtLeast says that the true value is Value or more: the measuring ended before it could tell how much more.
	AtLeast bool
	By      string
	Missing *Problem
}

// MaxSamples bounds the series that a measurement may carry.
const MaxSamples = 600

// A Problem is why a measurement is missing.
type Problem struct {
	Code   string `json:"code"`            // finds the words, under "problem."
	Detail string `json:"detail,omitzero"` // for support: never needed to understand what to do
	Side   string `json:"side"`            // whose doing it is
}

// Whose doing a problem is.
const (
	SideHire    = "hire"   // the hire's computer, or choice
	SideLine    = "line"   // the way between
	SideOffice  = "office" // the collector or its line
	SideTool    = "tool"   // this program
	SideUnknown = "unknown"
)

// Codes of problems that any check may have. A check adds its own, with words for each.
const (
	CodeAbsent      = "absent"       // there is no such thing on this computer
	CodeDenied      = "denied"       // the hire said no
	CodeTimeout     = "timeout"      // no answer within the limit
	CodeInterrupted = "interrupted"  // the run was stopped
	CodeUnsupported = "unsupported"  // cannot be measured on this system
	CodeNotRun      = "not_run"      // left out of this run
	CodeNoCollector = "no_collector" // needs an office end, and there is none
	CodeNoNetwork   = "no_network"   // nothing could be reached
	CodeInternal    = "internal"     // a fault of this program
)

func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Code
	}
	return p.Code + ": " + p.Detail
}

// A Result is what one check brought back.
type Result struct {
	Check        string        `json:"check"`
	Attempt      int           `json:"attempt,omitzero"` // 2 for the second time in one run; absent for the first
	Seconds      float64       `json:"seconds"`
	Measurements []Measurement `json:"measurements"`
}

// A Question is put to the person in front of the computer.
type Question struct {
	Key     string   // the question's text: a key into the check's Words
	Choices []string // keys of the answers, the safe one first; none: only "go on"
	Pairs   []string // what fills the holes of the texts: name, value, name, value
	// Panel is the check's own page on which it is answered: a name under which the program mounts a handler. It ends
	// itself, and has no Choices. Who has no pages answers ErrNoPanel.
	Panel string
}

// ErrNoPanel says that a question needs a page, and that there is none here.
var ErrNoPanel = errors.New("this question needs a page in a browser")

// Ask puts a question and waits for its answer, which is one of the question's Choices, or empty where it had none.
// The terminal and the page implement it; checks that need a person take one in their options, and must manage with nil.
type Ask func(ctx context.Context, q Question) (string, error)

// Put asks, while the limit of the check that asks stands still: nobody is failed for reading slowly.
func (ask Ask) Put(ctx context.Context, q Question) (string, error) {
	defer standStill(ctx)()
	return ask(ctx, q)
}

// Refused is the check as it is when the hire said no to it: nothing is read, and everything is missing for that reason.
func Refused(c Check) Check {
	return without(c, &Problem{Code: CodeDenied, Side: SideHire})
}

// LeftOut is the check as it is when a run leaves it out.
func LeftOut(c Check) Check {
	return without(c, &Problem{Code: CodeNotRun, Side: SideUnknown})
}

func without(c Check, p *Problem) Check {
	c.Alone = false
	c.Measure = func(context.Context, Progress) ([]Measurement, error) { return nil, p }
	return c
}

// Clean makes text of the outside world (device names, versions) fit to be shown in a terminal and on a page: control
// characters and the marks that turn the reading direction are dropped, white space is folded, and it is cut after
// limit runes.
func Clean(text string, limit int) string {
	shown := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case hidden(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	out := strings.Join(strings.Fields(shown), " ")
	count := 0
	for i := range out {
		if count++; count > limit {
			return strings.TrimSpace(out[:i])
		}
	}
	return out
}

// hidden tells runes that change how their neighbours are shown, or are not shown at all: controls, and the format
// characters (Cf), of which Unicode TR36 names the bidirectional ones as a way to spoof.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Noncharacter_Code_Point, unicode.Other_Default_Ignorable_Code_Point)
}
