package collector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskready/report"
	"deskready/report/verify"
)

const day = 24 * time.Hour

// onDisk says whether the database holds these bytes anywhere, in its log too.
func (d *desk) onDisk(t *testing.T, what []byte) bool {
	t.Helper()
	for _, f := range []string{databaseFile, databaseFile + "-wal"} {
		data, err := os.ReadFile(filepath.Join(d.dir, f))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, what) {
			return true
		}
	}
	return false
}

func (d *desk) erase(t *testing.T, want int) {
	t.Helper()
	n, err := d.Erase(t.Context())
	if err != nil || n != want {
		t.Fatalf("%s: %d records erased, want %d, %v", d.clock.now(), n, want, err)
	}
}

// What a hire was promised is done: not before its time, and then for good, to the bytes on the disk.
func TestErasedInTime(t *testing.T) {
	d := newDesk(t)
	d.server.Keep = 30
	d.serve(t)
	h := d.hire(t, "Ana Visible").enrol(t)
	file, receipt := h.run(t, 0.04)
	parts := map[string][]byte{"the name": []byte("Ana Visible"), "the name to search for": []byte("ana visible"),
		"the report": file[len(file)/2:][:64], "the receipt": receipt[len(receipt)/2:][:64], "the invite": h.sealed[len(h.sealed)/2:][:64],
		"a finding": []byte("call.rtt"), "the key": []byte(h.Key.Public().ID())}
	d.clock.pass(30*day - time.Second)
	d.erase(t, 0)
	for name, part := range parts {
		if !d.onDisk(t, part) {
			t.Errorf("%s is not there before its time", name)
		}
	}
	if row := d.row(t, h.id); row.State != Ready || row.Person != "Ana Visible" {
		t.Errorf("before its time: %+v", row)
	}
	d.clock.pass(time.Second)
	d.erase(t, 2)
	d.erase(t, 0)
	for name, part := range parts {
		if d.onDisk(t, part) {
			t.Errorf("%s is still on the disk", name)
		}
	}
	if row := d.row(t, h.id); row.State != Erased || row.Person != "" || !row.Erased.Equal(d.clock.now()) || row.Submitted != 1 {
		t.Errorf("afterwards: %+v", row)
	}
	if list, err := d.Invites(t.Context(), Query{Name: "visible"}); err != nil || len(list) != 0 {
		t.Errorf("found by name: %+v, %v", list, err)
	}
	_, err := h.Deliver(t.Context(), file)
	refusedAs(t, "the same file again", err, http.StatusGone, ReasonErased)
	late := h.report(Run{ID: "run_x", Nonce: h.invite.Nonce, Now: h.invite.Issued}, 0.04)
	late.Offline = true
	_, err = h.Deliver(t.Context(), h.sealReport(t, late))
	refusedAs(t, "another report, under the invite that was erased", err, http.StatusGone, ReasonErased)

	trust := d.Trust()
	o := verify.File(file, verify.Options{Trust: &trust, Receipt: receipt, Now: d.clock.now})
	if len(o.Reasons) > 0 || o.Receipt == nil || o.Assurance != report.A1 {
		t.Errorf("the hire's own copy, without the collector: %+v", o)
	}
	if got := o.Invite.KeptUntil(o.Receipt.Created); !got.Equal(d.clock.now()) {
		t.Errorf("the hire was told %s", got)
	}
}

func TestPagesOfTheErased(t *testing.T) {
	d := newDesk(t)
	d.server.Keep = 30
	d.serve(t)
	p := d.admin(t)
	h := d.hire(t, "Ana Visible").enrol(t)
	h.run(t, 0.04)
	for path, want := range map[string]string{
		"/hires/" + h.id: "Kept until 22 Dec 2026, then erased by itself.",
		d.Link(h.id):     "If you send your report today, Clear Voices Ltd keeps it until 22 Dec 2026.",
	} {
		if got := p.get(t, path); got.status != http.StatusOK || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d without %q", path, got.status, want)
		}
	}
	d.clock.pass(30 * day)
	d.erase(t, 2)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/hires":                                     {http.StatusOK, "Erased on 22 Dec 2026"},
		"/hires?state=erased":                        {http.StatusOK, "Erased on 22 Dec 2026"},
		"/hires/" + h.id:                             {http.StatusOK, "kept for as long as promised, and erased on 22 Dec 2026"},
		"/hires/" + h.id + "/reports/1":              {http.StatusGone, "This was erased"},
		"/hires/" + h.id + "/invite.json":            {http.StatusGone, "This was erased"},
		"/hires/" + h.id + "/send":                   {http.StatusGone, "This was erased"},
		d.Link(h.id):                                 {http.StatusGone, "This was erased"},
		"/hires/" + h.id + "/reports/1/report.json":  {http.StatusGone, "This was erased"},
		"/hires/" + h.id + "/reports/1/receipt.json": {http.StatusGone, "This was erased"},
	} {
		// A session ends long before: the administrator comes back.
		got := d.admin(t).get(t, path)
		if got.status != want.status || !strings.Contains(got.body, want.text) || strings.Contains(got.body, "Visible") {
			t.Errorf("%s: %d, want %d and %q", path, got.status, want.status, want.text)
		}
	}
}

// Each report has its own time. The name stays while a report does, or while one can still come.
func TestErasedOneByOne(t *testing.T) {
	d := newDesk(t)
	d.server.Keep = 2
	d.serve(t)
	h := d.hire(t, "Ana").enrol(t)
	h.run(t, 0.4)
	d.clock.pass(day)
	second, _ := h.run(t, 0.04)
	d.clock.pass(day)
	d.erase(t, 1)
	if row := d.row(t, h.id); row.State != Ready || row.Person != "Ana" {
		t.Errorf("the report that counts is there: %+v", row)
	}
	d.clock.pass(day)
	d.erase(t, 1)
	if row := d.row(t, h.id); row.State != Erased || row.Person != "Ana" || row.Report != 0 {
		t.Errorf("nothing is there, and the invite is open: %+v", row)
	}
	next := h.begin(t)
	if next.Previous != report.Digest(second) {
		t.Errorf("the next run does not follow: %+v", next)
	}
	if _, err := h.Deliver(t.Context(), h.sealReport(t, h.report(next, 0.04))); err != nil {
		t.Fatal(err)
	}
	if row := d.row(t, h.id); row.State != Ready {
		t.Errorf("a report came anew: %+v", row)
	}
	d.clock.pass(2 * day)
	d.erase(t, 1)
	d.clock.pass(2*day + freshness - time.Second) // a run that was begun in time may still arrive
	d.erase(t, 0)
	d.clock.pass(time.Second)
	d.erase(t, 1)
	if row := d.row(t, h.id); row.Person != "" {
		t.Errorf("no report can come any more: %+v", row)
	}
}

// Without a promise nothing is erased; who never answered is forgotten too; and no pass does more than its share.
func TestErasePasses(t *testing.T) {
	d := newDesk(t).serve(t)
	kept := d.hire(t, "Kept").enrol(t)
	kept.run(t, 0.04)
	d.server.Keep = 1
	var last hire
	for i := range erasePass + 5 {
		last = d.hire(t, fmt.Sprint("Nobody ", i))
	}
	d.clock.pass(DefaultTTL + day - time.Second)
	d.erase(t, 0)
	d.clock.pass(time.Second)
	d.erase(t, erasePass)
	d.erase(t, 5)
	d.clock.pass(20 * 365 * day)
	d.erase(t, 0)
	if row := d.row(t, kept.id); row.State != Ready || row.Person != "Kept" {
		t.Errorf("no date was promised: %+v", row)
	}
	if row := d.row(t, last.id); row.State != Erased || row.Person != "" {
		t.Errorf("who never answered: %+v", row)
	}
	for _, days := range []int{-1, report.MaxKeep + 1} {
		if _, _, err := d.Invite(t.Context(), NewInvite{For: "A", Policy: policy(), Collector: d.server.PublicURL, Keep: days}); err == nil {
			t.Errorf("an invite that promises %d days", days)
		}
	}
}

// What fell due while the collector was off is erased when it starts.
func TestErasedAfterRestart(t *testing.T) {
	d := newDesk(t)
	d.server.Keep = 30
	d.serve(t)
	h := d.hire(t, "Ana Visible").enrol(t)
	h.run(t, 0.04)
	d.web.Close()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d.clock.pass(31 * day)
	again := openDesk(t, d.dir, d.clock)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		again.server.KeepErasing(ctx)
		ended <- ctx.Err()
	}()
	for until := time.Now().Add(20 * time.Second); again.row(t, h.id).Person != "" && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	if row := again.row(t, h.id); row.State != Erased || row.Person != "" {
		t.Errorf("after the restart: %+v", row)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended by itself: %v", err)
	}
}
