package system

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"testing"

	"deskready/checks"
)

// hive is a registry in a file of our own form: [path], then name=text or name=#number.
type hive map[string]map[string]string

func parseHive(text string) hive {
	h, at := hive{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch name, value, ok := strings.Cut(line, "="); {
		case strings.HasPrefix(line, "["):
			at = strings.Trim(line, "[]")
			h[at] = map[string]string{}
		case ok && h[at] != nil:
			h[at][name] = value
		}
	}
	return h
}

func (h hive) keys(path string) []string {
	seen := map[string]bool{}
	var list []string
	for key := range h {
		if rest, ok := strings.CutPrefix(key, path+`\`); ok {
			name, _, _ := strings.Cut(rest, `\`)
			if !seen[name] {
				list = append(list, name)
			}
			seen[name] = true
		}
	}
	return list
}

func (h hive) text(path, name string) string {
	if v := h[path][name]; !strings.HasPrefix(v, "#") {
		return v
	}
	return ""
}

func (h hive) number(path, name string) (uint64, bool) {
	v, ok := strings.CutPrefix(h[path][name], "#")
	n, err := strconv.ParseUint(v, 10, 64)
	return n, ok && err == nil
}

func TestWinFacts(t *testing.T) {
	laptop := parseHive(string(fixture(t, "windows/laptop-synthetic.txt")))
	zones := map[string]string{"SA Pacific Standard Time": "America/Bogota"}
	if got, err := winComputer(laptop); err != nil || got != noSign {
		t.Errorf("computer %q, %v", got, err)
	}
	if got, err := winZone(laptop, zones); err != nil || got != "America/Bogota" {
		t.Errorf("zone %q, %v", got, err)
	}
	for name, c := range map[string]struct {
		ask  func() (bool, error)
		want bool
	}{
		"reboot":     {func() (bool, error) { return winReboot(laptop) }, true},
		"lock":       {func() (bool, error) { return winScreenLock(laptop) }, true},
		"microphone": {func() (bool, error) { return winAccess(laptop, "microphone", "LetAppsAccessMicrophone") }, false},
		"camera":     {func() (bool, error) { return winAccess(laptop, "webcam", "LetAppsAccessCamera") }, true},
		"cameras":    {func() (bool, error) { return winCameras(laptop) }, true},
		"sound":      {func() (bool, error) { return winSound(laptop) }, true},
	} {
		if got, err := c.ask(); err != nil || got != c.want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
}

// What an empty registry does not say is not known, whatever is asked.
func TestWinUntold(t *testing.T) {
	none := hive{}
	for name, ask := range map[string]func() error{
		"reboot":     func() error { _, err := winReboot(none); return err },
		"lock":       func() error { _, err := winScreenLock(none); return err },
		"microphone": func() error { _, err := winAccess(none, "microphone", "x"); return err },
		"cameras":    func() error { _, err := winCameras(none); return err },
		"computer":   func() error { _, err := winComputer(none); return err },
	} {
		if err := ask(); err == nil || problem(err).Code != codeUntold {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := winZone(none, map[string]string{}); problem(err).Code != codeUnreadable {
		t.Errorf("zone: %v", err)
	}
}

func TestWinMore(t *testing.T) {
	idle := parseHive("[HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System]\nInactivityTimeoutSecs=#900\n")
	if on, err := winScreenLock(idle); err != nil || !on {
		t.Errorf("limit of idle time: %v, %v", on, err)
	}
	forced := parseHive("[HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\AppPrivacy]\nLetAppsAccessCamera=#2\n")
	if on, err := winAccess(forced, "webcam", "LetAppsAccessCamera"); err != nil || on {
		t.Errorf("forbidden by the company: %v, %v", on, err)
	}
	calm := parseHive("[HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\Results]\n")
	if due, err := winReboot(calm); err != nil || due {
		t.Errorf("nothing waits: %v, %v", due, err)
	}
	vm := parseHive("[HKLM\\HARDWARE\\DESCRIPTION\\System\\BIOS]\nSystemManufacturer=Microsoft Corporation\nSystemProductName=Virtual Machine\n")
	if got, err := winComputer(vm); err != nil || got != vmSure {
		t.Errorf("Hyper-V: %q, %v", got, err)
	}
	if virtualMaker("Microsoft Corporation", "Surface Laptop 5") || virtualMaker("Dell Inc.", "OptiPlex 7080") || virtualMaker("", "") {
		t.Error("a computer on a desk is virtual")
	}
}

func TestWinSession(t *testing.T) {
	glass := parseHive("[HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server]\nGlassSessionId=#1\n")
	at := func(name string) func(string) string { return func(string) string { return name } }
	for _, c := range []struct {
		r       registry
		name    string
		metric  bool
		session uint32
		want    string
	}{
		{glass, "Console", false, 1, noSign}, {glass, "", true, 1, remoteSure}, {glass, "RDP-Tcp#3", false, 1, remoteSure},
		{glass, "Console", false, 2, remoteLikely}, {hive{}, "", false, 2, noSign},
	} {
		if got, err := winSession(c.r, at(c.name), c.metric, c.session); err != nil || got != c.want {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

func TestWinPower(t *testing.T) {
	for _, c := range []struct {
		status [12]byte
		want   power
		saver  bool
	}{
		{[12]byte{1, 1, 90, 0}, power{fromMains, 0.9}, false},
		{[12]byte{0, 2, 20, 1}, power{fromBattery, 0.2}, true},
		{[12]byte{1, 128, 255, 0}, power{noBattery, -1}, false},
		{[12]byte{1, 8, 255, 0}, power{fromMains, -1}, false},
	} {
		if got, saver, err := winPower(c.status); err != nil || got != c.want || saver != c.saver {
			t.Errorf("%v: %+v, %v, %v", c.status, got, saver, err)
		}
	}
	if _, _, err := winPower([12]byte{255, 255, 255, 0}); problem(err).Code != codeUntold {
		t.Errorf("nothing known: %v", err)
	}
}

func TestWinDisplays(t *testing.T) {
	var mode [220]byte
	if got := winMode(mode); got != "unknown" {
		t.Errorf("no mode is %q", got)
	}
	binary.LittleEndian.PutUint32(mode[172:], 1920)
	binary.LittleEndian.PutUint32(mode[176:], 1080)
	if got := winMode(mode); got != "1920x1080" {
		t.Errorf("%q", got)
	}
	var device [840]byte
	for flags, want := range map[uint32]bool{0: false, 5: true, 1: true, 9: false} {
		binary.LittleEndian.PutUint32(device[324:], flags)
		if got := winAttached(device); got != want {
			t.Errorf("flags %d: %v", flags, got)
		}
	}
}

func TestWinHealth(t *testing.T) {
	for health, want := range map[uint32]bool{0: true, 2: false, 3: false} {
		if got, err := winHealth(health); err != nil || got != want {
			t.Errorf("%d: %v, %v", health, got, err)
		}
	}
	for _, health := range []uint32{1, 77} {
		var p *checks.Problem
		if _, err := winHealth(health); !errors.As(err, &p) {
			t.Errorf("%d is known", health)
		}
	}
}

func FuzzRegistry(f *testing.F) {
	f.Add(string(fixture(f, "windows/laptop-synthetic.txt")))
	f.Add("[HKLM\\HARDWARE\\DESCRIPTION\\System\\BIOS]\nSystemManufacturer=\x00\nSystemProductName=*\n")
	f.Fuzz(func(t *testing.T, text string) {
		h := parseHive(text)
		if zone, err := winZone(h, map[string]string{"A": "Etc/UTC"}); err == nil && zone != "Etc/UTC" {
			t.Errorf("zone %q", zone)
		}
		_, _ = winComputer(h)
		_, _ = winReboot(h)
		_, _ = winScreenLock(h)
		_, _ = winAccess(h, "microphone", "LetAppsAccessMicrophone")
		_, _ = winCameras(h)
		_, _ = winSound(h)
	})
}

func FuzzWinPower(f *testing.F) {
	f.Add([]byte{1, 1, 90, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var status [12]byte
		copy(status[:], data)
		if p, _, err := winPower(status); err == nil && (p.from == "" || p.charge > 1) {
			t.Errorf("%v is %+v", status, p)
		}
	})
}
