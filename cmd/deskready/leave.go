package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"deskready/report"
	"deskready/report/render"
	"deskready/report/verify"
)

// leave signs, writes and sends the report. Its error is told after the verdict was printed.
func (j *journey) leave(ctx context.Context) error {
	if ctx.Err() != nil {
		j.keep(false)
		j.say("%s", j.book.Text("cmd.interrupted"))
		return nil
	}
	j.record.Failed = failedChecks(j.report.Findings)
	j.keep(true)
	if err := j.confirm(ctx); err != nil {
		return err
	}
	if j.report.Confirmed == nil {
		return j.leaveDraft()
	}
	file, err := verify.Seal(j.report.Signable(), j.key)
	if err != nil {
		return err
	}
	if j.files.Report, err = j.write(file); err != nil {
		return err
	}
	if j.inv != nil && !j.noSend {
		j.deliver(ctx, file)
	}
	return j.leavePage()
}

// confirm takes the hire's electronic signature: a typed name under a text, both of which go into the report.
func (j *journey) confirm(ctx context.Context) error {
	name := strings.TrimSpace(j.name)
	if name == "" && j.asks && !j.yes {
		if j.format == "text" {
			if err := j.answer(); err != nil {
				return err
			}
			j.shown = true
		}
		j.say("\n%s\n%s\n%s", j.book.Text("cmd.result", "verdict", j.book.Text("verdict."+string(j.report.Verdict))), j.book.Text("cmd.confirm.text", "employer", j.employer()), j.book.Text("cmd.confirm.see"))
		var err error
		if name, err = j.line(ctx, j.book.Text("cmd.confirm.ask")); err != nil {
			return err
		}
	}
	if name != "" {
		j.report.Confirmed = &report.Confirmed{
			Name: name, Lang: j.book.Lang(),
			At:         j.now().Add(j.offset).UTC().Truncate(time.Second),
			TextDigest: report.Digest([]byte(j.book.Text("cmd.confirm.text", "employer", j.employer()))),
		}
	}
	return nil
}

func (j *journey) employer() string {
	if j.inv == nil {
		return j.book.Text("cmd.nobody")
	}
	return j.inv.Employer
}

// leaveDraft keeps what is not signed yet, with all that signing needs.
func (j *journey) leaveDraft() error {
	j.report.State = "pending"
	data, err := json.MarshalIndent(j.report, "", " ")
	if err != nil {
		return err
	}
	j.files.Draft = stem(j.outPath()) + ".draft.json"
	if err := writeFile(j.files.Draft, append(data, '\n')); err != nil {
		j.files.Draft = ""
		return unwritable(err)
	}
	return j.leavePage()
}

// write puts the sealed report where it was asked for, or here, or in the user's own folder where here cannot be
// written to.
func (j *journey) write(file []byte) (string, error) {
	path := j.outPath()
	err := writeFile(path, file)
	if err != nil && j.out == "" && j.home != "" {
		path = filepath.Join(j.home, filepath.Base(path))
		err = writeFile(path, file)
	}
	if err != nil {
		return "", unwritable(err)
	}
	return path, nil
}

func (j *journey) outPath() string {
	if j.out != "" {
		return j.out
	}
	return j.report.Run + ".deskready.json"
}

func unwritable(err error) *fault {
	return &fault{
		exit: exitUnexpected, code: "unwritable", what: err.Error(),
		hint: "make room on the disk or choose another place with --out; what was measured is kept: deskready check --only failed repeats little",
	}
}

// stem is the name that a report's companions share.
func stem(path string) string {
	for _, end := range []string{".deskready.json", ".draft.json", ".json"} {
		if s, ok := strings.CutSuffix(path, end); ok {
			return s
		}
	}
	return path
}

// leavePage puts a page beside the report, for people who would rather look than read a terminal.
func (j *journey) leavePage() error {
	if j.noPage {
		return nil
	}
	var page bytes.Buffer
	if err := render.HTML(&page, j.book, j.readable(), render.Look{}); err != nil {
		return err
	}
	path := stem(j.outPath()) + ".html"
	if j.files.Report != "" {
		path = stem(j.files.Report) + ".html"
	}
	if err := writeFile(path, page.Bytes()); err != nil {
		return unwritable(err)
	}
	j.files.HTML = path
	return nil
}

// deliver sends the sealed report, and queues it where that did not work.
func (j *journey) deliver(ctx context.Context, file []byte) {
	j.say("%s", j.book.Text("cmd.sending", "employer", j.employer()))
	done := false
	receipt, level, err := j.world.deliver(ctx, file, j.collector)
	if err == nil {
		j.files.Receipt = stem(j.files.Report) + ".receipt.json"
		if err = writeFile(j.files.Receipt, receipt); err != nil {
			j.files.Receipt = ""
			j.say("%s", err)
		}
		done, j.assurance = true, level
	}
	j.delivered = &done
	if done {
		return
	}
	f := refusedFault(err)
	if f != nil {
		j.say("%s\nhint: %s", f.what, f.hint)
		return
	}
	j.say("%s", j.book.Text("cmd.undelivered", "why", err.Error()))
	if err := j.enqueue(j.files.Report, file, j.collector); err != nil {
		j.say("%s", err)
	}
}

// queued is a report that waits for its collector.
type queued struct {
	Path      string `json:"path"` // where the receipt goes beside
	Collector string `json:"collector"`
	File      []byte `json:"file"`
}

func (w *world) queueFolder() string { return filepath.Join(w.state, "queue") }

func (w *world) enqueue(path string, file []byte, base string) error {
	if err := os.MkdirAll(w.queueFolder(), 0o700); err != nil {
		return err
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	data, err := json.Marshal(queued{Path: path, Collector: base, File: file})
	if err != nil {
		return err
	}
	name := strings.TrimPrefix(report.Digest(file), "sha256:")[:16] + ".json"
	return writeFile(filepath.Join(w.queueFolder(), name), data)
}

func (w *world) dequeue(name string) error {
	return os.Remove(filepath.Join(w.queueFolder(), name))
}

func (w *world) queue() ([]string, error) {
	entries, err := os.ReadDir(w.queueFolder())
	if os.IsNotExist(err) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, err
}

var errNoInvite = fmt.Errorf("the report was made without an invite: there is nobody to send it to")
