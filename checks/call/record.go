package call

import "time"

// A packet is what one end knows of one numbered packet of the other: what the sender wrote into it and when it came. The two
// clocks need not agree: only differences along one clock mean anything.
type packet struct {
	seq     uint32        // from 0 in each phase, without gaps at the sender
	sent    time.Duration // on the sender's clock
	got     time.Duration // on the receiver's clock
	arrived bool          // always true for those in a stretch
	late    time.Duration // how late an end was itself: the sender's actual minus due, or the receiver's stall when the packet came
}

// A stretch is one direction of the call over one phase of it.
type stretch struct {
	phase   string    // "idle", "download" or "upload"
	sent    uint32    // how many packets the far end says it sent in this phase: those are seq 0 to sent-1
	packets []packet  // in order of arrival, duplicates included
	rtts    []float64 // s, by echoed packets and less the time the far end held them
}
