package office

import "golang.org/x/sys/windows"

// Winsock's own numbers: the syscall package's E names are inventions on Windows that no socket returns.
const (
	errRefused = windows.WSAECONNREFUSED
	errReset   = windows.WSAECONNRESET
	errAborted = windows.WSAECONNABORTED
	errNoNet   = windows.WSAENETUNREACH
	errNoHost  = windows.WSAEHOSTUNREACH
	errNetDown = windows.WSAENETDOWN
	errNoAddr  = windows.WSAEADDRNOTAVAIL
	errTooBig  = windows.WSAEMSGSIZE
	errDenied  = windows.WSAEACCES // what a firewall on this computer says
	errFiles   = windows.WSAEMFILE
)
