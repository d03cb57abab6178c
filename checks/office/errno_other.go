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
	errFiles   = syscall.EMFILE
)
