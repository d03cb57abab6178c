package access

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Truth is what really went over a line. Bytes are whole IP packets.
type Truth struct {
	Start    time.Time `json:"start"`
	Seconds  float64   `json:"seconds"`
	SlotMS   int64     `json:"slot_ms"`
	Down, Up Traffic
}

// Traffic is what one direction did.
type Traffic struct {
	Counts
	UDP       map[uint16]Counts `json:"udp"`         // by the port at the office's end; under 0 later fragments, and all beyond 64 ports
	RTP       map[uint16]Counts `json:"rtp"`         // the same of packets that carry RTP alone
	LateP99US float64           `json:"late_p99_us"` // how late the lab itself was: the machine was too busy if this is not small
	Mbps      []float64         `json:"mbps"`        // delivered, in each slot since Start
	QueueMS   []float64         `json:"queue_ms"`    // longest wait for the bottleneck, in each slot
}

// Counts is what became of packets that one end sent.
type Counts struct {
	OfferedPackets   int64 `json:"offered_packets"`
	OfferedBytes     int64 `json:"offered_bytes"`
	DeliveredPackets int64 `json:"delivered_packets"`
	DeliveredBytes   int64 `json:"delivered_bytes"`
	LostPackets      int64 `json:"lost_packets"`     // by chance
	OverflowPackets  int64 `json:"overflow_packets"` // the queue was full
	BlockedPackets   int64 `json:"blocked_packets"`
}

// Missed is how many of the packets did not come out at the far end, whatever the reason, those still under way apart.
func (c Counts) Missed() int64 { return c.LostPackets + c.OverflowPackets + c.BlockedPackets }

// Since is what was counted after the earlier count.
func (c Counts) Since(before Counts) Counts {
	return Counts{
		c.OfferedPackets - before.OfferedPackets, c.OfferedBytes - before.OfferedBytes,
		c.DeliveredPackets - before.DeliveredPackets, c.DeliveredBytes - before.DeliveredBytes,
		c.LostPackets - before.LostPackets, c.OverflowPackets - before.OverflowPackets, c.BlockedPackets - before.BlockedPackets,
	}
}

// Now tells what went over the line until now, and leaves it up. It must not be called twice at once.
func (n *Network) Now() (Truth, error) {
	if _, err := fmt.Fprintln(n.ask); err != nil {
		return Truth{}, fmt.Errorf("ask netlab: %w", err)
	}
	if !n.answers.Scan() || n.answers.Text() != "written" {
		return Truth{}, fmt.Errorf("netlab answered %q: %w", n.answers.Text(), n.answers.Err())
	}
	return n.read()
}

// Close takes the line down and tells what went over it. Whatever still runs at its ends is killed.
func (n *Network) Close() (Truth, error) {
	if err := n.stop(); err != nil {
		return Truth{}, err
	}
	return n.read()
}

func (n *Network) read() (truth Truth, err error) {
	b, err := os.ReadFile(n.stats)
	if err == nil {
		err = json.Unmarshal(b, &truth)
	}
	if err != nil {
		return Truth{}, fmt.Errorf("truth of the line: %w", err)
	}
	return truth, nil
}
