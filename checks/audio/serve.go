package audio

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"
	"time"

	"deskready/checks"
)

// maxRate is the highest sampling rate that is asked of a device.
const maxRate = 192000

// maxSeconds bounds a recording.
const maxSeconds = 20

// Sound is the computer's sound, as the child meets it. Its calls may hang for ever, which is why there is a child.
type Sound interface {
	// Devices lists what there is. Its error is a *checks.Problem where the reason is known.
	Devices() (Devices, error)
	// Record opens the microphone, at the given rate where it can, hands the running recording to began, and returns when
	// that is full and the device closed.
	Record(rate int, seconds float64, began func(*recording)) error
	// Play does the same while it plays n sweeps on the default output. It opens each for itself: one stream for both ways
	// is chopped on many systems. output is the rate of the output. It returns when began does.
	Play(rate, output, n int, began func(*recording, *playing)) error
}

// recording is where the audio thread leaves its samples: it must neither wait nor allocate, so it copies and moves a
// counter, and nobody reads past the counter.
type recording struct {
	rate  int
	pcm   []float32
	n     atomic.Int64
	first atomic.Int64 // when the first sample was taken, ns
	came  arrivals
	full  chan struct{}
}

func newRecording(rate int, seconds float64) *recording {
	samples := max(int(seconds*float64(rate)), 1)
	return &recording{rate: rate, pcm: make([]float32, samples), came: newArrivals(seconds), full: make(chan struct{})}
}

// take is called by the audio thread alone.
func (r *recording) take(in []float32) {
	n := r.n.Load()
	if n == int64(len(r.pcm)) {
		return
	}
	if n == 0 && len(in) > 0 {
		r.first.Store(time.Now().UnixNano() - int64(len(in))*int64(time.Second)/int64(r.rate))
	}
	n += int64(copy(r.pcm[n:], in))
	r.came.note(int(n))
	r.n.Store(n)
	if n == int64(len(r.pcm)) {
		close(r.full)
	}
}

func (r *recording) sofar() []float32 { return r.pcm[:r.n.Load()] }

// RunChild is the whole life of the sound child: it reads one request from in, says hello and then what it finds to out,
// and returns when that is said or in ends, whichever is first. It may leave calls of the sound system behind that never return:
// the caller must end the process then.
func RunChild(in io.Reader, out io.Writer) error {
	return serve(in, out, newSound)
}

func serve(in io.Reader, out io.Writer, sound func(request) Sound) error {
	lines := bufio.NewReader(io.LimitReader(in, 64<<10))
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	if err := r.check(); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- work(r, out, sound(r)) }()
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in) // any end of the parent ends this
		close(gone)
	}()
	select {
	case err := <-done:
		return err
	case <-gone:
		return nil
	}
}

func (r request) check() error {
	switch {
	case !(r.Seconds >= 0 && r.Seconds <= maxSeconds), !(r.Room >= 0 && r.Room <= maxSeconds), r.Rate < 0, r.Rate > maxRate, r.Output < 0, r.Output > maxRate, r.Sweeps < 0, r.Sweeps > mostSweeps:
		return errors.New("out of bounds")
	case r.Job == jobPlay && r.Sweeps == 0:
		return errors.New("nothing to play")
	case r.Job != jobDevices && r.Job != jobRecord && r.Job != jobPlay:
		return fmt.Errorf("no job %q", r.Job)
	}
	return nil
}

// work says hello before anything is asked of the sound system: what the child needed until then is its own slowness,
// what it needs from then on is the sound system's.
func work(r request, out io.Writer, sound Sound) error {
	if err := say(out, frame{Hello: true}); err != nil {
		return err
	}
	switch r.Job {
	case jobRecord:
		return record(r, out, sound)
	case jobPlay:
		return play(r, out, sound)
	}
	d, err := sound.Devices()
	if err != nil {
		return say(out, frame{Fault: faultFrom(err)})
	}
	d.Inputs, d.Outputs = bounded(d.Inputs), bounded(d.Outputs)
	return say(out, frame{Devices: &d})
}

func faultFrom(err error) *checks.Problem {
	var p *checks.Problem
	if errors.As(err, &p) {
		return p
	}
	return faultOf(codeNotOpened, err.Error())
}

// tick is how often the child says how far it is.
const tick = 100 * time.Millisecond

// record records, says how far it is ten times a second, and takes the figures of it all. They are said before the
// device is closed: closing may hang, and the figures are out by then.
func record(r request, out io.Writer, sound Sound) error {
	said := make(chan error, 1)
	err := sound.Record(r.Rate, r.Seconds, func(rec *recording) {
		if err := say(out, frame{Opened: &opened{Rate: rec.rate}}); err != nil {
			said <- err
			return
		}
		whole := func(float64) bool { return false }
		said <- follow(rec, out, whole, func() frame {
			f := rec.figures(r.Room)
			return frame{Figures: &f}
		})
	})
	if err != nil {
		return say(out, frame{Fault: faultFrom(err)})
	}
	return <-said
}

// play does the same with what comes back of the sweeps.
func play(r request, out io.Writer, sound Sound) error {
	said := make(chan error, 1)
	err := sound.Play(r.Rate, r.Output, r.Sweeps, func(rec *recording, p *playing) {
		if err := say(out, frame{Opened: &opened{Rate: rec.rate}}); err != nil {
			said <- err
			return
		}
		said <- follow(rec, out, p.over, func() frame {
			if why := p.failed(); why != "" {
				return frame{Fault: faultOf(codeNotPlayed, why)}
			}
			e := findEcho(rec.sofar(), rec.rate, p.since(rec.first.Load()))
			return frame{Echo: &e}
		})
	})
	if err != nil {
		return say(out, frame{Fault: faultFrom(err)})
	}
	return <-said
}

// follow says how far a recording is until it is full, or enough by its seconds, and then what it came to.
func follow(rec *recording, out io.Writer, enough func(seconds float64) bool, came func() frame) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := 0
	sayHeard := func() error {
		pcm := rec.sofar()
		level := dB(math.Sqrt(power(soundSignal(pcm[last:]))))
		last = len(pcm)
		return say(out, frame{Heard: &heard{Samples: last, Level: math.Round(level)}})
	}
	for {
		select {
		case <-rec.full:
			if err := sayHeard(); err != nil { // the parent waits for samples no longer
				return err
			}
			return say(out, came())
		case <-ticker.C:
			if err := sayHeard(); err != nil {
				return err
			}
			if enough(float64(last) / float64(rec.rate)) {
				return say(out, came())
			}
		}
	}
}

// settled leaves out what the start of a device brings: the first 200 ms, and zeros of up to 2 s, which is how long a
// Bluetooth headset takes to change over to its microphone.
func settled(pcm []float32, rate int) []float32 {
	from := min(rate/5, len(pcm)/4)
	for most := min(from+2*rate, len(pcm)/2); from < most && pcm[from] == 0; {
		from++
	}
	return pcm[from:]
}
