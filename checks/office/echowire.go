package office

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"strings"
	"time"
)

// The UDP echo's packets, big endian. Both end with the first half of an HMAC-SHA256 (RFC 2104) over all before it,
// under a key that follows from the ticket: the ticket itself is not sent, so whoever reads along can neither use it
// elsewhere nor make a packet of his own. The office needs no table to know a ticket, for what it claims comes along.
//
//	          request                                answer
//	0         'e'                                    'e'
//	1         version<<4 | flags                     the same, and flagAnswer
//	2         length of the claims, 1 byte; 0        for how long the ticket still is good, s (2 bytes)
//	4         stream: random, one for each sender    the same
//	8         sequence number, from 0                the same
//	12        claims: the token without its MAC      when it was received, µs of the office's own clock (8 bytes)
//	20                                               for how long it was held there, µs (4 bytes)
//	24                                               how many different ones of the stream have come (4 bytes)
//	28                                               which of the last 64, bit 0 this one, bit 1 the one before (8 bytes)
//	          padding                                padding
//	-16       MAC                                    MAC
//
// An answer is never longer than its request (an office end that amplifies would be a weapon), and there is at most one
// for each.
const (
	echoVersion = 1
	flagAnswer  = 1
	flagBrief   = 2 // the answer is to be as short as can be
	flagBusy    = 4 // of an answer: the office itself has lately dropped packets
	flagNone    = 8 // not in use

	atFlags  = 1
	atClaims = 2 // of a request
	atLeft   = 2 // of an answer
	atStream = 4
	atSeq    = 8
	atBody   = 12 // of a request
	atTime   = 12
	atHeld   = 20
	atCount  = 24
	atMask   = 28
	atEnd    = 36

	tagSize   = 16
	minProbe  = atEnd + tagSize
	maxProbe  = 1500
	maxClaims = tokenHead + maxRun
)

// sealProbe writes the MAC over all but the last bytes of b into those. sum is scratch space.
func sealProbe(key hash.Hash, b []byte, sum *[sha256.Size]byte) {
	key.Reset()
	key.Write(b[:len(b)-tagSize])
	copy(b[len(b)-tagSize:], key.Sum(sum[:0]))
}

func openProbe(key hash.Hash, b []byte, sum *[sha256.Size]byte) bool {
	key.Reset()
	key.Write(b[:len(b)-tagSize])
	return hmac.Equal(b[len(b)-tagSize:], key.Sum(sum[:0])[:tagSize])
}

// echoKey follows from the MAC of a token, which only its two holders know.
func echoKey(mac []byte) hash.Hash {
	h := hmac.New(sha256.New, mac)
	h.Write([]byte("deskready echo\x00"))
	return hmac.New(sha256.New, h.Sum(nil))
}

// parts are the claims of a token and the MAC over them, unchecked: for its holder, who cannot check it.
func parts(token string) (claims, mac []byte, ok bool) {
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return nil, nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < tokenHead+sha256.Size || len(b) > maxClaims+sha256.Size {
		return nil, nil, false
	}
	return b[:len(b)-sha256.Size], b[len(b)-sha256.Size:], true
}

// isProbe says whether b has the shape of a packet of this version, an answer or a request.
func isProbe(b []byte, answer bool) bool {
	if len(b) < minProbe || len(b) > maxProbe || b[0] != probeFirst || b[atFlags]>>4 != echoVersion || b[atFlags]&flagNone != 0 {
		return false
	}
	if answer {
		return b[atFlags]&flagAnswer != 0
	}
	return b[atFlags]&(flagAnswer|flagBusy) == 0 && b[atClaims+1] == 0
}

// claimed is the claims in a request.
func claimed(b []byte) ([]byte, bool) {
	n := int(b[atClaims])
	if n < tokenHead || n > maxClaims || atBody+n+tagSize > len(b) {
		return nil, false
	}
	return b[atBody : atBody+n], true
}

// probeSize is the least length of a request with these claims.
func probeSize(claims []byte) int { return max(minProbe, atBody+len(claims)+tagSize) }

// putRequest fills all of b but the MAC and the padding.
func putRequest(b, claims []byte, stream uint32, seq uint32, flags byte) {
	b[0], b[atFlags], b[atClaims], b[atClaims+1] = probeFirst, echoVersion<<4|flags, byte(len(claims)), 0
	binary.BigEndian.PutUint32(b[atStream:], stream)
	binary.BigEndian.PutUint32(b[atSeq:], seq)
	copy(b[atBody:], claims)
}

// echoed is what an answer says.
type echoed struct {
	stream, seq uint32
	at, held    time.Duration
	count       uint32
	mask        uint64
	left        time.Duration // of the ticket's life
	busy        bool
}

// putAnswer turns a request into its answer, in place, but for the MAC.
func putAnswer(b []byte, e echoed) []byte {
	if b[atFlags]&flagBrief != 0 {
		b = b[:minProbe]
	}
	b[atFlags] |= flagAnswer
	if e.busy {
		b[atFlags] |= flagBusy
	}
	binary.BigEndian.PutUint16(b[atLeft:], uint16(min(max(e.left/time.Second, 0), 1<<16-1)))
	binary.BigEndian.PutUint64(b[atTime:], uint64(e.at.Microseconds()))
	binary.BigEndian.PutUint32(b[atHeld:], uint32(min(max(e.held.Microseconds(), 0), 1<<31)))
	binary.BigEndian.PutUint32(b[atCount:], e.count)
	binary.BigEndian.PutUint64(b[atMask:], e.mask)
	return b
}

// readAnswer reads what openProbe has found good.
func readAnswer(b []byte) echoed {
	return echoed{
		stream: binary.BigEndian.Uint32(b[atStream:]),
		seq:    binary.BigEndian.Uint32(b[atSeq:]),
		at:     time.Duration(binary.BigEndian.Uint64(b[atTime:])&(1<<53-1)) * time.Microsecond,
		held:   time.Duration(binary.BigEndian.Uint32(b[atHeld:])) * time.Microsecond,
		count:  binary.BigEndian.Uint32(b[atCount:]),
		mask:   binary.BigEndian.Uint64(b[atMask:]),
		left:   time.Duration(binary.BigEndian.Uint16(b[atLeft:])) * time.Second,
		busy:   b[atFlags]&flagBusy != 0,
	}
}
