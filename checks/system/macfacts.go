package system

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// What programs of macOS print, in their untranslated words.

// parseProfiler reads `system_profiler -json`: a list of items by kind.
func parseProfiler(data []byte, kind string) ([]map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	var items []map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, unreadable("system_profiler gave no JSON")
	}
	if err := json.Unmarshal(all[kind], &items); err != nil {
		return nil, unreadable("system_profiler told nothing of this")
	}
	return items, nil
}

// macDisplays reads SPDisplaysDataType: graphics chips, and the displays that hang on each.
func macDisplays(data []byte) ([]string, error) {
	chips, err := parseProfiler(data, "SPDisplaysDataType")
	if err != nil {
		return nil, err
	}
	var list []string
	for _, chip := range chips {
		var shown []struct {
			Pixels     string `json:"_spdisplays_pixels"`
			Resolution string `json:"_spdisplays_resolution"`
			Online     string `json:"spdisplays_online"`
		}
		if raw, ok := chip["spdisplays_ndrvs"]; ok && json.Unmarshal(raw, &shown) != nil {
			return nil, unreadable("displays in another form")
		}
		for _, d := range shown {
			if d.Online != "" && d.Online != "spdisplays_yes" {
				continue
			}
			size := resolutionOf(d.Pixels)
			if size == "" {
				size = resolutionOf(d.Resolution)
			}
			if size == "" {
				size = "unknown"
			}
			list = append(list, size)
		}
	}
	return list, nil
}

// macFirewall reads SPFirewallDataType. "Allow all" is a firewall that is off.
func macFirewall(data []byte) (bool, error) {
	items, err := parseProfiler(data, "SPFirewallDataType")
	if err != nil {
		return false, err
	}
	for _, item := range items {
		var state string
		if json.Unmarshal(item["spfirewall_globalstate"], &state) != nil {
			continue
		}
		switch strings.TrimPrefix(state, "spfirewall_globalstate_") {
		case "allow_all", "off":
			return false, nil
		case "limit_connections", "block_all", "essential_services", "on":
			return true, nil
		}
	}
	return false, unreadable("a state of the firewall that is not known")
}

// macPower reads `pmset -g batt`: "Now drawing from 'AC Power'", then a line for each battery.
func macPower(told string) (power, error) {
	p := power{charge: -1}
	switch {
	case strings.Contains(told, "'AC Power'"):
		p.from = fromMains
	case strings.Contains(told, "'Battery Power'"):
		p.from = fromBattery
	default:
		return power{}, unreadable("pmset named no source of power")
	}
	percent := strings.IndexByte(told, '%')
	if !strings.Contains(told, "InternalBattery") || percent < 0 {
		if p.from == fromMains {
			p.from = noBattery
		}
		return p, nil
	}
	digits := told[:percent]
	digits = digits[strings.LastIndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })+1:]
	if n, err := strconv.Atoi(digits); err == nil && n <= 100 {
		p.charge = float64(n) / 100
	}
	return p, nil
}

// macSaver reads `pmset -g`, which names the mode where the computer has one.
func macSaver(told string) (bool, error) {
	for line := range strings.Lines(told) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "lowpowermode" {
			return fields[1] == "1", nil
		}
	}
	return false, errUnsupported
}

// macEncryption reads `fdesetup status`.
func macEncryption(told string) (bool, error) {
	switch {
	case strings.Contains(told, "FileVault is On"):
		return true, nil
	case strings.Contains(told, "FileVault is Off"):
		return false, nil
	}
	return false, unreadable("fdesetup gave another answer")
}

// macScreenLock reads `sysadminctl -screenLock status`: off, immediate, or after how many seconds.
func macScreenLock(told string) (bool, error) {
	lower := strings.ToLower(told)
	switch {
	case strings.Contains(lower, "screenlock is off"):
		return false, nil
	case strings.Contains(lower, "screenlock delay is"), strings.Contains(lower, "screenlock is on"):
		return true, nil
	}
	return false, unreadable("sysadminctl gave another answer")
}

// macAntivirus looks for XProtect, which comes with the system and cannot be turned off. Where it is not, it may have been
// moved by a newer system.
func macAntivirus(fsys fs.FS) (bool, error) {
	if exists(fsys, "Library/Apple/System/Library/CoreServices/XProtect.bundle") {
		return true, nil
	}
	return false, untold()
}

// macProcesses reads `ps -axo pid=,time=,rss=,comm=`: the last is the path of the program's file, with spaces.
func macProcesses(told string, self int) []process {
	var list []process
	for line := range strings.Lines(told) {
		pid, rest := firstField(line)
		spent, rest := firstField(rest)
		resident, name := firstField(rest)
		number, err := strconv.Atoi(pid)
		cpu, ok := psTime(spent)
		kib, err2 := strconv.ParseUint(resident, 10, 40)
		name = strings.TrimSpace(name)
		if err != nil || err2 != nil || !ok || name == "" || number == self {
			continue
		}
		list = append(list, process{id: pid + "/" + name, names: []string{name}, cpu: cpu, memory: kib << 10})
	}
	return list
}

func firstField(line string) (field, rest string) {
	line = strings.TrimLeft(line, " \t")
	at := strings.IndexAny(line, " \t\n")
	if at < 0 {
		return line, ""
	}
	return line[:at], line[at:]
}

// psTime reads "1-02:03:04", "02:03:04" and "12:03.45".
func psTime(text string) (time.Duration, bool) {
	days, clock, ok := strings.Cut(text, "-")
	if !ok {
		days, clock = "0", text
	}
	d, err := strconv.ParseUint(days, 10, 20)
	if err != nil {
		return 0, false
	}
	seconds := float64(d) * 86400
	parts := strings.Split(clock, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	scale := 1.0
	for i := len(parts) - 1; i >= 0; i-- {
		n, err := strconv.ParseFloat(parts[i], 64)
		if err != nil || !(n >= 0 && n < 1e7) {
			return 0, false
		}
		seconds += n * scale
		scale *= 60
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// macZone reads where /etc/localtime leads.
func macZone(fsys fs.FS) (string, error) {
	target, err := fs.ReadLink(fsys, "etc/localtime")
	if err != nil {
		return "", err
	}
	zone, ok := zoneOfLink(target)
	if !ok {
		return "", unreadable("no name of a time zone")
	}
	return zone, nil
}

// Where programs put devices of their own making.
var (
	macSoundPlugins  = []string{"Library/Audio/Plug-Ins/HAL"}
	macCameraPlugins = []string{"Library/CoreMediaIO/Plug-Ins/DAL"}
) // read only

// macPlugins tells whether a folder of plug-ins holds one that makes a virtual device. A folder that is not there holds
// none; cameras made by newer extensions do not show here, so that "no" is not said of cameras.
func macPlugins(fsys fs.FS, folders []string) (bool, error) {
	for _, folder := range folders {
		entries, err := fs.ReadDir(fsys, folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		for _, e := range entries {
			if virtualDevice.MatchString(e.Name()) {
				return true, nil
			}
		}
	}
	return false, nil
}

// macCameras reads SPCameraDataType beside the plug-ins: it lists those that extensions make, too.
func macCameras(fsys fs.FS, data []byte) (bool, error) {
	if yes, err := macPlugins(fsys, macCameraPlugins); yes || err != nil {
		return yes, err
	}
	items, err := parseProfiler(data, "SPCameraDataType")
	if err != nil {
		return false, err
	}
	for _, item := range items {
		var name string
		if json.Unmarshal(item["_name"], &name) == nil && virtualDevice.MatchString(name) {
			return true, nil
		}
	}
	return false, nil
}

// macComputer reads sysctl's hw.model and kern.hv_vmm_present.
func macComputer(model string, present uint32, err error) (string, error) {
	switch {
	case virtualMaker("", model), err == nil && present == 1:
		return vmSure, nil
	case err != nil:
		return "", err
	}
	return noSign, nil
}

// macSession reads the marks of SSH. Screen sharing leaves none that is open to everybody.
func macSession(env func(string) string) (string, error) {
	if env("SSH_CONNECTION") != "" || env("SSH_TTY") != "" {
		return remoteSure, nil
	}
	return "", untold()
}

// answer is what a program says, read by a parser. A program that ends with an error may have said enough.
func answer[T any](ctx context.Context, run runner, parse func(string) (T, error), program string, args ...string) (T, error) {
	told, err := run(ctx, program, args...)
	if len(told) == 0 && err != nil {
		var none T
		return none, err
	}
	return parse(string(told))
}
