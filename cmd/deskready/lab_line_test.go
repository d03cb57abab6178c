//go:build lab

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/lab"
	"deskready/report"
)

// A street is a hire's desk and an office with a line between them, with the real program at both ends.
type street struct {
	*lab.Network
	program, data, home string
	environment         []string  // of the hire's program
	server              *exec.Cmd // nil where nobody serves
}

func newStreet(t *testing.T, program string, line lab.Line) *street {
	s := &street{Network: lab.Net(t, line), program: program, data: filepath.Join(t.TempDir(), "data"), home: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(s.data, "policies"), 0o700); err != nil {
		t.Fatal(err)
	}
	return s
}

// serve starts the collector at the office, and waits until it takes connections.
func (s *street) serve(t *testing.T, args ...string) {
	t.Helper()
	s.serveWith(t, s.program, nil, args...)
}

func (s *street) serveWith(t *testing.T, program string, environment []string, args ...string) {
	t.Helper()
	if len(args) == 0 {
		args = []string{"--listen", s.Office.Addr + ":8440"}
	}
	ctx, stop := context.WithCancel(t.Context())
	cmd := at(s.data, s.Office.Command(ctx, program, append([]string{"serve", "--data", s.data, "--employer", "Acme"}, args...)...))
	cmd.Env = append(cmd.Env, environment...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.server = cmd
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the collector said:\n%s", said.String())
		}
	})
	if _, err := out.Read(make([]byte, 1)); err != nil { // its address, once the ports are open
		t.Fatalf("the collector did not start: %v", err)
	}
	time.Sleep(200 * time.Millisecond)
}

// invite asks a hire, under a policy that is shipped or lies in policies.
func (s *street) invite(t *testing.T, policy string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hire.invite.json")
	o := lab.Finish(t, at(s.data, exec.CommandContext(t.Context(), s.program, "invite", "create", "--data", s.data, "--for", "Ana", "--policy", policy, "--out", file)))
	if o.ExitCode != 0 {
		t.Fatalf("%+v", o)
	}
	return file
}

// A visit is one run of check at the hire's desk.
type visit struct {
	lab.Outcome
	report.Report
	after time.Duration // from the meddling to the end
}

// check runs the program at the hire's desk. Once its progress holds the mark, meddle is called, which answers when it did
// the harm.
func (s *street) check(t *testing.T, invite, mark string, meddle func(hire *exec.Cmd) time.Time, args ...string) visit {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	args = append([]string{"check", "--invite", invite, "--yes", "--no-page", "--format", "json", "--out", filepath.Join(s.home, "hire.deskready.json")}, args...)
	cmd := at(s.home, s.Hire.Command(ctx, s.program, args...))
	cmd.Env = append(cmd.Env, s.environment...)
	var out bytes.Buffer
	log := &watched{mark: mark}
	faulty := make(chan time.Time, 1)
	log.found = func() { go func() { faulty <- meddle(cmd) }() }
	cmd.Stdout, cmd.Stderr = &out, log
	began := time.Now()
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	v := visit{Outcome: lab.Outcome{Stdout: out.String(), Stderr: log.said.String(), ExitCode: cmd.ProcessState.ExitCode(), Took: time.Since(began)}}
	if mark != "" {
		select {
		case when := <-faulty:
			v.after = time.Since(when)
		case <-time.After(time.Second):
			t.Fatalf("%q was said too late or never:\n%s", mark, v.Stderr)
		}
	}
	var err error
	if v.Report, err = report.Decode(out.Bytes()); err != nil {
		t.Fatalf("exit code %d: %v\n%s\n%s", v.ExitCode, err, v.Stdout, v.Stderr)
	}
	return v
}

// watched gathers what a program says, and calls found once as soon as it has said the mark.
type watched struct {
	said  strings.Builder
	mark  string
	found func()
	once  sync.Once
}

func (w *watched) Write(b []byte) (int, error) {
	w.said.Write(b)
	if w.mark != "" && strings.Contains(w.said.String(), w.mark) {
		w.once.Do(w.found)
	}
	return len(b), nil
}

// lastBy is the newest measurement of a metric.
func lastBy(r report.Report, metric, by string) (found checks.Measurement, ok bool) {
	for _, result := range r.Results {
		for _, m := range result.Measurements {
			if m.Metric == metric && m.By == by {
				found, ok = m, true
			}
		}
	}
	return found, ok
}

// finding is what the policy says of a metric by the tool's own figures.
func (v visit) finding(t *testing.T, metric string) report.Finding {
	t.Helper()
	for _, f := range v.Findings {
		if f.Metric == metric && f.By != checks.ByCollector {
			return f
		}
	}
	t.Fatalf("no finding about %s", metric)
	return report.Finding{}
}

// says is a measurement in one word: its value, or code and side of the reason why there is none.
func (v visit) says(metric string) string {
	m, ok := lastBy(v.Report, metric, checks.ByTool)
	switch {
	case !ok:
		return "nothing"
	case m.Missing != nil:
		return m.Missing.Code + "/" + m.Missing.Side
	case m.Unit == checks.Text:
		return m.Text
	}
	return strconv.FormatFloat(m.Value, 'g', -1, 64)
}

// busy says that a computer was too busy for a test call, which says nothing of the line: then a test tries again.
func (v visit) busy() bool {
	for _, metric := range []string{"call.mos", "call.mos_loaded"} {
		if says := v.says(metric); says == "call_busy_computer/hire" || says == "office_busy/office" {
			return true
		}
	}
	return false
}

func kill(cmd *exec.Cmd) { _ = cmd.Process.Signal(syscall.SIGKILL) }

// once is a shipped policy without second attempts: one shows what there is to see.
func (s *street) once(t *testing.T, policy string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../report/policies", policy+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	again := regexp.MustCompile(`(?m)^retry:.*\n`)
	if !again.Match(text) {
		t.Fatalf("%s repeats nothing", policy)
	}
	return s.policy(t, policy+"-once", string(again.ReplaceAll(text, nil)))
}

func (s *street) policy(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.data, "policies", name+".yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestLabBufferbloat is the line that megabits, loss and jitter call good, and on which calls die: 10 Mbit/s with a queue
// of 400 ms.
func TestLabBufferbloat(t *testing.T) {
	s := newStreet(t, lab.Build(t, "./cmd/deskready"), lab.Line{Down: 10, Up: 10, RTT: 20 * time.Millisecond, Queue: 400 * time.Millisecond})
	s.serve(t)
	policy := s.once(t, "voice-agent")
	var v visit
	for range 3 {
		if v = s.check(t, s.invite(t, policy), "", nil, "--name", "Ana", "--only", "bandwidth,call", "--quick"); !v.busy() {
			break
		}
	}
	for _, metric := range []string{"call.mos", "call.loss_up", "call.loss_down", "call.jitter_up", "call.jitter_down"} {
		if f := v.finding(t, metric); f.Outcome != report.Pass {
			t.Errorf("%s on the idle line: %s %+v", metric, f.Outcome, f.Missing)
		}
	}
	loaded := v.finding(t, "call.mos_loaded")
	t.Logf("call.mos_loaded %s: %s, late %s up and %s down, lost %s and %s; idle call.mos %s, jitter %s s up, %s s down; %v", v.says("call.mos_loaded"), loaded.Outcome,
		v.says("call.late_loaded_up"), v.says("call.late_loaded_down"), v.says("call.loss_loaded_up"), v.says("call.loss_loaded_down"),
		v.says("call.mos"), v.says("call.jitter_up"), v.says("call.jitter_down"), v.Took)
	if loaded.Outcome != report.Fail && loaded.Outcome != report.Warn {
		t.Errorf("call.mos_loaded: %s %s", v.says("call.mos_loaded"), loaded.Outcome)
	}
	text := lab.Finish(t, at(s.home, exec.CommandContext(t.Context(), s.program, "show", filepath.Join(s.home, "hire.deskready.json"))))
	plain := strings.Join(strings.Fields(text.Stdout), " ")
	for _, words := range []string{"the sound waits in a long line inside your router", "bufferbloat", "Smart Queue"} {
		if !strings.Contains(plain, words) {
			t.Errorf("the words %q are missing in\n%s%s", words, text.Stdout, text.Stderr)
		}
	}
}
