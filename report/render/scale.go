package render

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"deskready/checks"
	"deskready/report"
)

// A scale is a picture of a finding: a track that is thin where the rule does not hold and thick where it does, its
// bounds, and the value. Places are percents of its width.
type scale struct {
	ID      string
	Label   string
	Zones   []zone
	Ticks   []tick
	X       string
	Outcome string
}

type zone struct{ Class, X, W string }

type tick struct {
	X, Anchor, Label string
	Above            bool
}

// An axis takes values to places from 0 to 1.
type axis struct {
	lo, hi float64
	log    bool
}

func (a axis) at(v float64) float64 {
	lo, hi := a.lo, a.hi
	if a.log {
		v, lo, hi = math.Log10(max(v, a.lo)), math.Log10(lo), math.Log10(hi)
	}
	return min(max((v-lo)/(hi-lo), 0), 1)
}

// sound says whether places can be computed at all: a report may hold numbers that no line spans.
func (a axis) sound() bool {
	span := a.hi - a.lo
	return span > 0 && !math.IsInf(span, 0) && (!a.log || a.lo > 0)
}

// steep is from which ratio of largest to smallest a scale is logarithmic.
const steep = 30

// axisOf chooses the stretch of the number line on which a value and its bounds are seen best. Rates are always seen
// by their order of magnitude.
func axisOf(u checks.Unit, v float64, edges []float64) axis {
	all := append([]float64{v}, edges...)
	least, most := slices.Min(all), slices.Max(all)
	positive := slices.DeleteFunc(slices.Clone(all), func(x float64) bool { return x <= 0 })
	switch {
	case u == checks.MOS && least >= 1 && most <= 4.5:
		return axis{lo: 1, hi: 4.5}
	case least >= 0 && len(positive) > 0 && (u == checks.BitsPerSecond || most > steep*slices.Min(edges) && slices.Min(edges) > 0):
		return axis{lo: slices.Min(positive) / 3, hi: most * 3, log: true}
	case len(edges) > 1 && slices.Min(edges) < slices.Max(edges) && least < 0:
		span := slices.Max(edges) - slices.Min(edges)
		return axis{lo: min(slices.Min(edges)-span/2, v-span/4), hi: max(slices.Max(edges)+span/2, v+span/4)}
	case least < 0:
		span := max(most-least, 10)
		return axis{lo: least - span/3, hi: most + span/3}
	case u == checks.Ratio && most <= 1:
		return axis{lo: 0, hi: min(1, max(v*1.15, slices.Max(edges)*2))}
	}
	return axis{lo: 0, hi: max(v*1.15, slices.Max(edges)*2)}
}

// scale draws findings with a number and a bound for it; truths and texts have nothing between.
func (v view) scale(p point, id string) *scale {
	if p.Finding.Measured == nil || p.Unit == checks.Truth || p.Unit == checks.Text {
		return nil
	}
	value := *p.Finding.Measured
	edges := edgesOf(p.Require, p.Finding.Prefer)
	if len(edges) == 0 {
		return nil
	}
	a := axisOf(p.Unit, value, edges)
	if !a.sound() {
		return nil
	}
	s := &scale{ID: id, Outcome: string(p.Outcome), X: percent(inside(a.at(value)))}
	if p.Asked != "" {
		s.Label = v.book.Text("label.scale", "title", p.Title, "measured", p.Figure, "required", p.Asked)
	} else {
		s.Label = v.book.Text("label.scale_prefer", "title", p.Title, "measured", p.Figure, "prefer", p.Wished)
	}
	s.Zones = zones(a, edges, p.Require, p.Finding.Prefer)
	s.Ticks = append(v.ticks(a, p.Unit, p.Require, "label.short_required", false),
		v.ticks(a, p.Unit, p.Finding.Prefer, "label.short_preferred", true)...)
	return s
}

// edgesOf are the numbers at which something changes, in order.
func edgesOf(bounds ...report.Bound) []float64 {
	var list []float64
	for _, b := range bounds {
		for _, at := range []*float64{b.Min, b.Max} {
			if at != nil {
				list = append(list, *at)
			}
		}
	}
	slices.SortFunc(list, cmp.Compare[float64])
	return slices.Compact(list)
}

// zones cut the axis at the edges; each piece is what its middle is.
func zones(a axis, edges []float64, require, prefer report.Bound) []zone {
	var cuts []float64
	for _, e := range edges {
		cuts = append(cuts, a.at(e))
	}
	cuts = append(cuts, 1)
	var list []zone
	from := 0.0
	for i, to := range cuts {
		if to-from < 0.001 {
			continue
		}
		list = append(list, zone{Class: class(between(edges, i), require, prefer), X: percent(from), W: percent(to - from)})
		from = to
	}
	return list
}

// between is a number in the i-th gap of the edges.
func between(edges []float64, i int) float64 {
	switch i {
	case 0:
		return math.Nextafter(edges[0], math.Inf(-1))
	case len(edges):
		return math.Nextafter(edges[i-1], math.Inf(1))
	}
	return edges[i-1]/2 + edges[i]/2
}

func class(v float64, require, prefer report.Bound) string {
	in := func(b report.Bound) bool { return (b.Min == nil || v >= *b.Min) && (b.Max == nil || v <= *b.Max) }
	switch {
	case !in(require):
		return "z-fail"
	case !in(prefer):
		return "z-ok"
	}
	return "z-good"
}

// ticks name the bounds. One bound carries its word; of two, the numbers are enough.
func (v view) ticks(a axis, u checks.Unit, b report.Bound, key string, above bool) []tick {
	edges := edgesOf(b)
	var list []tick
	for i, e := range edges {
		x := a.at(e)
		label := quantity(v.book, e, u, significant)
		anchor := anchor(x)
		if len(edges) == 1 {
			label = v.book.Text(key, "v", label)
		} else if x > 0.2 && x < 0.8 {
			anchor = []string{"end", "start"}[i]
		}
		list = append(list, tick{X: percent(x), Anchor: anchor, Label: label, Above: above})
	}
	return list
}

func anchor(x float64) string {
	switch {
	case x < 0.28:
		return "start"
	case x > 0.72:
		return "end"
	}
	return "middle"
}

func percent(x float64) string { return decimal(x * 100) }

// inside keeps the mark of a value at the end of a scale within the picture.
func inside(x float64) float64 { return min(max(x, 0.03), 0.97) }

func decimal(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }
