//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Firewall is a list of what to drop without a word, in both directions.
type Firewall []Rule

// Rule matches a protocol, and if Port is not 0 only packets from or to that port.
type Rule struct {
	Proto byte
	Port  uint16
}

// protocols are the numbers (IANA) that go by a name: ICMP has another in IPv6.
func protocols(name string) []byte {
	switch name {
	case "tcp":
		return []byte{6}
	case "udp":
		return []byte{17}
	case "icmp":
		return []byte{1, 58}
	}
	return nil
}

// ParseFirewall reads a list such as "udp,tcp/8080".
func ParseFirewall(list string) (Firewall, error) {
	var fw Firewall
	for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		name, port, hasPort := strings.Cut(item, "/")
		numbers := protocols(name)
		if numbers == nil {
			return nil, fmt.Errorf("%q: want tcp, udp or icmp, perhaps with /PORT", item)
		}
		n, err := uint64(0), error(nil)
		if hasPort {
			if n, err = strconv.ParseUint(port, 10, 16); err != nil || n == 0 || name == "icmp" {
				return nil, fmt.Errorf("%q: bad port", item)
			}
		}
		for _, number := range numbers {
			fw = append(fw, Rule{number, uint16(n)})
		}
	}
	return fw, nil
}

// Blocks says whether a rule matches the IP packet.
func (fw Firewall) Blocks(pkt []byte) bool {
	if len(fw) == 0 {
		return false
	}
	proto, head, ok := transport(pkt)
	if !ok {
		return false
	}
	for _, r := range fw {
		if r.Proto != proto {
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

// transport finds the protocol of an IP packet and the start of its header.
func transport(pkt []byte) (proto byte, head []byte, ok bool) {
	switch {
	case len(pkt) >= 20 && pkt[0]>>4 == 4:
		n := int(pkt[0]&15) * 4
		if n < 20 || n > len(pkt) {
			return 0, nil, false
		}
		return pkt[9], pkt[n:], true
	case len(pkt) >= 40 && pkt[0]>>4 == 6:
		return pkt[6], pkt[40:], true
	}
	return 0, nil, false
}
