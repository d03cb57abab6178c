package lab

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Role is the part that this process was started for with Part; empty in the test that starts the parts.
func Role() string { return os.Getenv("DESKREADY_LAB_ROLE") }

// Part runs the calling top-level test once more, at the host, in a process in which Role answers role: that is how Go
// code of the test gets to that end of the line. What the part prints comes mixed with the lines of the test itself, so
// it gives its result with Answer.
//
//	switch lab.Role() {
//	case "office": serve(t); return
//	case "hire":   lab.Answer(t, measure(t)); return
//	}
//	net := lab.Net(t, lab.Line{Down: 25, Up: 5, RTT: 40 * time.Millisecond})
//	office := net.Office.Part(t, "office")
//	office.Start(t)
//	got := lab.Result[figures](t, net.Hire.Part(t, "hire", net.Office.Addr))
//
// Further arguments reach the part as Args.
func (h Host) Part(t testing.TB, role string, args ...string) *Part {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	top, _, _ := strings.Cut(t.Name(), "/")
	answer := filepath.Join(t.TempDir(), "answer.json")
	packed, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	cmd := h.Command(t.Context(), "env", "DESKREADY_LAB_ROLE="+role, "DESKREADY_LAB_ANSWER="+answer,
		"DESKREADY_LAB_ARGS="+string(packed), self, "-test.run=^"+top+"$", "-test.count=1", "-test.v")
	return &Part{Cmd: cmd, answer: answer}
}

// A Part is one end of a test, in a process of its own.
type Part struct {
	*exec.Cmd
	answer string
}

// Start starts a part that serves until the test ends. What it printed is logged if the test fails.
func (p *Part) Start(t testing.TB) {
	t.Helper()
	var out bytes.Buffer
	p.Stdout, p.Stderr = &out, &out
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Cancel()
		if p.Wait(); t.Failed() {
			t.Logf("%s:\n%s", p.Cmd, out.String())
		}
	})
}

// Args are the further arguments that Part was given.
func Args(t testing.TB) []string {
	t.Helper()
	var args []string
	if err := json.Unmarshal([]byte(os.Getenv("DESKREADY_LAB_ARGS")), &args); err != nil {
		t.Fatal(err)
	}
	return args
}

// Answer gives the result of a part to the test that started it.
func Answer(t testing.TB, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(os.Getenv("DESKREADY_LAB_ANSWER"), b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Result runs a part to its end and answers what it gave to Answer.
func Result[T any](t testing.TB, p *Part) (v T) {
	t.Helper()
	o := Finish(t, p.Cmd)
	b, err := os.ReadFile(p.answer)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil || o.ExitCode != 0 {
		t.Fatalf("%s: exit %d, %v\n%s%s", p.Cmd, o.ExitCode, err, o.Stdout, o.Stderr)
	}
	return v
}
