package system

import (
	"context"
	"unsafe"

	"github.com/thlib/go-timezone-local/tzlocal"
	"golang.org/x/sys/windows"
	winreg "golang.org/x/sys/windows/registry"
)

func thisMachine(s sources) machine {
	r := s.registry(hives{})
	return machine{
		memory:    readMemory,
		disk:      readDisk,
		cores:     func(context.Context) (int, error) { return readCores() },
		model:     func(context.Context) (string, error) { return readModel(r) },
		times:     readTimes,
		release:   func(context.Context) (release, error) { return readRelease(r) },
		computer:  func(context.Context) (string, error) { return winComputer(r) },
		session:   func(context.Context) (string, error) { return readSession(r, s.env) },
		displays:  func(context.Context) ([]string, error) { return readDisplays() },
		power:     func(context.Context) (power, error) { p, _, err := readPower(); return p, err },
		uptime:    sinceBoot,
		zone:      func(context.Context) (string, error) { return winZone(r, tzlocal.WinTZtoIANA) },
		processes: readProcesses,
		bench:     rounds,
		write:     timeDisk,
		truths:    winTruths(r),
	}
}

// winTruths leaves out the encryption of the disk: Windows tells that to administrators alone.
func winTruths(r registry) map[string]truth {
	from := func(read func(registry) (bool, error)) truth {
		return func(context.Context) (bool, error) { return read(r) }
	}
	return map[string]truth{
		pendingReboot.ID: from(winReboot),
		powerSaver.ID:    func(context.Context) (bool, error) { _, saver, err := readPower(); return saver, err },
		antivirus.ID:     func(context.Context) (bool, error) { return readHealth(providerAntivirus) },
		firewall.ID:      func(context.Context) (bool, error) { return readHealth(providerFirewall) },
		screenLock.ID:    from(winScreenLock),
		microphoneOpen.ID: func(context.Context) (bool, error) {
			return winAccess(r, "microphone", "LetAppsAccessMicrophone")
		},
		cameraOpen.ID:    func(context.Context) (bool, error) { return winAccess(r, "webcam", "LetAppsAccessCamera") },
		virtualCamera.ID: from(winCameras),
		virtualAudio.ID:  from(winSound),
	}
}

// hives is the registry of this computer.
type hives struct{}

func (hives) open(path string, access uint32) (winreg.Key, bool) {
	hive, rest := winreg.LOCAL_MACHINE, path[len(`HKLM\`):]
	if path[:4] == "HKCU" {
		hive = winreg.CURRENT_USER
	}
	key, err := winreg.OpenKey(hive, rest, access|winreg.WOW64_64KEY)
	return key, err == nil
}

func (h hives) keys(path string) []string {
	key, ok := h.open(path, winreg.ENUMERATE_SUB_KEYS)
	if !ok {
		return nil
	}
	defer key.Close()
	names, _ := key.ReadSubKeyNames(maxKeys) // those read before an error are good
	return names
}

func (h hives) text(path, name string) string {
	key, ok := h.open(path, winreg.QUERY_VALUE)
	if !ok {
		return ""
	}
	defer key.Close()
	value, _, _ := key.GetStringValue(name) // what is not there is empty
	return value
}

func (h hives) number(path, name string) (uint64, bool) {
	key, ok := h.open(path, winreg.QUERY_VALUE)
	if !ok {
		return 0, false
	}
	defer key.Close()
	value, _, err := key.GetIntegerValue(name)
	return value, err == nil
}

// readModel asks the registry: the way through WMI takes a second and hangs on busy computers.
func readModel(r registry) (string, error) {
	return r.text(`HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor\0`, "ProcessorNameString"), nil
}

func readRelease(r registry) (release, error) {
	const key = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	revision, _ := r.number(key, "UBR") // zero: unknown, below any limit
	return windowsVersion{
		productName: r.text(key, "ProductName"), displayVersion: r.text(key, "DisplayVersion"), releaseID: r.text(key, "ReleaseId"),
		editionID: r.text(key, "EditionID"), installationType: r.text(key, "InstallationType"), build: r.text(key, "CurrentBuild"),
		revision: int(min(revision, 1<<31-1)),
	}.release()
}

// readCores asks for the records of the processor's cores: once for their size, once for them.
func readCores() (int, error) {
	const relationProcessorCore = 0
	ask := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetLogicalProcessorInformationEx")
	if err := ask.Find(); err != nil {
		return 0, err
	}
	var size uint32
	_, _, err := ask.Call(relationProcessorCore, 0, uintptr(unsafe.Pointer(&size)))
	if size == 0 || size > maxFile {
		return 0, err
	}
	buffer := make([]byte, size)
	ok, _, err := ask.Call(relationProcessorCore, uintptr(unsafe.Pointer(&buffer[0])), uintptr(unsafe.Pointer(&size)))
	if ok == 0 {
		return 0, err
	}
	return countCores(buffer[:min(int(size), len(buffer))])
}
