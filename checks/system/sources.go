package system

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// sources are what the facts are read from. All of it passes through here, so that it can be recorded.
type sources struct {
	files    fs.FS // of the whole computer, from its root
	run      runner
	registry func(registry) registry // around the registry, where there is one
	env      func(string) string
	home     string
}

// A runner gives what a program of the system prints. Programs are named by their full path: what lies in the hire's
// own folders is never run.
type runner func(ctx context.Context, program string, args ...string) ([]byte, error)

// A registry is what is read of the Windows registry. Paths begin with HKLM or HKCU; what is not there is empty.
type registry interface {
	keys(path string) []string // nil: there is no such key, or it has none below it
	text(path, name string) string
	number(path, name string) (uint64, bool)
}

func newSources(o Options) sources {
	s := sources{files: os.DirFS("/"), run: output, env: o.Env, home: o.Home}
	s.registry = func(r registry) registry { return r }
	if s.env == nil {
		s.env = func(string) string { return "" }
	}
	if o.Record != "" {
		r := newRecorder(o.Record, s.private())
		s.files, s.run, s.registry = r.around(s.files), r.runs(s.run), r.asks
	}
	return s
}

// private are the names that a recording must not hold.
func (s sources) private() []string {
	names := []string{lastPart(s.home)}
	for _, name := range []string{"USER", "LOGNAME", "USERNAME", "COMPUTERNAME", "HOSTNAME", "USERDOMAIN"} {
		names = append(names, s.env(name))
	}
	if host, err := os.Hostname(); err == nil {
		short, _, _ := strings.Cut(host, ".")
		names = append(names, host, short)
	}
	return names
}

// handOver is how long a program may take to end once it was told to.
const handOver = 50 * time.Millisecond

// output runs a program, in its untranslated words. Some write their answer where errors go: both are kept, of bounded
// size. It is killed with ctx.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	over, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &bounded{stop: cancel}
	cmd := exec.CommandContext(over, program, args...)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C", "LANG=C")
	cmd.Stdout, cmd.Stderr = out, out // one writer: os/exec lets both take turns
	cmd.WaitDelay = handOver
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case out.over:
		return nil, errTooLarge
	case errors.Is(err, fs.ErrNotExist):
		return nil, errUnsupported
	}
	return out.kept, err
}

// bounded keeps no more than maxFile. It has no other method than Write, so that nothing is copied past it.
type bounded struct {
	kept []byte
	over bool
	stop func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(b.kept)+len(p) > maxFile {
		b.over = true
		b.stop()
		return 0, errTooLarge
	}
	b.kept = append(b.kept, p...)
	return len(p), nil
}

// ianaName is the form of the names of time zones (theory.html of the tz database).
var ianaName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+_-]*(/[A-Za-z0-9+_-]+){0,2}$`)

// zoneOfLink reads the time zone from where /etc/localtime leads.
func zoneOfLink(target string) (string, bool) {
	_, zone, ok := strings.Cut(target, "zoneinfo/")
	zone = strings.TrimPrefix(strings.TrimPrefix(zone, "posix/"), "right/")
	return zone, ok && ianaName.MatchString(zone)
}

// text is a short file, without the white space around it.
func text(fsys fs.FS, name string) (string, error) {
	data, err := read(fsys, name)
	return strings.TrimSpace(string(data)), err
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return err == nil
}
