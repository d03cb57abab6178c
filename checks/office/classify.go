package office

import (
	"bytes"
	"encoding/binary"
)

// A Kind is whom a packet on the shared UDP port is for.
type Kind uint8

// The kinds of packets.
const (
	Probes Kind = iota // the UDP echo, see Echo
	Relay              // STUN requests that are no ICE checks, TURN, and TURN's ChannelData
	Media              // ICE checks and their answers, DTLS, SRTP and SRTCP
	kinds
	nobody = kinds // dropped
)

// First bytes of packets, as RFC 7983 shares them out.
const (
	stunLast     = 3
	dtlsFirst    = 20
	dtlsLast     = 63
	channelFirst = 64
	channelLast  = 79
	probeFirst   = 'e' // of the range that RFC 9443 gives to QUIC's short header; nothing here speaks QUIC
	rtpFirst     = 128
	rtpLast      = 191
)

// STUN (RFC 8489, section 5) and the methods of TURN (RFC 8656, section 17).
const (
	stunHead     = 20
	stunCookie   = 0x2112A442
	stunUsername = 0x0006

	methodBinding      = 0x001
	methodAllocate     = 0x003
	methodRefresh      = 0x004
	methodSend         = 0x006
	methodChannelBind  = 0x009
	methodConnect      = 0x00a // RFC 6062, and the two that follow
	methodConnectTried = 0x00c
)

// classify says whom a packet is for: by its first byte, and STUN by method, class and user name, because ICE, TURN
// and plain STUN share it.
func classify(b []byte) Kind {
	if len(b) == 0 {
		return nobody
	}
	switch first := b[0]; {
	case first <= stunLast:
		return classifySTUN(b)
	case first == probeFirst:
		return Probes
	case first >= dtlsFirst && first <= dtlsLast, first >= rtpFirst && first <= rtpLast:
		return Media
	case first >= channelFirst && first <= channelLast:
		return Relay
	}
	return nobody
}

// classifySTUN goes by the method first: what only TURN has is the relay's. Of bindings, those of ICE carry the user
// name "theirs:ours" (RFC 8445, section 7.2.2); answers and indications can only be ICE's, because nobody else here
// asks, and keeps alive, by STUN (RFC 8445, section 11).
func classifySTUN(b []byte) Kind {
	if len(b) < stunHead || binary.BigEndian.Uint32(b[4:]) != stunCookie ||
		int(binary.BigEndian.Uint16(b[2:]))+stunHead != len(b) || len(b)%4 != 0 {
		return nobody
	}
	kind := binary.BigEndian.Uint16(b)
	method := kind&0x000f | kind&0x00e0>>1 | kind&0x3e00>>2
	request := kind&0x0110 == 0
	switch {
	case method == methodBinding && !request:
		return Media
	case method == methodBinding && bytes.IndexByte(username(b[stunHead:]), ':') >= 0:
		return Media
	case method == methodBinding,
		method == methodAllocate, method == methodRefresh,
		method >= methodSend && method <= methodChannelBind,
		method >= methodConnect && method <= methodConnectTried:
		return Relay
	}
	return nobody
}

// username finds USERNAME among the attributes of a STUN message, each padded to four bytes (RFC 8489, section 14).
func username(b []byte) []byte {
	for len(b) >= 4 {
		kind, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if b = b[4:]; size > len(b) {
			return nil
		}
		if kind == stunUsername {
			return b[:size]
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return nil
}
