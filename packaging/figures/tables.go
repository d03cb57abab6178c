package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// results are the rows by line and tool.
type results struct {
	rows  []row
	lines []string // in the order of lines()
	tools []string
}

func gather(rows []row) results {
	r := results{rows: rows}
	for _, l := range lines() {
		if slices.ContainsFunc(rows, func(r row) bool { return r.Line == l.name }) {
			r.lines = append(r.lines, l.name)
		}
	}
	for _, t := range slices.Concat(peers(), modes()) {
		if slices.ContainsFunc(rows, func(r row) bool { return r.Tool == t.name }) {
			r.tools = append(r.tools, t.name)
		}
	}
	return r
}

// of are the repeats of one tool on one line that succeeded.
func (r results) of(line, tool string) (found []row) {
	for _, row := range r.rows {
		if row.Line == line && row.Tool == tool && row.Error == "" {
			found = append(found, row)
		}
	}
	return found
}

// median of what the repeats say; nil if none says anything.
func median(rows []row, of func(row) *float64) *float64 {
	var values []float64
	for _, r := range rows {
		if v := of(r); v != nil {
			values = append(values, *v)
		}
	}
	if len(values) == 0 {
		return nil
	}
	m := middle(values)
	return &m
}

// middle is the median of at least one value, which it sorts.
func middle(values []float64) float64 {
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

func writeTables(file string, rows []row) error {
	r := gather(rows)
	var b strings.Builder
	fmt.Fprintf(&b, "# Figures on lab lines\n\n%s. Rates are Mbit/s of TCP payload, median of the repeats where there are several.\n", span(rows))
	r.rates(&b)
	r.summary(&b)
	r.rtts(&b)
	r.costs(&b)
	r.verdicts(&b)
	r.calls(&b)
	r.conditions(&b)
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

func span(rows []row) string {
	if len(rows) == 0 {
		return "Nothing was tried yet"
	}
	first, last := rows[0].Began, rows[0].Began
	for _, r := range rows {
		if r.Began.Before(first) {
			first = r.Began
		}
		if r.Began.After(last) {
			last = r.Began
		}
	}
	return fmt.Sprintf("%d trials from %s to %s", len(rows), first.Format(time.DateTime), last.Format(time.DateTime))
}

func header(b *strings.Builder, title string, columns ...string) {
	fmt.Fprintf(b, "\n## %s\n\n| %s |\n|%s\n", title, strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
}

func cells(b *strings.Builder, cells ...string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

func download(r row) *float64 { return r.Download }
func upload(r row) *float64   { return r.Upload }

// rates have one column a tool: down and up with their error.
func (r results) rates(b *strings.Builder) {
	var tools []string
	for _, t := range r.tools {
		if slices.ContainsFunc(r.rows, func(r row) bool { return r.Tool == t && (r.Download != nil || r.Upload != nil) }) {
			tools = append(tools, t)
		}
	}
	header(b, "Throughput", slices.Concat([]string{"line", "truth"}, tools)...)
	for _, name := range r.lines {
		l, _ := findLine(name)
		row := []string{name, truths(l)}
		for _, t := range tools {
			found := r.of(name, t)
			row = append(row, rate(median(found, download), l.download)+" / "+rate(median(found, upload), l.upload)+mark(found))
		}
		cells(b, row...)
	}
}

func truths(l line) string {
	var s []string
	for _, of := range []func() (float64, bool){l.download, l.upload} {
		if want, known := of(); known {
			s = append(s, fmt.Sprintf("%.4g", want/1e6))
		} else {
			s = append(s, "-")
		}
	}
	return strings.Join(s, " / ")
}

func rate(got *float64, truth func() (float64, bool)) string {
	if got == nil {
		return "-"
	}
	return fmt.Sprintf("%.4g%s", *got/1e6, off(got, truth))
}

// mark is for figures during which the lab itself was late.
func mark(rows []row) string {
	if slices.ContainsFunc(rows, row.disturbed) {
		return " *"
	}
	return ""
}

// summary has each tool's errors: against the line where nothing is lost, against iperf3 with eight connections else.
func (r results) summary(b *strings.Builder) {
	header(b, "Error of the throughput, %", "tool", "clean lines: median", "worst", "directions", "with loss, against iperf3-8: lowest", "highest")
	for _, t := range r.tools {
		clean, lossy := r.errors(t)
		if len(clean)+len(lossy) == 0 {
			continue
		}
		row := []string{t, "-", "-", fmt.Sprint(len(clean)), "-", "-"}
		if len(clean) > 0 {
			size := make([]float64, len(clean))
			for i, e := range clean {
				size[i] = math.Abs(e)
			}
			row[1], row[2] = fmt.Sprintf("%.1f", middle(size)), fmt.Sprintf("%.1f", slices.Max(size))
		}
		if len(lossy) > 0 {
			row[4], row[5] = fmt.Sprintf("%+.1f", slices.Min(lossy)), fmt.Sprintf("%+.1f", slices.Max(lossy))
		}
		cells(b, row...)
	}
}

// errors are in percent, one for each line and direction.
func (r results) errors(tool string) (clean, lossy []float64) {
	for _, name := range r.lines {
		l, _ := findLine(name)
		if l.loopback {
			continue
		}
		found, iperf := r.of(name, tool), r.of(name, "iperf3-8")
		for _, d := range []struct {
			of    func(row) *float64
			truth func() (float64, bool)
		}{{download, l.download}, {upload, l.upload}} {
			got, beside := median(found, d.of), median(iperf, d.of)
			if want, known := d.truth(); got != nil && known {
				clean = append(clean, 100*(*got/want-1))
			} else if got != nil && beside != nil && tool != "iperf3-8" {
				lossy = append(lossy, 100*(*got / *beside - 1))
			}
		}
	}
	return clean, lossy
}
