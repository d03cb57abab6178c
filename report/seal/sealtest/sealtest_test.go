package sealtest

import (
	"slices"
	"testing"
)

func TestFields(t *testing.T) {
	got := map[string]string{}
	for name, mutant := range Fields([]byte(`{"a":{"b":[1,"c"]},"d":"e"}`)) {
		got[name] = string(mutant)
	}
	for name, want := range map[string]string{
		" is null":                         `null`,
		"/a is 0":                          `{"a":0,"d":"e"}`,
		"/a/b/1 is true":                   `{"a":{"b":[1,true]},"d":"e"}`,
		"/a removed":                       `{"d":"e"}`,
		"/d removed":                       `{"a":{"b":[1,"c"]}}`,
		"/a/b removed":                     `{"a":{},"d":"e"}`,
		"/a/b renamed":                     `{"a":{"bx":[1,"c"]},"d":"e"}`,
		"/d in another case":               `{"a":{"b":[1,"c"]},"D":"e"}`,
		"/a doubled":                       `{"a":{"b":[1,"c"]},"a":{"b":[1,"c"]},"d":"e"}`,
		"/d doubled, null first":           `{"a":{"b":[1,"c"]},"d":null,"d":"e"}`,
		"/d doubled by an escape":          `{"a":{"b":[1,"c"]},"d":"e","\u0064":"e"}`,
		"/d with an unknown key beside it": `{"a":{"b":[1,"c"]},"d":"e","unknown":0}`,
	} {
		if got[name] != want {
			t.Errorf("%s: %s, want %s", name, got[name], want)
		}
	}
	if want := 6*12 + 3*7; len(got) != want {
		t.Errorf("%d mutants, want %d", len(got), want)
	}
}

func TestBytes(t *testing.T) {
	var got []string
	for _, mutant := range Bytes([]byte("ab")) {
		got = append(got, string(mutant))
	}
	want := []string{
		"`b", "cb", "eb", "ib", "qb", "Ab", "!b", "\xe1b", "b", "aab", "",
		"ac", "a`", "af", "aj", "ar", "aB", "a\"", "a\xe2", "a", "abb", "a",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
