package path

import (
	"net"
	"net/netip"
	"testing"
)

// TestAlternateAnswersFromWhereItWasAsked: a socket that listens on all addresses answers from the one that was asked.
func TestAlternateAnswersFromWhereItWasAsked(t *testing.T) {
	conn, err := net.ListenUDP("udp", nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- ServeAlternate(conn) }()
	at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), uint16(conn.LocalAddr().(*net.UDPAddr).Port))
	if m, err := seenBy(t.Context(), netip.AddrPort{}, at); err != nil || m.mapped != m.local {
		t.Errorf("%+v, %v", m, err)
	}
	conn.Close()
	if err := <-done; err != nil {
		t.Errorf("at the end: %v", err)
	}
}
