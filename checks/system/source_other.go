//go:build !linux && !darwin && !windows

package system

import "context"

// thisMachine knows nothing of this system: everything is missing, and nothing is bad.
func thisMachine() machine {
	return machine{
		memory:  func(context.Context) (memory, error) { return memory{}, errUnsupported },
		disk:    func(context.Context, string) (uint64, error) { return 0, errUnsupported },
		cores:   func(context.Context) (int, error) { return 0, errUnsupported },
		model:   func(context.Context) (string, error) { return "", errUnsupported },
		times:   func(context.Context) (cpuTimes, error) { return cpuTimes{}, errUnsupported },
		release: func(context.Context) (release, error) { return release{}, errUnsupported },
	}
}
