package render

import (
	"math"
	"slices"
	"strings"

	"deskready/checks"
	"deskready/report"
)

// A plot is a series over time. Heights are pixels of the picture, the curve lies in a square of 1000.
type plot struct {
	check   string
	ID      string
	Caption string
	Label   string
	Curve   string
	Area    string
	Grid    []level
	Need    *level
	From    string
	Axis    string
	To      string
}

type level struct{ Y, LabelY, Label string }

// mostPlots bounds what a hostile report can make of a page.
const mostPlots = 24

// slice is the time between two samples of a transfer rate, in seconds.
const slice = 0.25

// Of the picture, in pixels: where the curve's square lies, and where the foot of a label is that stands beside a line,
// or above it.
const (
	plotTop    = 20
	plotHeight = 140
	plotCentre = 4
	plotAbove  = -5
)

func (v view) plots(id string) []plot {
	var list []plot
	for _, result := range v.report.Results {
		for _, m := range result.Measurements {
			if len(m.Samples) < 2 || m.Missing != nil {
				continue
			}
			if p, ok := v.plot(m); ok {
				p.ID = id + "-p" + itoa(len(list))
				if result.Attempt > 1 {
					p.Caption += ", " + v.book.Text("label.attempt_n", "n", itoa(result.Attempt))
				}
				list = append(list, p)
			}
		}
	}
	return list
}

func (v view) plot(m checks.Measurement) (plot, bool) {
	samples := m.Samples[:min(len(m.Samples), checks.MaxSamples)]
	need, key := v.need(m)
	a, step := frame(samples, need)
	if !a.sound() || math.IsInf(step, 0) {
		return plot{}, false
	}
	say := func(value float64) string { return quantity(v.book, value, m.Unit, significant) }
	check, _, _ := strings.Cut(m.Metric, ".")
	name := point{Title: title(v.book, m.Metric), About: clean(m.Subject)}.of(v.book)
	p := plot{check: check, Caption: v.book.Text("section.series", "title", name)}
	p.Label = v.book.Text("label.plot", "title", name, "low", say(slices.Min(samples)), "high", say(slices.Max(samples)),
		"n", itoa(len(samples)))
	p.Curve, p.Area = curve(a, samples)
	for i := range mostLevels {
		at := a.lo + float64(i)*step
		if at > a.hi+step/2 {
			break
		}
		label := "0" // of any unit
		if at != 0 {
			label = say(at)
		}
		p.Grid = append(p.Grid, levelAt(a, at, label, plotCentre))
	}
	if need != nil {
		n := levelAt(a, *need, v.book.Text(key, "v", say(*need)), plotAbove)
		p.Need = &n
	}
	p.From, p.Axis, p.To = v.times(m.Unit, len(samples))
	return p, true
}

// frame is the vertical axis of a series, which shows zero and the bound too, and the step of its grid. Where no line
// spans the samples, it is not sound.
func frame(samples []float64, need *float64) (a axis, step float64) {
	a = axis{lo: min(slices.Min(samples), 0), hi: max(slices.Max(samples), 0)}
	if need != nil {
		a.lo, a.hi = min(a.lo, *need), max(a.hi, *need)
	}
	if a.hi == a.lo {
		a.hi = a.lo + 1
	}
	step = niceStep(a.hi - a.lo)
	a.lo, a.hi = math.Floor(a.lo/step)*step, math.Ceil(a.hi/step)*step
	return a, step
}

// times label the horizontal axis: seconds where the pace of the samples is known, else how many they are.
func (v view) times(u checks.Unit, n int) (from, axis, to string) {
	if u == checks.BitsPerSecond {
		return quantity(v.book, 0, checks.Count, significant), v.book.Text("label.seconds"),
			quantity(v.book, float64(n)*slice, checks.Count, significant)
	}
	return "1", v.book.Text("label.number"), itoa(n)
}

// need is the bound that the series must keep, and the key that names it.
func (v view) need(m checks.Measurement) (*float64, string) {
	for _, p := range v.Points {
		if p.Metric != m.Metric || p.Subject != m.Subject {
			continue
		}
		for _, of := range []struct {
			b   report.Bound
			key string
		}{{p.Require, "label.short_required"}, {p.Finding.Prefer, "label.short_preferred"}} {
			if of.b.Min != nil {
				return of.b.Min, of.key
			}
			if of.b.Max != nil {
				return of.b.Max, of.key
			}
		}
	}
	return nil, ""
}

// mostLevels is how many lines a grid can have.
const mostLevels = 6

// niceStep is a step of 1, 2, 2.5 or 5 times a power of ten that cuts a span into at most four.
func niceStep(span float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(span/4)))
	for _, f := range []float64{1, 2, 2.5, 5} {
		if f*power*4 >= span {
			return f * power
		}
	}
	return 10 * power
}

func levelAt(a axis, v float64, label string, labelBy float64) level {
	y := plotTop + (1-a.at(v))*plotHeight
	return level{Y: decimal(y), LabelY: decimal(y + labelBy), Label: label}
}

// curve gives the line through the samples, and the area below it.
func curve(a axis, samples []float64) (line, area string) {
	var b strings.Builder
	for i, s := range samples {
		if i == 0 {
			b.WriteString("M")
		} else {
			b.WriteString("L")
		}
		x := float64(i) / float64(len(samples)-1) * 1000
		b.WriteString(tenth(x) + " " + tenth((1-a.at(s))*1000))
	}
	ground := tenth((1 - a.at(0)) * 1000)
	return b.String(), b.String() + "L1000 " + ground + "L0 " + ground + "Z"
}

func tenth(x float64) string { return decimal(math.Round(x*10) / 10) }
