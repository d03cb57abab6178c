// Package system measures the computer itself: processor, memory, disk, how busy it is and with what, its power,
// displays and protection, signs that it is no computer on a desk, and for how long its system still gets security
// updates. Nothing is installed, and no administrator rights are needed: what a system tells administrators alone is
// missing.
package system

import (
	"context"
	"embed"
	"io/fs"
	"slices"
	"sync"
	"time"

	"deskready/checks"
)

//go:embed words
var texts embed.FS

// Options are what the check needs to be told.
type Options struct {
	Home     string              // the folder whose disk counts: the hire's own; empty: not known
	Now      func() time.Time    // decides what is left of the system's support
	Env      func(string) string // the environment, for the kind of session; nil: an empty one
	Scratch  string              // a folder of the hire's for a file that is deleted again; empty: the disk is not timed
	Programs []Program           // what the policy asks to look for among the programs that run
	Record   string              // the folder that the raw facts are written to, redacted, for fixtures; empty: none
}

// memory is in bytes.
type memory struct{ total, available uint64 }

// release is an operating system.
type release struct {
	text     string // for people
	key      string // into the table of ends of support
	revision int    // of a Windows build (UBR)
}

// New is the check. It runs alone, as it would else measure the load of the other checks.
func New(o Options) checks.Check { return check(o, thisMachine(newSources(o))) }

func check(o Options, m machine) checks.Check {
	sub, err := fs.Sub(texts, "words")
	if err != nil {
		panic(err) // the name is constant and good
	}
	reads := []string{
		"system.reads.memory", "system.reads.disk", "system.reads.cpu", "system.reads.os", "system.reads.desk",
		"system.reads.protection", "system.reads.signals", "system.reads.programs", "system.reads.trial",
	}
	if len(o.Programs) > 0 {
		reads = append(reads, "system.reads.conflicts")
	}
	return checks.Check{
		Name:    "system",
		Metrics: metrics(),
		Words:   sub,
		Reads:   reads,
		Limit:   30 * time.Second,
		Alone:   true,
		Measure: func(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
			return m.measure(ctx, o, tell), nil
		},
	}
}

// answerIn is how long one question to the system may take. Its answers take milliseconds, unless a disk sleeps or a
// service of the system hangs.
const answerIn = 5 * time.Second

// measure asks for all facts at once, then watches the computer, and tries it last: programs that are asked, and the
// trial itself, would else be seen as its load.
func (m machine) measure(ctx context.Context, o Options, tell checks.Progress) []checks.Measurement {
	parts := []func() []checks.Measurement{
		func() []checks.Measurement { return m.ofMemory(ctx) },
		func() []checks.Measurement { return m.ofDisk(ctx, o.Home) },
		func() []checks.Measurement { return m.ofProcessor(ctx) },
		func() []checks.Measurement { return m.ofSystem(ctx, o.Now) },
		func() []checks.Measurement { return m.ofDesk(ctx) },
		func() []checks.Measurement { return m.ofSignals(ctx) },
		func() []checks.Measurement { return m.ofTruths(ctx) },
		func() []checks.Measurement { return m.ofPlace(ctx) },
	}
	found := make([][]checks.Measurement, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() { found[i] = part() })
	}
	wg.Wait()
	all := slices.Concat(found...)
	watched := m.watch(ctx, o, tell)
	all = append(all, watched...)
	all = append(all, m.ofSpeed(ctx, tell, of(watched, cpuBusy))...)
	return append(all, m.ofWriting(ctx, o.Scratch, tell)...)
}

func (m machine) ofMemory(ctx context.Context) []checks.Measurement {
	got, err := guarded(ctx, answerIn, m.memory)
	if err == nil && got.total == 0 {
		err = unreadable("no memory at all")
	}
	if err != nil {
		p := problem(err)
		return missing(p, memoryTotal, memoryAvailable, headroomMemory)
	}
	available := min(got.available, got.total)
	return []checks.Measurement{
		memoryTotal.Of("", float64(got.total)),
		memoryAvailable.Of("", float64(available)),
		headroomMemory.Of("", float64(available-min(available, workday))),
	}
}

func (m machine) ofDisk(ctx context.Context, home string) []checks.Measurement {
	if home == "" {
		return []checks.Measurement{diskFree.Missing("", &checks.Problem{Code: codeHome, Side: checks.SideHire})}
	}
	free, err := guarded(ctx, answerIn, func(ctx context.Context) (uint64, error) { return m.disk(ctx, home) })
	if err != nil {
		return []checks.Measurement{diskFree.Missing("", problem(err))}
	}
	return []checks.Measurement{diskFree.Of("", float64(free))}
}

func (m machine) ofProcessor(ctx context.Context) []checks.Measurement {
	n, err := guarded(ctx, answerIn, m.cores)
	if err == nil && n <= 0 {
		err = unreadable("no cores at all")
	}
	count := cores.Of("", float64(n))
	if err != nil {
		count = cores.Missing("", problem(err))
	}
	name, err := guarded(ctx, answerIn, m.model)
	if err == nil && checks.Clean(name, 1) == "" {
		err = unreadable("no name")
	}
	if err != nil {
		return []checks.Measurement{count, cpu.Missing("", problem(err))}
	}
	return []checks.Measurement{count, cpu.Named("", name)}
}

func (m machine) ofSystem(ctx context.Context, now func() time.Time) []checks.Measurement {
	r, err := guarded(ctx, answerIn, m.release)
	if err != nil {
		return missing(problem(err), osName, osSupport)
	}
	days, err := daysLeft(r, now())
	if err != nil {
		return []checks.Measurement{osName.Named("", r.text), osSupport.Missing("", problem(err))}
	}
	return []checks.Measurement{osName.Named("", r.text), osSupport.Of("", float64(days))}
}
