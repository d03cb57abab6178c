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
)

// maxWitnessed bounds how many runs a collector remembers until their reports ask for it.
const maxWitnessed = 1000

// witnesses keeps what the office ends saw of each run, until the hire's program asks for it.
type witnesses struct {
	mu      sync.Mutex
	metrics []checks.Metric
	runs    map[string][]checks.Measurement
	order   []string // oldest first
}

// record is told by an office end at the end of a session. What a run measures again stands in the place of what it
// measured before, for the last attempt is the one that decides. Of two rates the higher counts, as at the hire's end: a
// busy computer measures once more within one attempt, and it finds too little, never too much.
func (w *witnesses) record(run string, seen []checks.Measurement) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs == nil {
		w.runs = map[string][]checks.Measurement{}
	}
	if _, known := w.runs[run]; !known {
		w.order = append(w.order, run)
		if len(w.order) > maxWitnessed {
			delete(w.runs, w.order[0])
			w.order = w.order[1:]
		}
	}
	kept := w.runs[run]
	for _, m := range seen {
		m, err := w.rounded(m)
		if err != nil {
			continue
		}
		same := func(old checks.Measurement) bool { return old.Metric == m.Metric && old.Subject == m.Subject }
		switch at := slices.IndexFunc(kept, same); {
		case at < 0:
			kept = append(kept, m)
		case m.Unit != checks.BitsPerSecond, m.Value > kept[at].Value:
			kept[at] = m
		}
	}
	w.runs[run] = kept
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
	return slices.Clone(w.runs[run])
}

// witness asks the collector for its own sealed account of the run, and puts its figures beside ours. Without one the
// report says less, and nothing is lost.
func (j *journey) witness(ctx context.Context) {
	if j.record.ticket == nil || ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	c := collector.Client{Base: j.collector, HTTP: j.client, Key: j.key}
	sealed, seen, err := c.Witness(ctx, *j.inv, j.record.Nonce)
	if err != nil {
		return
	}
	j.sealedWitness = sealed
	for _, m := range seen.Measurements {
		name, _, _ := strings.Cut(m.Metric, ".")
		last := lastOf(j.record.Results, name)
		if last != nil { // the latest attempt is the one that decides
			last.Measurements = append(last.Measurements, m)
		}
	}
}

func lastOf(results []checks.Result, check string) *checks.Result {
	for i := range slices.Backward(results) {
		if results[i].Check == check {
			return &results[i]
		}
	}
	return nil
}
