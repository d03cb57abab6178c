package main

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

func (r results) rtts(b *strings.Builder) {
	rtt := func(r row) *float64 { return r.RTT }
	var tools []string
	for _, t := range r.tools {
		if slices.ContainsFunc(r.rows, func(r row) bool { return r.Tool == t && r.RTT != nil }) {
			tools = append(tools, t)
		}
	}
	header(b, "Idle RTT, ms (error)", slices.Concat([]string{"line", "truth"}, tools)...)
	for _, name := range r.lines {
		l, _ := findLine(name)
		row := []string{name, fmt.Sprintf("%g", l.RTT.Seconds()*1e3)}
		for _, t := range tools {
			cell := "-"
			if got := median(r.of(name, t), rtt); got != nil {
				cell = fmt.Sprintf("%.1f (%+.1f)", *got*1e3, (*got-l.RTT.Seconds())*1e3)
			}
			row = append(row, cell+mark(r.of(name, t)))
		}
		cells(b, row...)
	}
}

// costs are the medians of the repeats.
func (r results) costs(b *strings.Builder) {
	header(b, "Cost: seconds; MB down + up on the line; CPU seconds, MB of memory (of the office, where it is deskready's)",
		slices.Concat([]string{"line"}, r.tools)...)
	for _, name := range r.lines {
		row := []string{name}
		for _, t := range r.tools {
			row = append(row, cost(r.of(name, t)))
		}
		cells(b, row...)
	}
}

func cost(rows []row) string {
	if len(rows) == 0 {
		return "-"
	}
	of := func(get func(row) float64) float64 {
		return *median(rows, func(r row) *float64 { v := get(r); return &v })
	}
	s := fmt.Sprintf("%.1f; %.1f + %.1f; %.2f, %.0f",
		of(func(r row) float64 { return r.Seconds }),
		of(func(r row) float64 { return float64(r.Down.DeliveredBytes) / 1e6 }), of(func(r row) float64 { return float64(r.Up.DeliveredBytes) / 1e6 }),
		of(func(r row) float64 { return r.Client.CPU }), of(func(r row) float64 { return float64(r.Client.RSS) / 1e6 }))
	if cpu := of(func(r row) float64 { return r.Office.CPU }); cpu > 0 {
		s += fmt.Sprintf(" (%.2f, %.0f)", cpu, of(func(r row) float64 { return float64(r.Office.RSS) / 1e6 }))
	}
	return s
}

// verdicts are how the policy's rules for the line came out in all repeats, and how many of them wrongly.
func (r results) verdicts(b *strings.Builder) {
	header(b, "Findings under "+policy, "line", "mode", "runs", "false fails", "false passes", "undecided", "right", "within 10 % of a mark", "outcomes")
	var all tally
	for _, name := range r.lines {
		var iperf row
		if found := r.of(name, "iperf3-8"); len(found) > 0 {
			iperf = found[0]
		}
		for _, t := range modes() {
			found := r.of(name, t.name)
			if len(found) == 0 || t.under != policy {
				continue
			}
			var sum tally
			for _, r := range found {
				sum = sum.add(judge(r, iperf))
			}
			cells(b, name, t.name, fmt.Sprint(len(found)), fmt.Sprint(sum.falseFail), fmt.Sprint(sum.falsePass), fmt.Sprint(sum.undecided),
				fmt.Sprint(sum.right), fmt.Sprint(sum.near), outcomes(found))
			all = all.add(sum)
		}
	}
	fmt.Fprintf(b, "\n%d false fails, %d false passes, %d undecided, %d right.\n", all.falseFail, all.falsePass, all.undecided, all.right)
}

// outcomes counts those that are no pass, by metric.
func outcomes(rows []row) string {
	count := map[string]int{}
	for _, r := range rows {
		for _, f := range r.Said.Findings {
			if f.Outcome != "pass" {
				count[f.Metric+" "+f.Outcome]++
			}
		}
	}
	var list []string
	for what, n := range count {
		list = append(list, fmt.Sprintf("%s ×%d", what, n))
	}
	sort.Strings(list)
	return strings.Join(list, ", ")
}

// calls hold what the call says was lost against what the lab lost of its RTP packets.
func (r results) calls(b *strings.Builder) {
	header(b, "Loss of the call, %", "line", "mode", "repeat", "up: said idle", "loaded", "lab, of packets", "down: said idle", "loaded", "lab, of packets", "MOS idle, loaded")
	for _, row := range r.rows {
		if row.Said == nil || len(row.Up.RTP)+len(row.Down.RTP) == 0 {
			continue
		}
		percent := func(metric string) string { return figureText(row.Said.figure(metric), 100, "%.2f") }
		cells(b, row.Line, row.Tool, fmt.Sprint(row.Repeat),
			percent("call.loss_up"), percent("call.loss_loaded_up"), lost(row.Up),
			percent("call.loss_down"), percent("call.loss_loaded_down"), lost(row.Down),
			figureText(row.Said.figure("call.mos"), 1, "%.2f")+", "+figureText(row.Said.figure("call.mos_loaded"), 1, "%.2f"))
	}
}

func figureText(v *float64, times float64, format string) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf(format, *v*times)
}

// lost is what became of RTP in one direction, chance and full queues together.
func lost(t traffic) string {
	c := t.RTP[officePort]
	if c.OfferedPackets == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f (%d of %d)", 100*float64(c.Missed())/float64(c.OfferedPackets), c.Missed(), c.OfferedPackets)
}

// conditions say how quiet the machine was, and what could not be tried.
func (r results) conditions(b *strings.Builder) {
	header(b, "Conditions", "tool", "trials", "load before: most", "others' share of the processors before: most", "time the host took: most",
		"lab late, 99 %: most, ms", fmt.Sprintf("trials with more than %g ms (*)", tooLate))
	for _, t := range r.tools {
		var n, late int
		var load, others, stolen, worst float64
		for _, row := range r.rows {
			if row.Tool != t || row.Error != "" {
				continue
			}
			n++
			load, others = math.Max(load, row.Load), math.Max(others, row.Others)
			stolen, worst = math.Max(stolen, row.Stolen), math.Max(worst, row.LateMS)
			if row.disturbed() {
				late++
			}
		}
		cells(b, t, fmt.Sprint(n), fmt.Sprintf("%.1f", load), fmt.Sprintf("%.0f %%", 100*others), fmt.Sprintf("%.0f %%", 100*stolen),
			fmt.Sprintf("%.2f", worst), fmt.Sprint(late))
	}
	for _, row := range r.rows {
		if row.Error != "" {
			fmt.Fprintf(b, "\n* %s %s %d did not succeed: %s\n", row.Line, row.Tool, row.Repeat, firstLine(row.Error))
		}
	}
}
