package system

import (
	"cmp"
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskready/checks"
)

// A Program is one that a policy asks to look for: it may take the headset, the line or the screen away from the job.
type Program struct {
	Name      string   // as the report names it
	Category  string   // one of Categories
	Processes []string // what its processes are called, as patterns; without folder and ".exe", in any case
}

// noConflict says that none of the programs runs.
const noConflict = "none"

// Categories are the kinds of programs that a policy can ask to look for.
func Categories() []string {
	return []string{"softphone", "remote_control", "recorder", "cloud_sync", "vpn", "game", "audio_effects", "other"}
}

// process is a program that runs.
type process struct {
	id     string        // tells it from a later one that got the same number
	names  []string      // what it is called, the best first
	cpu    time.Duration // of the processor's time, since its start
	memory uint64        // bytes of its own in the memory
}

// watch is what can be seen of the computer over a second: how busy it is, and with what.
func (m machine) watch(ctx context.Context, o Options, tell checks.Progress) []checks.Measurement {
	before, err := guarded(ctx, answerIn, m.processes)
	began := time.Now()
	out := m.ofLoad(ctx, tell)
	select { // where the system tells no load, programs are watched all the same
	case <-time.After(loadSpan - time.Since(began)):
	case <-ctx.Done():
	}
	span := time.Since(began)
	var after []process
	if err == nil {
		after, err = guarded(ctx, answerIn, m.processes)
	}
	if err == nil && len(after) == 0 {
		err = unreadable("no programs at all")
	}
	if err != nil {
		p := problem(err)
		return append(out, missing(p, programCPU, programMemory, conflicts)...)
	}
	out = append(out, m.ofPrograms(before, after, span, o)...)
	return append(out, ofConflicts(after, o.Programs)...)
}

// mostPrograms is how many programs are named: those that a hire would close first.
const mostPrograms = 3

func (m machine) ofPrograms(before, after []process, span time.Duration, o Options) []checks.Measurement {
	since := map[string]time.Duration{}
	for _, p := range before {
		since[p.id] = p.cpu
	}
	var busy, large tally
	for _, p := range after {
		name := shownName(p, o)
		if name == "" {
			continue
		}
		large.add(name, float64(p.memory))
		if earlier, ok := since[p.id]; ok && p.cpu >= earlier && span > 0 {
			busy.add(name, (p.cpu-earlier).Seconds()/span.Seconds()/float64(m.threads()))
		}
	}
	var out []checks.Measurement
	for _, e := range busy.most() {
		out = append(out, programCPU.Of(e.name, min(e.value, 1)))
	}
	for _, e := range large.most() {
		out = append(out, programMemory.Of(e.name, e.value))
	}
	nobody := &checks.Problem{Code: checks.CodeAbsent, Side: checks.SideUnknown}
	if len(busy.list) == 0 {
		out = append(out, programCPU.Missing("", nobody))
	}
	if len(large.list) == 0 {
		out = append(out, programMemory.Missing("", nobody))
	}
	return out
}

// tally adds up what processes of one name take.
type tally struct{ list []entry }

type entry struct {
	name  string
	value float64
}

func (t *tally) add(name string, value float64) {
	at := slices.IndexFunc(t.list, func(e entry) bool { return e.name == name })
	if at < 0 {
		t.list = append(t.list, entry{name, value})
		return
	}
	t.list[at].value += value
}

// most are the largest, and at least one.
func (t *tally) most() []entry {
	slices.SortStableFunc(t.list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.name, b.name))
	})
	return t.list[:min(len(t.list), mostPrograms)]
}

// plainName is what a name of a program looks like. Others may be text that somebody typed, and are not told.
var plainName = regexp.MustCompile(`^[\pL\pN][\pL\pN ._+()-]{0,39}$`)

// shownName is how a report names a process: as the policy does, or by the name of the program's file, without folder.
// A name that holds the hire's own, or is no plain name, is not told.
func shownName(p process, o Options) string {
	for _, program := range o.Programs {
		if program.runsAs(p) {
			return program.Name
		}
	}
	if len(p.names) == 0 {
		return ""
	}
	name := checks.Clean(programName(p.names[0]), 40)
	owner := strings.ToLower(lastPart(o.Home))
	if !plainName.MatchString(name) || len(owner) > 2 && owner != "root" && strings.Contains(strings.ToLower(name), owner) {
		return ""
	}
	return name
}

// programName takes the folder, ".exe" and what macOS adds to the names of a program's helpers from a name.
func programName(name string) string {
	name = lastPart(name)
	if n := len(name); n > 4 && strings.EqualFold(name[n-4:], ".exe") {
		name = name[:n-4]
	}
	name, _, _ = strings.Cut(name, " Helper")
	return strings.TrimSpace(name)
}

// lastPart is the end of a path, of any system.
func lastPart(name string) string {
	name = strings.TrimRight(name, `/\`)
	return name[strings.LastIndexAny(name, `/\`)+1:]
}

func (p Program) runsAs(one process) bool {
	return slices.ContainsFunc(one.names, func(name string) bool {
		name = strings.ToLower(programName(name))
		return slices.ContainsFunc(p.Processes, func(pattern string) bool {
			ok, err := path.Match(strings.ToLower(pattern), name)
			return ok && err == nil
		})
	})
}

// ofConflicts tells which of the programs run: by the policy's names alone.
func ofConflicts(running []process, programs []Program) []checks.Measurement {
	if len(programs) == 0 {
		return []checks.Measurement{conflicts.Missing("", &checks.Problem{Code: codeNoPrograms, Side: checks.SideOffice})}
	}
	var out []checks.Measurement
	told := map[string]bool{}
	for _, program := range programs {
		if told[program.Name] || !slices.ContainsFunc(running, program.runsAs) {
			continue
		}
		told[program.Name] = true
		category := program.Category
		if !slices.Contains(Categories(), category) {
			category = "other"
		}
		out = append(out, conflicts.Named(program.Name, category))
	}
	if len(out) == 0 {
		out = append(out, conflicts.Named("", noConflict))
	}
	return out
}
