package render_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskready/checks/words"
	"deskready/report"
	"deskready/report/render"
)

var update = flag.Bool("update", false, "write the golden files")

// samples are the reports that every format is tried on.
func samples() []string {
	return []string{"ready", "not_ready", "undecided", "pending", "spanish", "hostile", "line", "linea", "voice"}
}

func sample(t *testing.T, name string) report.Report {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// book holds render's words and those of made-up checks.
func book(t *testing.T, lang string) words.Book {
	t.Helper()
	b, err := words.Open(lang, render.Words(), os.DirFS("testdata/words"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func shown(t *testing.T, f render.Format, b words.Book, r report.Report, l render.Look) string {
	t.Helper()
	var out bytes.Buffer
	if err := f(&out, b, r, l); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func lang(name string) string {
	if name == "spanish" || name == "linea" {
		return "es"
	}
	return "en"
}

func TestGolden(t *testing.T) {
	looks := []struct {
		suffix string
		format string
		look   render.Look
	}{
		{"80.txt", "text", render.Look{}},
		{"40.txt", "text", render.Look{Width: 40}},
		{"colour.txt", "text", render.Look{Width: 80, Colour: true}},
		{"plain.txt", "text", render.Look{Plain: true, Colour: true, Width: 40}},
		{"json", "json", render.Look{}},
		{"html", "html", render.Look{}},
	}
	for _, name := range samples() {
		for _, l := range looks {
			t.Run(name+"."+l.suffix, func(t *testing.T) {
				got := shown(t, render.Formats[l.format], book(t, lang(name)), sample(t, name), l.look)
				path := filepath.Join("testdata", "golden", name+"."+l.suffix)
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("%s is not what %s holds (see with: go test ./report/render -update, and git diff):\n%s", l.format, path, firstDifference(got, string(want)))
				}
			})
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + w[i]
		}
	}
	return "one is longer"
}

func TestJSONIsTheReport(t *testing.T) {
	for _, name := range samples() {
		r := sample(t, name)
		r.Key, r.Witness, r.Policy.Compiled = "PEM", []byte("sealed"), []byte("{}")
		got := shown(t, render.JSON, words.Book{}, r, render.Look{})
		if !strings.HasSuffix(got, "}\n") {
			t.Errorf("%s: no newline at the end", name)
		}
		again, err := report.Decode([]byte(got))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		a, err := json.Marshal(again)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(r.Bare())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s: read again, it is another report", name)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x202e) }) {
			t.Errorf("%s: runes that a terminal obeys", name)
		}
	}
}
