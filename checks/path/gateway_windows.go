package path

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// refused also knows WSAECONNRESET, by which a datagram socket hears that nobody listens.
func refused(err error) bool {
	return errors.Is(err, windows.WSAECONNREFUSED) || errors.Is(err, windows.WSAECONNRESET)
}

// echo sends one ICMP echo request by iphlpapi, which needs no rights.
func echo(ctx context.Context, to netip.Addr) (time.Duration, error) {
	if !to.Is4() {
		return 0, errors.ErrUnsupported
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(gatewayWait)
	}
	wait := time.Until(deadline).Milliseconds()
	if wait <= 0 {
		return 0, context.DeadlineExceeded
	}
	dll := windows.NewLazySystemDLL("iphlpapi.dll")
	open, send, shut := dll.NewProc("IcmpCreateFile"), dll.NewProc("IcmpSendEcho"), dll.NewProc("IcmpCloseHandle")
	if errors.Join(open.Find(), send.Find(), shut.Find()) != nil {
		return 0, errors.ErrUnsupported
	}
	handle, _, err := open.Call()
	if windows.Handle(handle) == windows.InvalidHandle {
		return 0, err
	}
	defer shut.Call(handle)
	address := to.As4()
	var request [16]byte
	reply := make([]uint64, 64) // an ICMP_ECHO_REPLY, the data, and the 8 bytes that an error may need
	began := time.Now()         // the reply's own figure has whole milliseconds
	count, _, err := send.Call(handle, uintptr(binary.LittleEndian.Uint32(address[:])), uintptr(unsafe.Pointer(&request)), uintptr(len(request)),
		0, uintptr(unsafe.Pointer(&reply[0])), uintptr(8*len(reply)), uintptr(wait))
	took := time.Since(began)
	if count == 0 {
		return 0, err
	}
	// Address, then Status: zero is IP_SUCCESS; others, such as "destination unreachable", are no round trip.
	answer := unsafe.Slice((*byte)(unsafe.Pointer(&reply[0])), 8)
	if binary.LittleEndian.Uint32(answer[4:]) != 0 || [4]byte(answer[:4]) != address {
		return 0, because(codeGatewaySilent)
	}
	return took, nil
}
