package path

import (
	"context"
	"errors"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// mtuSeen is what the UDP echo told.
type mtuSeen struct {
	echo    bool // something came back
	largest int  // whole IP packet that came back; 0: none
	exact   bool // and one byte more did not
	problem *checks.Problem
}

const (
	mtuTime   = 7 * time.Second
	ethernet  = 1500 // the most that is asked for
	leastIPv6 = 1280 // RFC 8200, section 5
	leastMTU  = 576  // RFC 791: what every host takes
	mtuTries  = 3
	slack     = 150 * time.Millisecond
)

// An echo sends one probe of so many bytes of IP packet, which no router may cut, and says whether it came back.
type echoing func(ctx context.Context, size int) (time.Duration, error)

// probeMTU finds the largest packet that goes to the office and back whole.
func probeMTU(ctx context.Context, o Options) mtuSeen {
	if o.Ticket.Media == "" {
		return mtuSeen{problem: &checks.Problem{Code: codeNoUDP, Side: checks.SideOffice}}
	}
	ctx, cancel := context.WithTimeout(ctx, mtuTime)
	defer cancel()
	p, err := office.Ping(ctx, *o.Ticket, office.PingOptions{Every: -1, Whole: true, Resolve: o.resolve})
	if errors.Is(err, errors.ErrUnsupported) {
		return mtuSeen{problem: &checks.Problem{Code: checks.CodeUnsupported, Side: checks.SideTool}}
	}
	if err != nil {
		return mtuSeen{problem: office.Explain(err)}
	}
	return search(ctx, func(ctx context.Context, size int) (time.Duration, error) {
		trip, err := p.Try(ctx, size-p.Overhead())
		return trip.RTT, err
	})
}

// search looks among the sizes that lines have, and then between the two that it fell between.
func search(ctx context.Context, echo echoing) mtuSeen {
	const small = 300 // any line carries it
	rtt, ok := firstEcho(ctx, echo, small)
	if !ok {
		return mtuSeen{problem: &checks.Problem{Code: office.CodeUDP, Side: checks.SideLine}}
	}
	seen := mtuSeen{echo: true}
	limit := min(2*rtt+slack, time.Second)
	above := ethernet + 1
	for _, size := range []int{ethernet, 1492, 1420, leastIPv6, leastMTU} { // Ethernet, PPPoE (RFC 2516), WireGuard, the least
		if comesBack(ctx, echo, size, limit) {
			seen.largest = size
			break
		}
		above = size
	}
	for seen.largest > 0 && above-seen.largest > 1 && ctx.Err() == nil {
		middle := (seen.largest + above) / 2
		if comesBack(ctx, echo, middle, limit) {
			seen.largest = middle
		} else {
			above = middle
		}
	}
	// What was not back when the time was up says nothing.
	seen.exact = ctx.Err() == nil
	if seen.largest == 0 {
		seen.problem = &checks.Problem{Code: codeMTUUnclear, Side: checks.SideUnknown}
	}
	return seen
}

// firstEcho waits longer each time: the time of the way is not known yet.
func firstEcho(ctx context.Context, echo echoing, size int) (time.Duration, bool) {
	for _, wait := range []time.Duration{500 * time.Millisecond, time.Second, time.Second} {
		one, cancel := context.WithTimeout(ctx, wait)
		rtt, err := echo(one, size)
		cancel()
		if err == nil {
			return rtt, true
		}
	}
	return 0, false
}

// comesBack gives a size three chances, for one packet may be lost by chance.
func comesBack(ctx context.Context, echo echoing, size int, limit time.Duration) bool {
	for range mtuTries {
		one, cancel := context.WithTimeout(ctx, limit)
		_, err := echo(one, size)
		cancel()
		if err == nil {
			return true
		}
		if errors.Is(err, office.ErrTooBig) || ctx.Err() != nil {
			return false
		}
	}
	return false
}

func (s mtuSeen) measurement() checks.Measurement {
	if s.problem != nil {
		return mtu.Missing("", s.problem)
	}
	m := mtu.Of("", float64(s.largest))
	m.AtLeast = !s.exact || s.largest == ethernet
	return m
}
