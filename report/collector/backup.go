package collector

import (
	"archive/tar"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskready/report/seal"
	"deskready/report/strict"
)

// A backup is a tar archive: first the manifest, then the files that it names, in its order.
const (
	manifestFile  = "manifest.json"
	backupVersion = 1
	maxManifest   = 64 << 10
	maxDatabase   = 1 << 40
	maxSmallFile  = 1 << 20
)

// ErrBackup is wrapped by the errors about an archive that is no backup, or a damaged one.
var ErrBackup = errors.New("this is no whole backup of a collector")

// manifest says what a backup holds.
type manifest struct {
	Version int          `json:"version"`
	Made    time.Time    `json:"made"`
	Files   []backupFile `json:"files"`
}

type backupFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// backedUp are the files of a backup. trust.json is made again from the key, and is there for who reads the archive.
func backedUp() []string { return []string{databaseFile, keyFile, secretFile, trustFile} }

// maxOthers bounds what an operator keeps beside the collector's own files.
const maxOthers = 200

// Names of what a backup holds beside those: the address and the certificate of the server, which invites pin, and the
// operator's own policies. What is in no list of ours is told apart by its ending, save among the policies.
const (
	otherName  = `[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}`
	otherRules = "a name of at most 100 letters (A to Z, a to z), digits, “.”, “_” and “-”, with no “.” at its beginning or end"
)

var other = regexp.MustCompile(`^(` + otherName + `\.(json|pem|yaml)|` + policyFolder + `/(` + otherName + `)?[A-Za-z0-9_-])$`)

// others lists them, in the order of their names. A file among the policies that no backup could hold is an error: it
// would be missed only when it is needed.
func others(dir string) ([]string, error) {
	var names []string
	for _, pattern := range []string{"*", policyFolder + "/*"} {
		found, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
			policy := strings.HasPrefix(name, policyFolder+"/")
			switch {
			case err != nil && policy:
				return nil, fmt.Errorf("%s cannot be read, so the backup would lack it: %w", name, err)
			case err != nil || !info.Mode().IsRegular() || slices.Contains(backedUp(), name):
			case allowed(name):
				names = append(names, name)
			case policy:
				return nil, fmt.Errorf("%q does not fit into a backup: rename it, or move it elsewhere; a backup takes %s", name, otherRules)
			}
		}
	}
	return names, nil
}

// Backup writes the whole data folder as a tar archive, as it is at one moment, while the collector goes on serving.
// The archive holds the collector's private key: whoever has it can seal in its name.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	more, err := others(s.dir)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(s.dir, "backup-*.tmp") // beside the database: the same disk, the same owner
	if err != nil {
		return plainly(err)
	}
	defer os.RemoveAll(tmp)
	if err := s.copyDatabase(ctx, filepath.Join(tmp, databaseFile)); err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	paths := map[string]string{databaseFile: filepath.Join(tmp, databaseFile)}
	m := manifest{Version: backupVersion, Made: s.now().UTC().Truncate(time.Second)}
	for _, name := range append(backedUp(), more...) {
		if paths[name] == "" {
			paths[name] = filepath.Join(s.dir, filepath.FromSlash(name))
		}
		f, err := describe(name, paths[name])
		if err != nil {
			return err
		}
		m.Files = append(m.Files, f)
	}
	if err := m.check(); err != nil { // what Restore would refuse is not written
		return err
	}
	return writeTar(ctx, w, m, paths)
}

// copyDatabase copies it as it is at one moment, over a connection of its own: the pool's may only query, and the
// writer's is needed by those who deliver.
func (s *Store) copyDatabase(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", dsn(filepath.Join(s.dir, databaseFile))+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", path)
	return plainly(errors.Join(err, db.Close()))
}

func describe(name, path string) (backupFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return backupFile{}, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	return backupFile{Name: name, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

func writeTar(ctx context.Context, w io.Writer, m manifest, paths map[string]string) error {
	out := tar.NewWriter(w)
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	header := func(name string, size int64) error {
		return out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: m.Made, Format: tar.FormatPAX})
	}
	if err := header(manifestFile, int64(len(text))); err != nil {
		return err
	}
	if _, err := out.Write(text); err != nil {
		return err
	}
	for _, f := range m.Files {
		if err := errors.Join(ctx.Err(), header(f.Name, f.Size)); err != nil {
			return err
		}
		if err := copyFile(out, paths[f.Name]); err != nil {
			return fmt.Errorf("writing %s: %w", f.Name, err)
		}
	}
	return out.Close()
}

func copyFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// Restore unpacks a backup into a folder that is not there yet, or is empty. What does not match the manifest, holds
// more than it should, or is no sound database is refused, and the folder is left as it was.
func Restore(ctx context.Context, r io.Reader, dir string) (err error) {
	entries, err := os.ReadDir(dir)
	fresh := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !fresh:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty: restore into a new folder", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		left, _ := os.ReadDir(dir) // the first error is the one that matters, here and below
		for _, e := range left {   // the folder was empty: all of it is ours
			_ = os.RemoveAll(filepath.Join(dir, e.Name()))
		}
		if fresh {
			_ = os.Remove(dir)
		}
	}()
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs its x bit
		return err
	}
	if err := unpack(ctx, r, dir); err != nil {
		return plainly(err)
	}
	return sound(ctx, dir)
}

func unpack(ctx context.Context, r io.Reader, dir string) error {
	in := tar.NewReader(r)
	m, err := readManifest(in)
	if err != nil {
		return err
	}
	for _, f := range m.Files {
		h, err := in.Next()
		if err != nil {
			return broken(f.Name+" is missing", err)
		}
		if h.Name != f.Name || h.Typeflag != tar.TypeReg || h.Size != f.Size {
			return fmt.Errorf("%w: %.80q of %d bytes where %s of %d should be", ErrBackup, h.Name, h.Size, f.Name, f.Size)
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := unpackFile(ctx, in, f, path); err != nil {
			return err
		}
	}
	if h, err := in.Next(); !errors.Is(err, io.EOF) {
		if err != nil {
			return broken("its end is missing or damaged", err)
		}
		return fmt.Errorf("%w: it also holds %.80q", ErrBackup, h.Name)
	}
	return nil
}

// readManifest takes only the files that a backup has, each once: names in the archive choose nothing.
func readManifest(in *tar.Reader) (manifest, error) {
	h, err := in.Next()
	if err != nil {
		return manifest{}, broken("it is empty, or no tar archive", err)
	}
	if h.Name != manifestFile || h.Typeflag != tar.TypeReg || h.Size > maxManifest {
		return manifest{}, fmt.Errorf("%w: it begins with %.80q", ErrBackup, h.Name)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxManifest))
	if err != nil {
		return manifest{}, broken("its list of files ends early", err)
	}
	var m manifest
	if err := strict.Decode(text, &m, strict.Limits{Bytes: maxManifest, Depth: 4, Values: 8 * (maxOthers + 10)}); err != nil {
		return manifest{}, broken("its list of files cannot be read", err)
	}
	if m.Version != backupVersion {
		return manifest{}, fmt.Errorf("%w: version %d, this program knows %d", ErrBackup, m.Version, backupVersion)
	}
	if err := m.check(); err != nil {
		return manifest{}, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	return m, nil
}

// check wants the collector's own files first, and others that cannot lie outside the folder, each once and of a size
// that a backup takes.
func (m manifest) check() error {
	own := backedUp()
	if n := len(m.Files) - len(own); n > maxOthers {
		return fmt.Errorf("there are %d files beside the collector's own, and a backup takes %d: move some elsewhere", n, maxOthers)
	}
	seen := map[string]bool{}
	for i, f := range m.Files {
		most := int64(maxSmallFile)
		if f.Name == databaseFile {
			most = maxDatabase
		}
		switch {
		case i < len(own) && f.Name != own[i], i >= len(own) && (!allowed(f.Name) || slices.Contains(own, f.Name)), seen[f.Name]:
			return fmt.Errorf("it names %.120q where no such file belongs", f.Name)
		case f.Size < 0 || f.Size > most:
			return fmt.Errorf("%s has %d bytes, and a backup takes at most %d of it: make it smaller, or move it elsewhere", f.Name, f.Size, most)
		}
		seen[f.Name] = true
	}
	if len(m.Files) < len(own) {
		return fmt.Errorf("%s is not in it", own[len(m.Files)])
	}
	return nil
}

// allowed says whether a backup may hold a file of that name, here and on systems where some names mean devices.
func allowed(name string) bool {
	return other.MatchString(name) && filepath.IsLocal(filepath.FromSlash(name))
}

// broken is about an archive that cannot be read. The library's own text is for support, not for people.
func broken(what string, err error) error {
	return &plainError{text: ErrBackup.Error() + ": " + what, is: ErrBackup, err: err}
}

func unpackFile(ctx context.Context, in io.Reader, f backupFile, path string) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), stopping{ctx, in})
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = broken(f.Name+" ends early", err)
	}
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%w: %s was changed or damaged", ErrBackup, f.Name)
	}
	return nil
}

// stopping ends a long copy when its context does. It lives only as long as the call that made it.
type stopping struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to be told
	r   io.Reader
}

func (s stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// sound asks SQLite whether the database is whole, and reads the key.
func sound(ctx context.Context, dir string) error {
	if _, err := seal.LoadKey(filepath.Join(dir, keyFile)); err != nil {
		return broken("the collector's key in it cannot be read", err)
	}
	db, err := sql.Open("sqlite", dsn(filepath.Join(dir, databaseFile))+"?_pragma=foreign_keys(1)&_defensive=1&_dqs=0")
	if err != nil {
		return err
	}
	defer db.Close()
	var answer string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&answer); err != nil || answer != "ok" {
		return broken("the database in it is damaged", cmp.Or(err, errors.New(answer)))
	}
	rows, err := db.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return plainly(err)
	}
	defer rows.Close()
	if rows.Next() {
		return fmt.Errorf("%w: its rows do not belong together", ErrBackup)
	}
	return plainly(rows.Err())
}
