//go:build linux

package robot

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"
)

//go:embed audit.js
var audit string //nolint:gochecknoglobals // embedded

// Audit is what a machine can tell of how the page treats people who hear it, go through it by keyboard, see little, or
// hold a small phone. It leaves the window at 1280 px. Of a page that is being left there is nothing to tell: then ok is
// false.
func (b *Browser) Audit(t testing.TB) (complaints []string, ok bool) {
	t.Helper()
	var wide []string
	if !b.Look(t, audit, &complaints) {
		return nil, false
	}
	b.SetViewport(t, 320, 640, false)
	ok = b.Look(t, tooWide, &wide)
	b.SetViewport(t, 1280, 800, false)
	return append(complaints, wide...), ok
}

// tooWide names what makes a page scroll sideways (WCAG 1.4.10 asks for 320 px).
const tooWide = `(() => {
	const page = document.documentElement;
	if (page.scrollWidth <= page.clientWidth) return [];
	const out = [...document.querySelectorAll("body *")].filter(e => {
		const r = e.getBoundingClientRect();
		return r.width > 0 && (r.right > page.clientWidth + 0.5 || r.left < -0.5);
	});
	return ["at 320 px the page is " + page.scrollWidth + " px wide: " + (out.pop()?.outerHTML ?? "").slice(0, 140)];
})()`

// Focused is what has the focus: its tag and its text.
func (b *Browser) Focused(t testing.TB) string {
	t.Helper()
	var what string
	b.Eval(t, `(e => e ? e.tagName.toLowerCase() + " " + (e.innerText ?? "").trim() : "")(document.activeElement)`, &what)
	return what
}

// Axe runs axe-core, whose source is given, over the page, and answers what it finds: rule, weight and place. ok is as
// for Audit.
func (b *Browser) Axe(t testing.TB, source string) (lines []string, ok bool) {
	t.Helper()
	var loaded bool
	var found []struct {
		ID, Impact, Help string
		Nodes            []string
	}
	if !b.Look(t, "(() => {"+source+"\n; return !!window.axe})()", &loaded) || !b.Look(t, runAxe, &found) {
		return nil, false
	}
	for _, v := range found {
		lines = append(lines, fmt.Sprintf("%s (%s): %s: %s", v.ID, v.Impact, v.Help, strings.Join(v.Nodes, " | ")))
	}
	return lines, true
}

const runAxe = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => ({
	id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 160))})))`
