package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/words/wordstest"
	"deskready/report"
)

// All that the terminal asks and tells a hire comes from the book: consent, questions, the meter, the signature, the end.
func TestNothingIsWrittenIntoTheTerminal(t *testing.T) {
	var said bytes.Buffer
	w := &world{
		stdout: &said, stderr: &said, env: func(string) string { return "" }, width: func() int { return 80 }, now: time.Now,
		asks: true, terminal: true, list: all.All,
	}
	list := all.All(all.Options{})
	j := &journey{
		world: w, catalogue: list, leftOut: map[string]bool{}, refused: map[string]bool{}, book: wordstest.Pseudo(t, w.sources(list)...),
		inv: &report.Invite{For: "Núria Vidal", Employer: "Voces Claras"},
	}
	j.tellAsk = newMeter(w, j.book, false, list)
	j.report.Verdict, j.files = report.Undecided, report.Files{Draft: "/1", Report: "/2", Receipt: "/3", HTML: "/4"}
	for name, put := range map[string]func(typed func(...string)) error{
		"consent": func(typed func(...string)) error {
			typed(append([]string{"no"}, make([]string, len(list))...)...)
			return j.askAbout(t.Context())
		},
		"consent without an invite": func(typed func(...string)) error {
			typed("")
			alone := *j
			alone.inv = nil
			return alone.askAbout(t.Context())
		},
		"question": func(typed func(...string)) error {
			typed("9", "1")
			_, err := j.ask(t.Context(), checks.Question{Key: "workspace.door.question", Choices: []string{"workspace.yes", "workspace.no"}})
			return err
		},
		"instruction": func(typed func(...string)) error {
			typed("")
			_, err := j.ask(t.Context(), checks.Question{Key: "audio.ask.ready"})
			return err
		},
		"signature": func(typed func(...string)) error {
			typed("Núria Vidal")
			return j.confirm(t.Context())
		},
		"end": func(func(...string)) error {
			j.shown = true
			return j.finish()
		},
		"meter": func(func(...string)) error {
			for _, draws := range []bool{true, false} {
				m := newMeter(w, j.book, !draws, list)
				m.tell(checks.Event{Check: "call", Step: "call.title", Left: 9 * time.Second, Done: .5, Metric: "call.mos", Value: 4})
				m.tell(checks.Event{Check: "call", Ended: true})
			}
			return nil
		},
		"trouble": func(func(...string)) error {
			j.notice(j.why(errors.New("x")))
			return nil
		},
	} {
		said.Reset()
		err := put(func(lines ...string) { w.stdin = strings.NewReader(strings.Join(lines, "\n") + "\n") })
		if err != nil || said.Len() < 20 {
			t.Errorf("%s: %v, %q", name, err, said.String())
		}
		if found := wordstest.Strangers(said.String(), "Núria Vidal", "Voces Claras"); len(found) > 0 {
			t.Errorf("%s says %q, which no book does:\n%s", name, found, said.String())
		}
	}
}
