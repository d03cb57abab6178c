package checks

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, c := range []struct {
		name, text string
		limit      int
		want       string
	}{
		{"plain", "Jabra Evolve2 40", 50, "Jabra Evolve2 40"},
		{"empty", "", 50, ""},
		{"letters of the world", "Cuffie di Ñandú 耳机 سماعة", 50, "Cuffie di Ñandú 耳机 سماعة"},
		{"white space", "  a \t b\r\n\u00a0\u2028 c\u0085d ", 50, "a b c d"},
		{"only white space", " \t\n", 50, ""},
		{"escape sequence", "a\x1b[2Jb\x07\x00", 50, "a[2Jb"},
		{"C1 control", "a\u009b2Jb\u007f", 50, "a2Jb"},
		{"turned around", "exe.\u202egpj.\u202c", 50, "exe.gpj."},
		{"isolates", "\u2066a\u2067b\u2068c\u2069", 50, "abc"},
		{"Arabic letter mark", "a\u061cb", 50, "ab"},
		{"zero width", "a\u200bb\u200cc\u200dd\u2060e\ufefff", 50, "abcdef"},
		{"soft hyphen, filler, tag", "a\u00adb\u3164c\U000e0041d", 50, "abcd"},
		{"white space beside what is hidden", "a \u200b b", 50, "a b"},
		{"invalid UTF-8", "a\xff\xfeb\xc3", 50, "ab"},
		{"surrogate as bytes", "a\xed\xa0\x80b", 50, "ab"},
		{"cut by runes", "ééééé", 3, "ééé"},
		{"cut at a space", "abc def", 4, "abc"},
		{"just fits", "abc", 3, "abc"},
		{"nothing may stay", "abc", 0, ""},
		{"limit below nothing", "abc", -1, ""},
	} {
		if got := Clean(c.text, c.limit); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("Jabra Evolve2 40", 10)
	f.Add("a \u200b b\u202e\x1b[31m\xff", 3)
	f.Add(strings.Repeat("é ", 100), 7)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		got := Clean(text, limit)
		if !utf8.ValidString(got) {
			t.Errorf("%q is no UTF-8", got)
		}
		if n := utf8.RuneCountInString(got); n > max(limit, 0) {
			t.Errorf("%q has %d runes, %d allowed", got, n, limit)
		}
		if again := Clean(got, limit); again != got {
			t.Errorf("%q, cleaned again, is %q", got, again)
		}
		if strings.Contains(got, "  ") || strings.TrimSpace(got) != got {
			t.Errorf("%q has white space to fold", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Bidi_Control) || unicode.IsSpace(r) && r != ' ' {
				t.Errorf("%q still holds %U", got, r)
			}
		}
	})
}

func TestProblemError(t *testing.T) {
	for want, p := range map[string]*Problem{
		"absent":       {Code: CodeAbsent},
		"absent: none": {Code: CodeAbsent, Detail: "none"},
	} {
		if p.Error() != want {
			t.Errorf("%q, want %q", p.Error(), want)
		}
	}
}
