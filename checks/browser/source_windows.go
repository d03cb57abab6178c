package browser

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
	winreg "golang.org/x/sys/windows/registry"
)

func thisInventory(o Options) inventory {
	return registered{registry: hives{}, env: o.Env, version: fileVersion, read: readFile}
}

// hives is the registry of this computer.
type hives struct{}

func (hives) open(path string, access uint32) (winreg.Key, bool) {
	root, rest, _ := strings.Cut(path, `\`)
	hive := map[string]winreg.Key{"HKLM": winreg.LOCAL_MACHINE, "HKCU": winreg.CURRENT_USER, "HKCR": winreg.CLASSES_ROOT}[root]
	key, err := winreg.OpenKey(hive, rest, access)
	return key, err == nil
}

func (h hives) keys(path string) []string {
	key, ok := h.open(path, winreg.ENUMERATE_SUB_KEYS)
	if !ok {
		return nil
	}
	defer key.Close()
	names, _ := key.ReadSubKeyNames(2000) // Windows itself brings some two hundred; those read before an error are good
	return names
}

func (h hives) text(path, name string) string {
	key, ok := h.open(path, winreg.QUERY_VALUE)
	if !ok {
		return ""
	}
	defer key.Close()
	value, kind, err := key.GetStringValue(name)
	if err != nil {
		return ""
	}
	if kind == winreg.EXPAND_SZ {
		if expanded, err := winreg.ExpandString(value); err == nil {
			return expanded
		}
	}
	return value
}

// fileVersion reads the fixed file version in a program's resources (VS_FIXEDFILEINFO).
func fileVersion(path string) (string, bool) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	var handle windows.Handle
	size, err := windows.GetFileVersionInfoSize(path, &handle)
	if err != nil || size == 0 || size > maxEntry {
		return "", true
	}
	buffer := make([]byte, size)
	if err := windows.GetFileVersionInfo(path, 0, size, unsafe.Pointer(&buffer[0])); err != nil {
		return "", true
	}
	var fixed *windows.VS_FIXEDFILEINFO
	length := uint32(unsafe.Sizeof(*fixed))
	if err := windows.VerQueryValue(unsafe.Pointer(&buffer[0]), `\`, unsafe.Pointer(&fixed), &length); err != nil || fixed == nil {
		return "", true
	}
	high, low := fixed.FileVersionMS, fixed.FileVersionLS
	return fmt.Sprintf("%d.%d.%d.%d", high>>16, high&0xffff, low>>16, low&0xffff), true
}

func readFile(path string, limit int64) ([]byte, bool) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	return data, err == nil && int64(len(data)) <= limit
}
