package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"deskready/checks"
	"deskready/report/collector"
	"deskready/report/verify"
)

// maxWitnessed bounds how many runs a collector remembers until their reports ask for it.
const maxWitnessed = 1000

// maxAttempts bounds how often one run is seen to begin again: no policy asks for more. What comes later is not kept, or
// who goes on could choose how his last attempt looks.
const maxAttempts = 5

// witnesses keeps what the office ends saw of each run, until the hire's program asks for it.
type witnesses struct {
	mu      sync.Mutex
	metrics []checks.Metric
	runs    map[string][]attempt
	order   []string // oldest first
}

// An attempt is what was seen of measuring a line once: its load, and the calls during and after it. A run may make
// several, and none of them is forgotten: who repeats until he is lucky shows that he did.
type attempt []checks.Measurement

// lastOfAttempt is the figure that an attempt ends with: the call on the idle line comes after everything else.
const lastOfAttempt = "call.mos"

func (a attempt) at(m checks.Measurement) int {
	return slices.IndexFunc(a, func(old checks.Measurement) bool { return old.Metric == m.Metric && old.Subject == m.Subject })
}

// record is told by an office end at the end of a session.
func (w *witnesses) record(run string, seen []checks.Measurement) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs == nil {
		w.runs = map[string][]attempt{}
	}
	if _, known := w.runs[run]; !known {
		w.order = append(w.order, run)
		if len(w.order) > maxWitnessed {
			delete(w.runs, w.order[0])
			w.order = w.order[1:]
		}
		w.runs[run] = []attempt{nil}
	}
	list := w.runs[run]
	if last := list[len(list)-1]; len(list) < maxAttempts && holdsRates(seen) && holdsRates(last) {
		list = append(list, nil)
	}
	for _, m := range seen {
		if m, err := w.rounded(m); err == nil {
			list = put(list, m)
		}
	}
	w.runs[run] = list
}

// holdsRates says whether both directions were measured. A busy computer measures one of them again, and by itself; where
// both come again, the line is measured anew. That tells attempts apart where no call can be made.
func holdsRates(list attempt) bool {
	rate := func(name string) bool { return list.at(checks.Measurement{Metric: name}) >= 0 }
	return rate("bandwidth.download") && rate("bandwidth.upload")
}

// put adds a figure to the last attempt, or begins another with it where that one has ended or has such a figure of a
// call: there is one of each in an attempt. Of two rates in one attempt the higher counts, as at the hire's end: a busy
// computer measures again, and finds too little, never too much.
func put(list []attempt, m checks.Measurement) []attempt {
	last := &list[len(list)-1]
	ended := last.at(checks.Measurement{Metric: lastOfAttempt}) >= 0 || strings.HasPrefix(m.Metric, "call.")
	switch at := last.at(m); {
	case at < 0:
		*last = append(*last, m)
	case ended && len(list) < maxAttempts:
		return append(list, attempt{m})
	case ended: // over the limit
	case m.Unit != checks.BitsPerSecond, m.Value > (*last)[at].Value:
		(*last)[at] = m
	}
	return list
}

// rounded writes a figure down as reports do, so that both sides sign the same number.
func (w *witnesses) rounded(m checks.Measurement) (checks.Measurement, error) {
	at := slices.IndexFunc(w.metrics, func(known checks.Metric) bool { return known.ID == m.Metric })
	if at < 0 {
		return m, errors.New("no such metric")
	}
	decimals := w.metrics[at].Decimals
	m.Unit, m.By = w.metrics[at].Unit, checks.ByCollector
	if m.Unit == checks.Text {
		m.Value, m.Within, m.AtLeast, m.Samples = 0, 0, false, nil
		if m.Text = checks.Clean(m.Text, 200); m.Text == "" {
			return m, errors.New("an empty text")
		}
		return m, nil
	}
	value, err := checks.Round(m.Value, decimals)
	if err != nil {
		return m, err
	}
	m.Value, m.Text = value, ""
	if m.Within, err = checks.Round(max(m.Within, 0), decimals); err != nil {
		return m, err
	}
	samples := m.Samples[:min(len(m.Samples), checks.MaxSamples)]
	m.Samples = nil
	for _, s := range samples {
		if s, err := checks.Round(s, decimals); err == nil {
			m.Samples = append(m.Samples, s)
		}
	}
	return m, nil
}

func (w *witnesses) of(run string) []checks.Measurement {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Concat(w.runs[run]...)
}

// witness asks the collector for its own sealed account of the run, and puts its figures beside ours. Without one the
// report says less, and nothing is lost.
func (j *journey) witness(ctx context.Context) {
	if j.record.ticket == nil || ctx.Err() != nil {
		return
	}
	sealed, seen, err := j.askWitness(ctx)
	if err != nil {
		if none := (*collector.RefusedError)(nil); !errors.As(err, &none) || none.Reason != collector.ReasonNoWitness {
			j.notice(j.book.Text("cmd.no_witness", "employer", j.inv.Employer))
		}
		return
	}
	j.sealedWitness = sealed
	j.record.Results = besides(j.record.Results, seen.Measurements)
}

func (j *journey) askWitness(ctx context.Context) ([]byte, verify.Witness, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	c := collector.Client{Base: j.collector, HTTP: j.client, Key: j.key}
	return c.Witness(ctx, *j.inv, j.record.Nonce)
}

// besides puts what the collector saw beside what was measured here, each figure in its own attempt: of one quantity they
// come in the order of the attempts.
func besides(results []checks.Result, seen []checks.Measurement) []checks.Result {
	out := slices.Clone(results)
	for i := range out {
		out[i].Measurements = slices.Clone(out[i].Measurements)
	}
	before := map[string]int{}
	for _, m := range seen {
		what := m.Metric + "\x00" + m.Subject
		if r := nthOf(out, m.Metric, before[what]); r != nil {
			r.Measurements = append(r.Measurements, m)
		}
		before[what]++
	}
	return out
}

// nthOf is the attempt of a metric's check that comes after n others, or the last.
func nthOf(results []checks.Result, metric string, n int) (found *checks.Result) {
	name, _, _ := strings.Cut(metric, ".")
	for i := range results {
		if results[i].Check != name {
			continue
		}
		if found = &results[i]; n == 0 {
			break
		}
		n--
	}
	return found
}
