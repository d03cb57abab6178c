package office

import "golang.org/x/sys/unix"

// wholeOption asks for "do not fragment" without the kernel's own idea of the path MTU, which would hide what is probed:
// IP_PMTUDISC_PROBE, ip(7).
func wholeOption(fd uintptr, four bool) error {
	if four {
		return unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
	}
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE)
}
