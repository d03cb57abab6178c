package system

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"deskready/checks"
)

// TrialFile is the file that the disk is timed with, in the folder of Options.Scratch. A run that was cut off by a power
// failure may leave it behind: the next one takes it away.
const TrialFile = "disk-trial.tmp"

// writing is how fast the disk keeps what is given to it.
type writing struct {
	bitsPerSecond float64         // of a file that is written and synchronised
	syncs         []time.Duration // of small writes, each synchronised
}

// What is written at most, and for how long.
const (
	syncBlock  = 4 << 10
	mostSyncs  = 64
	syncSpan   = 300 * time.Millisecond
	writeBlock = 1 << 20
	mostWrite  = 16 << 20
	writeSpan  = 300 * time.Millisecond
	roomNeeded = 512 << 20 // a disk that is nearly full is left alone
)

// timeDisk writes a file and takes it away again, whatever happens in between.
func timeDisk(ctx context.Context, folder string) (w writing, err error) {
	name := filepath.Join(folder, TrialFile)
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return w, err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(name)) }()
	block := make([]byte, writeBlock)
	x := uint32(time.Now().UnixNano()) | 1
	for i := range block { // what cannot be compressed, or taken for what is already there
		x = step(x)
		block[i] = byte(x >> 24)
	}
	if w.syncs, err = timeSyncs(ctx, f, block[:syncBlock]); err != nil {
		return w, err
	}
	began, size := time.Now(), 0
	for size < mostWrite && time.Since(began) < writeSpan {
		if err := ctx.Err(); err != nil {
			return w, err
		}
		n, err := f.Write(block)
		if err != nil {
			return w, err
		}
		size += n
	}
	if err := f.Sync(); err != nil {
		return w, err
	}
	w.bitsPerSecond = 8 * float64(size) / max(time.Since(began), time.Microsecond).Seconds()
	return w, nil
}

// timeSyncs times small writes that must be on the disk before the next begins, as databases of browsers make them.
func timeSyncs(ctx context.Context, f *os.File, block []byte) ([]time.Duration, error) {
	var list []time.Duration
	for began := time.Now(); len(list) < mostSyncs && time.Since(began) < syncSpan; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		from := time.Now()
		if _, err := f.Write(block); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		list = append(list, time.Since(from))
	}
	return list, nil
}

// ofWriting times the disk that holds the folder.
func (m machine) ofWriting(ctx context.Context, folder string, tell checks.Progress) []checks.Measurement {
	if folder == "" {
		return missing(&checks.Problem{Code: codeHome, Side: checks.SideHire}, diskWrite, diskSync)
	}
	tell(checks.Event{Step: "system.step.disk", Done: 0.8, Left: trialSpan / 3})
	free, err := guarded(ctx, answerIn, func(ctx context.Context) (uint64, error) { return m.disk(ctx, folder) })
	if err == nil && free < roomNeeded {
		err = &checks.Problem{Code: codeNoRoom, Side: checks.SideHire}
	}
	if err != nil {
		return missing(problem(err), diskWrite, diskSync)
	}
	got, err := guarded(ctx, answerIn, func(ctx context.Context) (writing, error) { return m.write(ctx, folder) })
	if err == nil && (len(got.syncs) == 0 || !(got.bitsPerSecond > 0)) {
		err = unreadable("nothing was written")
	}
	if err != nil {
		return missing(problem(err), diskWrite, diskSync)
	}
	sync := diskSync.Of("", percentile(got.syncs, 0.95).Seconds())
	for _, s := range got.syncs {
		sync.Samples = append(sync.Samples, s.Seconds())
	}
	return []checks.Measurement{diskWrite.Of("", got.bitsPerSecond), sync}
}

// percentile is the value that the given share of the list does not exceed (nearest rank).
func percentile(list []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(max(int(share*float64(len(sorted))+0.999999)-1, 0), len(sorted)-1)]
}
