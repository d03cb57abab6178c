package system

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Functions of Windows that x/sys does not have. None needs rights; each is looked for before it is called, as editions
// of Windows lack some.

func procedure(dll, name string) (*windows.LazyProc, error) {
	p := windows.NewLazySystemDLL(dll).NewProc(name)
	if err := p.Find(); err != nil {
		return nil, errUnsupported
	}
	return p, nil
}

func readSession(r registry, env func(string) string) (string, error) {
	const remoteSession = 0x1000 // SM_REMOTESESSION
	metrics, err := procedure("user32.dll", "GetSystemMetrics")
	if err != nil {
		return "", err
	}
	remote, _, _ := metrics.Call(remoteSession)
	var session uint32
	if err := windows.ProcessIdToSessionId(uint32(os.Getpid()), &session); err != nil {
		return "", err
	}
	return winSession(r, env, remote != 0, session)
}

// readDisplays asks for each adapter that shows the desktop, and for its mode: in true pixels, whatever scale the
// program is told.
func readDisplays() ([]string, error) {
	devices, err := procedure("user32.dll", "EnumDisplayDevicesW")
	if err != nil {
		return nil, err
	}
	settings, err := procedure("user32.dll", "EnumDisplaySettingsW")
	if err != nil {
		return nil, err
	}
	const current = 0xFFFFFFFF // ENUM_CURRENT_SETTINGS
	var list []string
	for i := range uintptr(64) {
		var device [840]byte
		binary.LittleEndian.PutUint32(device[:], uint32(len(device)))
		if ok, _, _ := devices.Call(0, i, uintptr(unsafe.Pointer(&device[0])), 0); ok == 0 {
			break
		}
		if !winAttached(device) {
			continue
		}
		var mode [220]byte
		binary.LittleEndian.PutUint16(mode[68:], uint16(len(mode)))
		size := "unknown"
		if ok, _, _ := settings.Call(uintptr(unsafe.Pointer(&device[4])), current, uintptr(unsafe.Pointer(&mode[0]))); ok != 0 {
			size = winMode(mode)
		}
		list = append(list, size)
	}
	return list, nil
}

func readPower() (power, bool, error) {
	ask, err := procedure("kernel32.dll", "GetSystemPowerStatus")
	if err != nil {
		return power{}, false, err
	}
	var status [12]byte
	if ok, _, err := ask.Call(uintptr(unsafe.Pointer(&status[0]))); ok == 0 {
		return power{}, false, err
	}
	return winPower(status)
}

// Providers of Windows Security (wscapi.h). Windows Server has none.
const (
	providerFirewall  = 1
	providerAntivirus = 4
)

func readHealth(provider uintptr) (bool, error) {
	ask, err := procedure("wscapi.dll", "WscGetSecurityProviderHealth")
	if err != nil {
		return false, err
	}
	var health uint32
	if result, _, _ := ask.Call(provider, uintptr(unsafe.Pointer(&health))); result != 0 {
		return false, untold() // not S_OK: the service does not run
	}
	return winHealth(health)
}

func sinceBoot(context.Context) (time.Duration, error) { return windows.DurationSinceBoot(), nil }

// readProcesses asks once for all processes with their times: no process is opened, so that no rights are needed.
func readProcesses(context.Context) ([]process, error) {
	size := uint32(512 << 10)
	for range 5 {
		buffer := make([]uint64, size/8) // its records are aligned to 8 bytes
		err := windows.NtQuerySystemInformation(windows.SystemProcessInformation, unsafe.Pointer(&buffer[0]), size, &size)
		switch {
		case err == nil:
			return listed(buffer), nil
		case !errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) || size > 64<<20:
			return nil, err
		}
		size = (size + 64<<10) &^ 7 // more may have been started meanwhile
	}
	return nil, windows.STATUS_INFO_LENGTH_MISMATCH
}

func listed(buffer []uint64) []process {
	var list []process
	self := uintptr(os.Getpid())
	for at := uintptr(0); at+unsafe.Sizeof(windows.SYSTEM_PROCESS_INFORMATION{}) <= uintptr(len(buffer))*8; {
		p := (*windows.SYSTEM_PROCESS_INFORMATION)(unsafe.Add(unsafe.Pointer(&buffer[0]), at))
		if id := p.UniqueProcessID; id != 0 && id != self { // zero: what the processor does when it does nothing
			list = append(list, process{
				id: fmt.Sprintf("%d/%d", id, p.CreateTime), names: []string{p.ImageName.String()},
				cpu: time.Duration(p.UserTime+p.KernelTime) * 100, memory: uint64(p.WorkingSetSize),
			})
		}
		if p.NextEntryOffset == 0 {
			break
		}
		at += uintptr(p.NextEntryOffset)
	}
	return list
}
