package system

import (
	"context"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

func thisMachine() machine {
	return machine{
		memory:  readMemory,
		disk:    readDisk,
		cores:   func(context.Context) (int, error) { return readCores() },
		model:   func(context.Context) (string, error) { return readModel() },
		times:   readTimes,
		release: func(context.Context) (release, error) { return readRelease() },
	}
}

// readModel asks the registry: the way through WMI takes a second and hangs on busy computers.
func readModel() (string, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `HARDWARE\DESCRIPTION\System\CentralProcessor\0`, registry.QUERY_VALUE)
	if err != nil {
		return "", err
	}
	defer key.Close()
	name, _, err := key.GetStringValue("ProcessorNameString")
	return name, err
}

func readRelease() (release, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Windows NT\CurrentVersion`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return release{}, err
	}
	defer key.Close()
	text := func(name string) string {
		value, _, _ := key.GetStringValue(name) // what is not there is empty
		return value
	}
	revision, _, _ := key.GetIntegerValue("UBR") // zero: unknown, below any limit
	return windowsVersion{
		productName: text("ProductName"), displayVersion: text("DisplayVersion"), releaseID: text("ReleaseId"),
		editionID: text("EditionID"), installationType: text("InstallationType"), build: text("CurrentBuild"),
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
