package system

import (
	"context"
	"time"

	"deskready/checks"
)

// The metrics. Cores are those of the processor itself: threads that share a core (SMT) are not counted.
var (
	memoryTotal     = checks.Metric{ID: "system.memory", Unit: checks.Bytes, Better: checks.Higher}
	memoryAvailable = checks.Metric{ID: "system.memory_available", Unit: checks.Bytes, Better: checks.Higher}
	headroomMemory  = checks.Metric{ID: "system.headroom_memory", Unit: checks.Bytes, Better: checks.Higher}
	diskFree        = checks.Metric{ID: "system.disk_free", Unit: checks.Bytes, Better: checks.Higher}
	diskWrite       = checks.Metric{ID: "system.disk_write", Unit: checks.BitsPerSecond, Better: checks.Higher}
	diskSync        = checks.Metric{ID: "system.disk_sync", Unit: checks.Seconds, Better: checks.Lower, Decimals: 5}
	cores           = checks.Metric{ID: "system.cores", Unit: checks.Count, Better: checks.Higher}
	cpu             = checks.Metric{ID: "system.cpu", Unit: checks.Text}
	cpuSpeed        = checks.Metric{ID: "system.cpu_speed", Unit: checks.PerSecond, Better: checks.Higher}
	cpuSpeedAll     = checks.Metric{ID: "system.cpu_speed_all", Unit: checks.PerSecond, Better: checks.Higher}
	headroomCPU     = checks.Metric{ID: "system.headroom_cpu", Unit: checks.PerSecond, Better: checks.Higher}
	cpuBusy         = checks.Metric{ID: "system.cpu_busy", Unit: checks.Ratio, Better: checks.Lower, Decimals: 3}
	programCPU      = checks.Metric{ID: "system.program_cpu", Unit: checks.Ratio, Better: checks.Lower, Decimals: 3}
	programMemory   = checks.Metric{ID: "system.program_memory", Unit: checks.Bytes, Better: checks.Lower}
	conflicts       = checks.Metric{ID: "system.conflicts", Unit: checks.Text, Values: append([]string{noConflict}, Categories()...)}
	osName          = checks.Metric{ID: "system.os", Unit: checks.Text}
	osSupport       = checks.Metric{ID: "system.os_support", Unit: checks.Days, Better: checks.Higher}
	pendingReboot   = checks.Metric{ID: "system.pending_reboot", Unit: checks.Truth, Better: checks.Lower}
	uptime          = checks.Metric{ID: "system.uptime", Unit: checks.Seconds, Better: checks.Lower}
	timeZone        = checks.Metric{ID: "system.timezone", Unit: checks.Text}
	displays        = checks.Metric{ID: "system.displays", Unit: checks.Count, Better: checks.Higher}
	resolution      = checks.Metric{ID: "system.resolution", Unit: checks.Text}
	powerFrom       = checks.Metric{ID: "system.power", Unit: checks.Text, Values: []string{fromMains, fromBattery, noBattery}}
	battery         = checks.Metric{ID: "system.battery", Unit: checks.Ratio, Better: checks.Higher, Decimals: 2}
	powerSaver      = checks.Metric{ID: "system.power_saver", Unit: checks.Truth, Better: checks.Lower}
	antivirus       = checks.Metric{ID: "system.antivirus", Unit: checks.Truth, Better: checks.Higher}
	firewall        = checks.Metric{ID: "system.firewall", Unit: checks.Truth, Better: checks.Higher}
	encryption      = checks.Metric{ID: "system.encryption", Unit: checks.Truth, Better: checks.Higher}
	screenLock      = checks.Metric{ID: "system.screen_lock", Unit: checks.Truth, Better: checks.Higher}
	microphoneOpen  = checks.Metric{ID: "system.microphone_access", Unit: checks.Truth, Better: checks.Higher}
	cameraOpen      = checks.Metric{ID: "system.camera_access", Unit: checks.Truth, Better: checks.Higher}
	virtualCamera   = checks.Metric{ID: "system.virtual_camera", Unit: checks.Truth, Better: checks.Lower}
	virtualAudio    = checks.Metric{ID: "system.virtual_audio", Unit: checks.Truth, Better: checks.Lower}
	signals         = checks.Metric{ID: "system.signals", Unit: checks.Text, Values: []string{
		noSign, vmLikely, vmSure, container, wsl, remoteLikely, remoteSure,
	}}
)

func metrics() []checks.Metric {
	return []checks.Metric{
		memoryTotal, memoryAvailable, headroomMemory, diskFree, diskWrite, diskSync,
		cores, cpu, cpuSpeed, cpuSpeedAll, headroomCPU, cpuBusy, programCPU, programMemory, conflicts,
		osName, osSupport, pendingReboot, uptime, timeZone, displays, resolution, powerFrom, battery, powerSaver,
		antivirus, firewall, encryption, screenLock, microphoneOpen, cameraOpen, virtualCamera, virtualAudio, signals,
	}
}

// Codes of problems of this check's own.
const (
	codeUnreadable = "unreadable_system" // the system gave no answer, or one that makes no sense
	codeHome       = "unknown_home"      // the hire's own folder is not known
	codeOS         = "unknown_os"        // not in the table of ends of support
	codeExtended   = "extended_updates"  // gets updates beyond its end, until a day that cannot be read
	codeUntold     = "untold"            // this system tells this to administrators alone, or not at all
	codeNoRoom     = "no_room"           // too little is free on the disk to time it
	codeNoPrograms = "no_programs"       // the policy names no programs to look for
)

// machine is where the facts come from. Each function may hang, panic or answer wrongly: they are called under guard.
// One that is nil stands for what this system does not tell.
type machine struct {
	memory    func(ctx context.Context) (memory, error)
	disk      func(ctx context.Context, folder string) (free uint64, err error)
	cores     func(ctx context.Context) (int, error)
	model     func(ctx context.Context) (string, error)
	times     func(ctx context.Context) (cpuTimes, error)
	release   func(ctx context.Context) (release, error)
	computer  func(ctx context.Context) (string, error)   // signs of a virtual machine, in the words of system.signals
	session   func(ctx context.Context) (string, error)   // signs of a session from afar
	displays  func(ctx context.Context) ([]string, error) // the resolution of each that is in use, such as "1920x1080"
	power     func(ctx context.Context) (power, error)
	uptime    func(ctx context.Context) (time.Duration, error)
	zone      func(ctx context.Context) (string, error) // IANA name
	processes func(ctx context.Context) ([]process, error)
	bench     func(ctx context.Context, workers int) (roundsPerSecond float64, err error)
	write     func(ctx context.Context, folder string) (writing, error)
	truths    map[string]truth // by metric
}

// A truth is a question to the system that is answered by yes or no.
type truth func(ctx context.Context) (bool, error)

func missing(p *checks.Problem, list ...checks.Metric) []checks.Measurement {
	out := make([]checks.Measurement, len(list))
	for i, m := range list {
		out[i] = m.Missing("", p)
	}
	return out
}

// of is what was measured of a metric.
func of(list []checks.Measurement, metric checks.Metric) checks.Measurement {
	for _, m := range list {
		if m.Metric == metric.ID {
			return m
		}
	}
	return metric.Missing("", unreadable("not measured"))
}
