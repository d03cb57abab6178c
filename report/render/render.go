// Package render shows a report to people and programs: text for terminals, JSON, and one HTML page that stands alone.
//
// It judges nothing again: it shows the findings it is given. Quantities are scaled for people here and nowhere else.
// What comes from outside (names, devices, versions) is treated as hostile in every format.
package render

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"

	"deskready/checks/words"
	"deskready/report"
)

// A Look is how text is laid out. Only Text heeds it.
type Look struct {
	Width  int  // of the terminal in columns; 0: 80
	Colour bool // with ANSI colours
	Plain  bool // for screen readers and logs: no drawing characters, no colour, one fact a line, however long the line
}

// A Format writes a report. The book holds the words of all checks beside this package's own.
type Format func(w io.Writer, b words.Book, r report.Report, look Look) error

// Formats are the ways to show a report, by the names people ask for them.
var Formats = map[string]Format{"text": Text, "json": JSON, "html": HTML} // read only

//go:embed words
var texts embed.FS

// Words are this package's own texts: verdicts, outcomes, headings, units, the problems any check may have, who measured
// and whose side it is, and the sentences about assurance.
func Words() fs.FS {
	sub, err := fs.Sub(texts, "words")
	if err != nil {
		return texts // cannot be: the name above is valid
	}
	return sub
}

// JSON writes the readable report: one document, and a newline.
func JSON(w io.Writer, _ words.Book, r report.Report, _ Look) error {
	data, err := json.MarshalIndent(r.Bare(), "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report as JSON: %w", err)
	}
	_, err = w.Write(append(visible(data), '\n'))
	return err
}

// visible writes runes that a terminal would obey, rather than show, as JSON escapes. It is the same document: such
// runes can only stand inside strings.
func visible(data []byte) []byte {
	if !bytes.ContainsFunc(data, obeyed) {
		return data
	}
	var out bytes.Buffer
	for _, r := range string(data) {
		if obeyed(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.Bytes()
}

// obeyed tells C1 controls, DEL and the marks that turn the reading direction. All lie in the basic plane.
func obeyed(r rune) bool {
	switch {
	case r >= 0x7f && r < 0xa0, r == 0x61c:
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
		return true
	}
	return false
}
