package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"deskready/checks"
	"deskready/checks/all"
)

// The scripts drive the real program over a fake machine: a file machine.json says what the checks bring back. All
// else is real: checks as described, judging, sealing, files, the collector and the way to it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"deskready": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			context.AfterFunc(ctx, stop)
			w := reality()
			if file := os.Getenv("MACHINE"); file != "" {
				w.list = func(o all.Options) []checks.Check { return fakeMachine(file, o) }
			}
			w.self = func(ctx context.Context, args ...string) *exec.Cmd {
				return exec.CommandContext(ctx, os.Args[0], args...) // by the name that makes this binary the program
			}
			if os.Getenv("PERSON") != "" { // answers come by standard input
				w.asks = true
			}
			if day := os.Getenv("TODAY"); day != "" {
				at, err := time.Parse(time.RFC3339, day)
				if err != nil {
					panic(err)
				}
				w.now = func() time.Time { return at }
			}
			if ahead := os.Getenv("AHEAD"); ahead != "" { // a clock that goes, and goes wrong
				by, err := time.ParseDuration(ahead)
				if err != nil {
					panic(err)
				}
				w.now = func() time.Time { return time.Now().Add(by) }
			}
			os.Exit(w.run(ctx, os.Args[1:]))
		},
	})
}

// machine is what a fake machine brings back.
type machine struct {
	Measurements []checks.Measurement `json:"measurements"`
	Hang         []string             `json:"hang"`  // checks that never come back
	Panic        []string             `json:"panic"` // checks that fail by a fault of ours
	Slow         []string             `json:"slow"`  // checks that take five seconds
	Asks         []string             `json:"asks"`  // checks that ask the person twice, and take their time
	Real         []string             `json:"real"`  // checks that are not faked
	Cut          []string             `json:"cut"`   // checks that are begun, given up at their upload, and faked
}

func fakeMachine(file string, o all.Options) []checks.Check {
	list := all.All(o)
	for i, c := range list {
		if read(file).real(c.Name) {
			continue
		}
		list[i].Measure = func(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
			m := read(file)
			if slices.Contains(m.Cut, c.Name) {
				cut(ctx, c, tell)
			}
			tell(checks.Event{Step: c.Name + ".title", Left: 2 * time.Second})
			switch {
			case slices.Contains(m.Asks, c.Name):
				askTwice(ctx, c, o.Audio.Ask, tell)
			case slices.Contains(m.Panic, c.Name):
				panic("as asked")
			case slices.Contains(m.Hang, c.Name):
				select {}
			case slices.Contains(m.Slow, c.Name):
				select {
				case <-time.After(5 * time.Second):
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			var mine []checks.Measurement
			for _, got := range m.Measurements {
				if strings.HasPrefix(got.Metric, c.Name+".") {
					mine = append(mine, got)
				}
			}
			return mine, &checks.Problem{Code: checks.CodeAbsent, Side: checks.SideHire}
		}
	}
	return list
}

// askTwice asks as the check of sound does, and shows a level meanwhile.
func askTwice(ctx context.Context, c checks.Check, ask checks.Ask, tell checks.Progress) {
	if ask == nil {
		return
	}
	_, _ = ask.Put(ctx, checks.Question{Key: "audio.ask.ready"}) // the machine is the same, whatever is answered
	_, _ = ask.Put(ctx, checks.Question{Key: "audio.ask.again", Choices: []string{"audio.answer.go_on", "audio.answer.again"}})
	for i := range 15 {
		tell(checks.Event{Check: c.Name, Step: "audio.step.speak", Done: float64(i) / 15, Left: time.Duration(15-i) * 100 * time.Millisecond, Metric: "audio.speech_level", Value: -24})
		time.Sleep(100 * time.Millisecond)
	}
}

// cut really measures until the upload begins, and leaves.
func cut(ctx context.Context, c checks.Check, tell checks.Progress) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, _ = c.Measure(ctx, func(e checks.Event) {
		if e.Step == c.Name+".step.upload" {
			cancel()
		}
		tell(e)
	})
}

func (m machine) real(check string) bool { return slices.Contains(m.Real, check) }

func read(file string) machine {
	data, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	var m machine
	if err := json.Unmarshal(data, &m); err != nil {
		panic(err)
	}
	return m
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			e.Setenv("HOME", home)
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
			e.Setenv("XDG_STATE_HOME", filepath.Join(home, ".state"))
			e.Setenv("MACHINE", filepath.Join(e.WorkDir, "machine.json"))
			e.Setenv("LANG", "C.UTF-8")
			agent, err := filepath.Abs(filepath.Join("testdata", "policies", "agent.yaml"))
			if err != nil {
				return err
			}
			e.Setenv("AGENT", agent)
			return os.MkdirAll(home, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"machine":     machineCommand,
			"sleep":       sleepCommand,
			"frozensound": frozensoundCommand,
			"collector":   collectorCommand,
			"impostor":    impostorCommand,
			"interrupt":   interruptCommand,
			"exits":       exitsCommand,
			"jq":          jqCommand,
			"edit":        editCommand,
			"onedocument": oneDocument,
		},
	})
}

// machineCommand sits the hire down in front of a machine ("machine slow_line").
func machineCommand(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(filepath.Join("testdata", "machines", args[0]+".json"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.Getenv("MACHINE"), data, 0o600))
}

// frozensoundCommand is a sound server that takes calls and never answers ("frozensound SOCKET").
func frozensoundCommand(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("unix", ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	go func() {
		var held []net.Conn // until the script ends: a connection that is forgotten is closed
		defer func() {
			for _, c := range held {
				_ = c.Close()
			}
		}()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			held = append(held, c)
		}
	}()
}

func sleepCommand(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	time.Sleep(d)
}

// collectorCommand starts a real collector on a data folder ("collector DIR [ADDRESS]") and sets COLLECTOR.
func collectorCommand(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	listen := "127.0.0.1:0"
	if len(args) > 1 {
		listen = strings.TrimPrefix(args[1], "http://")
	}
	cmd := exec.Command("deskready", "serve", "--listen", listen, "--data", dir, "--employer", "Acme")
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "MACHINE="+ts.Getenv("MACHINE"), "PATH="+ts.Getenv("PATH"),
		"TODAY="+ts.Getenv("TODAY"))
	cmd.Stderr = os.Stderr
	cmd.Path = lookPath(ts, "deskready")
	_ = os.Remove(placeFile(dir)) // of a start before
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	for range 200 {
		if at, err := readPlace(dir); err == nil && at.URL != "" && alive(at.URL) {
			ts.Setenv("COLLECTOR", at.URL)
			ts.Setenv("COLLECTOR_PID", strconv.Itoa(cmd.Process.Pid))
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("the collector did not start")
}

func lookPath(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if p := filepath.Join(dir, name); exists(p) {
			return p
		}
	}
	ts.Fatalf("%s is not on the path", name)
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func alive(url string) bool {
	r, err := (&http.Client{Timeout: time.Second}).Get(url + "/healthz")
	if err != nil {
		return false
	}
	defer r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// impostorCommand stands where a collector should be ("impostor 404|html|garbage|stall ADDRESS-OF-A-URL").
func impostorCommand(ts *testscript.TestScript, _ bool, args []string) {
	host := strings.TrimPrefix(args[1], "http://")
	var l net.Listener
	var err error
	for range 100 { // the collector that stood there may still be going
		if l, err = net.Listen("tcp", host); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Check(err)
	answers := map[string]http.HandlerFunc{
		"404": func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"html": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html><body>Welcome to the hotel. Please accept our terms.</body></html>")
		},
		"garbage": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte{0xff, 0x00, '{', '{', 0x7f})
		},
		"stall": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}
	s := &http.Server{Handler: answers[args[0]]}
	go func() { _ = s.Serve(l) }()
	ts.Defer(func() { _ = s.Close() })
}

// interruptCommand sends Ctrl-C to a process ("interrupt PID-FILE-OR-PID") and waits until it has gone.
func interruptCommand(ts *testscript.TestScript, _ bool, args []string) {
	pid, err := strconv.Atoi(args[0])
	ts.Check(err)
	p, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(p.Signal(os.Interrupt))
	for range 200 {
		if !alive(ts.Getenv("COLLECTOR")) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("process %d is still there", pid)
}

// exitsCommand runs a command and wants an exit code ("exits 12 deskready check ..."), within 60 seconds. Standard
// output and error are then there as after exec. "exits -int 3s 130 ..." sends Ctrl-C after three seconds.
func exitsCommand(ts *testscript.TestScript, _ bool, args []string) {
	var after time.Duration
	if args[0] == "-int" {
		d, err := time.ParseDuration(args[1])
		ts.Check(err)
		after, args = d, args[2:]
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, lookPath(ts, args[1]), args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "MACHINE", "LANG", "PATH", "PERSON", "TODAY", "NO_COLOR", "TMPDIR", "AGENT", "PULSE_SERVER", "XDG_RUNTIME_DIR", "ALSA_CONFIG_PATH"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	switch person := ts.Getenv("PERSON") != ""; {
	case person && after > 0: // somebody who sits there and does not answer the next question
		in, err := cmd.StdinPipe()
		ts.Check(err)
		answers := ts.ReadFile("answers")
		go func() { _, _ = io.WriteString(in, answers) }()
	case person:
		cmd.Stdin = strings.NewReader(ts.ReadFile("answers"))
	}
	stdout, stderr := ts.MkAbs("out"), ts.MkAbs("err")
	o, err := os.Create(stdout)
	ts.Check(err)
	defer o.Close()
	e, err := os.Create(stderr)
	ts.Check(err)
	defer e.Close()
	cmd.Stdout, cmd.Stderr = o, e
	ts.Check(cmd.Start())
	if after > 0 {
		time.AfterFunc(after, func() { _ = cmd.Process.Signal(os.Interrupt) })
	}
	err = cmd.Wait()
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", got, want, ts.ReadFile("out"), ts.ReadFile("err"))
	}
}

// jqCommand holds an expression of jq against a JSON file ("jq out '.verdict == "ready"'").
func jqCommand(ts *testscript.TestScript, neg bool, args []string) {
	cmd := exec.Command("jq", "-e", args[1], ts.MkAbs(args[0]))
	out, err := cmd.CombinedOutput()
	if (err == nil) == neg {
		ts.Fatalf("jq %s on %s: %v %s\n%s", args[1], args[0], err, out, ts.ReadFile(args[0]))
	}
}

// oneDocument wants exactly one JSON document in a file, and nothing else.
func oneDocument(ts *testscript.TestScript, _ bool, args []string) {
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	var doc map[string]any
	ts.Check(dec.Decode(&doc))
	if dec.More() {
		ts.Fatalf("more than one document in %s", args[0])
	}
}

// editCommand changes a file ("edit FILE OLD NEW"), or cuts it ("edit FILE -cut N"), or makes it huge ("edit FILE -huge").
func editCommand(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	switch args[1] {
	case "-cut":
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		text = text[:n]
	case "-huge":
		text += strings.Repeat(" ", 3<<20)
	default:
		if !strings.Contains(text, args[1]) {
			ts.Fatalf("%s does not contain %q", args[0], args[1])
		}
		text = strings.Replace(text, args[1], args[2], 1)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
