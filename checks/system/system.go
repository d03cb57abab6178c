// Package system measures the computer itself: processor, memory, disk, how busy it is, and for how long its system
// still gets security updates. Nothing is installed, and no administrator rights are needed.
package system

import (
	"context"
	"embed"
	"io/fs"
	"sync"
	"time"

	"deskready/checks"
)

//go:embed words
var texts embed.FS

// Options are what the check needs to be told.
type Options struct {
	Home string           // the folder whose disk counts: the hire's own; empty: not known
	Now  func() time.Time // decides what is left of the system's support
}

// The metrics. Cores are those of the processor itself: threads that share a core (SMT) are not counted.
var (
	memoryTotal     = checks.Metric{ID: "system.memory", Unit: checks.Bytes, Better: checks.Higher}
	memoryAvailable = checks.Metric{ID: "system.memory_available", Unit: checks.Bytes, Better: checks.Higher}
	diskFree        = checks.Metric{ID: "system.disk_free", Unit: checks.Bytes, Better: checks.Higher}
	cores           = checks.Metric{ID: "system.cores", Unit: checks.Count, Better: checks.Higher}
	cpu             = checks.Metric{ID: "system.cpu", Unit: checks.Text}
	cpuBusy         = checks.Metric{ID: "system.cpu_busy", Unit: checks.Ratio, Better: checks.Lower, Decimals: 3}
	osName          = checks.Metric{ID: "system.os", Unit: checks.Text}
	osSupport       = checks.Metric{ID: "system.os_support", Unit: checks.Days, Better: checks.Higher}
)

// Codes of problems of this check's own.
const (
	codeUnreadable = "unreadable_system" // the system gave no answer, or one that makes no sense
	codeHome       = "unknown_home"      // the hire's own folder is not known
	codeOS         = "unknown_os"        // not in the table of ends of support
	codeExtended   = "extended_updates"  // gets updates beyond its end, until a day that cannot be read
)

// machine is where the facts come from. Each function may hang, panic or answer wrongly: they are called under guard.
type machine struct {
	memory  func(ctx context.Context) (memory, error)
	disk    func(ctx context.Context, folder string) (free uint64, err error)
	cores   func(ctx context.Context) (int, error)
	model   func(ctx context.Context) (string, error)
	times   func(ctx context.Context) (cpuTimes, error)
	release func(ctx context.Context) (release, error)
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
func New(o Options) checks.Check { return check(o, thisMachine()) }

func check(o Options, m machine) checks.Check {
	sub, err := fs.Sub(texts, "words")
	if err != nil {
		panic(err) // the name is constant and good
	}
	return checks.Check{
		Name:    "system",
		Metrics: []checks.Metric{memoryTotal, memoryAvailable, diskFree, cores, cpu, cpuBusy, osName, osSupport},
		Words:   sub,
		Reads:   []string{"system.reads.memory", "system.reads.disk", "system.reads.cpu", "system.reads.os"},
		Limit:   20 * time.Second,
		Alone:   true,
		Measure: func(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
			return m.measure(ctx, o, tell), nil
		},
	}
}

// answerIn is how long one question to the system may take. Its answers take milliseconds, unless a disk sleeps or a
// service of the system hangs.
const answerIn = 5 * time.Second

func (m machine) measure(ctx context.Context, o Options, tell checks.Progress) []checks.Measurement {
	parts := []func() []checks.Measurement{
		func() []checks.Measurement { return m.ofMemory(ctx) },
		func() []checks.Measurement { return m.ofDisk(ctx, o.Home) },
		func() []checks.Measurement { return m.ofProcessor(ctx) },
		func() []checks.Measurement { return m.ofLoad(ctx, tell) },
		func() []checks.Measurement { return m.ofSystem(ctx, o.Now) },
	}
	found := make([][]checks.Measurement, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() { found[i] = part() })
	}
	wg.Wait()
	var all []checks.Measurement
	for _, f := range found {
		all = append(all, f...)
	}
	return all
}

func (m machine) ofMemory(ctx context.Context) []checks.Measurement {
	got, err := guarded(ctx, answerIn, m.memory)
	if err == nil && got.total == 0 {
		err = unreadable("no memory at all")
	}
	if err != nil {
		p := problem(err)
		return []checks.Measurement{memoryTotal.Missing("", p), memoryAvailable.Missing("", p)}
	}
	return []checks.Measurement{
		memoryTotal.Of("", float64(got.total)),
		memoryAvailable.Of("", float64(min(got.available, got.total))),
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
		p := problem(err)
		return []checks.Measurement{osName.Missing("", p), osSupport.Missing("", p)}
	}
	days, err := daysLeft(r, now())
	if err != nil {
		return []checks.Measurement{osName.Named("", r.text), osSupport.Missing("", problem(err))}
	}
	return []checks.Measurement{osName.Named("", r.text), osSupport.Of("", float64(days))}
}
