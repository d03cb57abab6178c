package collector

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"deskready/report"
	"deskready/report/seal"
	"deskready/report/verify"
)

// What lies in the data folder.
const (
	databaseFile = "collector.db"
	keyFile      = "collector.key"
	secretFile   = "ticket.secret"
	trustFile    = "trust.json"
	policyFolder = "policies" // the operator's own
)

// A Store is the collector's data folder: the database, the key that seals invites and receipts, and trust.json for
// those who verify. Several processes may have one folder open: `invite create` works beside `serve`.
type Store struct {
	dir    string
	rand   io.Reader
	now    func() time.Time
	key    seal.Key
	mu     sync.Mutex // over trust
	trust  verify.Trust
	secret []byte
	write  *sql.DB // one connection: SQLite has one writer, and a queue in Go is fairer than its busy handler
	read   *sql.DB
}

// Open opens the data folder and makes it on first use: the folder for its owner alone, a key, and an empty database.
func Open(ctx context.Context, dir string, rand io.Reader, now func() time.Time) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := prepare(dir); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, rand: rand, now: now}
	if err := s.openKeys(); err != nil {
		return nil, plainly(err)
	}
	if s.write, s.read, err = openDatabase(ctx, filepath.Join(dir, databaseFile)); err != nil {
		return nil, plainly(err)
	}
	return s, nil
}

// Close closes the database. Writes under way end first.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// Trust is what verifiers need: the content of trust.json.
func (s *Store) Trust() verify.Trust {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trust
}

// TicketSecret is for the tickets of the office ends: 32 random bytes, the same for the life of the data folder.
func (s *Store) TicketSecret() []byte { return slices.Clone(s.secret) }

// prepare makes the folder, or refuses one that holds other things: a home folder given by mistake must not become
// private and full of databases.
func prepare(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(dir, 0o700)
	case err != nil:
		return fmt.Errorf("opening the data folder: %w", err)
	}
	known, foreign, database := 0, "", false
	for _, e := range entries {
		switch name := e.Name(); {
		case name == databaseFile:
			database = true
			known++
		case name == keyFile, name == secretFile, name == trustFile:
			known++
		case name == policyFolder && e.IsDir(): // may be laid out before the first start
		case name != "lost+found" && !strings.HasSuffix(name, ".tmp") && !strings.HasPrefix(name, ".key-"):
			foreign = name
		}
	}
	if foreign != "" && known == 0 {
		return fmt.Errorf("%s is no data folder of a collector: it holds %q; name an empty or a new folder", dir, foreign)
	}
	if database && !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == keyFile }) {
		return fmt.Errorf("%s holds %s but no %s: bring the key back from a backup, since invites and receipts hang on it",
			dir, databaseFile, keyFile)
	}
	return os.Chmod(dir, 0o700) //nolint:gosec // a folder needs its x bit
}

// openKeys reads the key and the secret, or makes them, and keeps trust.json true.
func (s *Store) openKeys() error {
	path := filepath.Join(s.dir, keyFile)
	key, err := seal.LoadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if key, err = seal.NewKey(s.rand); err != nil {
			return err
		}
		if err = key.Save(path); errors.Is(err, fs.ErrExist) {
			key, err = seal.LoadKey(path) // another process was first
		}
	}
	if err != nil {
		return fmt.Errorf("opening the collector's key: %w", err)
	}
	s.key = key
	if s.secret, err = s.openSecret(); err != nil {
		return err
	}
	return s.calls("")
}

func (s *Store) openSecret() ([]byte, error) {
	path := filepath.Join(s.dir, secretFile)
	secret := make([]byte, 32)
	if _, err := io.ReadFull(s.rand, secret); err != nil {
		return nil, err
	}
	switch err := writeNew(path, secret, os.Link); {
	case err == nil:
		return secret, nil
	case !errors.Is(err, fs.ErrExist):
		return nil, err
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(secret) != 32 {
		return nil, fmt.Errorf("%s holds %d bytes, not 32: bring it back from a backup, or delete it to make a new one "+
			"(links already sent to hires then stop working)", path, len(secret))
	}
	return secret, nil
}

// writeNew writes a file that nobody sees half written, and fails with fs.ErrExist where there is one. Some file systems
// (exFAT, network shares) have no links: there the file is written in place.
func writeNew(path string, data []byte, link func(old, new string) error) error {
	tmp, err := writeBeside(path, data)
	if err != nil {
		return err
	}
	if err := link(tmp, path); err == nil || errors.Is(err, fs.ErrExist) {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Remove(tmp); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// writeBeside writes and syncs a temporary file in the folder of path.
func writeBeside(path string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// calls writes trust.json when it does not say what is so: our key, and by which address we go. An empty address leaves
// the one that is there.
func (s *Store) calls(address string) error {
	path := filepath.Join(s.dir, trustFile)
	have, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if old, err := verify.ParseTrust(have); err == nil && address == "" {
		address = old.Collector
	}
	trust := verify.Trust{Version: report.Version, Collector: address, Keys: []verify.TrustedKey{{
		ID: s.key.Public().ID(), PEM: s.key.Public().PEM(),
		Use: []string{verify.UseInvite, verify.UseWitness, verify.UseReceipt},
	}}}
	want, err := trust.Encode()
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.trust = trust
	s.mu.Unlock()
	if bytes.Equal(have, want) {
		return nil
	}
	tmp, err := writeBeside(path, want)
	if err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// token is 128 or more random bits, in letters that survive mail programs and shells.
func (s *Store) token(size int) (string, error) {
	raw := make([]byte, size)
	if _, err := io.ReadFull(s.rand, raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// linkSecret is the secret in a hire's link. It is computed, not kept, so that the database alone opens no link, and
// yet a recruiter can be shown the link again.
func (s *Store) linkSecret(invite string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("deskready-link-v1\n" + invite))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

func hashed(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
