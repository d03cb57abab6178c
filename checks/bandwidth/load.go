package bandwidth

import (
	"slices"
	"time"

	"deskready/checks"
)

// passed is a direction that was measured.
type passed struct {
	outcome
	up    bool
	aside float64 // bit/s of its rate that our own probes had
}

// filled is when the load had filled the queue of the line, from which on is looked at what it does to others: after a
// second, and where it lasted less than two, after half of it.
func (d passed) filled() time.Time { return d.began.Add(min(time.Second, d.to.Sub(d.began)/2)) }

// loaded is the median round trip while a direction was loaded.
func (b *beside) loaded(m checks.Metric, d passed) checks.Measurement {
	got := b.between(d.filled(), d.to)
	if len(got) < 3 {
		return m.Missing("", errMute)
	}
	one := m.Of("", median(got))
	one.Samples = got[:min(len(got), checks.MaxSamples)]
	return one
}

// grades are the steps of the DSLReports speed test: by how many seconds the round trip grows under load.
func grade(more float64) string {
	for _, g := range []struct {
		below float64
		name  string
	}{{0.005, "a_plus"}, {0.030, "a"}, {0.060, "b"}, {0.200, "c"}, {0.400, "d"}} {
		if more < g.below {
			return g.name
		}
	}
	return "f"
}

// bloated is the grade of the worse direction. One that is not known might be the worse: but nothing is worse than f.
func bloated(idle, down, up checks.Measurement) checks.Measurement {
	worst, known := 0.0, true
	for _, m := range []checks.Measurement{down, up} {
		if m.Missing != nil {
			known = false
			continue
		}
		worst = max(worst, m.Value-idle.Value)
	}
	if g := grade(worst); known || g == "f" {
		return bloat.Named("", g)
	}
	if down.Missing != nil {
		return bloat.Missing("", down.Missing)
	}
	return bloat.Missing("", up.Missing)
}

// responsiveness is round trips per minute under working conditions, after the IETF's draft-ietf-ippm-responsiveness, of
// the direction in which there are fewer. As in the draft, foreign probes take the time of TCP, TLS and HTTP on new
// connections (without TLS, of the two that there are), self probes that of HTTP on connections that carry load; means
// are taken without the slowest twentieth, the one over the three kinds of the foreign probes first; foreign and self
// count half each.
//
// Other than in the draft: each direction is loaded by itself. The number of connections is chosen by the rate and the
// queue, not by the draft's steps, and the load ends as throughput says, not when responsiveness is stable. Connections
// are HTTP/1.1, which has no room for a request beside a transfer: a self probe is the first request after one, on the
// same connection, so that it waits behind the queue of the line and not behind its own connection's. Where a direction
// was over before there were two of them, the foreign probes count alone. Probes never take more than about a fiftieth
// of the line, and one that was under way at the end counts as long as it had taken.
func (b *beside) responsiveness(done []passed) checks.Measurement {
	least := 0.0
	for _, d := range done {
		foreign := b.arrived(d.began, d.to)
		if len(foreign) == 0 {
			return rpm.Missing("", errMute)
		}
		perMinute := 60 / trimmed(foreign)
		if len(d.selves) >= 2 {
			perMinute = (perMinute + 60/trimmed(d.selves)) / 2
		}
		if least == 0 || perMinute < least {
			least = perMinute
		}
	}
	return rpm.Of("", least)
}

// trimmed is the mean without the greatest twentieth, and never nothing.
func trimmed(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return max(mean(s[:max(1, len(s)-len(s)/20)]), 1e-6)
}
