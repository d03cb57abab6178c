// Command figures tries the real program on lines of every kind, beside other speed tests on the same line, and writes
// tables of what each said, how far that is from the truth, and what it cost. As root, on a quiet machine:
//
//	go run ./packaging/figures -n                               # what it would do, and how long that takes
//	go run ./packaging/figures                                  # all of it; started again, it goes on where it was
//	go run ./packaging/figures -lines 25-5,bloat -peers none -modes default,loaded -repeat 5
//
// Each trial has a line of its own between two network namespaces. The rows go to rows.jsonl in -out as they come, the
// tables to figures.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := figures(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "figures:", err)
		stop()
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct {
	lines, peers, modes string
	repeat, peerRepeat  int
	retries             int
	program, out        string
	args                string
	dry, again, table   bool
	busy                float64
	patience            time.Duration
}

func read(args []string, out io.Writer) (settings, error) {
	var s settings
	fs := flag.NewFlagSet("figures", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&s.lines, "lines", "all", "names of lines (a,b); "+names(lines(), func(l line) string { return l.name }))
	fs.StringVar(&s.peers, "peers", "all", "tools beside deskready (a,b), or none; "+names(peers(), toolName))
	fs.StringVar(&s.modes, "modes", "default,exact,loaded", "how deskready is run (a,b), or none; "+names(modes(), toolName))
	fs.IntVar(&s.repeat, "repeat", 1, "how often each mode of deskready is tried on each line")
	fs.IntVar(&s.peerRepeat, "peer-repeat", 1, "how often each peer is tried on each line")
	fs.IntVar(&s.retries, "retries", 1, "how often a trial is repeated during which the lab itself was late, whatever it said")
	fs.StringVar(&s.program, "deskready", "bin/deskready", "the `PROGRAM`")
	fs.StringVar(&s.args, "args", "", "further arguments of every deskready check, with spaces between")
	fs.StringVar(&s.out, "out", "bin/figures", "`FOLDER` for rows and tables")
	fs.BoolVar(&s.dry, "n", false, "only say what would be tried, and how long that takes")
	fs.BoolVar(&s.again, "again", false, "try again what is in the rows already")
	fs.BoolVar(&s.table, "table", false, "only write the tables, from the rows that are there")
	fs.Float64Var(&s.busy, "busy", 0.15, "share of the processors that others may use before a trial begins")
	fs.DurationVar(&s.patience, "patience", time.Minute, "how long to wait for that; then the trial begins, and its row tells")
	if err := fs.Parse(args); err != nil {
		return s, err
	}
	if fs.NArg() > 0 {
		return s, fmt.Errorf("unknown argument %q", fs.Arg(0))
	}
	return s, nil
}

func names[T any](list []T, name func(T) string) string {
	var all []string
	for _, v := range list {
		all = append(all, name(v))
	}
	return strings.Join(all, " ")
}

// choose picks by name; "all" and "none" are names too.
func choose[T any](list []T, name func(T) string, wanted string) ([]T, error) {
	switch wanted {
	case "all":
		return list, nil
	case "none", "":
		return nil, nil
	}
	var chosen []T
	for _, w := range strings.Split(wanted, ",") {
		i := slices.IndexFunc(list, func(v T) bool { return name(v) == w })
		if i < 0 {
			return nil, fmt.Errorf("no %q; there are %s", w, names(list, name))
		}
		chosen = append(chosen, list[i])
	}
	return chosen, nil
}

func figures(ctx context.Context, args []string, out io.Writer) error {
	s, err := read(args, out)
	if err != nil {
		return err
	}
	todo, err := s.plan()
	if err != nil {
		return err
	}
	book := book{filepath.Join(s.out, "rows.jsonl")}
	rows, err := book.read()
	if err != nil {
		return err
	}
	if !s.again {
		todo = missing(todo, rows)
	}
	if s.dry {
		return dryRun(out, todo)
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return err
	}
	if !s.table {
		if err := try(ctx, s, todo, book, out); err != nil {
			return err
		}
		if rows, err = book.read(); err != nil {
			return err
		}
	}
	return writeTables(filepath.Join(s.out, "figures.md"), rows)
}

// try runs the trials. One that did not succeed is a row with the reason; it does not stop the rest.
func try(ctx context.Context, s settings, todo []trial, book book, out io.Writer) error {
	b, err := prepare(ctx, s, todo)
	if err != nil {
		return err
	}
	for i, t := range todo {
		for again := 0; ; again++ {
			r := b.row(ctx, t)
			if ctx.Err() != nil {
				return nil // what is cut off is tried again the next time
			}
			if err := book.add(r); err != nil {
				return err
			}
			fmt.Fprintf(out, "%d/%d %s\n", i+1, len(todo), r)
			if !r.disturbed() || again == s.retries {
				break
			}
		}
	}
	return nil
}
