package main

import (
	"embed"
	"io/fs"

	"deskready/checks/office"
	"deskready/report/collector"
	"deskready/report/render"
)

//go:embed words/*.json
var wordFiles embed.FS

// ownWords are the texts of all that is no check.
func ownWords() []fs.FS {
	own, err := fs.Sub(wordFiles, "words")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return []fs.FS{own, office.Words(), render.Words(), collector.Words()}
}
