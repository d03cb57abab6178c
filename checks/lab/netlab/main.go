//go:build linux

// Netlab puts two network namespaces at the ends of an emulated access link,
// runs a command beside them, and tells what truly went over the link.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

func main() {
	code, err := netlab(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "netlab:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func netlab(args []string) (code int, err error) {
	fs := flag.NewFlagSet("netlab", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), "usage: netlab [flags] [-- command argument ...]\n\nWithout a command the link stays until netlab is interrupted.\n\n")
		fs.PrintDefaults()
	}
	profile := profileFlags(fs)
	stats := fs.String("stats", "", "write what went over the link to `FILE` as JSON at the end")
	eof := fs.Bool("eof", false, "without a command: write -stats at each line of standard input, and end when that ends, so that no link outlives who asked for it")
	name := fs.String("name", fmt.Sprintf("nl%d", os.Getpid()), "`prefix` of the namespaces' names")
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0, nil
	case err != nil:
		return 2, nil // flag has said why
	case *name == "" || len(*name) > 12:
		return 2, errors.New("-name: want 1 to 12 characters")
	}

	// The pumps must not wait for the runtime: each keeps a thread to itself, and
	// what they allocate they use again.
	runtime.GOMAXPROCS(max(4, runtime.NumCPU()))
	debug.SetGCPercent(-1)

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	lab, err := NewLab(*name, *profile)
	if err == nil {
		if *eof && fs.NArg() == 0 {
			report := func() error { return lab.Report(profile.Seed).write(*stats) }
			go func() { obey(os.Stdin, os.Stdout, report); cancel() }()
		}
		code, err = wait(ctx, fs.Args(), lab.Env())
	}
	err = errors.Join(err, lab.Close())
	if *stats != "" && lab.up != nil {
		err = errors.Join(err, lab.Report(profile.Seed).write(*stats))
	}
	return code, err
}

// obey answers each line that it reads with a line, "written" once the report of up to now is, until the input ends.
func obey(in io.Reader, out io.Writer, report func() error) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		answer := "written"
		if err := report(); err != nil {
			answer = err.Error()
		}
		fmt.Fprintln(out, answer)
	}
}

// wait runs the command, or without one waits to be interrupted.
func wait(ctx context.Context, command, env []string) (code int, err error) {
	if len(command) == 0 {
		fmt.Println(strings.Join(env, "\n"))
		<-ctx.Done()
		return 0, nil
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 3 * time.Second
	err = cmd.Run()
	if ctx.Err() != nil && cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what outlived the polite signal
		return 130, nil
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}
