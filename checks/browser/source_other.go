//go:build !linux && !darwin && !windows

package browser

import (
	"cmp"
	"os"
)

// thisInventory looks as on Linux: the other systems with these browsers follow the same specifications.
func thisInventory(o Options) inventory {
	return freedesktop{fsys: os.DirFS(cmp.Or(o.Root, "/")), home: o.Home, env: o.Env}
}
