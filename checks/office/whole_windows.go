package office

import "golang.org/x/sys/windows"

// Of ws2ipdef.h.
const (
	ipDontFragment   = 14
	ipv6DontFragment = 14
)

// wholeOption sets "do not fragment".
func wholeOption(fd uintptr, four bool) error {
	if four {
		return windows.SetsockoptInt(windows.Handle(fd), windows.IPPROTO_IP, ipDontFragment, 1)
	}
	return windows.SetsockoptInt(windows.Handle(fd), windows.IPPROTO_IPV6, ipv6DontFragment, 1)
}
