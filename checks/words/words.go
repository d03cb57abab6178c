// Package words holds what people read, by key and language. Codes and ids are for machines and never translated; all
// that a person sees comes from here. It knows nothing of checks or reports.
package words

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Fallback is the language of a text that the asked one lacks. Every source has it.
const Fallback = "en"

// A Book is a set of texts in one language. Its zero value has none: each key is then its own text.
type Book struct {
	lang  string
	texts map[string]string
}

// Open reads LANG.json and en.json at the root of each source. A language of which no source has a file is refused;
// region and encoding are left off where only the language is there ("es_PR.UTF-8" is read as "es").
func Open(lang string, sources ...fs.FS) (Book, error) {
	b := Book{lang: Fallback, texts: map[string]string{}}
	for _, s := range sources {
		if err := b.add(s, Fallback); err != nil {
			return Book{}, err
		}
	}
	lang, _, _ = strings.Cut(strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToLower(lang)), "_")
	switch lang {
	case "", Fallback, "c", "posix":
		return b, nil
	case "tl": // Tagalog, as older systems call Filipino
		lang = "fil"
	}
	for _, s := range sources {
		switch err := b.add(s, lang); {
		case err == nil:
			b.lang = lang
		case !errors.Is(err, fs.ErrNotExist):
			return Book{}, err
		}
	}
	if b.lang != lang {
		return Book{}, fmt.Errorf("no texts in language %q; there are %s", lang, strings.Join(Languages(sources...), ", "))
	}
	return b, nil
}

func (b Book) add(source fs.FS, lang string) error {
	data, err := fs.ReadFile(source, lang+".json")
	if err != nil {
		return fmt.Errorf("reading texts: %w", err)
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return fmt.Errorf("reading texts in %s.json: %w", lang, err)
	}
	maps.Copy(b.texts, texts)
	return nil
}

// Languages lists the languages that all the sources have.
func Languages(sources ...fs.FS) []string {
	count := map[string]int{}
	for _, s := range sources {
		files, _ := fs.Glob(s, "*.json") // the pattern is good
		for _, f := range files {
			count[strings.TrimSuffix(f, ".json")]++
		}
	}
	var all []string
	for lang, n := range count {
		if n == len(sources) {
			all = append(all, lang)
		}
	}
	slices.Sort(all)
	return all
}

// Lang is the book's language, as in the lang attribute of HTML.
func (b Book) Lang() string { return b.lang }

// Dir is the direction the book's language is written in, as in the dir attribute of HTML: what the text "page.dir" says.
func (b Book) Dir() string {
	if b.texts["page.dir"] == "rtl" {
		return "rtl"
	}
	return "ltr"
}

// Has says whether there is a text for the key.
func (b Book) Has(key string) bool {
	_, ok := b.texts[key]
	return ok
}

// Text is the text for the key, with each {name} replaced by the value given after that name. A key without a text is
// shown as it is: ugly, but nothing is hidden.
func (b Book) Text(key string, pairs ...string) string {
	text, ok := b.texts[key]
	if !ok {
		text = key
	}
	if len(pairs) == 0 {
		return text
	}
	old := make([]string, len(pairs))
	for i, p := range pairs {
		if i%2 == 0 {
			p = "{" + p + "}"
		}
		old[i] = p
	}
	return strings.NewReplacer(old...).Replace(text)
}

// First is the text of the first key that has one; with none, the last key.
func (b Book) First(keys ...string) string {
	for _, k := range keys {
		if b.Has(k) {
			return b.Text(k)
		}
	}
	return keys[len(keys)-1]
}
