package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/words"
	"deskready/report"
)

// world is all that the commands take from outside. Scripts give them another one.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	now            func() time.Time
	rand           io.Reader
	home           string                 // the user's own folder
	config, state  string                 // ours: settings and keys; runs under way
	data           string                 // a collector's
	open           func(url string) error // shows a page to the person; nil: that cannot be done here
	asks           bool                   // a person can be asked: standard input and error are a terminal
	terminal       bool                   // standard error is a terminal
	answers        bool                   // standard output is a terminal
	width          func() int
	self           func(ctx context.Context, args ...string) *exec.Cmd // starts this program again
	list           func(all.Options) []checks.Check
	version        string
	commit         string
}

// Exit codes: a promise to scripts, described in the help of the commands.
const (
	exitReady       = 0
	exitUnexpected  = 1
	exitUsage       = 2
	exitUnreadable  = 3
	exitNotReady    = 10
	exitUndecided   = 11
	exitUndelivered = 12
	exitInterrupted = 130
)

// fault is an error as people meet it: what was being done to what, and what to do about it.
type fault struct {
	exit int
	code string // for scripts, in the JSON error
	what string
	hint string

	final bool // trying again would not change it
}

func (f *fault) Error() string { return f.what }

// exit is an answer that is not ready: no error to print, yet an exit code.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

func usage(hint, format string, args ...any) *fault {
	return &fault{exit: exitUsage, code: "usage", what: fmt.Sprintf(format, args...), hint: hint}
}

// run is the whole program.
func (w *world) run(ctx context.Context, args []string) int {
	out := &answer{to: w.stdout}
	w.stdout = out
	root := w.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	code := w.end(ctx, args, err)
	if out.failed != nil {
		w.tell(&fault{what: "writing the answer: " + withoutTemp(out.failed, "standard output").Error(), hint: "make room on the disk, or write the answer somewhere else"})
		return exitUnexpected
	}
	return code
}

// answer is standard output. It remembers that something was not written, which nobody who prints looks at.
type answer struct {
	to     io.Writer
	failed error
}

func (a *answer) Write(p []byte) (int, error) {
	n, err := a.to.Write(p)
	if err != nil && !errors.Is(err, syscall.EPIPE) { // whoever reads no further has what he wanted
		a.failed = err
	}
	return n, err
}

// end turns what a command came back with into an exit code, and says it where it needs saying.
func (w *world) end(ctx context.Context, args []string, err error) int {
	var e exit
	switch {
	case err == nil:
		return exitReady
	case errors.As(err, &e):
		return int(e)
	}
	f := asFault(err)
	if ctx.Err() != nil && f.code == unexpected {
		f = &fault{exit: exitInterrupted, code: "interrupted", what: "stopped before the end", hint: "run the same command again"}
	}
	w.tell(f)
	if wantsJSON(args) {
		w.writeJSON(map[string]any{
			"version": report.Version,
			"error":   map[string]string{"code": f.code, "message": f.what, "hint": f.hint},
		})
	}
	return f.exit
}

// unexpected is the code of errors that nobody foresaw.
const unexpected = "unexpected"

func asFault(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	return &fault{exit: exitUnexpected, code: unexpected, what: err.Error()}
}

// tell says a fault to the person. What was being done may take several lines, as in a policy with several mistakes.
func (w *world) tell(f *fault) {
	lines := strings.Split(f.what, "\n")
	for i, line := range lines {
		lines[i] = checks.Clean(line, 1000)
	}
	fmt.Fprintln(w.stderr, "deskready:", strings.Join(lines, "\n  "))
	if f.hint != "" {
		fmt.Fprintln(w.stderr, "hint:", f.hint)
	}
}

// wantsJSON looks at the bare arguments: the promise of one JSON document holds where they could not even be parsed.
func wantsJSON(args []string) bool {
	format := ""
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--format="); ok {
			format = value
		} else if arg == "--format" && i+1 < len(args) {
			format = args[i+1]
		} else if arg == "--" {
			break
		}
	}
	return format == "json"
}

func (w *world) writeJSON(v any) {
	enc := json.NewEncoder(w.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a closed pipe: there is nobody left to tell
}

func (w *world) root() *cobra.Command {
	cobra.MousetrapHelpText = "" // a double click must run
	root := w.guideCommand()
	root.SetIn(w.stdin)
	root.SetOut(w.stdout)
	root.SetErr(w.stderr)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(
		w.checkCommand(), w.signCommand(), w.sendCommand(), w.showCommand(), w.verifyCommand(),
		w.devicesCommand(), w.policyCommand(), w.keyCommand(), w.dataCommand(), w.schemaCommand(),
		w.inviteCommand(), w.serveCommand(), w.versionCommand(), w.soundCommand(),
	)
	strictly(root)
	return root
}

// strictly makes mistakes on the command line faults of usage, in all commands below.
func strictly(cmd *cobra.Command) {
	hint := strings.TrimSpace("see deskready help " + strings.TrimPrefix(cmd.CommandPath(), "deskready "))
	if !cmd.HasParent() {
		hint = "see deskready help"
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		text, _, _ := strings.Cut(err.Error(), ": strconv.")
		return usage(hint, "%s", text)
	})
	if args := cmd.Args; args != nil {
		cmd.Args = func(cmd *cobra.Command, given []string) error {
			if err := args(cmd, given); err != nil {
				return usage(hint, "%v; write it like: %s", err, cmd.UseLine())
			}
			return nil
		}
	}
	for _, c := range cmd.Commands() {
		strictly(c)
	}
}

// book opens the texts in the language asked for, or else in that of the environment, or else in English.
func (w *world) book(lang string, list []checks.Check) (words.Book, error) {
	sources := w.sources(list)
	if lang != "" {
		b, err := words.Open(lang, sources...)
		if err != nil {
			return b, usage("languages are "+strings.Join(words.Languages(sources...), ", "), "--lang %s: %v", lang, err)
		}
		return b, nil
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := w.env(name); v != "" {
			if b, err := words.Open(v, sources...); err == nil {
				return b, nil
			}
			break
		}
	}
	return words.Open(words.Fallback, sources...)
}

func (w *world) sources(list []checks.Check) []fs.FS {
	sources := ownWords()
	for _, c := range list {
		sources = append(sources, c.Words)
	}
	return sources
}

func (w *world) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(w.stdout, strings.TrimSpace("deskready "+w.version+" "+w.commit))
			return err
		},
	}
}
