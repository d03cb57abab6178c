package render_test

import (
	"encoding/json"
	"os"
	"testing"

	"deskready/checks/words/wordstest"
	"deskready/report/render"
)

// universal is what reads alike in every language: units, the time zone of times, and what is typed.
var universal = []string{
	"Gbit/s Mbit/s kbit/s bit/s TB GB MB kB kHz Hz ms min dBm dBov dBFS dB UTC",
	"deskready verify sign send name FILE First Last",
} // read only

// All that a report says comes from the book, from the report's own data, or reads alike in every language.
func TestNothingIsWrittenIntoTheProgram(t *testing.T) {
	book := wordstest.Pseudo(t, render.Words(), os.DirFS("testdata/words"))
	for _, name := range samples() {
		if name == "hostile" { // it is not shown as it was written
			continue
		}
		r := sample(t, name)
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		known := append(wordstest.Strings(t, data), universal...)
		page := shown(t, render.HTML, book, r, render.Look{})
		if found := wordstest.Strangers(wordstest.Visible(page), known...); len(found) > 0 {
			t.Errorf("%s.html says %q, which no book does", name, found)
		}
		for _, look := range []render.Look{{Width: 100}, {Plain: true}} {
			if found := wordstest.Strangers(shown(t, render.Text, book, r, look), known...); len(found) > 0 {
				t.Errorf("%s as text %+v says %q, which no book does", name, look, found)
			}
		}
	}
}
