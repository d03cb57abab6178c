package call

import "time"

// A packet is what one end knows of one numbered packet of the other: what the sender wrote into it and when it came. The two
// clocks need not agree: only differences along one clock mean anything.
type packet struct {
	seq     uint32
	sent    time.Duration // on the sender's clock
	got     time.Duration // on the receiver's clock
	arrived bool          // always true for those in a stretch
	late    time.Duration // how late the sender was itself: actual sending minus due
}

// A stretch is one direction of the call over one phase of it. Each phase is numbered from 0, without gaps at the sender.
type stretch struct {
	phase   string    // "idle", "download" or "upload"
	first   uint32    // the number of the first packet: the last is first+sent-1, and numbers may wrap
	sent    uint32    // how many packets the far end says it sent in this phase
	packets []packet  // in order of arrival, duplicates included
	rtts    []float64 // s, by echoed packets and less the time the far end held them; wanted for both directions
	stalls  []span    // when the receiver itself stood still, on its own clock: what came meanwhile is not charged to the line
}

// A span is a while on one clock. A stall is one when a receiver's own ticks, due every 10 ms or oftener, were 20 ms apart or
// more (one packet): shorter ones cannot move the figures.
type span struct{ from, to time.Duration }
