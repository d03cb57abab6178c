package office

import (
	"embed"
	"io/fs"
)

//go:embed words
var texts embed.FS

// Words are the texts of the problems on the way to an office end: every check that has one may bring them back.
func Words() fs.FS {
	sub, err := fs.Sub(texts, "words")
	if err != nil {
		panic(err) // only for a path that is no path
	}
	return sub
}
