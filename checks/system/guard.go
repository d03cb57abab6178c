package system

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"time"

	"deskready/checks"
)

// guarded asks the system something, and waits no longer than limit. Calls into the system may hang beyond any context
// (a sleeping disk, a stuck service of Windows) and the library that makes them has panicked on odd files, so each has
// a goroutine of its own, which is left behind when it does not come back.
func guarded[T any](ctx context.Context, limit time.Duration, ask func(context.Context) (T, error)) (T, error) {
	var none T
	if ask == nil {
		return none, errUnsupported
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a.err = unreadable("panic while asking the system")
			}
			done <- a
		}()
		a.value, a.err = ask(ctx)
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

func unreadable(detail string) *checks.Problem {
	return &checks.Problem{Code: codeUnreadable, Detail: detail, Side: checks.SideUnknown}
}

var (
	errTooLarge    = errors.New("file larger than such files are")
	errUnsupported = errors.New("not to be had on this system")
)

// problem says why there is no value. An error's text may hold the path of the hire's folder, and with it a name: only
// the innermost reason is kept.
func problem(err error) *checks.Problem {
	var p *checks.Problem
	var path *fs.PathError
	var number syscall.Errno
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, context.Canceled):
		return &checks.Problem{Code: checks.CodeInterrupted, Side: checks.SideHire}
	case errors.Is(err, context.DeadlineExceeded):
		return &checks.Problem{Code: checks.CodeTimeout, Side: checks.SideUnknown}
	case errors.Is(err, errUnsupported), err.Error() == "not implemented yet": // the library's, from a package internal to it
		return &checks.Problem{Code: checks.CodeUnsupported, Side: checks.SideTool}
	case errors.Is(err, errTooLarge):
		return unreadable(errTooLarge.Error())
	case errors.As(err, &number):
		return unreadable(number.Error())
	case errors.As(err, &path):
		return unreadable(path.Err.Error())
	}
	return unreadable(fmt.Sprintf("%T", err))
}

// maxFile is far above what the system's descriptions of itself hold.
const maxFile = 1 << 20

// read reads a file of bounded size.
func read(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, errTooLarge
	}
	return data, err
}
