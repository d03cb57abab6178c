package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"deskready/checks/all"
	"deskready/checks/words"
	"deskready/report"
	"deskready/report/render"
	"deskready/report/seal"
	"deskready/report/verify"
)

// maxReport is how large a report file may be.
const maxReport = seal.MaxFile

// openReport opens a sealed report and the receipt beside it, if there is one. Without a trust file nobody knows whose
// invite and receipt those are: a report is then self-reported, whatever lies beside it.
func openReport(path, trustFile string, now func() time.Time) (verify.Opened, error) {
	file, err := readFile(path, maxReport)
	if err != nil {
		return verify.Opened{}, err
	}
	o := verify.Options{Now: now}
	receipt := stem(path) + ".receipt.json"
	if _, err := os.Lstat(receipt); err == nil { // one that is there counts, whether it can be read or not
		if o.Receipt, err = readFile(receipt, maxReport); err != nil {
			return verify.Opened{}, err
		}
	}
	if trustFile != "" {
		data, err := readFile(trustFile, maxReport)
		if err != nil {
			return verify.Opened{}, err
		}
		trust, err := verify.ParseTrust(data)
		if err != nil {
			return verify.Opened{}, &fault{exit: 21, code: "malformed", what: "reading " + trustFile + ": " + err.Error(), hint: "take trust.json from the collector's data folder or its address /.well-known/deskready/trust.json"}
		}
		o.Trust = &trust
	}
	return verify.File(file, o), nil
}

func (w *world) showCommand() *cobra.Command {
	var format, lang, trust string
	var plain bool
	cmd := &cobra.Command{
		Use: "show REPORT", Short: "Show a report, as text, JSON or a page", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := w.book(lang, w.list(all.Options{}))
			if err != nil {
				return err
			}
			if render.Formats[format] == nil {
				return usage("formats are "+strings.Join(formats(), ", "), "--format %s: there is no such format", format)
			}
			r, err := w.shown(args[0], trust)
			if err != nil {
				return err
			}
			var buf bytes.Buffer
			if err := render.Formats[format](&buf, b, r, w.look(plain)); err != nil {
				return err
			}
			_, err = w.stdout.Write(buf.Bytes())
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", strings.Join(formats(), ", "))
	cmd.Flags().StringVar(&lang, "lang", "", languageHelp())
	cmd.Flags().StringVar(&trust, "trust", "", "the collector's trust.json (`FILE`)")
	cmd.Flags().BoolVar(&plain, "plain", false, "plain lines, for screen readers and logs")
	return cmd
}

// shown reads a sealed report or a draft, with what its reader adds.
func (w *world) shown(path, trust string) (report.Report, error) {
	if strings.HasSuffix(path, ".draft.json") {
		return readDraft(path)
	}
	opened, err := openReport(path, trust, w.now)
	if err != nil {
		return report.Report{}, err
	}
	if f := invalid(path, opened); f != nil {
		return report.Report{}, f
	}
	r := opened.Report
	r.Assurance = opened.Assurance
	r.Files = &report.Files{Report: path}
	if opened.Receipt != nil {
		r.Files.Receipt = stem(path) + ".receipt.json"
	}
	return r, nil
}

// invalid is the fault of a report that is not what it says it is; nil where it is.
func invalid(path string, o verify.Opened) *fault {
	if !slices.Contains([]int{exitReady, exitNotReady, exitUndecided}, o.Code) {
		return &fault{exit: o.Code, code: o.Reasons[0].Code, what: path + ": " + reasons(o), hint: "do not rely on this file; ask for it again from where it was made"}
	}
	return nil
}

func reasons(o verify.Opened) string {
	var texts []string
	for _, r := range o.Reasons {
		texts = append(texts, r.Detail)
	}
	return strings.Join(texts, "; ")
}

func readDraft(path string) (report.Report, error) {
	data, err := readFile(path, maxReport)
	if err != nil {
		return report.Report{}, err
	}
	r, err := report.Decode(data)
	if err != nil {
		return r, &fault{exit: 21, code: "malformed", what: path + ": " + err.Error(), hint: "run deskready check again"}
	}
	return r, nil
}

func (w *world) signCommand() *cobra.Command {
	var name, lang, base string
	var noSend bool
	cmd := &cobra.Command{
		Use: "sign DRAFT", Short: "Confirm and sign a report that was left unsigned, and send it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := w.book(lang, w.list(all.Options{}))
			if err != nil {
				return err
			}
			return w.sign(cmd.Context(), b, args[0], checkOptions{name: name, collector: base, noSend: noSend})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "your full `NAME`, as your signature")
	cmd.Flags().StringVar(&base, "collector", "", "another address (`URL`) of the same collector")
	cmd.Flags().StringVar(&lang, "lang", "", languageHelp())
	cmd.Flags().BoolVar(&noSend, "no-send", false, "keep the report here")
	return cmd
}

// sign seals a draft once. What it holds is judged again: a draft is a plain file, and the verdict in it a courtesy.
func (w *world) sign(ctx context.Context, b words.Book, path string, o checkOptions) error {
	r, err := readDraft(path)
	if err != nil {
		return err
	}
	pol, err := report.DecodePolicy(r.Policy.Compiled)
	if err != nil || report.Digest(r.Policy.Compiled) != r.Policy.Digest {
		return &fault{exit: 21, code: "malformed", what: path + ": the policy in it is not whole", hint: "run deskready check again"}
	}
	j := &journey{world: w, book: b, report: r.Signable(), pol: pol, seen: true, checkOptions: o}
	j.out = stem(path) + ".deskready.json"
	j.report.Findings = pol.Judge(r.Results)
	j.report.Verdict = report.Decide(j.report.Findings)
	if r.Invite != nil {
		j.sealed = r.Invite.Sealed
		inv, err := verify.Invite(j.sealed, time.Time{}, nil) // by no clock: the collector judges when it is
		if err != nil {
			return inviteFault("in "+path, err)
		}
		j.inv = &inv
	}
	if _, err := os.Stat(j.out); err == nil {
		return &fault{exit: exitUsage, code: "signed", what: j.out + " is there already: a report is signed once", hint: "deskready send " + j.out + " delivers it, deskready show " + j.out + " shows it"}
	}
	if err := j.openKey(ctx); err != nil {
		return err
	}
	if err := j.confirm(ctx); err != nil {
		return err
	}
	if j.report.Confirmed == nil {
		return usage("add --name \"First Last\"", "a signature needs your name")
	}
	return j.sealDraft(ctx, path)
}

func (j *journey) sealDraft(ctx context.Context, draft string) error {
	file, err := verify.Seal(j.report, j.key)
	if err != nil {
		return err
	}
	if j.files.Report, err = j.write("", file); err != nil {
		return err
	}
	if err := os.Remove(draft); err != nil {
		j.say("%s", err) // a draft that stays can do no harm: the report beside it is signed
	}
	if j.inv != nil && !j.noSend {
		j.deliver(ctx, file)
	}
	j.leavePage()
	fmt.Fprintln(j.stdout, j.files.Report)
	return j.exit(ctx)
}

func (w *world) sendCommand() *cobra.Command {
	var base string
	cmd := &cobra.Command{
		Use:   "send [REPORT...]",
		Short: "Deliver reports; without names, all that wait for their collector",
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := w.book("", w.list(all.Options{}))
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return w.sendQueued(cmd.Context(), b, base)
			}
			for _, path := range args {
				file, err := readFile(path, maxReport)
				if err != nil {
					return err
				}
				if err := w.sendOne(cmd.Context(), b, path, file, base); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&base, "collector", "", "another address (`URL`) of the same collector")
	return cmd
}

func (w *world) sendQueued(ctx context.Context, b words.Book, base string) error {
	names, err := w.queue()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		fmt.Fprintln(w.stdout, b.Text("cmd.nothing_waits"))
	}
	worst := exitReady
	for _, name := range names {
		err := w.sendEntry(ctx, b, name, base)
		if err == nil {
			continue
		}
		f := asFault(err)
		w.tell(f)
		if worst = max(worst, f.exit); ctx.Err() != nil {
			return exit(exitInterrupted)
		}
	}
	if worst != exitReady {
		return exit(worst)
	}
	return nil
}

// sendEntry delivers one report of the queue. What was refused for good waits no more, and is kept apart.
func (w *world) sendEntry(ctx context.Context, b words.Book, name, base string) error {
	path := filepath.Join(w.queueFolder(), name)
	q, err := readQueued(path)
	if err == nil {
		if base == "" {
			base = q.Collector
		}
		err = w.sendOne(ctx, b, q.Path, q.File, base)
	}
	switch {
	case err == nil:
		return os.Remove(path)
	case !asFault(err).final:
		return err
	}
	kept := filepath.Join(w.state, "refused", name)
	if moved := errors.Join(os.MkdirAll(filepath.Dir(kept), 0o700), os.Rename(path, kept)); moved != nil {
		return errors.Join(err, moved)
	}
	w.say("%s", b.Text("cmd.refused_queue", "report", cmp.Or(q.Path, name), "file", kept))
	return err
}

// readQueued opens a report that waits.
func readQueued(path string) (queued, error) {
	data, err := readFile(path, 2*maxReport)
	if err != nil {
		return queued{}, err
	}
	var q queued
	if err := json.Unmarshal(data, &q); err != nil {
		return q, &fault{exit: 21, code: "malformed", final: true, what: path + ": it is damaged", hint: "this file of the queue is damaged; the report itself lies where the run left it: deskready send REPORT"}
	}
	return q, nil
}

// sendOne delivers one report and keeps the receipt beside it, or in the queue's folder where its place is gone.
func (w *world) sendOne(ctx context.Context, b words.Book, path string, file []byte, base string) error {
	receipt, _, err := w.deliver(ctx, file, base)
	switch f := refusedFault(err); {
	case errors.Is(err, errNoInvite):
		return usage("ask the employer for an invite and run deskready check --invite FILE", "%s: %v", path, err)
	case f != nil:
		return f
	case errors.As(err, new(*fault)):
		return err
	case err != nil:
		return &fault{exit: exitUndelivered, code: "undelivered", what: path + ": " + whyNot(b, err), hint: "the report is kept; try deskready send again later"}
	}
	place := stem(path) + ".receipt.json"
	if err := writeFile(place, receipt); err != nil {
		place = filepath.Join(w.state, filepath.Base(place))
		if err := writeFile(place, receipt); err != nil {
			return unwritable(err)
		}
	}
	fmt.Fprintln(w.stdout, b.Text("cmd.sent", "report", path, "receipt", place))
	return nil
}
