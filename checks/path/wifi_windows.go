package path

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Questions to WlanQueryInterface (wlanapi.h, WLAN_INTF_OPCODE).
const (
	wlanCurrentConnection = 7
	wlanRSSI              = 0x10000102
)

// wlan is a handle of the Wi-Fi service, and its calls. They are looked up when needed: servers have none.
type wlan struct {
	dll    *windows.LazyDLL
	handle uintptr
}

// wlanRadio asks the Wi-Fi service. Since Windows 11 24H2 it answers only where the hire lets desktop programs know the
// place of the computer, as the access points' addresses tell it.
func wlanRadio(guid string) (radio, error) {
	id, err := windows.GUIDFromString(guid)
	if err != nil {
		return radio{}, because(codeLinkUntold)
	}
	w := wlan{dll: windows.NewLazySystemDLL("wlanapi.dll")}
	const version = 2 // of the interface, since Vista
	var agreed uint32
	if err := w.call("WlanOpenHandle", version, 0, uintptr(unsafe.Pointer(&agreed)), uintptr(unsafe.Pointer(&w.handle))); err != nil {
		return radio{}, err
	}
	defer w.call("WlanCloseHandle", w.handle, 0)
	connection, err := w.query(&id, wlanCurrentConnection)
	if err != nil {
		return w.level(&id, err)
	}
	sends, bssid, _ := parseConnection(connection)
	r := radio{rate: sends}
	if networks, err := w.networks(&id); err == nil {
		mhz, dBm, _ := parseNetworks(networks, bssid)
		r.band, r.signal = band(mhz), dBm
	}
	if level, err := w.level(&id, nil); err == nil && level.signal != 0 {
		r.signal = level.signal // of now; the list's is of the last beacon
	}
	return r, nil
}

// level asks for the signal alone. Where even that is refused, the reason given before stands.
func (w wlan) level(id *windows.GUID, before error) (radio, error) {
	data, err := w.query(id, wlanRSSI)
	if err != nil {
		if before == nil {
			before = err
		}
		return radio{}, before
	}
	return radio{signal: parseLevel(data)}, nil
}

// call calls a function that answers with an error number. The directive keeps what its arguments point to from being
// moved before the call, as that of syscall's own does.
//
//go:uintptrescapes
func (w wlan) call(name string, args ...uintptr) error {
	function := w.dll.NewProc(name)
	if err := function.Find(); err != nil {
		return errors.ErrUnsupported
	}
	number, _, _ := function.Call(args...)
	switch err := windows.Errno(number); err {
	case windows.ERROR_SUCCESS:
		return nil
	case windows.ERROR_ACCESS_DENIED:
		return because(codeLocation)
	case windows.ERROR_INVALID_STATE, windows.ERROR_NOT_FOUND:
		return because(codeNotConnected)
	case windows.ERROR_SERVICE_NOT_ACTIVE:
		return errors.ErrUnsupported
	default:
		return err
	}
}

// query copies the service's answer, and gives its memory back.
func (w wlan) query(id *windows.GUID, question uintptr) ([]byte, error) {
	var size uint32
	var data unsafe.Pointer
	err := w.call("WlanQueryInterface", w.handle, uintptr(unsafe.Pointer(id)), question, 0,
		uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&data)), 0)
	if err != nil {
		return nil, err
	}
	return w.taken(data, size), nil
}

// networks copies the list of access points in sight, of which the hire's own is looked up and nothing else read.
func (w wlan) networks(id *windows.GUID) ([]byte, error) {
	const anyType = 3 // dot11_BSS_type_any
	var data unsafe.Pointer
	err := w.call("WlanGetNetworkBssList", w.handle, uintptr(unsafe.Pointer(id)), 0, anyType, 0, 0, uintptr(unsafe.Pointer(&data)))
	if err != nil {
		return nil, err
	}
	size := uint32(0)
	if data != nil {
		size = *(*uint32)(data) // dwTotalSize
	}
	return w.taken(data, size), nil
}

func (w wlan) taken(data unsafe.Pointer, size uint32) []byte {
	if data == nil {
		return nil
	}
	copied := append([]byte(nil), unsafe.Slice((*byte)(data), min(size, maxAnswer))...)
	if free := w.dll.NewProc("WlanFreeMemory"); free.Find() == nil {
		free.Call(uintptr(data))
	}
	return copied
}
