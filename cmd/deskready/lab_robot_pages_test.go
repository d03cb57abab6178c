//go:build lab

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskready/checks/lab"
	"deskready/checks/lab/robot"
)

// make axe gives both; the pictures of an ordinary run lie in bin/robot.
var axeSource = flag.String("axe", "", "axe.min.js, to be run over each step") // read only

// pages looks at each step as people do who see it on a phone or a wide screen, by day or by night, hear it, or have no
// mouse; in English, and in Arabic, which runs from right to left.
func (d *bureau) pages(t *testing.T, lang string) {
	env := lab.SoundEnv(t, "clear_speech")
	s := d.start(t, env, "--lang", lang, "--quick", "--low-data", "--invite", d.invite(t, "Ana", "voice-agent"))
	b := robot.Start(t, robot.Chromium, robot.Options{Lang: lang, Env: env})
	b.Open(t, s.opened(t))
	l := looker{Browser: b, lang: lang, seen: map[string]int{}}
	if *axeSource != "" {
		source, err := os.ReadFile(*axeSource)
		if err != nil {
			t.Fatal(err)
		}
		l.axe = string(source)
	}
	var speaks string
	if b.Eval(t, "document.documentElement.lang", &speaks); speaks != lang {
		t.Errorf("the page speaks %s", speaks)
	}
	w := &passer{Browser: b, name: "Ana", at: l.look, instead: map[string]func(*testing.T, *passer){"sign": l.mistake}}
	w.goes(t)
	for _, page := range []string{"welcome", "consent", "running", "panel", "question", "result", "sign", "wrong", "done", "closed"} {
		if l.seen[page] == 0 {
			t.Errorf("the step %s was never looked at", page)
		}
	}
}

// A looker looks at each step.
type looker struct {
	*robot.Browser
	lang, axe string
	seen      map[string]int
}

// look is a passer's at. A step that ends by itself may end while it is looked at.
func (l looker) look(t *testing.T, page string) {
	t.Helper()
	l.seen[page]++
	name := fmt.Sprintf("%s-%d-%s", l.lang, len(l.seen), page)
	if l.seen[page] > 1 {
		if page == "busy" || page == "running" {
			return
		}
		name += fmt.Sprintf("-%d", l.seen[page])
	}
	focused, tree := l.Focused(t), l.Tree(t)
	complaints, ok := l.Audit(t)
	if !ok {
		return
	}
	if l.axe != "" {
		more, _ := l.Axe(t, l.axe)
		complaints = append(complaints, more...)
	}
	if !strings.HasPrefix(focused, "h1 ") && !strings.HasPrefix(focused, "div ") { // a div: what is wrong with an answer
		complaints = append(complaints, "the focus is on "+focused+": who does not see the page does not hear of the new step")
	}
	if all := strings.Join(tree, "\n"); !strings.Contains(all, "level=1") || !strings.Contains(all, "  main ") {
		complaints = append(complaints, "a screen reader finds no main part with a heading:\n"+all)
	}
	var still string
	if !l.Look(t, "document.body.dataset.page", &still) || (still != page && page != "wrong") {
		return // what was found is of two steps
	}
	for _, c := range complaints {
		t.Errorf("%s: %s", name, c)
	}
	l.pictures(t, name, tree)
}

// pictures leaves what the step looks and sounds like.
func (l looker) pictures(t *testing.T, name string, tree []string) {
	t.Helper()
	folder := filepath.Join("..", "..", "bin", "robot")
	for _, width := range []int64{360, 1280} {
		for _, dark := range []bool{false, true} {
			l.SetViewport(t, width, 800, dark)
			shade := map[bool]string{false: "light", true: "dark"}[dark]
			l.Screenshot(t, filepath.Join(folder, fmt.Sprintf("%s-%d-%s.png", name, width, shade)))
			if dark {
				if complaints, ok := l.Audit(t); ok {
					for _, c := range complaints {
						t.Errorf("%s in the dark: %s", name, c)
					}
				}
			}
		}
	}
	l.SetViewport(t, 1280, 800, false)
	if err := os.WriteFile(filepath.Join(folder, name+".txt"), []byte(strings.Join(tree, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// mistake forgets the name before it signs, looks at what the page then says, and signs.
func (l looker) mistake(t *testing.T, w *passer) {
	t.Helper()
	if l.seen["wrong"] == 0 {
		w.act(t, "main button.main")
		w.Until(t, 20*time.Second, `document.querySelector("#name-wrong")`)
		l.look(t, "wrong")
	}
	w.answer(t, "sign")
}
