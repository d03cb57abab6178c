package main

import (
	"time"

	"deskready/checks/lab/access"
)

// A line is one that figures are taken on.
type line struct {
	name string
	access.Line
	// call is what a call beside a full transfer must come out as: "good" and "bad" where nobody would doubt it, or empty.
	call     string
	loopback bool // both ends at the hire's, and no line between them
}

const ms = time.Millisecond

// lines are lines that hires have, from the slowest; and each trouble that a line can have, alone.
func lines() []line {
	return []line{
		{name: "1-0.5", Line: access.Line{Down: 1, Up: 0.5, RTT: 60 * ms, Queue: 300 * ms}, call: "bad"},
		{name: "3-1", Line: access.Line{Down: 3, Up: 1, RTT: 60 * ms, Queue: 100 * ms}},
		{name: "10-2", Line: access.Line{Down: 10, Up: 2, RTT: 30 * ms, Queue: 200 * ms}},
		{name: "25-5", Line: access.Line{Down: 25, Up: 5, RTT: 40 * ms, Queue: 50 * ms}, call: "good"},
		{name: "25-5-jitter", Line: access.Line{Down: 25, Up: 5, RTT: 40 * ms, Queue: 100 * ms, Jitter: 4 * ms}},
		{name: "25-5-loss0.5", Line: access.Line{Down: 25, Up: 5, RTT: 40 * ms, Queue: 100 * ms, Loss: 0.5}},
		{name: "25-5-loss2", Line: access.Line{Down: 25, Up: 5, RTT: 40 * ms, Queue: 100 * ms, Loss: 2}},
		{name: "25-5-burst", Line: access.Line{Down: 25, Up: 5, RTT: 40 * ms, Queue: 100 * ms, Loss: 1, Burst: 5}},
		{name: "20-2-queue500", Line: access.Line{Down: 20, Up: 2, RTT: 40 * ms, Queue: 500 * ms}, call: "bad"},
		{name: "50-3-queue1000", Line: access.Line{Down: 50, Up: 3, RTT: 25 * ms, Queue: 1000 * ms}, call: "bad"},
		{name: "bloat", Line: access.Line{Down: 10, Up: 10, RTT: 20 * ms, Queue: 400 * ms}, call: "bad"},
		{name: "50-10-rtt250", Line: access.Line{Down: 50, Up: 10, RTT: 250 * ms, Queue: 250 * ms}},
		{name: "100-20", Line: access.Line{Down: 100, Up: 20, RTT: 20 * ms, Queue: 60 * ms}, call: "good"},
		{name: "100-20-rtt150", Line: access.Line{Down: 100, Up: 20, RTT: 150 * ms, Queue: 150 * ms}},
		{name: "100-20-loss0.5", Line: access.Line{Down: 100, Up: 20, RTT: 20 * ms, Queue: 60 * ms, Loss: 0.5}},
		{name: "300-50", Line: access.Line{Down: 300, Up: 50, RTT: 10 * ms, Queue: 50 * ms}, call: "good"},
		{name: "300-50-jitter", Line: access.Line{Down: 300, Up: 50, RTT: 15 * ms, Queue: 50 * ms, Jitter: 3 * ms}},
		{name: "500-500", Line: access.Line{Down: 500, Up: 500, RTT: 5 * ms, Queue: 50 * ms}, call: "good"},
		{name: "loopback", loopback: true},
	}
}

// payload is the share of a full TCP packet over IPv4 that is the user's: 1448 bytes of 1500, with timestamps (RFC 7323).
const payload = 1448.0 / 1500

// Truths of a line, for whoever measures it over TCP: bit/s. Known is false where loss or no limit decides the rate.
func (l line) download() (rate float64, known bool) {
	return l.Down * 1e6 * payload, l.Down > 0 && l.Loss == 0
}
func (l line) upload() (rate float64, known bool) {
	return l.Up * 1e6 * payload, l.Up > 0 && l.Loss == 0
}

func findLine(name string) (line, bool) {
	for _, l := range lines() {
		if l.name == name {
			return l, true
		}
	}
	return line{}, false
}
