// Command deskready measures whether a computer, its line and its headset carry the work of a call centre, holds that
// against the employer's policy, and leaves a signed report. It is the hire's tool, the verifier and the collector.
//
// This package joins what may not know each other: checks measure, report judges, and here they meet. This file alone
// touches the real world.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"deskready/checks/all"
)

// version is set by the linker in releases.
var version = "dev" //nolint:gochecknoglobals // -ldflags -X can set nothing else

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(reality().run(ctx, os.Args[1:]))
}

// reality is the world as it is.
func reality() *world {
	// gopsutil would read the machine's facts from wherever these point.
	for _, name := range []string{"HOST_PROC", "HOST_SYS", "HOST_ETC", "HOST_VAR", "HOST_RUN", "HOST_DEV", "HOST_ROOT"} {
		_ = os.Unsetenv(name) // fails for malformed names alone
	}
	drawable := escapes(os.Stdout) && escapes(os.Stderr)
	home, _ := os.UserHomeDir()     // empty: what needs it says so
	config, _ := os.UserConfigDir() // likewise
	if dir := os.Getenv("DESKREADY_CONFIG"); dir != "" {
		config = dir
	} else if config != "" {
		config = filepath.Join(config, "deskready")
	}
	return &world{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		env: os.Getenv, now: time.Now, rand: rand.Reader,
		home: home, config: config, state: stateDir(home, config),
		asks:     term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		terminal: drawable && term.IsTerminal(int(os.Stderr.Fd())), answers: drawable && term.IsTerminal(int(os.Stdout.Fd())),
		width: func() int {
			for _, f := range []*os.File{os.Stdout, os.Stderr} {
				if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
					return columns
				}
			}
			return 80
		},
		self: func(ctx context.Context, args ...string) *exec.Cmd {
			program, err := os.Executable()
			if err != nil {
				program = os.Args[0]
			}
			return exec.CommandContext(ctx, program, args...)
		},
		data: dataDir(home, config),
		open: opener(),
		list: all.All, version: version, commit: commit(),
	}
}

// stateDir is where a run is kept while it goes on: beside the settings where the system has no better place.
func stateDir(home, config string) string {
	if dir := os.Getenv("DESKREADY_STATE"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "deskready")
	}
	if strings.HasSuffix(config, filepath.Join(".config", "deskready")) {
		return filepath.Join(home, ".local", "state", "deskready")
	}
	if config == "" {
		return ""
	}
	return filepath.Join(config, "state")
}

// dataDir is where a collector keeps what it received: apart from what a hire's runs leave, and never forgotten with it.
func dataDir(home, config string) string {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "deskready")
	}
	if strings.HasSuffix(config, filepath.Join(".config", "deskready")) {
		return filepath.Join(home, ".local", "share", "deskready")
	}
	if config == "" {
		return ""
	}
	return filepath.Join(config, "collector")
}

func commit() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
