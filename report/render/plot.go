package render

import (
	"math"
	"slices"
	"strings"

	"deskready/checks"
	"deskready/report"
)

// A plot is a series over time, or a spectrum. Heights are pixels of the picture, the curve lies in a square of 1000.
type plot struct {
	check   string
	ID      string
	Caption string
	Label   string
	Curve   string
	Area    string
	Grid    []level
	Need    *level
	Mark    *upright
	From    string
	Axis    string
	To      string
}

type level struct{ Y, LabelY, Label string }

// An upright is a line at a frequency.
type upright struct{ X, Anchor, Label string }

// A manner is what the samples of a unit are, and how they are drawn.
type manner struct {
	of       checks.Unit // their own unit
	fromZero bool        // the picture shows zero: of a level in dB, which has none, it shows what there is
	pace     float64     // seconds from one to the next; 0: not known
	spectrum bool        // they are thirds of an octave from lowestBand on
}

func mannerOf(u checks.Unit) manner {
	switch u {
	case checks.BitsPerSecond:
		return manner{of: u, fromZero: true, pace: slice}
	case checks.DBFS, checks.DBov:
		return manner{of: u, pace: blink}
	case checks.Hertz: // how far up a voice reaches is read off its spectrum
		return manner{of: checks.DBFS, spectrum: true}
	}
	return manner{of: u, fromZero: true}
}

// mostPlots bounds what a hostile report can make of a page.
const mostPlots = 24

// slice is the time between two samples of a transfer rate, blink that between two of a sound level, in seconds.
const slice, blink = 0.25, 0.1

// lowestBand is the middle of the first band of a spectrum, in Hz; octave is how many of them make one.
const lowestBand, octave = 100.0, 3

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
	how := mannerOf(m.Unit)
	need, key := v.need(m)
	limit := need
	if how.spectrum { // the bound is a frequency
		limit = nil
	}
	a, step := frame(samples, limit, how.fromZero)
	if !a.sound() || math.IsInf(step, 0) {
		return plot{}, false
	}
	say := func(value float64) string { return quantity(v.book, value, how.of, significant) }
	check, _, _ := strings.Cut(m.Metric, ".")
	name := point{Title: title(v.book, m.Metric), About: clean(m.Subject)}.of(v.book)
	p := plot{check: check, Caption: v.book.Text("section.series", "title", name)}
	p.Label = v.book.Text("label.plot", "title", name, "low", say(slices.Min(samples)), "high", say(slices.Max(samples)),
		"n", itoa(len(samples)))
	p.Curve, p.Area = curve(a, samples)
	p.Grid = grid(a, step, say)
	if limit != nil {
		n := levelAt(a, *limit, v.book.Text(key, "v", say(*limit)), plotAbove)
		p.Need = &n
	}
	if how.spectrum {
		v.pitches(&p, m, name, say)
		p.Mark = v.markAt(need, key, len(samples))
		return p, true
	}
	p.From, p.Axis, p.To = v.times(how.pace, len(samples))
	return p, true
}

// grid are the lines of an axis.
func grid(a axis, step float64, say func(float64) string) []level {
	var list []level
	for i := range mostLevels {
		at := a.lo + float64(i)*step
		if at > a.hi+step/2 {
			break
		}
		label := "0" // of any unit
		if at != 0 {
			label = say(at)
		}
		list = append(list, levelAt(a, at, label, plotCentre))
	}
	return list
}

// pitches label a spectrum, for the eye and in words.
func (v view) pitches(p *plot, m checks.Measurement, name string, say func(float64) string) {
	top, n := 0, min(len(m.Samples), checks.MaxSamples)
	for i, s := range m.Samples[:n] {
		if s > m.Samples[top] {
			top = i
		}
	}
	hertz := func(f float64) string { return quantity(v.book, f, checks.Hertz, significant) }
	p.From, p.Axis, p.To = hertz(band(0)), v.book.Text("label.pitch"), hertz(band(n-1))
	p.Caption = v.book.Text("section.spectrum", "title", name)
	p.Label = v.book.Text("label.spectrum", "title", name, "from", p.From, "to", p.To, "high", say(m.Samples[top]),
		"peak", hertz(band(top)), "reach", v.figure(m.Metric, m.Unit, report.Figure{Value: &m.Value, AtLeast: m.AtLeast}, significant))
}

// band is the middle of a band of a spectrum, in Hz.
func band(i int) float64 { return lowestBand * math.Exp2(float64(i)/octave) }

// markAt is the line of a frequency in a spectrum of n bands; nil where it does not lie in it.
func (v view) markAt(f *float64, key string, n int) *upright {
	if f == nil || !(*f > 0) {
		return nil
	}
	x := octave * math.Log2(*f/lowestBand) / float64(n-1)
	if !(x >= 0 && x <= 1) {
		return nil
	}
	return &upright{X: percent(x), Anchor: anchor(x), Label: v.book.Text(key, "v", quantity(v.book, *f, checks.Hertz, significant))}
}

// frame is the vertical axis of a series, which shows zero, where it counts from there, and the bound too, and the step
// of its grid. Where no line spans the samples, it is not sound.
func frame(samples []float64, need *float64, fromZero bool) (a axis, step float64) {
	a = axis{lo: slices.Min(samples), hi: slices.Max(samples)}
	if fromZero {
		a.lo, a.hi = min(a.lo, 0), max(a.hi, 0)
	}
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
func (v view) times(pace float64, n int) (from, axis, to string) {
	if pace > 0 {
		return quantity(v.book, 0, checks.Count, significant), v.book.Text("label.seconds"),
			quantity(v.book, float64(n)*pace, checks.Count, significant)
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

// curve gives the line through the samples, and the area between it and zero, or the foot of the picture.
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
	ground := tenth((1 - min(max(a.at(0), 0), 1)) * 1000)
	if a.hi <= 0 { // levels under full scale rise from the foot
		ground = "1000"
	}
	return b.String(), b.String() + "L1000 " + ground + "L0 " + ground + "Z"
}

func tenth(x float64) string { return decimal(math.Round(x*10) / 10) }
