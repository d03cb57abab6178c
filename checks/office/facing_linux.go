package office

import (
	"encoding/binary"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// facingSpace holds the one control message that is asked for: in6_pktinfo is the longer one, of 20 bytes.
const facingSpace = 64

// askFacing has the system tell with each packet which of this computer's addresses it was sent to: ip(7), ipv6(7).
func askFacing(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var six, four error
	err = raw.Control(func(fd uintptr) {
		six = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		if six != nil { // no IPv6 socket
			four = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		}
	})
	if err != nil {
		return err
	}
	return four
}

// facing turns what came with a packet, in place, into what its answer is to be sent with: the same address as source,
// and any interface, but for addresses that mean something on one interface only. Nil if it says nothing of use.
func facing(control []byte) []byte {
	if len(control) < unix.SizeofCmsghdr {
		return nil
	}
	head, data, _, err := unix.ParseOneSocketControlMessage(control)
	if err != nil {
		return nil
	}
	switch {
	case head.Level == unix.IPPROTO_IPV6 && head.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
		to := netip.AddrFrom16([16]byte(data[:16])).Unmap()
		if to.IsMulticast() || to.IsUnspecified() {
			return nil
		}
		if !to.IsLinkLocalUnicast() || to.Is4() {
			binary.NativeEndian.PutUint32(data[16:], 0)
		}
	case head.Level == unix.IPPROTO_IP && head.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
		binary.NativeEndian.PutUint32(data, 0) // ipi_spec_dst, which follows, is already the address to answer from
	default:
		return nil
	}
	return control
}
