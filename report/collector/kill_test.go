package collector

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/report"
	"deskready/report/verify"
)

var serveFolder = flag.String("serve-folder", "", "be a collector over this folder, for the test that kills it") // read only

func TestMain(m *testing.M) {
	flag.Parse()
	if *serveFolder != "" {
		if err := beCollector(*serveFolder); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const killedURL = "http://collector.example"

// beCollector serves until it is killed.
func beCollector(dir string) error {
	store, err := Open(context.Background(), dir, rand.Reader, time.Now)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &Server{Store: store, Book: book(nil), PublicURL: killedURL, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Limits: Limits{Requests: 1 << 20, Runs: 1 << 20}}
	fmt.Println("http://" + l.Addr().String())
	return s.HTTPServer().Serve(l)
}

// startCollector is another process that serves the folder.
func startCollector(t *testing.T, dir string) (base string, kill func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-serve-folder", dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the collector did not start: %v", err)
	}
	return strings.TrimSpace(line), func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // killed
	}
}

// The collector is killed while reports come in, again and again. Whatever it gave a receipt for is there afterwards.
func TestKilledWhileReceiving(t *testing.T) {
	dir := t.TempDir()
	store, err := Open(t.Context(), dir, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	var hires []hire
	for i := range 4 {
		id, sealed, err := store.Invite(t.Context(), NewInvite{For: fmt.Sprint("Hire ", i), Policy: policy(), Collector: killedURL})
		if err != nil {
			t.Fatal(err)
		}
		invite, err := verify.Invite(sealed, time.Now(), nil)
		if err != nil {
			t.Fatal(err)
		}
		hires = append(hires, hire{Client: Client{HTTP: &http.Client{}, Key: newKey(t)}, id: id, sealed: sealed, invite: invite})
	}
	var mu sync.Mutex
	receipts, unsure := map[string][]byte{}, map[string]hire{} // by file
	for range 5 {
		base, kill := startCollector(t, dir)
		var wg sync.WaitGroup
		for _, h := range hires {
			h.Base = base
			wg.Go(func() {
				for {
					file, receipt, err := h.attempt(t)
					mu.Lock()
					if err == nil {
						receipts[string(file)] = receipt
					} else if file != nil {
						unsure[string(file)] = h
					}
					mu.Unlock()
					if later, ok := errors.AsType[*LaterError](err); ok && later.Status == 0 {
						return // killed
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		time.Sleep(250 * time.Millisecond)
		kill()
		wg.Wait()
	}
	base, kill := startCollector(t, dir)
	defer kill()
	for file, h := range unsure {
		h.Base = base
		if receipts[file], err = h.Deliver(t.Context(), []byte(file)); err != nil {
			t.Errorf("sent again after the kill: %v", err)
		}
	}
	if len(receipts) < 20 {
		t.Fatalf("only %d reports were received: that shows nothing", len(receipts))
	}
	t.Logf("%d receipts given, %d sent again", len(receipts), len(unsure))
	if err := sound(t.Context(), dir); err != nil {
		t.Error(err)
	}
	trust := store.Trust()
	for file, receipt := range receipts {
		var kept []byte
		if err := store.read.QueryRow("SELECT receipt FROM reports WHERE digest = ?", report.Digest([]byte(file))).Scan(&kept); err != nil || !bytes.Equal(kept, receipt) {
			t.Fatalf("a report that has a receipt is lost: %v", err)
		}
		if o := verify.File([]byte(file), verify.Options{Trust: &trust, Receipt: receipt}); len(o.Reasons) > 0 {
			t.Fatal(o.Reasons)
		}
	}
}

// attempt is one run; without a file, it did not come so far.
func (h hire) attempt(t *testing.T) (file, receipt []byte, err error) {
	if err := h.Enrol(t.Context(), h.invite); err != nil {
		return nil, nil, err
	}
	run, err := h.Begin(t.Context(), h.invite)
	if err != nil {
		return nil, nil, err
	}
	if file, err = verify.Seal(h.report(run, 0.04), h.Key); err != nil {
		return nil, nil, err
	}
	receipt, err = h.Deliver(t.Context(), file)
	return file, receipt, err
}

// A full disk, as SQLite tells it: nothing is acknowledged, the client is told to come back, and afterwards all goes on.
func TestFullDisk(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	file := h.sealReport(t, h.report(h.begin(t), 0.04))
	pages := 0
	if err := d.write.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		if _, err := d.write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages)
	_, err := h.Deliver(t.Context(), file)
	later, ok := errors.AsType[*LaterError](err)
	if !ok || later.Status != http.StatusServiceUnavailable || later.Reason != ReasonDisk || later.Wait != 5*time.Minute {
		t.Fatalf("%v", err)
	}
	if _, _, err := d.Invite(t.Context(), NewInvite{For: strings.Repeat("x", 100), Policy: policy(), Collector: killedURL}); err != nil && !errors.Is(err, ErrDiskFull) {
		t.Errorf("an invite: %v", err)
	}
	if row := d.row(t, h.id); row.Submitted != 0 || row.State != Running {
		t.Errorf("half a report is there: %+v", row)
	}
	limit(1 << 30)
	if _, err := h.Deliver(t.Context(), file); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// On a full disk people can still read: that somebody looked is not noted, and nothing else is missing.
func TestReadingOnAFullDisk(t *testing.T) {
	d := newDesk(t)
	var log lockedBuffer
	d.server.Log = slog.New(slog.NewTextHandler(&log, nil))
	d.serve(t)
	p := d.admin(t)
	h := d.hire(t, "Ana")
	d.clock.pass(2 * time.Minute) // from now on the session's use should be noted
	if _, err := d.write.Exec(`CREATE TRIGGER full BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'full'); END;
		CREATE TRIGGER fuller BEFORE UPDATE ON invites BEGIN SELECT RAISE(ABORT, 'full'); END`); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/hires", "/hires/" + h.id, d.Link(h.id), d.Link(h.id) + "/invite.json"} {
		log.buf.Reset()
		if got := p.get(t, path); got.status != http.StatusOK {
			t.Errorf("%s: %d", path, got.status)
		}
		if !strings.Contains(log.buf.String(), "level=WARN msg=\"not noted\"") {
			t.Errorf("%s: the log says %q", path, log.buf.String())
		}
	}
	if got := d.person(t).get(t, d.Link(h.id)); got.status != http.StatusOK {
		t.Errorf("the hire's page: %d", got.status)
	}
	if _, err := d.write.Exec("DROP TRIGGER full; DROP TRIGGER fuller"); err != nil {
		t.Fatal(err)
	}
	if p.get(t, d.Link(h.id)); d.row(t, h.id).State != Opened {
		t.Error("with room again, the opened link is not noted")
	}
}

// What SQLite says of itself is for support; people read a sentence.
func TestDatabaseTroubleIsPlain(t *testing.T) {
	if err := plainly(nil); err != nil {
		t.Error(err)
	}
	own := errors.New("ours")
	if err := plainly(own); err != own { //nolint:errorlint // the very same
		t.Error(err)
	}
	open := func(path string) *sql.DB {
		db, err := sql.Open("sqlite", dsn(path)+"?_txlock=exclusive")
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	fails := func(db *sql.DB, query string) error {
		_, err := db.ExecContext(t.Context(), query)
		if err == nil {
			t.Fatalf("%s did not fail", query)
		}
		return err
	}
	path := filepath.Join(t.TempDir(), "x.db")
	first, second := open(path), open(path)
	if _, err := first.Exec("CREATE TABLE x (y)"); err != nil {
		t.Fatal(err)
	}
	tx, err := first.Begin()
	if err != nil {
		t.Fatal(err)
	}
	busy := fails(second, "INSERT INTO x VALUES (1)")
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Exec("PRAGMA query_only = 1"); err != nil {
		t.Fatal(err)
	}
	nowhere := fails(open(filepath.Join(path, "none", "y.db")), "CREATE TABLE x (y)")
	for want, err := range map[string]error{
		"keeps the collector's database busy": plainly(busy),
		"folder cannot be written":            plainly(fails(second, "INSERT INTO x VALUES (1)")),
		"fault of the program":                plainly(fails(first, "INSERT INTO nothing VALUES (1)")),
		"use the account that owns it":        explain(path, nowhere),
		"try again in a minute":               explain(path, busy),
	} {
		text := err.Error()
		if !strings.Contains(text, want) || code(err) == 0 || !regexp.MustCompile(`\(.+ \(\d+\).*\)$`).MatchString(inFull(err)) {
			t.Errorf("%q, in full %q, want %q", text, inFull(err), want)
		}
		for _, raw := range []string{"SQL", "locked", "unable", "readonly", "no such", "(5)", "(14)", "(8)", "(1)"} {
			if strings.Contains(text, raw) {
				t.Errorf("%q holds %q", text, raw)
			}
		}
	}
	d := newDesk(t)
	if _, err := d.write.Exec("PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	var full error
	for range 100 {
		if _, _, full = d.Invite(t.Context(), NewInvite{For: "Ana", Policy: policy(), Collector: killedURL}); full != nil {
			break
		}
	}
	if !errors.Is(full, ErrDiskFull) || full.Error() != ErrDiskFull.Error() {
		t.Errorf("full: %v", full)
	}
}

// Several processes open a new folder at once: one key, one database.
func TestOpenedAtOnce(t *testing.T) {
	dir := t.TempDir()
	ids := make([]string, 6)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			s, err := Open(t.Context(), dir, rand.Reader, time.Now)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			ids[i] = s.key.Public().ID() + string(s.TicketSecret())
			if _, _, err := s.Invite(t.Context(), NewInvite{For: "Ana", Policy: policy(), Collector: killedURL}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatal("two keys for one folder")
		}
	}
}
