package render

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
)

// significant is how many digits of a figure people are shown, unless it takes more to tell it from its bound.
const significant = 3

// Quantity is a value in its base unit as people read it: scaled, with three digits that count, and with the decimal
// mark of the book's language. A truth is yes or no.
func Quantity(b words.Book, v float64, u checks.Unit) string {
	return strings.ReplaceAll(unisolated(quantity(b, v, u, significant)), nbsp, " ")
}

// A step is a scale and the name of its unit.
type step struct {
	from  float64 // the least size shown so, in the base unit
	size  float64
	label string
}

// ladders are the scales of units that have several, largest first. Bytes stay whole to 10 kB: an MTU is no "1.5 kB".
var ladders = map[checks.Unit][]step{
	checks.Seconds:       {{2 * 86400, 86400, "d"}, {2 * 3600, 3600, "h"}, {120, 60, "min"}, {1, 1, "s"}, {0, 1e-3, "ms"}},
	checks.BitsPerSecond: {{1e9, 1e9, "Gbit/s"}, {1e6, 1e6, "Mbit/s"}, {1e3, 1e3, "kbit/s"}, {0, 1, "bit/s"}},
	checks.Bytes:         {{1e12, 1e12, "TB"}, {1e9, 1e9, "GB"}, {1e6, 1e6, "MB"}, {1e4, 1e3, "kB"}, {0, 1, "B"}},
	checks.Hertz:         {{1e3, 1e3, "kHz"}, {0, 1, "Hz"}},
	checks.Ratio:         {{0, 1e-2, "%"}},
	checks.Count:         {{0, 1, ""}},
	checks.MOS:           {{0, 1, ""}},
} // read only

func quantity(b words.Book, v float64, u checks.Unit, digits int) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "?"
	case u == checks.Truth && v == 1:
		return or(b, "unit.yes", "yes")
	case u == checks.Truth && v == 0:
		return or(b, "unit.no", "no")
	case u == checks.Days && math.Abs(v) == 1:
		return strings.ReplaceAll(fill(or(b, "unit.day", "{n} day"), number(b, v, digits)), " ", nbsp)
	case u == checks.Days:
		return strings.ReplaceAll(fill(or(b, "unit.days", "{n} days"), number(b, v, digits)), " ", nbsp)
	case u == checks.PerSecond || u == checks.PerMinute:
		return isolated(b, number(b, v, digits)+strings.TrimPrefix(string(u), "1"))
	}
	return scaled(b, v, u, digits)
}

// scaled is a value on the step of its unit's ladder that suits its size.
func scaled(b words.Book, v float64, u checks.Unit, digits int) string {
	s := stepOf(v, u, digits)
	return join(b, number(b, v/s.size, digits), s.label)
}

func stepOf(v float64, u checks.Unit, digits int) step {
	ladder, ok := ladders[u]
	if !ok {
		return step{size: 1, label: clean(string(u))}
	}
	for _, s := range ladder {
		// By the size that will be shown: 999.96 ms is "1 s", not "1000 ms".
		if math.Abs(rounded(v/s.size, digits))*s.size >= s.from*(1-1e-12) {
			return s
		}
	}
	return ladder[len(ladder)-1]
}

// spread is a value and how far it may err, both on the value's step: "9.5 ± 0.6 Mbit/s".
func spread(b words.Book, v, within float64, u checks.Unit, digits int) string {
	s := stepOf(v, u, digits)
	return join(b, number(b, v/s.size, digits)+nbsp+"±"+nbsp+number(b, within/s.size, estimated), s.label)
}

func join(b words.Book, number, unit string) string {
	if unit == "" {
		return isolated(b, number)
	}
	return isolated(b, number+nbsp+unit)
}

// Marks around what is read from left to right wherever it stands (UAX 9).
const (
	leftToRight = "\u2066"
	endOfThat   = "\u2069"
)

// isolated keeps a number before its unit, and a sign before its number, in a text that runs from right to left.
func isolated(b words.Book, text string) string {
	if b.Dir() == "rtl" {
		return leftToRight + text + endOfThat
	}
	return text
}

// unisolated is a text for terminals, of which some turn nothing and show the marks.
func unisolated(text string) string {
	return strings.NewReplacer(leftToRight, "", endOfThat, "").Replace(text)
}

func fill(pattern, n string) string { return strings.ReplaceAll(pattern, "{n}", n) }

// or is the text of a key, or what stands in where the book does not have it.
func or(b words.Book, key, fallback string) string {
	if b.Has(key) {
		return b.Text(key)
	}
	return fallback
}

// tooLong is from where digits are not written out.
const tooLong = 1e15

func number(b words.Book, v float64, digits int) string {
	if math.Abs(v) >= tooLong {
		return strconv.FormatFloat(v, 'g', digits, 64)
	}
	text := strconv.FormatFloat(v, 'f', decimals(v, digits), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		text = "0"
	}
	return strings.Replace(text, ".", or(b, "unit.decimal", "."), 1)
}

// decimals is how many decimals leave the given number of digits that count. Digits before the mark are all kept, and
// what is smaller than a millionth is nothing to people.
func decimals(v float64, digits int) int {
	if v == 0 {
		return 0
	}
	before := int(math.Floor(math.Log10(math.Abs(v)))) + 1
	return min(max(digits-before, 0), digits+6)
}

func rounded(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', decimals(v, digits), 64), 64)
	if err != nil {
		return v
	}
	return r
}

// mostDigits is as far as it goes to tell a figure from its bound.
const mostDigits = 7

// apart is how many digits it takes to see that a value is not its bound: "10 Mbit/s, required at least 10 Mbit/s" helps
// nobody whom it fails.
func apart(b words.Book, v float64, u checks.Unit, bounds ...report.Bound) int {
	least := significant
	if u == checks.MOS {
		least = estimated
	}
	for digits := least; digits < mostDigits; digits++ {
		same := func(at *float64) bool {
			return at != nil && *at != v && quantity(b, *at, u, digits) == quantity(b, v, u, digits)
		}
		if !slices.ContainsFunc(bounds, func(of report.Bound) bool { return same(of.Min) || same(of.Max) }) {
			return digits
		}
	}
	return mostDigits
}

// listed is how many names of a list are shown.
const listed = 8

// bound says a bound in words; an empty bound is no words.
func bound(b words.Book, metric string, u checks.Unit, of report.Bound) string {
	var parts []string
	at := func(v *float64) string { return quantity(b, *v, u, significant) }
	switch {
	case of.Min != nil && of.Max != nil && *of.Min == *of.Max:
		parts = append(parts, at(of.Min))
	case of.Min != nil && of.Max != nil:
		parts = append(parts, b.Text("bound.range", "min", at(of.Min), "max", at(of.Max)))
	case of.Min != nil:
		parts = append(parts, b.Text("bound.min", "v", at(of.Min)))
	case of.Max != nil:
		parts = append(parts, b.Text("bound.max", "v", at(of.Max)))
	}
	switch n := len(of.OneOf); {
	case n == 1:
		parts = append(parts, wanted(b, metric, of.OneOf[0]))
	case n > 3: // the first is what is wanted; a long list of what is let pass helps nobody
		parts = append(parts, b.Text("bound.or_others", "first", wanted(b, metric, of.OneOf[0]), "n", strconv.Itoa(n-1)))
	case n > 1:
		parts = append(parts, b.Text("bound.one_of", "list", names(b, metric, of.OneOf)))
	}
	if len(of.NoneOf) > 0 {
		parts = append(parts, b.Text("bound.none_of", "list", names(b, metric, of.NoneOf)))
	}
	if len(parts) == 0 {
		return ""
	}
	all := parts[0]
	for _, p := range parts[1:] {
		all = b.Text("bound.both", "a", all, "b", p)
	}
	return all
}

func names(b words.Book, metric string, texts []string) string {
	var shown []string
	for _, t := range texts {
		shown = append(shown, wanted(b, metric, t))
	}
	return series(b, shown)
}

// series lists texts, the first few of many.
func series(b words.Book, texts []string) string {
	shown := texts[:min(len(texts), listed)]
	between := ", "
	if slices.ContainsFunc(shown, func(s string) bool { return strings.Contains(s, ",") }) {
		between = "; "
	}
	list := strings.Join(shown, between)
	if more := len(texts) - len(shown); more > 0 {
		return b.Text("label.and", "list", list, "n", strconv.Itoa(more))
	}
	return list
}

// wanted is a text of a bound by its name for people. The asterisks of a pattern stand for any text: to people three dots
// say that, at the end of what they are to look for or within it.
func wanted(b words.Book, metric, text string) string {
	if named := called(b, metric, text); named != clean(text) {
		return named
	}
	shown := clean(strings.TrimLeft(text, "*"))
	if shown == "" {
		shown = "*"
	}
	return strings.ReplaceAll(shown, "*", "…")
}

// called is a text metric's value by its name for people, where it has one.
func called(b words.Book, metric, text string) string {
	if key := metric + "." + text; b.Has(key) {
		return b.Text(key)
	}
	return clean(text)
}
