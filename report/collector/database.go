package collector

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
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
func openDatabase(ctx context.Context, path string) (write, read *sql.DB, err error) {
	const common = "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_defensive=1&_dqs=0"
	write, err = sql.Open("sqlite", dsn(path)+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate&"+common)
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
		return fmt.Errorf("%s is damaged: restore a backup into a new folder: %w", path, err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%s cannot be written by this account: %w", path, err)
	}
	return fmt.Errorf("opening %s: %w", path, err)
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

func fullDisk(err error) error {
	if err != nil && isFull(err) {
		return fmt.Errorf("%w (%w)", ErrDiskFull, err)
	}
	return err
}

// change runs one transaction, which holds SQLite's write lock from its first moment.
func (s *Store) change(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fullDisk(err)
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the first error is the one that matters
		return fullDisk(err)
	}
	return fullDisk(tx.Commit())
}

// Ping says whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.read.QueryRowContext(ctx, "SELECT 1 FROM invites UNION SELECT 1 LIMIT 1").Scan(&one)
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
