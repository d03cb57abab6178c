//go:build linux || darwin || windows

package system

import (
	"context"

	"github.com/shirou/gopsutil/v3/common"
	gocpu "github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/mem"
)

// plain makes the library read this computer, wherever HOST_PROC and the like in the environment point.
func plain(ctx context.Context) context.Context {
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{
		common.HostProcEnvKey: "/proc", common.HostSysEnvKey: "/sys", common.HostEtcEnvKey: "/etc", common.HostVarEnvKey: "/var",
		common.HostRunEnvKey: "/run", common.HostDevEnvKey: "/dev", common.HostRootEnvKey: "/",
	})
}

func readMemory(ctx context.Context) (memory, error) {
	m, err := mem.VirtualMemoryWithContext(plain(ctx))
	if err != nil {
		return memory{}, err
	}
	return memory{total: m.Total, available: m.Available}, nil
}

// readDisk gives what this user may still write: quotas and reserves are taken off.
func readDisk(ctx context.Context, folder string) (uint64, error) {
	u, err := disk.UsageWithContext(plain(ctx), folder)
	if err != nil {
		return 0, err
	}
	return u.Free, nil
}

func readTimes(ctx context.Context) (cpuTimes, error) {
	all, err := gocpu.TimesWithContext(plain(ctx), false)
	if err != nil {
		return cpuTimes{}, err
	}
	if len(all) != 1 {
		return cpuTimes{}, unreadable("no times of the processor")
	}
	t := all[0] // Guest is a part of User, and not added again
	busy := t.User + t.Nice + t.System + t.Irq + t.Softirq + t.Steal
	return cpuTimes{busy: busy, all: busy + t.Idle + t.Iowait}, nil
}
