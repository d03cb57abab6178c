package render_test

import (
	"html"
	"strings"
	"testing"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report/render"
)

// Each page says what language it is in, which way that runs, and that no native speaker has read it.
func TestPageTellsItsLanguage(t *testing.T) {
	for _, lang := range words.Languages(render.Words()) {
		b := book(t, lang)
		page := shown(t, render.HTML, b, sample(t, "line"), render.Look{})
		direction := map[bool]string{true: "rtl", false: "ltr"}[lang == "ar"]
		if !strings.Contains(page, `<html lang="`+lang+`" dir="`+direction+`">`) {
			t.Errorf("%s: the page does not say so", lang)
		}
		if unread := b.Text("lang.unread"); (unread == "") != (lang == "en") || !strings.Contains(html.UnescapeString(page), unread) {
			t.Errorf("%s: the page does not say that nobody has read its texts: %q", lang, unread)
		}
	}
}

// A number stays before its unit in a line that runs from right to left; terminals get no marks for that.
func TestNumbersInALineFromTheRight(t *testing.T) {
	b := book(t, "ar")
	page := shown(t, render.HTML, b, sample(t, "line"), render.Look{})
	if !strings.Contains(page, "\u20668.1\u00a0Mbit/s\u2069") {
		t.Error("the download speed is not isolated")
	}
	if english := shown(t, render.HTML, book(t, "en"), sample(t, "line"), render.Look{}); strings.ContainsAny(english, "\u2066\u2069") {
		t.Error("English needs no marks")
	}
	for _, look := range []render.Look{{}, {Plain: true}} {
		if text := shown(t, render.Text, b, sample(t, "line"), look); strings.ContainsAny(text, "\u2066\u2069") || !strings.Contains(text, "8.1 Mbit/s") {
			t.Errorf("%+v: marks in the text, or no speed", look)
		}
	}
	if got := render.Quantity(b, -26, checks.DBov); got != "-26 dBov" {
		t.Errorf("%q", got)
	}
}

// Texts that a book may have in English only, or an employer wrote, run as their own language does.
func TestStrangeTextsRunTheirOwnWay(t *testing.T) {
	page := shown(t, render.HTML, book(t, "ar"), sample(t, "not_ready"), render.Look{})
	for _, want := range []string{
		`<p dir="auto">Pause cloud backups`, `<p class="r-help" dir="auto">How fast data leaves you.`,
		`: <bdi dir="auto">One call and one shared screen at the same time.</bdi></p>`, `<p class="r-reason" dir="auto">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// Decimal marks are those of the language.
func TestDecimalMarks(t *testing.T) {
	for lang, want := range map[string]string{"en": "1.5 s", "es": "1,5 s", "pt": "1,5 s", "fr": "1,5 s", "hi": "1.5 s", "fil": "1.5 s", "ar": "1.5 s"} {
		if got := render.Quantity(book(t, lang), 1.5, checks.Seconds); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}
