package render_test

import (
	"encoding/xml"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
	"deskready/report/render"
)

// A page is read as XML after its void elements are closed, which finds what is unbalanced or unquoted.
func TestHTMLIsBalanced(t *testing.T) {
	void := regexp.MustCompile(`<(meta|hr|br)([^>]*[^/])?>`)
	for _, name := range samples() {
		page := shown(t, render.HTML, book(t, lang(name)), sample(t, name), render.Look{})
		head, rest, ok := strings.Cut(page, "<style>")
		_, tail, closed := strings.Cut(rest, "</style>")
		if !ok || !closed || strings.Contains(tail, "<style") {
			t.Fatalf("%s: not exactly one style element", name)
		}
		text := strings.TrimPrefix(head+tail, "<!doctype html>")
		dec := xml.NewDecoder(strings.NewReader(void.ReplaceAllString(text, "<$1$2/>")))
		dec.Entity = xml.HTMLEntity
		ids, depth := map[string]bool{}, 0
		var points []string // what ids are pointed at
		level := 0
		for {
			token, err := dec.Token()
			if token == nil {
				if err != nil && err.Error() != "EOF" {
					t.Errorf("%s: %v", name, err)
				}
				break
			}
			switch e := token.(type) {
			case xml.StartElement:
				depth++
				level = heading(t, name, e, level)
				points = append(points, attributes(t, name, e, ids)...)
			case xml.EndElement:
				depth--
			}
		}
		for _, id := range points {
			if !ids[id] {
				t.Errorf("%s: nothing has the id %q", name, id)
			}
		}
		if depth != 0 {
			t.Errorf("%s: %d elements open at the end", name, depth)
		}
	}
}

// heading wants headings in order: none skips a level.
func heading(t *testing.T, name string, e xml.StartElement, level int) int {
	n := e.Name.Local
	if len(n) != 2 || n[0] != 'h' || n[1] < '1' || n[1] > '6' {
		return level
	}
	now := int(n[1] - '0')
	if now > level+1 || now == 1 && level != 0 {
		t.Errorf("%s: h%d after h%d", name, now, level)
	}
	return now
}

// attributes refuses what would run, load or style, and ids given twice. It returns the ids pointed at.
func attributes(t *testing.T, name string, e xml.StartElement, ids map[string]bool) (points []string) {
	if slices.Contains([]string{"script", "img", "image", "link", "iframe", "object", "embed", "form", "base", "use", "a"}, e.Name.Local) {
		t.Errorf("%s: there is a %s element", name, e.Name.Local)
	}
	for _, a := range e.Attr {
		n := a.Name.Local
		switch {
		case n == "style", strings.HasPrefix(n, "on"), n == "href", n == "src":
			t.Errorf("%s: attribute %s=%q on %s", name, n, a.Value, e.Name.Local)
		case n == "id" && ids[a.Value]:
			t.Errorf("%s: the id %q is given twice", name, a.Value)
		case n == "id":
			ids[a.Value] = true
		case n == "aria-labelledby":
			points = append(points, strings.Fields(a.Value)...)
		}
	}
	return points
}

func TestHTMLStandsAlone(t *testing.T) {
	for _, name := range samples() {
		page := shown(t, render.HTML, book(t, lang(name)), sample(t, name), render.Look{})
		for _, bad := range []string{"style=", "<script", "@import", "url(", "onerror=alert(2)>\"", "<img", "<b>A", "ZgotmplZ"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page holds %q", name, bad)
			}
		}
		if strings.ContainsFunc(page, func(r rune) bool {
			return r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
		}) {
			t.Errorf("%s: control or format characters in the page", name)
		}
		if !strings.Contains(page, `content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`) {
			t.Errorf("%s: no content security policy", name)
		}
		if !strings.Contains(page, `<html lang="`+lang(name)+`" dir="ltr">`) {
			t.Errorf("%s: no language or direction", name)
		}
		if len(page) > 150<<10 {
			t.Errorf("%s: %d bytes", name, len(page))
		}
		if strings.Contains(page, `C:\Users`) || strings.Contains(page, "/home/") {
			t.Errorf("%s: names a folder of the machine", name)
		}
	}
}

// The collector's content security policy forbids inline style and script: what it embeds must need neither.
func TestBodyNeedsNoInlineStyle(t *testing.T) {
	for _, name := range samples() {
		body, err := render.Body(book(t, "en"), sample(t, name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(body)
		for _, bad := range []string{"<style", "style=", "<script", "<html", "<main"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: %s", name, bad)
			}
		}
		if strings.Count(text, "<h1>") != 1 || !strings.HasPrefix(text, `<article class="report">`) {
			t.Errorf("%s: begins with %.60q", name, text)
		}
	}
}

// The halves are the body, in two: each part of it once, headings in order, and none of the commands.
func TestHalvesHoldAllOfTheBody(t *testing.T) {
	part := regexp.MustCompile(`<(h[1-4]|li|dt|dd|tr|figure)\b`)
	for _, name := range samples() {
		r, b := sample(t, name), book(t, lang(name))
		body, err := render.Body(b, r)
		if err != nil {
			t.Fatal(err)
		}
		first, rest, err := render.Halves(b, r)
		if err != nil {
			t.Fatal(err)
		}
		whole := string(first + rest)
		if strings.Contains(string(first), `"r-verdict ready"`) && !strings.Contains(string(first), b.Text("do.nothing")) {
			t.Errorf("%s: who is ready is not told that nothing has to change", name)
		}
		if got, want := len(part.FindAllString(whole, -1)), len(part.FindAllString(string(body), -1)); got != want {
			t.Errorf("%s: %d parts, and %d in the body", name, got, want)
		}
		if strings.Contains(whole, "deskready sign") || strings.Contains(whole, "deskready send") || regexp.MustCompile(`<details[^>]* open`).MatchString(whole) {
			t.Errorf("%s: a command that is a button there, or something unfolded", name)
		}
		dec, ids, level := xml.NewDecoder(strings.NewReader(regexp.MustCompile(`<(meta|hr|br)([^>]*[^/])?>`).ReplaceAllString("<main>"+whole+"</main>", "<$1$2/>"))), map[string]bool{}, 0
		dec.Entity = xml.HTMLEntity
		var points []string
		for token, err := dec.Token(); token != nil || err.Error() != "EOF"; token, err = dec.Token() {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if e, is := token.(xml.StartElement); is {
				level = heading(t, name, e, level)
				points = append(points, attributes(t, name, e, ids)...)
			}
		}
		for _, id := range points {
			if !ids[id] {
				t.Errorf("%s: nothing has the id %q", name, id)
			}
		}
	}
}

// Each class in the page has a rule in the stylesheet, so that Body with Style looks as it should.
func TestClassesAreStyled(t *testing.T) {
	body, err := render.Body(book(t, "en"), sample(t, "not_ready"))
	if err != nil {
		t.Fatal(err)
	}
	first, rest, err := render.Halves(book(t, "en"), sample(t, "not_ready"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`class="([^"]+)"`).FindAllStringSubmatch(string(body+first+rest), -1) {
		for _, c := range strings.Fields(m[1]) {
			if !strings.Contains(render.Style(), "."+c) {
				t.Errorf("class %q has no rule", c)
			}
		}
	}
	if strings.Contains(render.Style(), "http") || strings.Contains(render.Style(), "</") {
		t.Error("the stylesheet loads something, or ends its element")
	}
}

func TestContrast(t *testing.T) {
	style := render.Style()
	_, dark, ok := strings.Cut(style, "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("no dark colours")
	}
	dark, _, _ = strings.Cut(dark, "forced-colors")
	light, _, _ := strings.Cut(style, "@media")
	for scheme, source := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]float64{}
		for _, m := range regexp.MustCompile(`--r-([a-z-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(source, -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		pairs := [][2]string{{"ink", "paper"}, {"ink", "card"}, {"muted", "paper"}, {"muted", "card"}, {"accent", "card"}}
		for _, tone := range []string{"pass", "warn", "fail", "unknown"} {
			pairs = append(pairs, [2]string{tone, "card"}, [2]string{tone, tone + "-soft"}, [2]string{"ink", tone + "-soft"})
		}
		for _, p := range pairs {
			a, okA := colours[p[0]]
			b, okB := colours[p[1]]
			if !okA || !okB {
				t.Fatalf("%s: no colour %s or %s", scheme, p[0], p[1])
			}
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s has contrast %.2f, WCAG 2.2 asks 4.5", scheme, p[0], p[1], ratio)
			}
		}
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestTextFitsAndIsClean(t *testing.T) {
	sgr := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, name := range samples() {
		for _, width := range []int{20, 33, 40, 64, 80, 100, 250} {
			for _, colour := range []bool{false, true} {
				text := shown(t, render.Text, book(t, lang(name)), sample(t, name), render.Look{Width: width, Colour: colour})
				if colour != strings.Contains(text, "\x1b[") {
					t.Errorf("%s: colour %v is not heeded", name, colour)
				}
				text = sgr.ReplaceAllString(text, "")
				for i, line := range strings.Split(text, "\n") {
					if n := render.Columns(line); n > width {
						t.Errorf("%s at %d, line %d is %d wide: %q", name, width, i+1, n, line)
					}
					if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
						t.Errorf("%s, line %d: control or format characters: %q", name, i+1, line)
					}
				}
			}
		}
	}
}

func TestPlainDrawsNothing(t *testing.T) {
	for _, name := range samples() {
		text := shown(t, render.Text, book(t, lang(name)), sample(t, name), render.Look{Plain: true, Colour: true, Width: 40})
		if strings.ContainsAny(text, "✓✗◆━─│\x1b\u00a0") {
			t.Errorf("%s: something is drawn:\n%s", name, text)
		}
		for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			if strings.TrimSpace(line) != line || line == "" {
				t.Errorf("%s, line %d is no sentence: %q", name, i+1, line)
			}
		}
	}
}

// All formats for people say the same: each finding with its figures, and what to do about it.
func TestNothingIsLeftOut(t *testing.T) {
	fold := func(s string) string {
		s = strings.NewReplacer("\u00a0", " ", "&#39;", "'", "&#43;", "+", "&#34;", `"`).Replace(s)
		return strings.Join(strings.Fields(s), " ")
	}
	for _, name := range []string{"ready", "not_ready", "undecided", "pending", "spanish"} {
		r, b := sample(t, name), book(t, lang(name))
		outputs := map[string]string{
			"text":  fold(shown(t, render.Text, b, r, render.Look{})),
			"plain": fold(shown(t, render.Text, b, r, render.Look{Plain: true})),
			"html":  fold(shown(t, render.HTML, b, r, render.Look{})),
		}
		for format, out := range outputs {
			for _, f := range r.Findings {
				if !strings.Contains(out, b.Text(f.Metric+".title")) {
					t.Errorf("%s %s lacks the title of %s", name, format, f.Metric)
				}
				if f.Measured != nil && f.Outcome != report.Fail {
					q := render.Quantity(b, *f.Measured, f.Unit)
					if f.Unit == checks.MOS { // an estimate, with the one decimal that it is worth
						tenth, err := checks.Round(*f.Measured, 1)
						if err != nil {
							t.Fatal(err)
						}
						q = b.Text("unit.mos", "v", render.Quantity(b, tenth, f.Unit))
					}
					if !strings.Contains(out, q) {
						t.Errorf("%s %s lacks %s of %s", name, format, q, f.Metric)
					}
				}
				if f.Outcome != report.Pass && f.Text == nil && !strings.Contains(out, b.Text(f.Remedy)) {
					t.Errorf("%s %s lacks what to do about %s", name, format, f.Metric)
				}
			}
			if limits := fold(b.Text("honest.limits")); !strings.Contains(out, limits) {
				t.Errorf("%s %s lacks the honest sentence", name, format)
			}
		}
	}
}

func TestWordsAreComplete(t *testing.T) {
	hole := regexp.MustCompile(`\{[a-z]+\}`)
	banned := regexp.MustCompile(`(?i)tamper-proof|cheat-proof|certifi|guarantee|verified identity|legally binding|inviolable|garantizad|vinculante|infalsif|garanti|à l’épreuve`)
	texts := map[string]words.Book{}
	keys := map[string][]string{}
	for _, l := range words.Languages(render.Words()) {
		data, err := os.ReadFile("words/" + l + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^  "([^"]+)": "(.*)",?$`).FindAllStringSubmatch(string(data), -1) {
			keys[l] = append(keys[l], m[1])
			if banned.MatchString(m[2]) {
				t.Errorf("%s %s promises too much: %s", l, m[1], m[2])
			}
		}
		if texts[l], err = words.Open(l, render.Words()); err != nil {
			t.Fatal(err)
		}
	}
	for l := range texts {
		if fmt.Sprint(keys["en"]) != fmt.Sprint(keys[l]) {
			t.Errorf("en.json and %s.json do not have the same keys in the same order", l)
		}
		for _, k := range keys["en"] {
			a, b := hole.FindAllString(texts["en"].Text(k), -1), hole.FindAllString(texts[l].Text(k), -1)
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(slices.Compact(a), slices.Compact(b)) {
				t.Errorf("%s: English fills in %v, %s %v", k, a, l, b)
			}
		}
	}
}
