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

	"deskready/checks"
	"deskready/checks/words"
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
	if j.files.Report, err = j.write("", file); err != nil {
		return err
	}
	j.signed = file
	if j.inv != nil && !j.noSend {
		j.deliver(ctx, file)
	}
	j.leavePage()
	return nil
}

// confirmSeen is what is confirmed by whoever saw the result first.
const confirmSeen = "cmd.confirm.text"

// confirmText is that text, in the language of a book.
func (j *journey) confirmText(b words.Book) string {
	employer := b.Text("cmd.nobody")
	if j.inv != nil {
		employer = j.inv.Employer
	}
	return b.Text(confirmSeen, "employer", employer)
}

// confirm takes the hire's electronic signature: a typed name under a text, both of which go into the report.
func (j *journey) confirm(ctx context.Context) error {
	name, text := strings.TrimSpace(j.name), "cmd.confirm.beforehand"
	if j.seen {
		text = confirmSeen
	}
	if name == "" && j.page == nil && j.asks && !j.yes {
		if j.format == "text" {
			if err := j.answer(); err != nil {
				return err
			}
			j.shown = true
		}
		j.say("\n%s\n%s\n%s", j.book.Text("cmd.result", "verdict", j.book.Text("verdict."+string(j.report.Verdict))), j.book.Text("cmd.confirm.text", "employer", j.employer()), j.book.Text("cmd.confirm.see"))
		name, _ = j.line(ctx, j.book.Text("cmd.confirm.ask")) // no answer, for whatever reason, is no signature
		name, text = checks.Clean(name, maxName), confirmSeen
	}
	if name != "" && !goodName(name) {
		return errName
	}
	if name != "" {
		j.report.Confirmed = &report.Confirmed{
			Name: name, Lang: j.book.Lang(),
			At:         j.now().Add(j.offset).UTC().Truncate(time.Second),
			TextDigest: report.Digest([]byte(j.book.Text(text, "employer", j.employer()))),
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
	if j.files.Draft, err = j.write(".draft.json", append(data, '\n')); err != nil {
		return err
	}
	j.leavePage()
	return nil
}

// write puts a file of this run where the report was asked for, or here, or in the user's own folder where here cannot
// be written to. end is the end of its name; empty: the report's own.
func (j *journey) write(end string, data []byte) (string, error) {
	path := j.outPath()
	if end != "" {
		path = stem(path) + end
	}
	err := writeFile(path, data)
	if err != nil && j.out == "" && j.home != "" {
		path = filepath.Join(j.home, filepath.Base(path))
		err = writeFile(path, data)
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
		hint: "make room on the disk, or choose another place with --out, and run deskready check again",
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

// leavePage puts a page beside the report, for people who would rather look than read a terminal. Without it nothing is
// lost.
func (j *journey) leavePage() {
	if j.noPage {
		return
	}
	var page bytes.Buffer
	err := render.HTML(&page, j.book, j.readable(), render.Look{})
	if err == nil {
		j.files.HTML, err = j.write(".html", page.Bytes())
	}
	if err != nil {
		j.say("%s", err)
	}
}

// deliver sends the sealed report, and queues it where that did not work.
func (j *journey) deliver(ctx context.Context, file []byte) {
	j.say("%s", j.book.Text("cmd.sending", "employer", j.employer()))
	done := false
	waiting, err := j.enqueue(j.files.Report, file, j.collector) // first: a power cut while sending must lose nothing
	if err != nil {
		j.say("%s", err)
	}
	receipt, own, err := j.world.deliver(ctx, file, j.collector)
	if err == nil {
		j.files.Receipt = stem(j.files.Report) + ".receipt.json"
		if err = writeFile(j.files.Receipt, receipt); err != nil {
			j.files.Receipt = ""
			j.say("%s", err)
		}
		done, j.assurance, j.keptUntil = true, own.Assurance, own.Invite.KeptUntil(own.Receipt.Created)
	}
	j.delivered = &done
	f := refusedFault(err)
	if done || f != nil {
		_ = os.Remove(waiting) // what stays is delivered again, and gets the same answer
	}
	switch {
	case f != nil:
		j.refusal = f
		j.say("%s\nhint: %s", f.what, f.hint)
	case !done:
		j.say("%s", j.book.Text("cmd.undelivered", "why", j.why(err)))
	}
}

// queued is a report that waits for its collector.
type queued struct {
	Path      string `json:"path"` // where the receipt goes beside
	Collector string `json:"collector"`
	File      []byte `json:"file"`
}

func (w *world) queueFolder() string { return filepath.Join(w.state, "queue") }

// enqueue keeps a report until it is delivered, and says where.
func (w *world) enqueue(path string, file []byte, base string) (string, error) {
	if err := os.MkdirAll(w.queueFolder(), 0o700); err != nil {
		return "", err
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	data, err := json.Marshal(queued{Path: path, Collector: base, File: file})
	if err != nil {
		return "", err
	}
	place := filepath.Join(w.queueFolder(), strings.TrimPrefix(report.Digest(file), "sha256:")[:16]+".json")
	return place, writeFile(place, data)
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
