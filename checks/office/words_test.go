package office

import (
	"slices"
	"testing"

	"deskready/checks/words"
)

// TestWords: every code has its text, in every language.
func TestWords(t *testing.T) {
	languages := words.Languages(Words())
	if !slices.Contains(languages, "es") {
		t.Fatalf("languages %v", languages)
	}
	for _, lang := range languages {
		book, err := words.Open(lang, Words())
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range []string{CodeRefused, CodeBusy, CodeExpired, CodeForged, CodeSpent, CodePortal, CodeUntrusted, CodeLost, CodeGarbled, CodeUDP} {
			if !book.Has("problem." + code) {
				t.Errorf("%s lacks problem.%s", lang, code)
			}
		}
	}
}
