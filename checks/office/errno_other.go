//go:build !windows

package office

import "syscall"

const (
	errRefused = syscall.ECONNREFUSED
	errReset   = syscall.ECONNRESET
	errAborted = syscall.ECONNABORTED
	errNoNet   = syscall.ENETUNREACH
	errNoHost  = syscall.EHOSTUNREACH
	errNetDown = syscall.ENETDOWN
	errNoAddr  = syscall.EADDRNOTAVAIL
	errTooBig  = syscall.EMSGSIZE
	errDenied  = syscall.EPERM // what a firewall on this computer says on Linux
	errFiles   = syscall.EMFILE
)
