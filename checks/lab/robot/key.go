//go:build linux

package robot

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp/kb"
)

// key is one press of one key: a character, or a key by name.
type key struct {
	char  rune // as typed
	name  string
	shift bool
}

// keys have a code of their own in each protocol: in chromedp's table, and in WebDriver's (section 17.4.2).
func keys() map[string]struct{ chrome, webdriver string } {
	return map[string]struct{ chrome, webdriver string }{
		"Tab": {kb.Tab, "\ue004"}, "Enter": {kb.Enter, "\ue006"}, "Space": {" ", " "}, "Escape": {kb.Escape, "\ue00c"},
		"ArrowLeft": {kb.ArrowLeft, "\ue012"}, "ArrowUp": {kb.ArrowUp, "\ue013"}, "ArrowRight": {kb.ArrowRight, "\ue014"}, "ArrowDown": {kb.ArrowDown, "\ue015"},
		"Home": {kb.Home, "\ue011"}, "End": {kb.End, "\ue010"}, "Backspace": {kb.Backspace, "\ue003"},
	}
}

func named(text string) (key, error) {
	name, shift := strings.CutPrefix(text, "Shift+")
	if _, ok := keys()[name]; !ok {
		return key{}, fmt.Errorf("no key %q", text)
	}
	return key{name: name, shift: shift}, nil
}
