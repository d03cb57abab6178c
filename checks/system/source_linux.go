package system

import (
	"context"
	"os"

	gocpu "github.com/shirou/gopsutil/v3/cpu"
)

func thisMachine() machine {
	root := os.DirFS("/")
	return machine{
		memory: func(ctx context.Context) (memory, error) {
			m, err := readMemory(ctx)
			if err != nil {
				return m, err
			}
			return withinCgroup(root, m), nil
		},
		disk:    readDisk,
		cores:   func(ctx context.Context) (int, error) { return gocpu.CountsWithContext(plain(ctx), false) },
		model:   func(context.Context) (string, error) { return linuxModel(root) },
		times:   readTimes,
		release: func(context.Context) (release, error) { return linuxRelease(root) },
	}
}
