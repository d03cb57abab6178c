//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"math"
	"math/bits"
	"os"
	"slices"
	"time"
)

// slot is the grain of what is recorded over time.
const slot = 100 * time.Millisecond

// Report is the ground truth of a run.
type Report struct {
	Start   time.Time `json:"start"`
	Seconds float64   `json:"seconds"`
	Seed    uint64    `json:"seed"`
	SlotMS  int64     `json:"slot_ms"`
	Down    *Stats    `json:"down"`
	Up      *Stats    `json:"up"`
}

// Stats counts what one direction did.
type Stats struct {
	Shape Shape `json:"shape"`
	Counts
	UDP         Ports     `json:"udp"` // the same of UDP alone, by the office's port
	RTP         Ports     `json:"rtp"` // the same of UDP that carries RTP
	WriteErrors int64     `json:"write_errors"`
	LateMeanUS  float64   `json:"late_mean_us"` // how far behind the model packets came out
	LateP99US   float64   `json:"late_p99_us"`  // up to a factor of two, rounded up
	LateMaxUS   float64   `json:"late_max_us"`
	Mbps        []float64 `json:"mbps"`     // delivered, in each slot
	QueueMS     []float64 `json:"queue_ms"` // longest wait for the bottleneck, in each slot

	lateSum  time.Duration
	lateHist [40]int64 // by the power of two of microseconds
}

func (s *Stats) offered(now time.Duration, pkt []byte, side int, fate Fate, backlog time.Duration) {
	s.Counts.offered(len(pkt), fate)
	s.UDP.of(pkt, side).offered(len(pkt), fate)
	s.RTP.media(pkt, side).offered(len(pkt), fate)
	q := at(&s.QueueMS, now)
	*q = max(*q, float64(backlog)/1e6)
}

func (s *Stats) delivered(now, due time.Duration, pkt []byte, side int) {
	s.Counts.delivered(len(pkt))
	s.UDP.of(pkt, side).delivered(len(pkt))
	s.RTP.media(pkt, side).delivered(len(pkt))
	*at(&s.Mbps, now) += float64(len(pkt)) * 8 / 1e6 / slot.Seconds()
	late := max(0, now-due)
	s.lateSum += late
	s.LateMaxUS = max(s.LateMaxUS, float64(late)/1e3)
	s.lateHist[bits.Len64(uint64(late/time.Microsecond))]++
}

// snapshot is a copy that the link does not change any more, with what only a whole run tells.
func (s *Stats) snapshot() *Stats {
	c := *s
	c.Mbps, c.QueueMS, c.UDP, c.RTP = slices.Clone(s.Mbps), slices.Clone(s.QueueMS), s.UDP.clone(), s.RTP.clone()
	c.finish()
	return &c
}

// at is the slot of that time, in a series that grows to hold it.
func at(series *[]float64, t time.Duration) *float64 {
	i := int(t / slot)
	for len(*series) <= i {
		*series = append(*series, 0)
	}
	return &(*series)[i]
}

// finish works out what only a whole run tells.
func (s *Stats) finish() {
	if s.DeliveredPackets > 0 {
		s.LateMeanUS = float64(s.lateSum) / 1e3 / float64(s.DeliveredPackets)
	}
	var seen int64
	for i, n := range s.lateHist {
		seen += n
		if float64(seen) >= 0.99*float64(s.DeliveredPackets) {
			s.LateP99US = min(s.LateMaxUS, math.Exp2(float64(i)))
			break
		}
	}
	for _, series := range [][]float64{s.Mbps, s.QueueMS} {
		for i, v := range series {
			series[i] = math.Round(v*1000) / 1000
		}
	}
}

// write replaces the file in one step: who reads it meanwhile finds the old or the new one whole.
func (r *Report) write(file string) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if file == "" {
		return errors.New("no -stats FILE to write to")
	}
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
