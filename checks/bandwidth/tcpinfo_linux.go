package bandwidth

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// tcpInfo asks the kernel (tcp(7), TCP_INFO). False for a connection that is closed.
func tcpInfo(c *net.TCPConn) (info, bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return info{}, false
	}
	var got *unix.TCPInfo
	var failed error
	err = raw.Control(func(fd uintptr) {
		got, failed = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	const closed = 7 // TCP_CLOSE
	if err != nil || failed != nil || got.State == closed {
		return info{}, false
	}
	out := info{
		down: progress{int64(got.Delivered), int64(got.Bytes_acked)},
		up:   progress{int64(got.Data_segs_in), int64(got.Bytes_received)},
		sent: int64(got.Data_segs_out), again: int64(got.Total_retrans),
	}
	if got.Min_rtt != 1<<32-1 { // no sample yet
		out.minRTT = time.Duration(got.Min_rtt) * time.Microsecond
	}
	return out, true
}
