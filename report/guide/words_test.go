package guide

import (
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"testing"

	"deskready/checks/words"
	"deskready/report/render"
)

func texts(t *testing.T, lang string) map[string]string {
	t.Helper()
	return textsIn(t, Words(), lang)
}

func textsIn(t *testing.T, source fs.FS, lang string) map[string]string {
	t.Helper()
	data, err := fs.ReadFile(source, lang+".json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWords: each language says all that English says, with the same holes to fill.
func TestWords(t *testing.T) {
	english := texts(t, "en")
	hole := regexp.MustCompile(`\{[a-z]+\}`)
	holes := func(text string) []string { return slices.Sorted(slices.Values(hole.FindAllString(text, -1))) }
	files, _ := fs.Glob(Words(), "*.json") // the pattern is good
	for _, file := range files {
		own := texts(t, file[:len(file)-len(".json")])
		if got, want := slices.Sorted(maps.Keys(own)), slices.Sorted(maps.Keys(english)); !slices.Equal(got, want) {
			t.Errorf("%s has other keys", file)
		}
		for key, text := range own {
			if !slices.Equal(holes(text), holes(english[key])) || text == "" {
				t.Errorf("%s: %s is %q", file, key, text)
			}
		}
	}
}

// TestOneMinute: a single minute is said in words of its own, which no number can go wrong in.
func TestOneMinute(t *testing.T) {
	g := serve(t, hurried(), nil)
	v := visit(t, g)
	for n, want := range map[int]string{1: "It takes about one minute.", 2: "It takes about 2 minutes."} {
		stop := g.putFor(t, func(ctx context.Context) { _, _ = g.Welcome(ctx, About{Minutes: n}) })
		v.get(v.home)
		v.wants(want)
		stop()
	}
}

// TestDecimals: numbers that are written in a text have the decimal mark of its language.
func TestDecimals(t *testing.T) {
	for _, lang := range words.Languages(Words(), render.Words()) {
		book, err := words.Open(lang, render.Words())
		if err != nil {
			t.Fatal(err)
		}
		for key, text := range texts(t, lang) {
			for _, number := range regexp.MustCompile(`[0-9][.,][0-9]`).FindAllString(text, -1) {
				if number[1:2] != book.Text("unit.decimal") {
					t.Errorf("%s: %s says %q", lang, key, text)
				}
			}
		}
	}
}

// TestPagesSpeak: what a page says has a text.
func TestPagesSpeak(t *testing.T) {
	english := texts(t, "en")
	call := regexp.MustCompile(`\.T "([a-z._]+)"`)
	names, _ := fs.Glob(pageFiles, "pages/*.html") // the pattern is good
	said := 0
	for _, name := range names {
		data, err := fs.ReadFile(pageFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(data), -1) {
			if said++; english["guide."+m[1]] == "" {
				t.Errorf("%s says %s, which has no text", name, m[1])
			}
		}
	}
	if said < 80 {
		t.Errorf("only %d texts were looked at", said)
	}
}

// TestWeight: the page is made for thin lines and old computers.
func TestWeight(t *testing.T) {
	total := 0
	for _, files := range []fs.FS{pageFiles, staticFiles} {
		err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			total += int(info.Size())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if total > 60_000 { // all pages together, and what they load
		t.Errorf("%d bytes", total)
	}
}
