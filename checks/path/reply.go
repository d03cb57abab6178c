package path

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What the office end says, each under its own address.
type (
	aboutReply struct {
		Version   int    `json:"version"`
		Alternate int    `json:"alternate,omitzero"` // second UDP port for STUN
		Plain     int    `json:"plain,omitzero"`     // TCP port without TLS
		IPv6      string `json:"ipv6,omitzero"`      // address and port
	}
	clockReply struct {
		Version int   `json:"version"`
		Got     int64 `json:"got"`  // when the request came, nanoseconds since 1970
		Sent    int64 `json:"sent"` // when this was written
	}
	bindingReply struct {
		Version int    `json:"version"`
		Binding string `json:"binding,omitzero"` // base64; empty where this end speaks no TLS
	}
	ispReply struct {
		Version int    `json:"version"`
		ISP     string `json:"isp,omitzero"`
	}
)

const (
	version      = 1
	maxReply     = 4 << 10
	exporterSize = 32
)

var errReply = errors.New("the office's reply makes no sense")

// parse reads a reply strictly: what is not known is not guessed at.
func parse[T any](data []byte) (T, error) {
	var v T
	if len(data) > maxReply {
		return v, errReply
	}
	err := json.Unmarshal(data, &v, json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(false))
	if err != nil {
		return v, fmt.Errorf("%w: %w", errReply, err)
	}
	return v, nil
}

// about is what the office says of itself.
type about struct {
	alternate, plain int
	ipv6             netip.AddrPort
}

func parseAbout(data []byte) (about, error) {
	r, err := parse[aboutReply](data)
	if err != nil {
		return about{}, err
	}
	isPort := func(n int) bool { return n >= 0 && n <= 65535 }
	if r.Version != version || !isPort(r.Alternate) || !isPort(r.Plain) {
		return about{}, errReply
	}
	a := about{alternate: r.Alternate, plain: r.Plain}
	if r.IPv6 == "" {
		return a, nil
	}
	at, err := netip.ParseAddrPort(r.IPv6)
	if err != nil || !at.Addr().Is6() || at.Addr().Is4In6() || at.Addr().Zone() != "" || at.Addr().IsMulticast() || at.Port() == 0 {
		return about{}, errReply
	}
	a.ipv6 = at
	return a, nil
}

func parseClock(data []byte) (got, sent time.Time, err error) {
	r, err := parse[clockReply](data)
	if err != nil {
		return got, sent, err
	}
	const century = int64(100 * 365 * 24 * time.Hour)
	if r.Version != version || r.Got <= 0 || r.Got > century || r.Sent < r.Got || r.Sent-r.Got > int64(time.Minute) {
		return got, sent, errReply
	}
	return time.Unix(0, r.Got), time.Unix(0, r.Sent), nil
}

// parseBinding gives nothing where the office speaks no TLS itself.
func parseBinding(data []byte) ([]byte, error) {
	r, err := parse[bindingReply](data)
	if err != nil || r.Binding == "" && r.Version == version {
		return nil, err
	}
	value, err := base64.StdEncoding.Strict().DecodeString(r.Binding)
	if err != nil || len(value) != exporterSize || r.Version != version {
		return nil, errReply
	}
	return value, nil
}

// parseISP gives an empty name where the office knows none.
func parseISP(data []byte) (string, error) {
	r, err := parse[ispReply](data)
	if err != nil || r.ISP == "" && r.Version == version {
		return "", err
	}
	if r.Version != version || registrable(r.ISP) != r.ISP {
		return "", errReply
	}
	return r.ISP, nil
}
