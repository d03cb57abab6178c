package main

import (
	"embed"
	"io/fs"
	"strings"

	"deskready/checks/office"
	"deskready/checks/words"
	"deskready/report/collector"
	"deskready/report/guide"
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
	return []fs.FS{own, office.Words(), render.Words(), collector.Words(), guide.Words()}
}

// languageHelp is what --lang is for.
func languageHelp() string {
	return "language: " + strings.Join(words.Languages(ownWords()...), ", ") + " (without it, that of this computer)"
}
