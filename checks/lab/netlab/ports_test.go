//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestPortsAreTheOffices(t *testing.T) {
	const down, up = 0, 2
	s := Stats{UDP: Ports{}, RTP: Ports{}}
	count := func(pkt []byte, side int, fate Fate) {
		s.offered(0, pkt, side, fate, 0)
		if fate == Delivered {
			s.delivered(0, 0, pkt, side)
		}
	}
	count(ipv4(17, 3478, 50000), down, Delivered)
	count(ipv4(17, 3478, 50001), down, Lost)
	count(ipv6(17, 50000, 3478), up, Overflow)
	count(ipv4(17, 50000, 8440), up, Blocked)
	count(ipv4(6, 50000, 3478), up, Delivered) // TCP
	count(fragment(17), down, Delivered)
	count(nil, down, Delivered)
	want := Ports{
		3478: {OfferedPackets: 3, OfferedBytes: 104, DeliveredPackets: 1, DeliveredBytes: 28, LostPackets: 1, OverflowPackets: 1},
		8440: {OfferedPackets: 1, OfferedBytes: 28, BlockedPackets: 1},
		0:    {OfferedPackets: 1, OfferedBytes: 28, DeliveredPackets: 1, DeliveredBytes: 28},
	}
	if !reflect.DeepEqual(s.UDP, want) {
		b, _ := json.Marshal(s.UDP)
		t.Errorf("got %s", b)
	}
	if s.OfferedPackets != 7 || s.DeliveredPackets != 4 || s.LostPackets != 1 {
		t.Errorf("all together: %+v", s.Counts)
	}
	whole := s.snapshot()
	count(ipv4(17, 3478, 50000), down, Delivered)
	if !reflect.DeepEqual(whole.UDP, want) {
		t.Error("a snapshot goes on counting")
	}
}

// TestMediaIsRTP has the first bytes of what shares a port with RTP (RFC 7983, RFC 5761).
func TestMediaIsRTP(t *testing.T) {
	for _, tt := range []struct {
		name  string
		proto byte
		head  []byte
		media bool
	}{
		{"RTP, Opus", 17, []byte{0x80, 111}, true},
		{"RTP with extension and marker", 17, []byte{0x90, 0x80 | 111}, true},
		{"RTP, PCMU", 17, []byte{0x80, 0}, true},
		{"RTCP sender report", 17, []byte{0x80, 200}, false},
		{"RTCP feedback", 17, []byte{0x81, 205}, false},
		{"STUN", 17, []byte{0, 1}, false},
		{"DTLS", 17, []byte{22, 254}, false},
		{"TURN channel", 17, []byte{64, 0}, false},
		{"another's", 17, []byte{200, 0}, false},
		{"too short", 17, []byte{0x80}, false},
		{"TCP", 6, []byte{0x80, 111}, false},
	} {
		for _, pkt := range [][]byte{append(ipv4(tt.proto, 50000, 8440), tt.head...), append(ipv6(tt.proto, 50000, 8440), tt.head...)} {
			p := Ports{}
			if got := p.media(pkt, 2) != nil; got != tt.media || tt.media && p[8440] == nil {
				t.Errorf("%s: media %v, want %v", tt.name, got, tt.media)
			}
		}
	}
}

// TestPortsAreBounded scans every port: the first 64 keep their own count, the rest share one, none is forgotten.
func TestPortsAreBounded(t *testing.T) {
	p := Ports{}
	for port := range 1 << 16 {
		p.of(ipv4(17, 9, uint16(port)), 2).offered(28, Delivered)
	}
	var sum int64
	for _, c := range p {
		sum += c.OfferedPackets
	}
	if len(p) > maxPorts+1 || sum != 1<<16 || p[5].OfferedPackets != 1 {
		t.Errorf("%d ports hold %d packets", len(p), sum)
	}
}

func TestStatsFileHasOneShape(t *testing.T) {
	r := Report{Down: (&Stats{UDP: Ports{53: {OfferedPackets: 2}}}).snapshot(), Up: (&Stats{}).snapshot()}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"udp":{"53":{"offered_packets":2,`, `"udp":{},"rtp":{}`, `"offered_packets":0,"offered_bytes":0,`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
}

func TestObey(t *testing.T) {
	var out bytes.Buffer
	n := 0
	obey(strings.NewReader("\n\nreport"), &out, func() error {
		if n++; n == 2 {
			return errors.New("disk full")
		}
		return nil
	})
	if got := out.String(); got != "written\ndisk full\nwritten\n" {
		t.Errorf("answered %q", got)
	}
	if err := (&Report{}).write(""); err == nil {
		t.Error("wrote to no file")
	}
	if err := (&Report{}).write(filepath.Join(t.TempDir(), "no", "such")); err == nil {
		t.Error("wrote to a folder that is not there")
	}
}
