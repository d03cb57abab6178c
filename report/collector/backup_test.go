package collector

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
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
		if err := Restore(t.Context(), bytes.NewReader(archive), folder); !errors.Is(err, ErrBackup) || strings.Contains(err.Error(), "EOF") ||
			strings.Contains(err.Error(), "archive/tar") || strings.Contains(err.Error(), "json:") || strings.Contains(err.Error(), "(11)") {
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

// put writes files into the data folder.
func put(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// What is served from the folder comes back, whatever it is called; even as much of it as a backup takes.
func TestBackupHoldsPolicies(t *testing.T) {
	d := newDesk(t)
	files := map[string][]byte{
		"place.json": []byte("{}"), "TLS-Key.pem": []byte("pem"), "policies/voice.yaml": []byte("a"), "policies/Acme.v2.yaml": []byte("b"),
		"policies/UPPER_case.yaml": bytes.Repeat([]byte("c"), maxSmallFile), "policies/x": {}, "policies/README.md": []byte("d"),
	}
	for i := len(files); i < maxOthers; i++ {
		files[fmt.Sprintf("policies/%s-%03d.yaml", strings.Repeat("x", 91), i)] = []byte{byte(i)}
	}
	put(t, d.dir, files)
	var out bytes.Buffer
	if err := d.Backup(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "restored")
	if err := Restore(t.Context(), &out, folder); err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name))); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// What Restore would refuse is not written, and nothing among the policies is left out without a word.
func TestBackupRefuses(t *testing.T) {
	many := map[string][]byte{}
	for i := range maxOthers + 1 {
		many[fmt.Sprintf("policies/p%d.yaml", i)] = nil
	}
	for name, c := range map[string]struct {
		files map[string][]byte
		want  []string
	}{
		"a space":      {map[string][]byte{"policies/Acme voice.yaml": nil}, []string{"policies/Acme voice.yaml", "letters", "digits"}},
		"an accent":    {map[string][]byte{"policies/señal.yaml": nil}, []string{"policies/señal.yaml", "letters"}},
		"hidden":       {map[string][]byte{"policies/.acme.yaml": nil}, []string{"policies/.acme.yaml", "beginning"}},
		"a dot at end": {map[string][]byte{"policies/acme.": nil}, []string{"policies/acme.", "end"}},
		"long":         {map[string][]byte{"policies/" + strings.Repeat("x", 101): nil}, []string{"xxx", "100"}},
		"large":        {map[string][]byte{"policies/a.yaml": make([]byte, maxSmallFile+1)}, []string{"policies/a.yaml", "1048577", "1048576"}},
		"large beside": {map[string][]byte{"notes.json": make([]byte, maxSmallFile+1)}, []string{"notes.json", "1048577"}},
		"many":         {many, []string{"201", "200"}},
	} {
		d := newDesk(t)
		put(t, d.dir, c.files)
		var out bytes.Buffer
		err := d.Backup(t.Context(), &out)
		if err == nil || out.Len() > 0 {
			t.Errorf("%s: %d bytes written, %v", name, out.Len(), err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q lacks %q", name, err, want)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(d.dir, "backup-*")); len(left) > 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
	d := newDesk(t)
	put(t, d.dir, map[string][]byte{"policies/a.yaml": nil})
	if err := os.Symlink("nowhere", filepath.Join(d.dir, "policies", "b.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := d.Backup(t.Context(), io.Discard); err == nil || !strings.Contains(err.Error(), "policies/b.yaml cannot be read") {
		t.Errorf("a policy that cannot be read: %v", err)
	}
}

func TestNamesInBackups(t *testing.T) {
	for name, want := range map[string]bool{
		"place.json": true, "policies/a.yaml": true, "policies/Acme.v2.yaml": true, "policies/a..b": true,
		"": false, ".": false, "..": false, "policies/": false, "policies/.": false, "policies/..": false, "policies/../x.yaml": false, "policies/a/b.yaml": false,
		"../x.json": false, "/x.json": false, `policies/..\x.yaml`: false, `policies\x.yaml`: false, "policies//x": false, "other/x.yaml": false, "C:x.json": false,
		"x.key": false, ".x.json": false, "x.json.": false, "policies/x ": false, "policies/x\n": false, "policies/x\x00": false,
	} {
		if allowed(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
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
