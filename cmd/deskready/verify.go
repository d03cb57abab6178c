package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/words"
	"deskready/report"
	"deskready/report/verify"
)

// verified is one line of verify's answer.
type verified struct {
	File       string           `json:"file"`
	Valid      bool             `json:"valid"`
	Verdict    report.Verdict   `json:"verdict,omitzero"`
	Assurance  report.Assurance `json:"assurance,omitzero"`
	Name       string           `json:"name,omitzero"` // who confirmed it
	Key        string           `json:"key,omitzero"`
	Code       int              `json:"code"`
	Reasons    []verify.Reason  `json:"reasons,omitempty"`
	NotChecked []string         `json:"not_checked,omitempty"`
}

func (w *world) verifyCommand() *cobra.Command {
	var trust, format string
	cmd := &cobra.Command{
		Use:   "verify REPORT...",
		Short: "Check signatures and judge again; takes files and folders",
		Long: `Opens each report, checks all that can be checked without a connection (signature, invite, policy, times, the receipt
beside it), and judges again from the figures. With --trust, the invite and the receipt must be by that collector.

Exit codes: 0 valid and ready, 10 valid and not ready, 11 valid and undecided, 3 cannot read, 20 signature bad or key not
trusted, 21 malformed or unknown version, 22 expired, 23 wrong invite or audience, 24 the recomputed verdict differs,
25 receipt bad, 26 revoked. Of several files the most serious counts.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains([]string{"text", "json"}, format) {
				return usage("formats are json, text", "--format %s: there is no such format", format)
			}
			b, err := w.book("", w.list(all.Options{}))
			if err != nil {
				return err
			}
			return w.verify(b, args, trust, format)
		},
	}
	cmd.Flags().StringVar(&trust, "trust", "", "the collector's trust.json (`FILE`)")
	cmd.Flags().StringVar(&format, "format", "text", "json, text")
	return cmd
}

func (w *world) verify(b words.Book, args []string, trust, format string) error {
	paths, err := reportsIn(args)
	if err != nil {
		return err
	}
	var answers []verified
	worst := exitReady
	for _, path := range paths {
		opened, err := openReport(path, trust, w.now)
		a := answerOf(path, opened)
		if err != nil { // one file that cannot be read does not keep the others from being verified
			if len(paths) == 1 {
				return err
			}
			f := asFault(err)
			a = verified{File: path, Code: f.exit, Reasons: []verify.Reason{{Code: f.code, Detail: f.what}}}
		}
		answers = append(answers, a)
		if graver(a.Code, worst) {
			worst = a.Code
		}
	}
	if format == "json" {
		w.writeJSON(map[string]any{"version": report.Version, "reports": answers})
	} else {
		for _, a := range answers {
			w.printVerified(b, a, len(answers) == 1)
		}
	}
	if worst != exitReady {
		return exit(worst)
	}
	return nil
}

// reportsIn lists the report files that the arguments name; of a folder, those that look like one.
func reportsIn(args []string) ([]string, error) {
	var paths []string
	for _, arg := range args {
		err := filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil && path == arg:
				return unreadable(path, err)
			case err != nil, path == arg && !d.IsDir(): // what cannot be read is a line of the answer
				paths = append(paths, path)
			case !d.IsDir() && strings.HasSuffix(path, ".deskready.json"):
				paths = append(paths, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(paths) == 0 {
		return nil, &fault{exit: exitUnreadable, code: "unreadable", what: "there is no report (*.deskready.json) in " + strings.Join(args, ", "), hint: "name the files"}
	}
	return paths, nil
}

func answerOf(path string, o verify.Opened) verified {
	a := verified{File: path, Valid: invalid(path, o) == nil, Code: o.Code, Reasons: o.Reasons, NotChecked: o.NotChecked}
	if a.Valid {
		a.Verdict, a.Assurance, a.Key = o.Verdict, o.Assurance, o.KeyID
		if o.Report.Confirmed != nil {
			a.Name = o.Report.Confirmed.Name
		}
	}
	return a
}

// graver orders exit codes: what is wrong with a file outranks what its verdict is.
func graver(code, than int) bool {
	rank := func(c int) int {
		switch c {
		case exitReady:
			return 0
		case exitUndecided:
			return 1
		case exitNotReady:
			return 2
		default:
			return 100 - c // of several faults the signature (20) first
		}
	}
	return rank(code) > rank(than)
}

func (w *world) printVerified(b words.Book, a verified, alone bool) {
	if !a.Valid {
		var why []string
		for _, r := range a.Reasons {
			why = append(why, r.Detail)
		}
		fmt.Fprintf(w.stdout, "%s: %s (%d): %s\n", a.File, b.Text("cmd.verify.invalid"), a.Code, checks.Clean(strings.Join(why, "; "), 500))
		return
	}
	line := fmt.Sprintf("%s: %s, %s, %s", a.File, b.Text("cmd.verify.valid"), b.Text("verdict."+string(a.Verdict)), a.Assurance)
	if a.Name != "" {
		line += ", " + checks.Clean(a.Name, 200)
	}
	fmt.Fprintln(w.stdout, line)
	if !alone {
		return
	}
	fmt.Fprintln(w.stdout, b.Text("assurance."+string(a.Assurance)))
	fmt.Fprintln(w.stdout, b.Text("cmd.verify.key", "key", a.Key))
	for _, n := range a.NotChecked {
		fmt.Fprintln(w.stdout, b.Text("cmd.verify.not_checked", "what", b.Text("cmd.not_checked."+n)))
	}
}
