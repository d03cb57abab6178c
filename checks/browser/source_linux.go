package browser

import (
	"cmp"
	"os"
)

func thisInventory(o Options) inventory {
	return freedesktop{fsys: os.DirFS(cmp.Or(o.Root, "/")), home: o.Home, env: o.Env}
}
