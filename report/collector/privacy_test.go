package collector

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer takes the log of all requests.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// No full address of anybody is kept, in the database or in the log, and no secret is.
func TestNothingPersonalIsKept(t *testing.T) {
	d := newDesk(t)
	var log lockedBuffer
	d.server.Log = slog.New(slog.NewJSONHandler(&log, nil))
	d.server.PublicURL = killedURL
	d.server.Address = func(*http.Request) netip.Addr { return netip.MustParseAddr("203.0.113.77") }
	d.serve(t)
	admin := d.admin(t)
	h := d.hire(t, "Ana Visible")
	h.Base = d.web.URL
	h.enrol(t).run(t, 0.04)
	admin.get(t, "/hires")
	d.person(t).post(t, "/login", "name", "Rosa", "password", "wrong password here")
	kept := bytes.Clone(log.buf.Bytes())
	for _, f := range []string{databaseFile, databaseFile + "-wal"} {
		data, err := os.ReadFile(filepath.Join(d.dir, f))
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, data...)
	}
	if !bytes.Contains(kept, []byte("203.0.113.0/24")) {
		t.Error("the log does not say from which network a wrong password came")
	}
	secret := strings.TrimPrefix(d.Link(h.id), "/i/")
	for _, never := range []string{"203.0.113.77", "127.0.0.1", password, "wrong password", secret} {
		if bytes.Contains(kept, []byte(never)) {
			t.Errorf("%q is kept", never)
		}
	}
	if strings.Contains(log.buf.String(), "Ana") || strings.Contains(log.buf.String(), h.invite.Token) {
		t.Error("the log names a hire, or tells a token")
	}
}

func TestNetwork(t *testing.T) {
	for from, want := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "::ffff:203.0.113.77": "203.0.113.0/24", "2001:db8:1:2::3": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48",
	} {
		s := &Server{Address: func(*http.Request) netip.Addr { return netip.MustParseAddr(from) }}
		if got := s.network(&http.Request{}); got != want {
			t.Errorf("%s is %s, want %s", from, got, want)
		}
	}
	if got := (&Server{}).network(&http.Request{RemoteAddr: "@"}); got != "unknown" {
		t.Errorf("no address: %s", got)
	}
}

func TestTooManyRequests(t *testing.T) {
	d := newDesk(t)
	d.server.Limits.Requests = 5
	d.serve(t)
	p := d.person(t)
	statuses := map[int]int{}
	var last seen
	for range 8 {
		last = p.get(t, "/healthz")
		statuses[last.status]++
	}
	if statuses[http.StatusOK] != 5 || statuses[http.StatusTooManyRequests] != 3 || last.header.Get("Retry-After") == "" {
		t.Errorf("%v, Retry-After %q", statuses, last.header.Get("Retry-After"))
	}
	d.clock.pass(time.Minute)
	if got := p.get(t, "/healthz"); got.status != http.StatusOK {
		t.Errorf("a minute later: %d", got.status)
	}
}

// The operator's policies may be there before the collector is.
func TestFolderWithPolicies(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "policies"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), dir, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	letters := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(letters, "policies"), 0o700), os.WriteFile(filepath.Join(letters, "letters.txt"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), letters, rand.Reader, time.Now); err == nil || !strings.Contains(err.Error(), "no data folder") {
		t.Errorf("policies and letters: %v", err)
	}
}

// Where there are no links, a new file is written all the same, and never over another.
func TestWriteNewWithoutLinks(t *testing.T) {
	for name, link := range map[string]func(string, string) error{
		"links":    os.Link,
		"no links": func(string, string) error { return &os.LinkError{Op: "link", Err: errors.ErrUnsupported} },
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "secret")
		if err := writeNew(path, []byte("first"), link); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := writeNew(path, []byte("second"), link); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: over another: %v", name, err)
		}
		data, _ := os.ReadFile(path)
		left, _ := os.ReadDir(dir)
		if info, err := os.Stat(path); err != nil || string(data) != "first" || len(left) != 1 || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %q, %d files, %v", name, data, len(left), info)
		}
	}
}

// Folders that are not a collector's are left alone.
func TestWrongFolders(t *testing.T) {
	put := func(names ...string) string {
		dir := t.TempDir()
		for _, n := range names {
			if err := os.WriteFile(filepath.Join(dir, n), []byte("something"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	file := filepath.Join(put("file"), "file")
	for dir, want := range map[string]string{
		put("letters.txt"): "no data folder", put(databaseFile): "no " + keyFile, put(keyFile): "key", file: "data folder",
	} {
		s, err := Open(t.Context(), dir, strings.NewReader(strings.Repeat("x", 1000)), time.Now)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	d := newDesk(t)
	_ = d.Close()
	if err := os.WriteFile(filepath.Join(d.dir, databaseFile), bytes.Repeat([]byte("garbage "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), d.dir, strings.NewReader(strings.Repeat("x", 1000)), time.Now); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged database: %v", err)
	}
}

// TestFilesAreTheOwnersAlone: nobody else on the computer reads what hires sent.
func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 4 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}
