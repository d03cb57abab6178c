package office

import "net"

// keepWhole lets no router cut the socket's packets into fragments (the DF bit of RFC 791; IPv6 routers never do).
func keepWhole(conn *net.UDPConn, four bool) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = wholeOption(fd, four) }); err != nil {
		return err
	}
	return failed
}
