package main

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"deskready/checks/all"
	"deskready/checks/words"
)

// languages are those of the program. English comes first: the others say what it says.
var languages = []string{"en", "ar", "es", "fil", "fr", "hi", "pt"} // read only

// wordFolders are all folders of texts, wherever they are.
func wordFolders(t *testing.T) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || len(d.Name()) > 2 && d.Name()[0] == '.'):
			return fs.SkipDir
		case d.Name() == words.Fallback+".json":
			list = append(list, filepath.Dir(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 10 {
		t.Fatalf("only %d folders of texts were found: %v", len(list), list)
	}
	return list
}

func textsOf(t *testing.T, folder, lang string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, lang+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatalf("%s, %s: %v", folder, lang, err)
	}
	return texts
}

// TestEveryLanguageSaysAll holds each folder of texts to every language, each key of English, and its holes.
func TestEveryLanguageSaysAll(t *testing.T) {
	for _, folder := range wordFolders(t) {
		if got := words.Languages(os.DirFS(folder)); !slices.Equal(got, slices.Sorted(slices.Values(languages))) {
			t.Errorf("%s is in %v, want %v", folder, got, languages)
			continue
		}
		english := textsOf(t, folder, words.Fallback)
		for _, lang := range languages[1:] {
			texts := textsOf(t, folder, lang)
			for _, key := range slices.Sorted(maps.Keys(texts)) {
				if _, ok := english[key]; !ok {
					t.Errorf("%s/%s.json has %q, and English does not", folder, lang, key)
				}
			}
			for _, key := range slices.Sorted(maps.Keys(english)) {
				if why := untrue(key, english[key], texts); why != "" {
					t.Errorf("%s/%s.json, %s: %s", folder, lang, key, why)
				}
			}
		}
	}
}

// mark says of a language that no native speaker has read it; English alone needs none.
const mark = "lang.unread"

// untrue says what is wrong with a translation, as far as a program can tell.
func untrue(key, english string, texts map[string]string) string {
	text, ok := texts[key]
	switch {
	case !ok:
		return "is not there"
	case text == "" && (english != "" || key == mark):
		return "is empty"
	case strings.TrimSpace(text) != text:
		return "has space around it"
	case strings.Count(text, "\n") != strings.Count(english, "\n"):
		return "has other lines than English"
	case !slices.Equal(holesOf(english), holesOf(text)):
		return "fills in " + strings.Join(holesOf(text), " ") + ", and English " + strings.Join(holesOf(english), " ")
	}
	return ""
}

func holesOf(text string) []string {
	return slices.Sorted(slices.Values(regexp.MustCompile(`\{[a-z_]+\}`).FindAllString(text, -1)))
}

// TestLanguagesCanBeChosen opens the whole program in each of its languages.
func TestLanguagesCanBeChosen(t *testing.T) {
	list := all.All(all.Options{})
	for _, lang := range languages {
		w := &world{env: func(string) string { return "" }}
		b, err := w.book(lang, list)
		if err != nil || b.Lang() != lang {
			t.Errorf("--lang %s: %q, %v", lang, b.Lang(), err)
		}
		w.env = func(name string) string { return map[string]string{"LANG": lang + "_XX.UTF-8"}[name] }
		if b, err := w.book("", list); err != nil || b.Lang() != lang {
			t.Errorf("LANG=%s_XX.UTF-8: %q, %v", lang, b.Lang(), err)
		}
		if (lang == "ar") != (b.Dir() == "rtl") {
			t.Errorf("%s runs %s", lang, b.Dir())
		}
	}
	_, err := (&world{}).book("xx", list)
	for _, lang := range languages {
		if err == nil || !strings.Contains(err.Error(), lang) {
			t.Errorf("--lang xx does not name %s: %v", lang, err)
		}
	}
}

// TestRefusalsAreUnderstood answers in each language as its own people would.
func TestRefusalsAreUnderstood(t *testing.T) {
	own := map[string][]string{
		"en": {"n", "no", "No", " NO thanks"}, "es": {"n", "no"}, "pt": {"n", "não", "NÃO"}, "fr": {"n", "non", "Non"},
		"hi": {"नहीं", "ना", "n", "nahi"}, "fil": {"h", "hindi", "Hindi po", "n", "no"}, "ar": {"لا", "لا أوافق", "n"},
	}
	yes := map[string][]string{
		"en": {"", "y", "yes", "ok"}, "es": {"", "s", "sí"}, "pt": {"", "s", "sim"}, "fr": {"", "o", "oui"},
		"hi": {"", "हाँ", "y"}, "fil": {"", "oo", "opo"}, "ar": {"", "نعم", "y"},
	}
	for _, lang := range languages {
		b, err := words.Open(lang, ownWords()...)
		if err != nil {
			t.Fatal(err)
		}
		no := b.Text("cmd.no_words")
		for _, answer := range own[lang] {
			if !refuses(answer, no) {
				t.Errorf("%s: %q is no refusal", lang, answer)
			}
		}
		for _, answer := range yes[lang] {
			if refuses(answer, no) {
				t.Errorf("%s: %q is taken for a refusal", lang, answer)
			}
		}
		for _, key := range []string{"cmd.agree", "cmd.agree_to"} {
			if first := strings.Fields(no)[0]; !regexp.MustCompile(`(^|\P{L})` + first + `($|\P{L})`).MatchString(b.Text(key)) {
				t.Errorf("%s: %s does not say to type %s", lang, key, first)
			}
		}
	}
}
