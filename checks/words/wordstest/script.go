package wordstest

import (
	"regexp"
	"strings"
)

var (
	remark   = regexp.MustCompile(`(?m)(?:^|\s)//.*$|(?s)/\*.*?\*/`)
	selector = regexp.MustCompile(`(?:querySelector(?:All)?|closest|matches)\((?:[^()]|\([^()]*\))*\)`)
	literal  = regexp.MustCompile("'[^'\n]*'|\"[^\"\n]*\"|`[^`]*`")
	filling  = regexp.MustCompile(`\$\{[^}]*\}`)
	sentence = regexp.MustCompile(`\pL,?\s+\pL`)
	asked    = regexp.MustCompile(`\btext\((?:[^()]|\([^()]*\))*\)`)
	shown    = regexp.MustCompile(`(?:\.(?:textContent|innerText|title|alt|placeholder|ariaLabel)\s*=[^=]|\.setAttribute\('(?:aria-[a-z]+|title|alt|placeholder)',|(?:\}, *|\.(?:append|prepend|replaceChildren)\( *)['"` + "`" + `])[^;\n]*`)
	letter   = regexp.MustCompile(`\pL`)
	markup   = regexp.MustCompile(`\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|alert|confirm|prompt)\b`)
)

// Written are the texts for people in a script, which should come from a book: literals that are shown, literals with
// two words in a row, and ways to show a text in which nothing else could be found. What a script asks of text() is a key.
func Written(script string) []string {
	script = asked.ReplaceAllString(selector.ReplaceAllString(remark.ReplaceAllString(script, ""), ""), "")
	out := markup.FindAllString(script, -1)
	for _, show := range shown.FindAllString(script, -1) {
		show = strings.TrimPrefix(show, ".setAttribute")
		for i, text := range literal.FindAllString(show, -1) {
			named := i == 0 && strings.HasPrefix(show, "(") // of the attribute
			if !named && letter.MatchString(filling.ReplaceAllString(text, "")) {
				out = append(out, text)
			}
		}
	}
	for _, text := range literal.FindAllString(script, -1) {
		if sentence.MatchString(filling.ReplaceAllString(text, "")) {
			out = append(out, text)
		}
	}
	return out
}
