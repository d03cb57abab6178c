//go:build linux

package main

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

const (
	mtu           = 1500
	tunSetIff     = 0x400454ca
	iffTun        = 0x0001
	iffNoPI       = 0x1000
	pollIn        = 0x0001
	setTimerSlack = 29 // for prctl
	schedFIFO     = 1
)

// openTUN makes a TUN device of that name, answering its non-blocking descriptor.
func openTUN(name string) (int, error) {
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	var req struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(req.name[:15], name)
	req.flags = iffTun | iffNoPI
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), tunSetIff, uintptr(unsafe.Pointer(&req))); e != 0 {
		syscall.Close(fd)
		return -1, fmt.Errorf("make TUN device %s: %w", name, e)
	}
	return fd, nil
}

// The calls below are raw, unseen by the runtime. It would take the pump's place
// while the pump sleeps, and on a busy machine hand it back too late.

func read(fd int, b []byte) (int, syscall.Errno) {
	n, _, e := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), e
}

func write(fd int, b []byte) syscall.Errno {
	_, _, e := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return e
}

// waitReadable sleeps until fd can be read or the time is up, perhaps less.
func waitReadable(fd int, d time.Duration) {
	poll := struct {
		fd              int32
		events, revents int16
	}{fd: int32(fd), events: pollIn}
	ts := syscall.NsecToTimespec(int64(max(0, d)))
	syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&poll)), 1, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
}

// sleep sleeps for that time, perhaps less.
func sleep(d time.Duration) {
	ts := syscall.NsecToTimespec(int64(d))
	syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// promptThread makes the calling thread wake on time, ahead of ordinary work.
// It is a wish: without the right to it the lab is only less exact.
func promptThread() {
	syscall.Syscall(syscall.SYS_PRCTL, setTimerSlack, 1, 0)
	priority := int32(1)
	syscall.Syscall(syscall.SYS_SCHED_SETSCHEDULER, 0, schedFIFO, uintptr(unsafe.Pointer(&priority)))
}
