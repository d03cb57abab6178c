package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"deskready/checks"
	"deskready/checks/office"
	"deskready/report"
	"deskready/report/strict"
)

// runRecord is a run as it is kept while it goes on, so that Ctrl-C, a crash or a power cut loses nothing measured.
type runRecord struct {
	Version  int              `json:"version"`
	Same     string           `json:"same"` // invite, policy and tool: a run goes on only while these are the same
	Run      string           `json:"run"`
	Nonce    string           `json:"nonce"`
	Attempt  int              `json:"attempt"`
	Previous string           `json:"previous"`
	Offline  bool             `json:"offline"`
	Began    time.Time        `json:"began"`
	Spent    float64          `json:"spent"` // seconds measured, over all parts of the run
	Consent  []report.Consent `json:"consent"`
	Results  []checks.Result  `json:"results"`
	Failed   []string         `json:"failed"` // checks with a finding that was no pass, once the run has ended
	Ended    bool             `json:"ended"`
	ticket   *office.Ticket   // nil: no office end
}

func (r runRecord) seconds() float64 {
	v, _ := checks.Round(r.Spent, 1) // a span is finite
	return v
}

// runState is the folder of runs under way, held by one program at a time.
type runState struct {
	path string
	lock *flock.Flock
}

var errBusy = errors.New("another deskready is measuring on this computer")

func openState(dir string) (*runState, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the run: %w", err)
	}
	if !held {
		return nil, errBusy
	}
	return &runState{path: filepath.Join(dir, "run.json"), lock: lock}, nil
}

func (s *runState) close() { _ = s.lock.Unlock() } // the system unlocks it in any case when the program ends

// load reads the run before; nil where there is none, or none that can be understood: it is only ever ours to lose.
func (s *runState) load() *runRecord {
	data, err := os.ReadFile(s.path)
	if err != nil {
		return nil
	}
	var r runRecord
	if strict.Decode(data, &r, strict.Default) != nil || r.Version != report.Version {
		return nil
	}
	return &r
}

func (s *runState) save(r runRecord) error {
	r.Version = report.Version
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeFile(s.path, data)
}

// writeFile replaces a file whole or not at all. Of a symbolic link what it points at is replaced, not the link.
func writeFile(path string, data []byte) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".deskready-*")
	if err != nil {
		return withoutTemp(err, path)
	}
	defer func() {
		if err != nil {
			_ = f.Close()           // the first error counts
			_ = os.Remove(f.Name()) // likewise
			err = withoutTemp(err, path)
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// withoutTemp names the file that was meant, not the one on the way to it.
func withoutTemp(err error, path string) error {
	var why *fs.PathError
	if errors.As(err, &why) {
		err = why.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		err = link.Err
	}
	return fmt.Errorf("writing %s: %w", path, err)
}

// finished are the results worth keeping when a run was interrupted: those that were measured to their end. What the
// collector saw goes with the run it saw, and stays out.
func finished(results []checks.Result) []checks.Result {
	var kept []checks.Result
	for _, r := range results {
		if slices.ContainsFunc(r.Measurements, func(m checks.Measurement) bool {
			return m.Missing != nil && m.Missing.Code == checks.CodeInterrupted
		}) {
			continue
		}
		r.Measurements = slices.DeleteFunc(slices.Clone(r.Measurements), func(m checks.Measurement) bool {
			return m.By == checks.ByCollector
		})
		kept = append(kept, r)
	}
	return kept
}
