//go:build unix

package audio

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"deskready/checks"
)

// kept remembers the children that were started, to see that none is left.
type kept struct {
	how   string
	procs []*exec.Cmd
}

func (k *kept) start(ctx context.Context) *exec.Cmd {
	cmd := as(k.how)(ctx)
	k.procs = append(k.procs, cmd)
	return cmd
}

// gone fails where a child, or anything that it started, is still there.
func (k *kept) gone(t *testing.T) {
	t.Helper()
	for _, cmd := range k.procs {
		if cmd.ProcessState == nil {
			t.Errorf("nobody waited for process %d", cmd.Process.Pid)
		}
		for deadline := time.Now().Add(3 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if errors.Is(syscall.Kill(-cmd.Process.Pid, 0), syscall.ESRCH) {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("group %d still runs", cmd.Process.Pid)
				break
			}
		}
	}
}

// TestBadChildren: whatever the sound system does to the child, the parent has an answer in bounded time, and nothing is
// left running.
func TestBadChildren(t *testing.T) {
	most := 3 * (short.hello + short.open + short.first + short.finish)
	late := map[string]bool{"never starts": true, "late figures": true}
	for how, code := range map[string]string{
		"good":                                 "",
		"hang at the end":                      "",
		"slow start":                           "",
		"never starts":                         checks.CodeTimeout,
		"late figures":                         checks.CodeTimeout,
		"no hello":                             codeFailed,
		"two hellos":                           codeFrozen,
		"hang":                                 codeFrozen,
		"hang after open":                      codeStalled,
		"hang after samples":                   codeStalled,
		"no samples":                           codeStalled,
		"trickle":                              codeStalled,
		"flood":                                codeFailed,
		"endless line":                         codeFailed,
		"endless print":                        codeFailed,
		"garbage":                              codeFailed,
		"die":                                  codeFailed,
		"die after samples":                    codeFailed,
		"spam":                                 codeFailed,
		"grandchild":                           codeStalled,
		"nothing at all":                       codeFailed,
		`{"fault":{"code":"sound_blocked"}}`:   codeBlocked,
		`{"fault":{"code":"an invented one"}}`: codeFailed,
		`{"opened":{"rate":-1}}`:               codeFailed,
		`{"figures":{"rate":48000,"level":1e300}}`: codeFailed,
		`{"figures":{"rate":48000},"fault":{}}`:    codeFailed,
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			k := &kept{how: how}
			began := time.Now()
			f, p := children{start: k.start, limits: short}.record(t.Context(), 48000, 0.5, 0, func(int, int, float64) {})
			if took := time.Since(began); took > most {
				t.Errorf("took %v", took)
			}
			switch {
			case code == "" && (p != nil || f == nil):
				t.Errorf("got %v, %v", f, p)
			case code != "" && (p == nil || p.Code != code || p.Side == ""):
				t.Errorf("got %+v, want %s", p, code)
			case late[how] && p.Side != checks.SideTool:
				t.Errorf("that this program is slow is the doing of %s", p.Side)
			}
			k.gone(t)
		})
	}
}

// TestSlowStart: how long the child takes to start says nothing of the sound system, which has its whole limit afterwards.
func TestSlowStart(t *testing.T) {
	limits := short
	limits.list = time.Second
	for how, code := range map[string]string{"list:slow start": "", "list:hang": codeFrozen, "list:never starts": checks.CodeTimeout} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			k := &kept{how: how}
			d, p := children{start: k.start, limits: limits}.devices(t.Context())
			if (d == nil) != (code != "") || (p == nil) != (code == "") || p != nil && p.Code != code {
				t.Errorf("got %v, %v, want %q", d, p, code)
			}
			k.gone(t)
		})
	}
}

func TestChildInterrupted(t *testing.T) {
	k := &kept{how: "hang after samples"}
	ctx, cancel := context.WithCancel(t.Context())
	heard := func(int, int, float64) { cancel() }
	began := time.Now()
	_, p := children{start: k.start, limits: usual}.record(ctx, 48000, 6, 0, heard)
	if took := time.Since(began); took > 4500*time.Millisecond {
		t.Errorf("took %v", took)
	}
	if p == nil || p.Code != checks.CodeInterrupted {
		t.Errorf("got %v", p)
	}
	k.gone(t)
}

func TestChildThatCannotStart(t *testing.T) {
	start := func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, "./no such program") }
	_, p := children{start: start, limits: short}.devices(t.Context())
	if p == nil || p.Code != codeFailed || p.Side != checks.SideTool {
		t.Errorf("got %+v", p)
	}
}

// TestFirstLine: support sees why a child died, without the noise of libraries and without anybody's name.
func TestFirstLine(t *testing.T) {
	for name, c := range map[string]struct{ written, want string }{
		"nothing":    {"", ""},
		"noise":      {"ALSA lib pcm.c:2660:(snd_pcm_open_noupdate) Unknown PCM cards.pcm.rear\njack server is not running\n\n", ""},
		"a line":     {"ALSA lib x\npanic: oh no\ngoroutine 1\n", "panic: oh no"},
		"unfinished": {"fatal error: out of", "fatal error: out of"},
		"a path":     {"cannot open /home/maria/.config/pulse C:\\Users\\maria\\x now\n", "cannot open now"},
		"escapes":    {"\x1b[31mred\u202e\x07 text\n", "[31mred text"},
		"endless":    {strings.Repeat("x", 100000), strings.Repeat("x", 150)},
	} {
		l := &firstLine{}
		for rest := c.written; rest != ""; {
			n := min(len(rest), 7)
			if n, err := l.Write([]byte(rest[:n])); err != nil || n == 0 {
				t.Fatal(n, err)
			}
			rest = rest[n:]
		}
		if got := l.text(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
