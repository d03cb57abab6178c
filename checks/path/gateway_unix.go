//go:build linux || darwin

package path

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/icmp"
	echo4 "golang.org/x/net/ipv4"
	echo6 "golang.org/x/net/ipv6"
)

func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// echo sends one ICMP echo request through a datagram socket, which needs no rights on macOS, and on Linux where
// net.ipv4.ping_group_range admits the user.
func echo(ctx context.Context, to netip.Addr) (time.Duration, error) {
	network, own, protocol, request, reply := "udp4", "0.0.0.0", 1, icmp.Type(echo4.ICMPTypeEcho), icmp.Type(echo4.ICMPTypeEchoReply)
	if to.Is6() {
		network, own, protocol, request, reply = "udp6", "::", 58, echo6.ICMPTypeEchoRequest, echo6.ICMPTypeEchoReply
	}
	conn, err := icmp.ListenPacket(network, own)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return 0, err
		}
	}
	token := make([]byte, 16) // macOS may hand over others' replies
	rand.Read(token)
	message, err := (&icmp.Message{Type: request, Body: &icmp.Echo{ID: int(token[0]), Seq: 1, Data: token}}).Marshal(nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if _, err := conn.WriteTo(message, &net.UDPAddr{IP: to.AsSlice(), Zone: to.Zone()}); err != nil {
		return 0, err
	}
	return replied(conn, protocol, reply, token, began)
}

// replied waits for the reply that carries the token.
func replied(conn *icmp.PacketConn, protocol int, reply icmp.Type, token []byte, began time.Time) (time.Duration, error) {
	packet := make([]byte, 1500)
	for {
		n, _, err := conn.ReadFrom(packet)
		took := time.Since(began)
		if err != nil {
			return 0, err
		}
		got, err := icmp.ParseMessage(protocol, packet[:n])
		if err != nil || got.Type != reply {
			continue
		}
		if answer, ok := got.Body.(*icmp.Echo); ok && bytes.Equal(answer.Data, token) {
			return took, nil
		}
	}
}
