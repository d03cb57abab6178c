package browser

import (
	"testing"

	"deskready/checks/words/wordstest"
)

// All that the panel says is in its texts: a script with texts of its own would be in one language for everybody.
func TestNothingIsWrittenIntoThePanel(t *testing.T) {
	for _, name := range []string{"panel.js", "media.js", "facts.js"} {
		script, err := panel.ReadFile("panel/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if found := wordstest.Written(string(script)); len(found) > 0 {
			t.Errorf("%s says %q", name, found)
		}
	}
}
