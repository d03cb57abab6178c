package main

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// judged brings a phone-sized browser to the result of a machine.
func judged(t *testing.T, machine, lang string) context.Context {
	t.Helper()
	d := newDesk(t, machine).invited(t)
	link, _ := d.guide(t, "--invite", d.invite, "--lang", lang)
	ctx := tab(t, 360, false)
	do(t, ctx, chromedp.Navigate(link))
	arrive(t, ctx, "welcome", "result-"+lang+"-welcome")
	press(t, ctx, `button[value=begin]`, kb.Enter)
	arrive(t, ctx, "consent", "result-"+lang+"-consent")
	press(t, ctx, `button[value=agree]`, kb.Enter)
	arrive(t, ctx, "result", "result-"+lang+"-"+machine)
	return ctx
}

// A glance is what of the result a person sees without opening anything.
type glance struct {
	Height    float64  `json:"height"`
	Todo      float64  `json:"todo"` // where the first thing to do ends
	Next      float64  `json:"next"` // where the person goes on
	Rest      float64  `json:"rest"` // where what it comes from begins
	Text      string   `json:"text"`
	Levels    []int    `json:"levels"` // of the headings
	Folded    []string `json:"folded"`
	Unfolded  int      `json:"unfolded"`
	Direction []string `json:"direction"` // of the policy's reasons
}

const glances = `(() => {
	const y = (s, edge) => document.querySelector(s).getBoundingClientRect()[edge] + scrollY;
	const folds = [...document.querySelectorAll(".report details")];
	return {
		height: document.documentElement.scrollHeight, text: document.querySelector("main").innerText,
		todo: y(".r-do > li", "bottom"), next: y("#next", "top"), rest: y(".report details:not(.report .r-dos *)", "top"),
		levels: [...document.querySelectorAll("h1,h2,h3,h4")].map(h => Number(h.tagName[1])),
		folded: folds.map(d => d.querySelector("summary").innerText.trim()), unfolded: folds.filter(d => d.open).length,
		direction: [...document.querySelectorAll(".r-finding bdi[dir=auto]")].map(e => getComputedStyle(e).direction),
	};
})()`

// Whoever is not ready sees what would change that before anything else, then how to go on; all else is folded below.
func TestGuideResultBeginsWithWhatToDo(t *testing.T) {
	ctx := judged(t, "slow_line", "en")
	var g glance
	do(t, ctx, chromedp.Evaluate(glances, &g))
	if g.Todo > 900 || g.Next < g.Todo || g.Rest < g.Next || g.Height > 3500 {
		t.Errorf("what to do ends at %v, one goes on at %v, the rest begins at %v of %v", g.Todo, g.Next, g.Rest, g.Height)
	}
	first, _, _ := strings.Cut(g.Text, "Upload speed")
	for _, want := range []string{"Not ready", "Download speed", "required at least 10", "network cable"} {
		if !strings.Contains(first, want) {
			t.Errorf("the page does not begin with %q:\n%s", want, first)
		}
	}
	for _, bad := range []string{"run this command", "deskready sign", "*"} {
		if strings.Contains(g.Text, bad) {
			t.Errorf("a hire reads %q", bad)
		}
	}
	for i, level := range g.Levels {
		if i > 0 && level > g.Levels[i-1]+1 {
			t.Errorf("a heading of level %d after %d", level, g.Levels[i-1])
		}
	}
	if want := []string{"What was checked", "What this report shows, and what it does not", "For IT support: every measurement"}; g.Unfolded > 0 || !slices.Equal(g.Folded, want) {
		t.Errorf("%d open of %q", g.Unfolded, g.Folded)
	}
	unfolds(t, ctx)
}

// unfolds opens what was checked with the keyboard, and prints the rest.
func unfolds(t *testing.T, ctx context.Context) { //nolint:revive // see do
	t.Helper()
	var text string
	var seen []bool
	press(t, ctx, `.r-fold summary`, kb.Enter)
	do(t, ctx, chromedp.Text("main", &text))
	if strings.Contains(text, "*chrom*") || !strings.Contains(text, "one of: Chrome, Edge, Firefox") {
		t.Errorf("what was checked does not name the browsers that are wanted:\n%s", text)
	}
	const shown = `[...document.querySelectorAll(".r-finding, .r-level, .report table")].map(e => e.checkVisibility())`
	do(t, ctx, chromedp.Evaluate(shown, &seen))
	if !slices.Contains(seen, false) {
		t.Fatal("nothing is folded any more")
	}
	do(t, ctx, emulation.SetEmulatedMedia().WithMedia("print"), chromedp.Evaluate(shown, &seen))
	if slices.Contains(seen, false) {
		t.Errorf("paper lacks parts: %v", seen)
	}
	var folded int
	do(t, ctx, emulation.SetEmulatedMedia().WithMedia("screen"), // and in browsers that do not know that rule
		chromedp.Evaluate(`dispatchEvent(new Event("beforeprint")); document.querySelectorAll(".report details:not([open])").length`, &folded))
	if folded > 0 {
		t.Errorf("%d parts are folded on paper", folded)
	}
}

// What no book has in Arabic, such as the policy's own reasons, runs from left to right in a page that does not.
func TestGuideResultInArabic(t *testing.T) {
	ctx := judged(t, "no_mic", "ar")
	var g glance
	do(t, ctx, chromedp.Evaluate(glances, &g))
	if len(g.Direction) == 0 || slices.Contains(g.Direction, "rtl") {
		t.Errorf("the policy's reasons run %v", g.Direction)
	}
	if g.Todo > 900 || g.Next < g.Todo || g.Rest < g.Next || g.Height > 3500 {
		t.Errorf("%+v", g)
	}
}
