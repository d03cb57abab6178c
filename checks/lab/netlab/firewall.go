//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Firewall drops without a word, in both directions: what Block matches, and where Allow is not empty all that it does
// not match.
type Firewall struct{ Block, Allow []Rule }

// Rule matches packets by what is not 0 in it: IP version, protocol (IANA's number), and one port, from or to.
type Rule struct {
	Version, Proto byte
	Port           uint16
}

// named are the rules that go by a name: ICMP has another number in IPv6.
func named(name string) []Rule {
	switch name {
	case "tcp":
		return []Rule{{Proto: 6}}
	case "udp":
		return []Rule{{Proto: protoUDP}}
	case "icmp":
		return []Rule{{Proto: 1}, {Proto: 58}}
	case "ip4":
		return []Rule{{Version: 4}}
	case "ip6":
		return []Rule{{Version: 6}}
	}
	return nil
}

const protoUDP = 17

// ParseRules reads a list such as "udp,tcp/8080,ip6".
func ParseRules(list string) ([]Rule, error) {
	var all []Rule
	for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		name, port, hasPort := strings.Cut(item, "/")
		rules := named(name)
		if rules == nil {
			return nil, fmt.Errorf("%q: want tcp, udp, icmp, ip4 or ip6, tcp and udp perhaps with /PORT", item)
		}
		if hasPort {
			n, err := strconv.ParseUint(port, 10, 16)
			if err != nil || n == 0 || name != "tcp" && name != "udp" {
				return nil, fmt.Errorf("%q: bad port", item)
			}
			rules[0].Port = uint16(n)
		}
		all = append(all, rules...)
	}
	return all, nil
}

// Drops says whether the IP packet does not get through.
func (fw Firewall) Drops(pkt []byte) bool {
	return match(fw.Block, pkt) || len(fw.Allow) > 0 && !match(fw.Allow, pkt)
}

// match says whether a rule matches the IP packet.
func match(rules []Rule, pkt []byte) bool {
	if len(rules) == 0 {
		return false
	}
	proto, head, ok := transport(pkt)
	if !ok {
		return false
	}
	for _, r := range rules {
		if r.Version != 0 && r.Version != pkt[0]>>4 || r.Proto != 0 && r.Proto != proto {
			continue
		}
		if r.Port == 0 {
			return true
		}
		if len(head) >= 4 && (binary.BigEndian.Uint16(head) == r.Port || binary.BigEndian.Uint16(head[2:]) == r.Port) {
			return true
		}
	}
	return false
}

// transport finds the protocol of an IP packet and the start of its header, which a later fragment does not have.
func transport(pkt []byte) (proto byte, head []byte, ok bool) {
	switch {
	case len(pkt) >= 20 && pkt[0]>>4 == 4:
		n := int(pkt[0]&15) * 4
		if n < 20 || n > len(pkt) {
			return 0, nil, false
		}
		if binary.BigEndian.Uint16(pkt[6:])&0x1fff != 0 { // fragment offset
			return pkt[9], nil, true
		}
		return pkt[9], pkt[n:], true
	case len(pkt) >= 40 && pkt[0]>>4 == 6:
		return pkt[6], pkt[40:], true
	}
	return 0, nil, false
}
