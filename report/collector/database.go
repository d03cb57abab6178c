package collector

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite" // the driver registers itself
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrDiskFull is wrapped by errors of a store that has no room left. Nothing is lost by it: what could not be written
// was not acknowledged.
var ErrDiskFull = errors.New("the disk of the data folder is full: make room, then try again; nothing that was acknowledged is lost")

// openDatabase gives the one connection that writes and a pool that reads.
//
// Synchronous is FULL: a receipt is a promise, and with NORMAL under WAL a committed report may vanish with the power.
// With secure_delete what was erased is overwritten, and not only unlinked.
func openDatabase(ctx context.Context, path string) (write, read *sql.DB, err error) {
	if err := ownersAlone(path); err != nil {
		return nil, nil, err
	}
	const common = "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_defensive=1&_dqs=0"
	write, err = sql.Open("sqlite", dsn(path)+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=secure_delete(1)&_txlock=immediate&"+common)
	if err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if err = migrate(ctx, write); err != nil {
		return nil, nil, errors.Join(explain(path, err), write.Close())
	}
	read, err = sql.Open("sqlite", dsn(path)+"?_pragma=query_only(1)&"+common)
	if err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(4)
	return write, read, nil
}

// dsn writes a path as a SQLite URI: "?" and "%" in folder names mean nothing, drive letters come after three slashes.
func dsn(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return "file://" + (&url.URL{Path: path}).EscapedPath()
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	// Two processes may open a new folder at once. Goose looks first and then migrates, so the later one finds the
	// tables there: it looks again.
	for try := 0; ; try++ {
		_, err = p.Up(ctx)
		if err == nil || try == 5 || ctx.Err() != nil || code(err) == sqlite3.SQLITE_NOTADB || isFull(err) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		return err
	}
	have, known, err := p.GetVersions(ctx)
	if err == nil && have > known {
		err = fmt.Errorf("the database has version %d, this program knows %d: use the newer deskready that made it", have, known)
	}
	return err
}

// explain says what people can do about a database that does not open.
func explain(path string, err error) error {
	switch code(err) {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return &plainError{text: path + " is damaged: restore a backup into a new folder", err: err}
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY:
		return &plainError{text: path + " cannot be written by this account: use the account that owns it, or name another folder", err: err}
	}
	return fmt.Errorf("opening %s: %w", path, plainly(err))
}

// code is the primary result code of SQLite, 0 for other errors.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

func isFull(err error) bool {
	return code(err) == sqlite3.SQLITE_FULL || errors.Is(err, syscall.ENOSPC)
}

// A plainError is what people read in place of a library's text, which Unwrap still gives.
type plainError struct {
	text string
	is   error // may be nil
	err  error
}

func (e *plainError) Error() string { return e.text }

func (e *plainError) Unwrap() []error {
	if e.is == nil {
		return []error{e.err}
	}
	return []error{e.is, e.err}
}

// plainly puts a sentence in place of what the database or a full disk says of itself. Other errors stay as they are.
func plainly(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*plainError](err); ok {
		return err
	}
	if isFull(err) {
		return &plainError{text: ErrDiskFull.Error(), is: ErrDiskFull, err: err}
	}
	switch code(err) {
	case 0:
		return err
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return &plainError{text: "another program keeps the collector's database busy: try again in a minute", err: err}
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY:
		return &plainError{text: "the collector's data folder cannot be written by this account", err: err}
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return &plainError{text: "the collector's database is damaged: restore a backup into a new folder", err: err}
	case sqlite3.SQLITE_IOERR:
		return &plainError{text: "the disk of the collector's data folder does not read or write as it should", err: err}
	case sqlite3.SQLITE_INTERRUPT:
		return &plainError{text: "it was stopped before the database answered", err: err}
	}
	return &plainError{text: fmt.Sprintf("the collector's database refused (code %d): this is a fault of the program, please report it", code(err)), err: err}
}

// inFull is an error for the log, which is read by who gives support.
func inFull(err error) string {
	if plain, ok := errors.AsType[*plainError](err); ok {
		return fmt.Sprintf("%v (%v)", err, plain.err)
	}
	return err.Error()
}

// change runs one transaction, which holds SQLite's write lock from its first moment.
func (s *Store) change(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return plainly(err)
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the first error is the one that matters
		return plainly(err)
	}
	return plainly(tx.Commit())
}

// Ping says whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return plainly(s.read.QueryRowContext(ctx, "SELECT 1 FROM invites UNION SELECT 1 LIMIT 1").Scan(&one))
}

// millis keeps times as numbers that sort, without zones.
func millis(t time.Time) int64 { return t.UnixMilli() }

func when(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// at is the time of a column that may be empty: zero if so.
func at(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return when(ms.Int64)
}

// ownersAlone makes the file before SQLite does, which would let everybody on the computer read it; the journals beside
// it take its mode.
func ownersAlone(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}
