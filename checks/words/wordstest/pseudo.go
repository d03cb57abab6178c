// Package wordstest tells what comes from a book of words from what was written into a program: it makes a book in no
// language, in which no text has a plain letter, and finds the plain letters in what is shown with it.
package wordstest

import (
	"encoding/json"
	"html"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"deskready/checks/words"
)

// longer is by how many hundredths a text grows: about what German or Finnish need over English.
const longer = 40

var (
	hole   = regexp.MustCompile(`\{[a-z_]+\}`)
	plain  = regexp.MustCompile(`[A-Za-z]{2,}`)
	hidden = regexp.MustCompile(`(?s)<style\b.*?</style>|<script\b.*?</script>|<!--.*?-->`)
	spoken = regexp.MustCompile(`\s(?:aria-label|aria-description|alt|title|placeholder|data-label)="([^"]*)"`)
	tag    = regexp.MustCompile(`<[^>]*>`)
)

// Pseudo is the English book of the sources in letters nobody writes, each text between ⟦ and ⟧ and longer than it
// was. What is no text for people stays as it is: marks of numbers, directions, and the beginnings of a "no".
func Pseudo(t testing.TB, sources ...fs.FS) words.Book {
	t.Helper()
	texts := map[string]string{}
	for _, source := range sources {
		data, err := fs.ReadFile(source, words.Fallback+".json")
		if err != nil {
			t.Fatal(err)
		}
		var of map[string]string
		if err := json.Unmarshal(data, &of); err != nil {
			t.Fatal(err)
		}
		for key, text := range of {
			texts[key] = strange(key, text)
		}
	}
	data, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	b, err := words.Open(words.Fallback, fstest.MapFS{words.Fallback + ".json": {Data: data}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func strange(key, text string) string {
	switch key {
	case "unit.decimal", "page.dir", "cmd.no_words":
		return text
	}
	if text == "" { // there is nothing to say in this language
		return text
	}
	var out strings.Builder
	at := 0
	for _, place := range hole.FindAllStringIndex(text, -1) {
		out.WriteString(accents.Replace(text[at:place[0]]) + text[place[0]:place[1]])
		at = place[1]
	}
	out.WriteString(accents.Replace(text[at:]))
	return "⟦" + out.String() + strings.Repeat(" ~~~", len(text)*longer/100/4) + "⟧"
}

// accents has a look-alike for each plain letter.
var accents = func() *strings.Replacer {
	from, to := []rune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), []rune("ÁƁĆĎÉƑĞĤÍĴĶĹḾŃÓṔǪŔŚŤÚṼŴẌÝŹáƀćďéƒğĥíĵķĺḿńóṕǫŕśťúṽŵẍýź")
	var pairs []string
	for i := range from {
		pairs = append(pairs, string(from[i]), string(to[i]))
	}
	return strings.NewReplacer(pairs...)
}() // read only

// Visible is all that a page of HTML says to eyes and to screen readers, a piece a line.
func Visible(page string) string {
	page = hidden.ReplaceAllString(page, "")
	var out []string
	for _, found := range spoken.FindAllStringSubmatch(page, -1) {
		out = append(out, found[1])
	}
	out = append(out, tag.ReplaceAllString(page, "\n"))
	return html.UnescapeString(strings.Join(out, "\n"))
}

// Strangers are the words in a text that come neither from the Pseudo book nor from what is known: names, units and
// other data, in which every word counts.
func Strangers(text string, known ...string) []string {
	var may []string
	for _, k := range known {
		may = append(may, plain.FindAllString(k, -1)...)
	}
	var out []string
	for _, word := range plain.FindAllString(text, -1) {
		if !slices.Contains(may, word) && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// Strings are all texts in a JSON document, not the names of its fields: what is known of a report's data.
func Strings(t testing.TB, document []byte) []string {
	t.Helper()
	var of any
	if err := json.Unmarshal(document, &of); err != nil {
		t.Fatal(err)
	}
	return within(of)
}

func within(of any) []string {
	var out []string
	switch v := of.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, each := range v {
			out = append(out, within(each)...)
		}
	case map[string]any:
		for _, each := range v {
			out = append(out, within(each)...)
		}
	}
	return out
}
