package system

import (
	"context"
	"os"

	gocpu "github.com/shirou/gopsutil/v3/cpu"
	"golang.org/x/sys/unix"
)

func thisMachine() machine {
	root := os.DirFS("/")
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
	}
}
