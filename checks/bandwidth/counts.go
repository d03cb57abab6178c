package bandwidth

import (
	"errors"
	"fmt"
	"math"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// counts is what the office end says it saw of the present session: rates are taken from it.
type counts struct {
	Version int     `json:"version"`
	Tick    float64 `json:"tick"` // seconds; the length of one tick
	Up      tally   `json:"up"`   // bytes read from uploads
	Down    tally   `json:"down"` // bytes of downloads that have arrived, by the acknowledgements, or were handed to the network
	sent    bool    // unasked
	Kernel  *kernel `json:"kernel,omitempty"` // nil where the office's system does not tell
}

// kernel is what the office's system knows of the connections that carried downloads (TCP_INFO).
type kernel struct {
	MinRTT float64 `json:"min_rtt"` // seconds; the shortest of all
	Sent   int64   `json:"sent"`    // segments
	Again  int64   `json:"again"`   // of them sent again
}

func (k *kernel) sound() bool {
	return k == nil || k.MinRTT >= 0 && k.MinRTT < 3600 && k.Sent >= 0 && k.Again >= 0 && k.Again <= k.Sent
}

const (
	countsVersion = 1
	maxCounts     = 64 << 10
)

var errCounts = errors.New("counts make no sense")

func (c counts) marshal() ([]byte, error) { return json.Marshal(c) }

func parseCounts(data []byte) (counts, error) {
	var c counts
	if len(data) > maxCounts {
		return counts{}, errCounts
	}
	err := json.Unmarshal(data, &c, json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(false))
	if err != nil {
		return counts{}, fmt.Errorf("reading counts: %w", err)
	}
	if c.Version != countsVersion || c.Tick != tick.Seconds() || !c.Up.sound() || !c.Down.sound() || !c.Kernel.sound() {
		return counts{}, errCounts
	}
	return c, nil
}

// sound holds a tally of the other end against itself.
func (t tally) sound() bool {
	if t.Bytes < 0 || !(t.Span >= 0) || t.Span > math.MaxInt32 || len(t.Ticks) > maxTicks {
		return false
	}
	left := t.Bytes
	for _, n := range t.Ticks {
		if n < 0 || n > left {
			return false
		}
		left -= n
	}
	return left == 0 && len(t.Ticks) <= int(t.Span/tick.Seconds())+1
}
