package office

import "golang.org/x/sys/unix"

// wholeOption sets "do not fragment", which macOS has for UDP since version 11.
func wholeOption(fd uintptr, four bool) error {
	if four {
		return unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_DONTFRAG, 1)
	}
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1)
}
