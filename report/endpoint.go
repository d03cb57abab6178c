package report

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
)

// An Endpoint is a place that a job's programs must reach from the hire's line.
type Endpoint struct {
	Profile string `json:"profile,omitzero"` // whose: a profile's name; empty for one that the policy names itself
	Host    string `json:"host"`
	Port    int    `json:"port"`
	Proto   string `json:"proto"`           // one of Protos
	Region  string `json:"region,omitzero"` // of several, the nearest serves
}

// mostEndpoints bounds what a policy asks a hire's line to try.
const mostEndpoints = 64

// Protos are the ways to try an endpoint: whether TCP connects, whether TLS is agreed on, whether HTTP over TLS answers,
// whether a STUN binding request (RFC 8489) is answered, whether anything comes back over UDP.
func Protos() []string { return []string{"tcp", "tls", "https", "stun", "udp"} }

// hostForm is a host name (RFC 1123, section 2.1, with the underscore that some names have), not a pattern of some.
var hostForm = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$`)

func (e Endpoint) sane() error {
	_, err := netip.ParseAddr(e.Host)
	switch {
	case e.Host == "":
		return errors.New("an endpoint names its host")
	case err != nil && (len(e.Host) > 253 || !hostForm.MatchString(e.Host)):
		return fmt.Errorf("%q is no host that can be tried: name one host, such as turn.example.com, or one address", e.Host)
	case e.Port < 1 || e.Port > 65535:
		return fmt.Errorf("%s: the port is from 1 to 65535", e.Host)
	case !slices.Contains(Protos(), e.Proto):
		return fmt.Errorf("%s: %q is no way to try it; they are %v", e.Host, e.Proto, Protos())
	}
	return nil
}

func saneEndpoints(list []Endpoint) error {
	if len(list) > mostEndpoints {
		return fmt.Errorf("%d endpoints, %d allowed", len(list), mostEndpoints)
	}
	for _, e := range list {
		if err := e.sane(); err != nil {
			return err
		}
	}
	return nil
}
