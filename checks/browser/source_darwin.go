package browser

import (
	"cmp"
	"os"
)

func thisInventory(o Options) inventory {
	return macOS{fsys: os.DirFS(cmp.Or(o.Root, "/")), home: o.Home}
}
