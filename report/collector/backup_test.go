package collector

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"deskready/report"
	"deskready/report/verify"
)

// Reports are delivered while the backup is made. All that it holds is whole, and what was there before it is in it.
func TestBackupWhileServing(t *testing.T) {
	d := newDesk(t)
	d.server.Limits.Runs = 10000
	d.serve(t)
	h := d.hire(t, "Ana").enrol(t)
	files, receipts := map[string][]byte{}, map[string][]byte{}
	for range 5 {
		file, receipt := h.run(t, 0.04)
		files[report.Digest(file)], receipts[report.Digest(file)] = file, receipt
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			h.run(t, 0.04)
		}
	})
	var archive bytes.Buffer
	for range 3 {
		archive.Reset()
		if err := d.Backup(t.Context(), &archive); err != nil {
			t.Error(err)
		}
	}
	stop()
	wg.Wait()
	folder := filepath.Join(t.TempDir(), "restored")
	if err := Restore(t.Context(), &archive, folder); err != nil {
		t.Fatal(err)
	}
	back := openDesk(t, folder, d.clock)
	if back.key.Public().ID() != d.key.Public().ID() || !bytes.Equal(back.TicketSecret(), d.TicketSecret()) || back.Link(h.id) != d.Link(h.id) {
		t.Error("keys or links are others")
	}
	stored, err := back.reports(t.Context(), h.id)
	if err != nil || len(stored) < len(files) {
		t.Fatalf("%d reports: %v", len(stored), err)
	}
	trust := back.Trust()
	for _, r := range stored {
		file, receipt, err := back.files(t.Context(), h.id, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if o := verify.File(file, verify.Options{Trust: &trust, Receipt: receipt}); len(o.Reasons) > 0 || o.Assurance != report.A1 {
			t.Errorf("restored report %d: %v", r.ID, o.Reasons)
		}
		if want, ok := receipts[r.Digest]; ok {
			if !bytes.Equal(want, receipt) || !bytes.Equal(files[r.Digest], file) {
				t.Error("a report or its receipt is not the one from before")
			}
			delete(receipts, r.Digest)
		}
	}
	if len(receipts) > 0 {
		t.Errorf("%d reports from before the backup are not in it", len(receipts))
	}
	if left, _ := filepath.Glob(filepath.Join(d.dir, "backup-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestBrokenBackup(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	h.run(t, 0.04)
	var out bytes.Buffer
	if err := d.Backup(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	good := out.Bytes()
	damaged := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 0x40
		return b
	}
	entries := untar(t, good)
	again := func(change func(list []entry) []entry) []byte {
		list := append([]entry(nil), entries...)
		return retar(t, change(list))
	}
	for name, archive := range map[string][]byte{
		"empty":              nil,
		"no archive":         []byte("hello"),
		"cut short":          good[:len(good)/2],
		"cut at the end":     good[:len(good)-2048],
		"a bit in the pages": damaged(bytes.Index(good, []byte("SQLite format 3")) + 9000),
		"a bit in the head":  damaged(bytes.Index(good, []byte("SQLite format 3")) + 4),
		"a file more":        again(func(l []entry) []entry { return append(l, entry{tar.Header{Name: "more", Typeflag: tar.TypeReg}, nil}) }),
		"a way out": again(func(l []entry) []entry {
			l[1].Name = "../" + databaseFile
			return l
		}),
		"an absolute name": again(func(l []entry) []entry {
			l[1].Name = "/tmp/" + databaseFile
			return l
		}),
		"a link": again(func(l []entry) []entry {
			l[2] = entry{tar.Header{Name: keyFile, Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, nil}
			return l
		}),
		"no manifest": again(func(l []entry) []entry { return l[1:] }),
		"the way out in the manifest": again(func(l []entry) []entry {
			l[0].data = bytes.Replace(l[0].data, []byte(`"collector.db"`), []byte(`"../evil.db"`), 1)
			return l
		}),
		"the size of the moon": again(func(l []entry) []entry {
			var m manifest
			if err := json.Unmarshal(l[0].data, &m); err != nil {
				t.Fatal(err)
			}
			m.Files[1].Size = 1 << 50
			l[0].data, _ = json.Marshal(m)
			return l
		}),
	} {
		parent := t.TempDir()
		folder := filepath.Join(parent, "restored")
		if err := Restore(t.Context(), bytes.NewReader(archive), folder); !errors.Is(err, ErrBackup) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(parent); len(left) > 0 {
			t.Errorf("%s: left %v behind", name, left)
		}
	}
	if err := Restore(t.Context(), bytes.NewReader(good), d.dir); err == nil {
		t.Error("restored over a folder in use")
	}
	if err := Restore(t.Context(), bytes.NewReader(retar(t, entries)), t.TempDir()); err != nil {
		t.Errorf("the same archive written again: %v", err)
	}
}

type entry struct {
	tar.Header
	data []byte
}

func untar(t *testing.T, archive []byte) []entry {
	t.Helper()
	var list []entry
	in := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry{*h, data})
	}
}

func retar(t *testing.T, list []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range list {
		e.Size = int64(len(e.data))
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
