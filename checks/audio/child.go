package audio

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"deskready/checks"
)

// limits are how long the parent waits for what. Of the sound system's, every one has hung for ever on a real computer;
// hello and finish are the child's own, and what is late there says nothing of the sound system.
type limits struct {
	hello  time.Duration // start to the child's hello: a virus scan or swapping takes seconds
	list   time.Duration // hello to the list of devices
	open   time.Duration // hello to the open microphone: a busy computer takes 2 s, a frozen sound server for ever
	first  time.Duration // open to the first sample
	age    time.Duration // sample to sample
	finish time.Duration // last sample to the figures: a second, and more where other programs leave no time for it
}

var usual = limits{hello: 10 * time.Second, list: 5 * time.Second, open: 6 * time.Second, first: 4 * time.Second,
	age: 2 * time.Second, finish: 15 * time.Second}

// children starts sound children, watches over them and ends them.
type children struct {
	start   func(context.Context) *exec.Cmd
	server  string
	cookies []string
	limits  limits
	chosen  *Device // the microphone in the default's place; nil: the default
}

func childrenOf(o Options, l limits) children {
	c := children{start: o.Child, limits: l}
	if o.Env != nil {
		c.server, c.cookies = serverOf(o.Env)
	}
	return c
}

// devices lists what there is.
func (c children) devices(ctx context.Context) (*Devices, *checks.Problem) {
	var got *Devices
	w := watch{limit: c.limits.list, whole: c.limits.list, late: missing(codeFrozen)}
	p := c.run(ctx, request{Job: jobDevices}, &w, func(f frame) bool {
		got = f.Devices
		return got != nil
	})
	return got, p
}

// record records and brings back the figures. hear is told of each sign of life.
func (c children) record(ctx context.Context, rate int, seconds, room float64, hear func(samples, rate int, level float64)) (*Figures, *checks.Problem) {
	f, p := c.listen(ctx, request{Job: jobRecord, Rate: rate, Seconds: seconds, Room: room}, seconds, hear)
	return f.Figures, p
}

// play plays sweeps while it records, and brings back what came of them.
func (c children) play(ctx context.Context, rate, output, sweeps int, hear func(samples, rate int, level float64)) (*Echo, *checks.Problem) {
	f, p := c.listen(ctx, request{Job: jobPlay, Rate: rate, Output: output, Sweeps: sweeps}, sweepsLast(sweeps), hear)
	return f.Echo, p
}

// listen watches over a child that records for so many seconds, and brings back what it came to.
func (c children) listen(ctx context.Context, r request, seconds float64, hear func(samples, rate int, level float64)) (frame, *checks.Problem) {
	var got frame
	open, last := 0, 0
	whole := c.limits.open + c.limits.first + c.limits.finish + time.Duration(1.5*seconds*float64(time.Second))
	w := watch{limit: c.limits.open, whole: whole, late: missing(codeFrozen)}
	p := c.run(ctx, r, &w, func(f frame) bool {
		switch {
		case f.Opened != nil && open == 0:
			open = f.Opened.Rate
			w.until(c.limits.first, missing(codeStalled))
		case f.Heard != nil && open > 0 && f.Heard.Samples > last:
			last = f.Heard.Samples
			if float64(last) >= math.Floor(seconds*float64(open)) {
				w.until(c.limits.finish, faultOf(checks.CodeTimeout, "the figures came late"))
			} else {
				w.until(c.limits.age, missing(codeStalled))
			}
			hear(last, open, f.Heard.Level)
		case f.Figures != nil && r.Job == jobRecord, f.Echo != nil && r.Job == jobPlay:
			got = f
			return true
		}
		return false
	})
	return got, p
}

// watch is the time that is left until the next thing must have happened, and what it means when it did not. It is
// touched by the goroutine of run alone.
type watch struct {
	limit time.Duration // hello to what is asked for first
	whole time.Duration // hello to the end of it all: samples that trickle are no microphone
	late  *checks.Problem
	end   time.Time // zero until hello
	timer *time.Timer
}

// greet starts the limits of the sound system: until the child has said hello, only its own runs.
func (w *watch) greet() {
	if w.end.IsZero() {
		w.end = time.Now().Add(w.whole)
		w.until(w.limit, w.late)
	}
}

// missed is what it means that the time is over.
func (w *watch) missed() *checks.Problem {
	if w.end.IsZero() {
		return faultOf(checks.CodeTimeout, "the sound part did not start in time")
	}
	return w.late
}

func (w *watch) until(d time.Duration, late *checks.Problem) {
	w.late = late
	w.timer.Reset(min(d, time.Until(w.end)))
}

// run starts a child, hands its frames to hand until that has what it wants, and ends the child, whatever happens: when
// run returns, no process is left.
func (c children) run(ctx context.Context, r request, w *watch, hand func(frame) (enough bool)) (p *checks.Problem) {
	r.Server, r.Cookies = c.server, c.cookies
	cmd := c.start(ctx)
	if c.chosen != nil {
		r.Device = c.chosen.Name
		choose(cmd, c.chosen.ID)
	}
	errs := &firstLine{}
	cmd.Stderr = errs
	cmd.WaitDelay = time.Second // a grandchild may hold the pipes open
	ownGroup(cmd)
	in, out, err := pipes(cmd)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return &checks.Problem{Code: codeFailed, Detail: "the program cannot be started again", Side: checks.SideTool}
	}
	defer in.Close()
	ctx, cancel := context.WithCancel(ctx)
	heard := make(chan frame)
	ended := make(chan error, 1)
	go func() {
		ended <- frames(out, func(f frame) {
			select {
			case heard <- f:
			case <-ctx.Done():
			}
		})
	}()
	defer func() { end(cmd, p == nil) }()
	defer cancel()
	go ask(in, r)
	w.timer = time.NewTimer(c.limits.hello)
	defer w.timer.Stop()
	return await(ctx, heard, ended, w, hand, errs)
}

// goodbye is how long a child that did its work may take to close its device before it is ended: some drivers keep a
// device that nobody closed.
const goodbye = 500 * time.Millisecond

// end leaves no process behind. How the child ended is seen from what it said.
func end(cmd *exec.Cmd, well bool) {
	gone := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(gone)
	}()
	if well {
		select {
		case <-gone:
		case <-time.After(goodbye):
		}
	}
	endGroup(cmd)
	<-gone
}

func pipes(cmd *exec.Cmd) (io.WriteCloser, io.Reader, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	return in, out, err
}

// ask writes the request. A child that does not read is found out by the watch.
func ask(in io.Writer, r request) {
	line, err := json.Marshal(r)
	if err == nil {
		_, _ = in.Write(append(line, '\n'))
	}
}

// await is the watch over one child.
func await(ctx context.Context, heard <-chan frame, ended <-chan error, w *watch, hand func(frame) bool, errs *firstLine) *checks.Problem {
	for {
		select {
		case f := <-heard:
			switch {
			case f.Fault != nil:
				return f.Fault
			case f.Hello:
				w.greet()
			case w.end.IsZero():
				return faultOf(codeFailed, "the sound part did not say hello first")
			case hand(f):
				return nil
			}
		case err := <-ended:
			if errors.Is(err, errGarbage) {
				return faultOf(codeFailed, "the sound part says what cannot be read")
			}
			return faultOf(codeFailed, strings.TrimSpace("the sound part ended early. "+errs.text()))
		case <-w.timer.C:
			return w.missed()
		case <-ctx.Done():
			return &checks.Problem{Code: checks.CodeInterrupted, Side: checks.SideHire}
		}
	}
}

// firstLine keeps the first line of an error output that says something, and drops the rest: PortAudio and the
// libraries under it write a hundred lines on every start.
type firstLine struct {
	mu   sync.Mutex
	rest string
	line string
}

// noise are the lines of libraries that look for what is not there; places are paths, which may hold a user's name.
var (
	noise  = regexp.MustCompile(`^(ALSA lib|Cannot connect to server|jack server|JackShm|Expression |connect\(|attempt to connect|Home directory|\s*$)`)
	places = regexp.MustCompile(`\S*[/\\]\S*`)
)

const maxErrors = 4096 // per line; more is cut

func (l *firstLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.line != "" {
		return len(p), nil
	}
	l.rest += string(p[:min(len(p), 8*maxErrors)])
	for l.line == "" {
		line, rest, whole := strings.Cut(l.rest, "\n")
		if !whole && len(line) < maxErrors {
			break
		}
		l.rest = rest
		l.consider(line)
	}
	return len(p), nil
}

func (l *firstLine) consider(line string) {
	if !noise.MatchString(line) {
		l.line = checks.Clean(places.ReplaceAllString(line, ""), 150)
	}
}

func (l *firstLine) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.line == "" {
		l.consider(l.rest)
	}
	return l.line
}
