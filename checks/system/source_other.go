//go:build !linux && !darwin && !windows

package system

// thisMachine knows nothing of this system but how fast it is: everything else is missing, and nothing is bad.
func thisMachine(sources) machine { return machine{bench: rounds, write: timeDisk} }
