package audio

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"deskready/checks"
)

// The sound child and its parent speak in lines of JSON: one request down, then frames up, hello first. Samples never
// leave the child: what is recorded dies with it, and only figures cross the pipe.

// Bounds on what a child may say: it runs C code and drivers, and what it says is not trusted.
const (
	maxLine    = 512 << 10
	maxBytes   = 1 << 20
	maxDevices = 64
	maxName    = 100
	maxLevels  = 300 // 30 s
)

// request is what the child is to do. The child ends when its input does.
type request struct {
	Job     string   `json:"job"`               // jobDevices, jobRecord or jobPlay
	Server  string   `json:"server,omitzero"`   // Linux: where the sound server may be
	Cookies []string `json:"cookies,omitempty"` // Linux: where the server's cookie may be
	Seconds float64  `json:"seconds,omitzero"`  // how long to record
	Rate    int      `json:"rate,omitzero"`     // the microphone's own rate, where known
	Device  string   `json:"device,omitzero"`   // the name of the microphone to use in the default's place
	Sweeps  int      `json:"sweeps,omitzero"`   // how many to play
	Output  int      `json:"output,omitzero"`   // the output's own rate, where known
	Room    float64  `json:"room,omitzero"`     // how long somebody was asked to be quiet first
}

const (
	jobDevices = "devices"
	jobRecord  = "record"
	jobPlay    = "play"
)

// frame is one thing the child says: exactly one of its parts is set.
type frame struct {
	Hello   bool            `json:"hello,omitzero"` // the child has read its request, and turns to the sound system
	Devices *Devices        `json:"devices,omitzero"`
	Opened  *opened         `json:"opened,omitzero"`
	Heard   *heard          `json:"heard,omitzero"`
	Figures *Figures        `json:"figures,omitzero"`
	Echo    *Echo           `json:"echo,omitzero"`
	Fault   *checks.Problem `json:"fault,omitzero"`
}

// opened says that the microphone is open and at which rate.
type opened struct {
	Rate int `json:"rate"`
}

// heard says how many samples came so far, and the level of the last of them. It is said ten times a second, whether
// or not samples come.
type heard struct {
	Samples int     `json:"samples"`
	Level   float64 `json:"level"` // dBFS
}

// say writes a frame.
func say(out io.Writer, f frame) error {
	line, err := json.Marshal(f)
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}

var errGarbage = errors.New("not a frame")

// frames reads what a child says, within bounds, and hands on each frame that is sound. It returns nil at a clean end.
func frames(in io.Reader, hand func(frame)) error {
	lines := bufio.NewScanner(io.LimitReader(in, maxBytes+1))
	lines.Buffer(make([]byte, 4096), maxLine)
	total := 0
	for lines.Scan() {
		if total += len(lines.Bytes()) + 1; total > maxBytes {
			return fmt.Errorf("more than %d bytes: %w", maxBytes, errGarbage)
		}
		if !bytes.HasPrefix(lines.Bytes(), []byte("{")) { // libraries in the child print too
			continue
		}
		f, err := decode(lines.Bytes())
		if err != nil {
			return err
		}
		hand(f)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line too long: %w", errGarbage)
	}
	return nil // a pipe that broke is the end of the child; what that means is seen from what it said before
}

// decode reads one frame and makes it fit: whatever comes out is within the bounds the rest relies on.
func decode(line []byte) (frame, error) {
	var f frame
	if err := json.Unmarshal(line, &f); err != nil {
		return frame{}, errGarbage
	}
	parts := 0
	for _, set := range []bool{f.Hello, f.Devices != nil, f.Opened != nil, f.Heard != nil, f.Figures != nil, f.Echo != nil, f.Fault != nil} {
		if set {
			parts++
		}
	}
	switch {
	case parts != 1, f.Opened != nil && !f.Opened.sound(), f.Heard != nil && !f.Heard.sound(), f.Figures != nil && !f.Figures.sound(),
		f.Echo != nil && !f.Echo.sound():
		return frame{}, errGarbage
	case f.Devices != nil:
		f.Devices.Inputs, f.Devices.Outputs = bounded(f.Devices.Inputs), bounded(f.Devices.Outputs)
	case f.Fault != nil:
		f.Fault = faultOf(f.Fault.Code, f.Fault.Detail)
	}
	return f, nil
}

func (o *opened) sound() bool { return o.Rate >= 1000 && o.Rate <= maxRate }

func (h *heard) sound() bool { return h.Samples >= 0 && within(lowest, h.Level, highest) }

// sound says whether figures are ones that measure can bring back.
func (f *Figures) sound() bool {
	for _, l := range slices.Concat([]float64{f.Level, f.Floor, f.HumLevel, f.RoomNoise}, f.Levels, f.RoomLevels, f.Spectrum) {
		if !within(lowest, l, highest) {
			return false
		}
	}
	for _, r := range []struct{ v, most float64 }{
		{f.Clipping, 1}, {f.Dropouts, 1}, {f.Hum, 200}, {f.Peak, loudest}, {f.DCOffset, loudest},
		{f.Bandwidth, maxRate}, {f.Seconds, 600}, {f.Room, 600}, {f.RateError, 1}, {f.RateWithin, 1},
	} {
		if !within(0, r.v, r.most) {
			return false
		}
	}
	return len(f.Levels) <= maxLevels && len(f.RoomLevels) <= maxLevels && len(f.Spectrum) <= maxBands && f.Rate >= 1000 && f.Rate <= maxRate
}

// within allows for the rounding of a level series.
func within(least, v, most float64) bool {
	return !math.IsNaN(v) && v >= least-0.1 && v <= most+0.1
}
