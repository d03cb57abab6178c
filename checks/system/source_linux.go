package system

import (
	"context"
	"os"
	"time"

	gocpu "github.com/shirou/gopsutil/v3/cpu"
)

func thisMachine(s sources) machine {
	root := s.files
	return machine{
		memory: func(ctx context.Context) (memory, error) {
			m, err := readMemory(ctx)
			if err != nil {
				return m, err
			}
			return withinCgroup(root, m), nil
		},
		disk:     readDisk,
		cores:    func(ctx context.Context) (int, error) { return gocpu.CountsWithContext(plain(ctx), false) },
		model:    func(context.Context) (string, error) { return linuxModel(root) },
		times:    readTimes,
		release:  func(context.Context) (release, error) { return linuxRelease(root) },
		computer: func(context.Context) (string, error) { return linuxComputer(root) },
		session:  func(context.Context) (string, error) { return linuxSession(s) },
		displays: func(context.Context) ([]string, error) { return linuxDisplays(root) },
		power:    func(context.Context) (power, error) { return linuxPower(root) },
		uptime:   func(context.Context) (time.Duration, error) { return linuxUptime(root) },
		zone:     func(context.Context) (string, error) { return linuxZone(root) },
		processes: func(ctx context.Context) ([]process, error) { // never recorded: what else runs is nobody's fixture
			return linuxProcesses(ctx, os.DirFS("/"), os.Getpid(), os.Getpagesize())
		},
		bench: rounds,
		write: timeDisk,
		truths: map[string]truth{
			pendingReboot.ID: func(context.Context) (bool, error) { return linuxReboot(root) },
			powerSaver.ID:    func(context.Context) (bool, error) { return linuxSaver(root) },
			firewall.ID:      func(ctx context.Context) (bool, error) { return linuxFirewall(ctx, s) },
			encryption.ID:    func(context.Context) (bool, error) { return linuxEncryption(root, s.home) },
			screenLock.ID:    func(ctx context.Context) (bool, error) { return linuxScreenLock(ctx, s) },
			virtualCamera.ID: func(context.Context) (bool, error) { return linuxCameras(root) },
			virtualAudio.ID:  func(context.Context) (bool, error) { return linuxSound(root) },
		},
	}
}
