package system

import (
	"context"
	"os"
	"time"

	gocpu "github.com/shirou/gopsutil/v3/cpu"
	"golang.org/x/sys/unix"
)

func thisMachine(s sources) machine {
	root := s.files
	return machine{
		memory: readMemory,
		disk:   readDisk,
		cores:  func(ctx context.Context) (int, error) { return gocpu.CountsWithContext(plain(ctx), false) },
		model:  func(context.Context) (string, error) { return unix.Sysctl("machdep.cpu.brand_string") },
		times:  readTimes, // "unsupported" in builds without cgo
		release: func(context.Context) (release, error) {
			data, err := read(root, "System/Library/CoreServices/SystemVersion.plist")
			if err != nil {
				return release{}, err
			}
			return parseSystemVersion(data)
		},
		computer: func(context.Context) (string, error) {
			model, _ := unix.Sysctl("hw.model")
			present, err := unix.SysctlUint32("kern.hv_vmm_present")
			return macComputer(model, present, err)
		},
		session: func(context.Context) (string, error) { return macSession(s.env) },
		displays: func(ctx context.Context) ([]string, error) {
			parse := func(told string) ([]string, error) { return macDisplays([]byte(told)) }
			return answer(ctx, s.run, parse, "/usr/sbin/system_profiler", "-json", "SPDisplaysDataType")
		},
		power: func(ctx context.Context) (power, error) {
			return answer(ctx, s.run, macPower, "/usr/bin/pmset", "-g", "batt")
		},
		uptime: sinceBoot,
		zone:   func(context.Context) (string, error) { return macZone(root) },
		processes: func(ctx context.Context) ([]process, error) { // never recorded: what else runs is nobody's fixture
			parse := func(told string) ([]process, error) { return macProcesses(told, os.Getpid()), nil }
			return answer(ctx, output, parse, "/bin/ps", "-axo", "pid=,time=,rss=,comm=")
		},
		bench:  rounds,
		write:  timeDisk,
		truths: macTruths(s),
	}
}

// macTruths leaves out what macOS tells nobody: whether updates wait, and what it lets browsers use (that belongs to the
// program which asks: only a page in the browser finds out).
func macTruths(s sources) map[string]truth {
	told := func(parse func(string) (bool, error), program string, args ...string) truth {
		return func(ctx context.Context) (bool, error) { return answer(ctx, s.run, parse, program, args...) }
	}
	profiler := func(parse func([]byte) (bool, error), kind string) truth {
		return told(func(text string) (bool, error) { return parse([]byte(text)) }, "/usr/sbin/system_profiler", "-json", kind)
	}
	cameras := func(data []byte) (bool, error) { return macCameras(s.files, data) }
	return map[string]truth{
		powerSaver.ID:    told(macSaver, "/usr/bin/pmset", "-g"),
		firewall.ID:      profiler(macFirewall, "SPFirewallDataType"),
		encryption.ID:    told(macEncryption, "/usr/bin/fdesetup", "status"),
		screenLock.ID:    told(macScreenLock, "/usr/sbin/sysadminctl", "-screenLock", "status"),
		antivirus.ID:     func(context.Context) (bool, error) { return macAntivirus(s.files) },
		virtualCamera.ID: profiler(cameras, "SPCameraDataType"),
		virtualAudio.ID:  func(context.Context) (bool, error) { return macPlugins(s.files, macSoundPlugins) },
	}
}

func sinceBoot(context.Context) (time.Duration, error) {
	boot, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return 0, err
	}
	return time.Since(time.Unix(boot.Unix())), nil
}
