package collector

import (
	"archive/tar"
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

// other names what a backup holds beside those: the address and the certificate of the server, which invites pin, and
// the operator's own policies.
var other = regexp.MustCompile(`^(policies/)?[a-z0-9][a-z0-9_-]{0,63}\.(json|pem|yaml)$`)

// others lists them, in the order of their names.
func others(dir string) ([]string, error) {
	var names []string
	for _, pattern := range []string{"*", "policies/*"} {
		found, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range found {
			info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name)))
			if err == nil && info.Mode().IsRegular() && other.MatchString(name) && !slices.Contains(backedUp(), name) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// Backup writes the whole data folder as a tar archive, as it is at one moment, while the collector goes on serving.
// The archive holds the collector's private key: whoever has it can seal in its name.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	tmp, err := os.MkdirTemp(s.dir, "backup-*.tmp") // beside the database: the same disk, the same owner
	if err != nil {
		return fullDisk(err)
	}
	defer os.RemoveAll(tmp)
	// A connection of its own: the pool's may only query, and the writer's is needed by those who deliver.
	db, err := sql.Open("sqlite", dsn(filepath.Join(s.dir, databaseFile))+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", filepath.Join(tmp, databaseFile)); err != nil {
		return fmt.Errorf("copying the database: %w", fullDisk(err))
	}
	paths := map[string]string{databaseFile: filepath.Join(tmp, databaseFile)}
	m := manifest{Version: backupVersion, Made: s.now().UTC().Truncate(time.Second)}
	more, err := others(s.dir)
	if err != nil {
		return err
	}
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
	return writeTar(ctx, w, m, paths)
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
		return fullDisk(err)
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
			return fmt.Errorf("%w: %s is missing", ErrBackup, f.Name)
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
			return fmt.Errorf("%w: %w", ErrBackup, err)
		}
		return fmt.Errorf("%w: it also holds %.80q", ErrBackup, h.Name)
	}
	return nil
}

// readManifest takes only the files that a backup has, each once: names in the archive choose nothing.
func readManifest(in *tar.Reader) (manifest, error) {
	h, err := in.Next()
	if err != nil {
		return manifest{}, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	if h.Name != manifestFile || h.Typeflag != tar.TypeReg || h.Size > maxManifest {
		return manifest{}, fmt.Errorf("%w: it begins with %.80q", ErrBackup, h.Name)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxManifest))
	if err != nil {
		return manifest{}, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	var m manifest
	if err := strict.Decode(text, &m, strict.Limits{Bytes: maxManifest, Depth: 4, Values: 8 * (maxOthers + 10)}); err != nil {
		return manifest{}, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	if m.Version != backupVersion {
		return manifest{}, fmt.Errorf("%w: version %d, this program knows %d", ErrBackup, m.Version, backupVersion)
	}
	var names []string
	for _, f := range m.Files {
		names = append(names, f.Name)
		if f.Size < 0 || f.Size > maxDatabase || f.Name != databaseFile && f.Size > maxSmallFile {
			return manifest{}, fmt.Errorf("%w: %.80q of %d bytes", ErrBackup, f.Name, f.Size)
		}
	}
	if !goodNames(names) {
		return manifest{}, fmt.Errorf("%w: it names %.200q", ErrBackup, names)
	}
	return m, nil
}

// goodNames wants the collector's own files first, and others that cannot lie outside the folder, each once.
func goodNames(names []string) bool {
	own := len(backedUp())
	if len(names) < own || len(names) > own+maxOthers || !slices.Equal(names[:own], backedUp()) {
		return false
	}
	seen := map[string]bool{}
	for _, n := range names[own:] {
		if seen[n] || !other.MatchString(n) || slices.Contains(backedUp(), n) {
			return false
		}
		seen[n] = true
	}
	return true
}

func unpackFile(ctx context.Context, in io.Reader, f backupFile, path string) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), stopping{ctx, in})
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %s ends early", ErrBackup, f.Name)
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
		return fmt.Errorf("%w: %w", ErrBackup, err)
	}
	db, err := sql.Open("sqlite", dsn(filepath.Join(dir, databaseFile))+"?_pragma=foreign_keys(1)&_defensive=1&_dqs=0")
	if err != nil {
		return err
	}
	defer db.Close()
	var answer string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&answer); err != nil || answer != "ok" {
		return errors.Join(fmt.Errorf("%w: the database is damaged: %.100s", ErrBackup, answer), err)
	}
	rows, err := db.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		return fmt.Errorf("%w: its rows do not belong together", ErrBackup)
	}
	return rows.Err()
}
