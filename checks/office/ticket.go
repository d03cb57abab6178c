// Package office holds what the office ends of measurements share: the ticket that lets a run use them, the proof that
// an answer is the office's own, and the guarded way there. An office end is the collector's half of a measurement.
package office

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Ticket lets one run use the office ends.
type Ticket struct {
	Base  string // where the office is: https://host:port
	Token string // what Secret.Issue gave
	// Media is where the office takes UDP and TURN: host:port. Empty: it takes none (it stands behind an HTTP proxy).
	Media string
}

// At is the address of something under the ticket, such as "speedtest/upload.php".
func (t Ticket) At(path string) string {
	return strings.TrimSuffix(t.Base, "/") + "/s/" + t.Token + "/" + path
}

// Caps bound what one ticket may use, over all its sessions.
type Caps struct {
	Bytes   int64 // both ways together
	Seconds int   // of occupying an office end that serves one run at a time
}

// DefaultCaps are enough for three attempts at a line, each of which may take every direction twice where the hire's
// computer was busy: 60 MB, twice each way, and as much as 2 MB over that on each of the connections that were under way.
// An attempt occupies an office end that serves one at a time for 60 s at most, and may be broken off and begun again.
func DefaultCaps() Caps { return Caps{Bytes: 900 << 20, Seconds: 300} }

// Claims are what a good token says.
type Claims struct {
	Run   string
	Until time.Time
	Caps  Caps
	ID    string // names the ticket in tables and logs; cannot be turned back into it
}

// Why a token is refused.
var (
	ErrForged  = errors.New("ticket is not one of ours")
	ErrExpired = errors.New("ticket has expired")
)

// A Secret issues tickets and checks them. It never leaves the collector.
type Secret []byte

const (
	secretSize   = 32
	maxRun       = 64
	maxToken     = 256
	tokenVersion = 1
	tokenHead    = 1 + 8 + 8 + 4 // version, until, bytes, seconds
)

// Issue makes a token for one run (at most 64 bytes of name): version, expiry, caps and run under an HMAC-SHA256
// (RFC 2104), in URL-safe base64. A secret that is too short issues tokens that Check refuses.
func (s Secret) Issue(run string, until time.Time, caps Caps) string {
	b := []byte{tokenVersion}
	b = binary.BigEndian.AppendUint64(b, uint64(until.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(caps.Bytes))
	b = binary.BigEndian.AppendUint32(b, uint32(caps.Seconds))
	b = append(b, run[:min(len(run), maxRun)]...)
	return base64.RawURLEncoding.EncodeToString(append(b, s.mac(b)...))
}

// Check reads a token; only ErrForged and ErrExpired come back. The claims of an expired token are given too.
func (s Secret) Check(token string, now time.Time) (Claims, error) {
	if len(s) < secretSize || len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // base64 skips line ends
		return Claims{}, ErrForged
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < tokenHead+sha256.Size {
		return Claims{}, ErrForged
	}
	body, mac := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if !hmac.Equal(mac, s.mac(body)) || body[0] != tokenVersion {
		return Claims{}, ErrForged
	}
	c := claims(body, mac)
	if !now.Before(c.Until) {
		return c, ErrExpired
	}
	return c, nil
}

// claims reads the part of a good token before its MAC.
func claims(body, mac []byte) Claims {
	id := sha256.Sum256(mac)
	return Claims{
		Run:   string(body[tokenHead:]),
		Until: time.Unix(int64(binary.BigEndian.Uint64(body[1:])), 0),
		Caps: Caps{
			Bytes:   int64(binary.BigEndian.Uint64(body[9:])),
			Seconds: int(int32(binary.BigEndian.Uint32(body[17:]))),
		},
		ID: hex.EncodeToString(id[:12]),
	}
}

func (s Secret) mac(body []byte) []byte {
	h := hmac.New(sha256.New, s)
	fmt.Fprint(h, "deskready ticket\x00")
	h.Write(body)
	return h.Sum(nil)
}
