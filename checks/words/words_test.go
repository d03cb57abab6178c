package words

import (
	"slices"
	"testing"
	"testing/fstest"
)

func book(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return fsys
}

func TestOpen(t *testing.T) {
	first := book(map[string]string{"en.json": `{"hello":"Hello {name}, {name}","only":"English"}`, "es.json": `{"hello":"Hola {name}"}`,
		"fil.json": `{"hello":"Kumusta {name}"}`})
	second := book(map[string]string{"en.json": `{"bye":"Bye"}`})
	for _, c := range []struct{ lang, want, only string }{
		{"en", "Hello Ana, Ana", "English"},
		{"es", "Hola Ana", "English"},
		{"es_PR.UTF-8", "Hola Ana", "English"},
		{"C.UTF-8", "Hello Ana, Ana", "English"},
		{"", "Hello Ana, Ana", "English"},
		{"fil_PH", "Kumusta Ana", "English"},
		{"tl_PH.UTF-8", "Kumusta Ana", "English"},
		{"xx", "", ""},
	} {
		b, err := Open(c.lang, first, second)
		if (err == nil) != (c.want != "") {
			t.Fatalf("%q: %v", c.lang, err)
		}
		if err != nil {
			continue
		}
		if got := b.Text("hello", "name", "Ana"); got != c.want {
			t.Errorf("%s: %q, want %q", c.lang, got, c.want)
		}
		if got := b.Text("only"); got != c.only {
			t.Errorf("%s: %q, want the fallback %q", c.lang, got, c.only)
		}
	}
	if got := Languages(first, second); !slices.Equal(got, []string{"en"}) {
		t.Errorf("languages of all sources: %v", got)
	}
}

func TestTextWithoutKey(t *testing.T) {
	if got := (Book{}).Text("some.key"); got != "some.key" {
		t.Errorf("%q", got)
	}
	if got := (Book{}).First("a", "b"); got != "b" {
		t.Errorf("%q", got)
	}
}

func TestOpenBroken(t *testing.T) {
	for _, data := range []string{``, `[]`, `{"a":1}`} {
		if _, err := Open("en", book(map[string]string{"en.json": data})); err == nil {
			t.Errorf("%q was read", data)
		}
	}
}
