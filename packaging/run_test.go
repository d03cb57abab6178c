//go:build linux

package packaging

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain lets this binary stand in for the program: run.sh must tell what went wrong, whatever the program does.
func TestMain(m *testing.M) {
	if plan := os.Getenv("FAKE_DESKREADY"); plan != "" {
		os.Exit(fake(plan, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// fake keeps to the plan: the exit code of each command, such as "check=10 verify=10".
func fake(plan string, args []string) int {
	for step := range strings.FieldsSeq(plan) {
		if code, ok := strings.CutPrefix(step, args[0]+"="); ok {
			n, _ := strconv.Atoi(code)
			if n == 0 || n == 10 || n == 11 {
				leave(args)
			}
			return n
		}
	}
	switch args[0] {
	case "serve":
		return serve(args[slices.Index(args, "--listen")+1])
	case "invite", "check":
		leave(args)
	}
	return 0
}

func leave(args []string) {
	if i := slices.Index(args, "--out"); i >= 0 {
		os.WriteFile(args[i+1], []byte("{}\n"), 0o600)
	}
}

func serve(address string) int {
	fmt.Println("http://" + address)
	fmt.Println("http://" + address + "/link/once")
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	fmt.Fprintln(os.Stderr, http.ListenAndServe(address, nil))
	return 1
}

func TestRun(t *testing.T) {
	tests := []struct {
		name, plan string
		code       int
		want       string
	}{
		{"ready", "-", 0, "Verdict: ready."},
		{"not ready", "check=10 verify=10", 0, "Verdict: not ready."},
		{"undecided", "check=11 verify=11", 0, "Verdict: undecided."},
		{"says where the page is", "-", 0, "/link/once"},
		{"not delivered", "check=12", 1, "did not reach the collector"},
		{"check breaks", "check=1", 1, "did not come to a verdict (exit code 1)"},
		{"interrupted", "check=130", 130, ""},
		{"does not verify", "verify=20", 1, "does not verify (exit code 20)"},
		{"verifier differs", "check=10 verify=0", 1, "the check said not ready, but the verifier says ready"},
		{"no invite", "invite=2", 1, "the invite could not be made (exit code 2)"},
		{"no collector", "serve=1", 1, "the collector did not start"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, said := journey(t, tt.plan, freePort(t))
			if code != tt.code || !strings.Contains(said, tt.want) {
				t.Errorf("exit %d, want %d with %q:\n%s", code, tt.code, tt.want, said)
			}
		})
	}
}

// TestRunLeavesATakenPort finds the collector on the next port, and gone when the journey has ended.
func TestRunLeavesATakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	code, said := journey(t, "-", port)
	if code != 0 || strings.Contains(said, fmt.Sprintf("127.0.0.1:%d\n", port)) {
		t.Fatalf("exit %d:\n%s", code, said)
	}
	_, after, _ := strings.Cut(said, "serves http://")
	address, _, _ := strings.Cut(after, "\n")
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Errorf("the collector still answers at %s", address)
	}
}

func TestRunWithoutProgram(t *testing.T) {
	cmd := exec.Command("./run.sh")
	cmd.Env = append(os.Environ(), "DESKREADY="+filepath.Join(t.TempDir(), "deskready"))
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "make build") {
		t.Errorf("%v: %s", err, out)
	}
}

// freePort is one that was free a moment ago.
func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// journey runs run.sh with this binary in the program's place.
func journey(t *testing.T, plan string, port int) (code int, said string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "./run.sh")
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = append(os.Environ(), "FAKE_DESKREADY="+plan, "DESKREADY="+self, "DESKREADY_DATA="+t.TempDir(),
		"DESKREADY_PORT="+strconv.Itoa(port))
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
