//go:build linux

package main

import "encoding/binary"

// Counts is what became of packets. Bytes are whole IP packets.
type Counts struct {
	OfferedPackets   int64 `json:"offered_packets"`
	OfferedBytes     int64 `json:"offered_bytes"`
	DeliveredPackets int64 `json:"delivered_packets"`
	DeliveredBytes   int64 `json:"delivered_bytes"`
	LostPackets      int64 `json:"lost_packets"`     // by chance
	OverflowPackets  int64 `json:"overflow_packets"` // the queue was full
	BlockedPackets   int64 `json:"blocked_packets"`  // by the firewall
}

func (c *Counts) offered(size int, fate Fate) {
	if c == nil { // not of the kind that is counted
		return
	}
	c.OfferedPackets++
	c.OfferedBytes += int64(size)
	switch fate {
	case Lost:
		c.LostPackets++
	case Overflow:
		c.OverflowPackets++
	case Blocked:
		c.BlockedPackets++
	}
}

func (c *Counts) delivered(size int) {
	if c == nil {
		return
	}
	c.DeliveredPackets++
	c.DeliveredBytes += int64(size)
}

// maxPorts bounds how many UDP ports are told apart: a scan of all ports must not fill the memory.
const maxPorts = 64

// Ports counts UDP by the port at the office's end, whatever ports the hire's end has. Port 0 stands for what has no
// port of its own: later fragments, and every port beyond the first 64.
type Ports map[uint16]*Counts

// of is the entry of an IP packet; nil if it is not UDP. side is where the office's port stands in the header: 0 for
// packets from the office, 2 for packets to it.
func (p Ports) of(pkt []byte, side int) *Counts {
	proto, head, ok := transport(pkt)
	if !ok || proto != protoUDP {
		return nil
	}
	return p.at(head, side)
}

// media is of for RTP alone, as RFC 7983 and RFC 5761 tell it from STUN, DTLS, TURN and RTCP: encrypted or not, the
// first bytes of its header stay readable. What a TURN server relays is none.
func (p Ports) media(pkt []byte, side int) *Counts {
	const udpHeader = 8
	proto, head, ok := transport(pkt)
	if !ok || proto != protoUDP || len(head) < udpHeader+2 {
		return nil
	}
	first, kind := head[udpHeader], head[udpHeader+1]
	if first < 128 || first > 191 || kind >= 192 && kind <= 223 {
		return nil
	}
	return p.at(head, side)
}

// at is the entry of what has this UDP header.
func (p Ports) at(head []byte, side int) *Counts {
	var port uint16
	if len(head) >= 4 {
		port = binary.BigEndian.Uint16(head[side:])
	}
	c := p[port]
	if c == nil && len(p) >= maxPorts {
		port = 0
		c = p[port]
	}
	if c == nil {
		c = new(Counts)
		p[port] = c
	}
	return c
}

func (p Ports) clone() Ports {
	q := Ports{}
	for port, counts := range p {
		of := *counts
		q[port] = &of
	}
	return q
}
