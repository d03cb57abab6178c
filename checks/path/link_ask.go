package path

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"deskready/checks"
)

// later asks the system something in a goroutine of its own, which is left behind when it does not come back in time:
// a driver or a service may hang beyond any context. A panic is an answer too, as an error of ours.
func later[T any](ctx context.Context, ask func(context.Context) (T, error)) <-chan fact[T] {
	answers := make(chan fact[T], 2) // the answer and the deadline: neither waits for a reader
	inner := make(chan fact[T], 1)
	go func() {
		f := fact[T]{missing: &checks.Problem{Code: checks.CodeInternal, Detail: "panic while asking the system", Side: checks.SideTool}}
		defer func() {
			_ = recover() // f says so
			inner <- f
		}()
		value, err := ask(ctx)
		if err != nil {
			f = fact[T]{missing: reason(err)}
			return
		}
		f = told(value)
	}()
	go func() {
		select {
		case f := <-inner:
			answers <- f
		case <-ctx.Done():
			select {
			case f := <-inner: // both: what was told counts
				answers <- f
			case <-time.After(handOver):
				answers <- fact[T]{missing: reason(ctx.Err())}
			}
		}
	}()
	return answers
}

// handOver is how long what was asked may take to hand over what it has when its time is up.
const handOver = 50 * time.Millisecond

// reason says why there is no answer. An error's text may hold a path or an address: only the system's number for it,
// or its type, is kept.
func reason(err error) *checks.Problem {
	var p *checks.Problem
	var number syscall.Errno
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, context.Canceled):
		return &checks.Problem{Code: checks.CodeInterrupted, Side: checks.SideHire}
	case errors.Is(err, context.DeadlineExceeded):
		return &checks.Problem{Code: checks.CodeTimeout, Side: checks.SideUnknown}
	case errors.Is(err, fs.ErrPermission):
		return &checks.Problem{Code: codeSystemDenied, Side: checks.SideHire}
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return &checks.Problem{Code: checks.CodeUnsupported, Side: checks.SideTool}
	case errors.As(err, &number):
		return &checks.Problem{Code: codeLinkUntold, Detail: number.Error(), Side: checks.SideUnknown}
	}
	return &checks.Problem{Code: codeLinkUntold, Detail: fmt.Sprintf("%T", err), Side: checks.SideUnknown}
}

// because is an error that says its reason in a code of its own.
func because(code string) error { return &checks.Problem{Code: code, Side: checks.SideUnknown} }

// maxAnswer is far above what any of the files and programs that are read have to say.
const maxAnswer = 1 << 20

var errTooMuch = errors.New("more text than such answers have")

// output is what a program of the system prints, in its untranslated words. It is killed with ctx.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	over, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &bounded{stop: cancel}
	cmd := exec.CommandContext(over, program, args...)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C", "LANG=C")
	cmd.Stdout = out
	cmd.WaitDelay = handOver
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case out.over:
		return nil, errTooMuch
	}
	return out.kept, err
}

// bounded keeps no more than maxAnswer. It has no other method than Write, so that nothing is copied past it.
type bounded struct {
	kept []byte
	over bool
	stop func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.kept)+len(p) > maxAnswer {
		b.over = true
		b.stop()
		return 0, errTooMuch
	}
	b.kept = append(b.kept, p...)
	return len(p), nil
}

// contents reads a file of bounded size. Files of /proc and /sys tell no size beforehand.
func contents(fsys fs.FS, name string) (string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxAnswer+1))
	if err == nil && len(data) > maxAnswer {
		err = errTooMuch
	}
	return strings.TrimSpace(string(data)), err
}
