package system

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// linuxDisplays reads the connectors of the graphics cards: the first mode of each that shows something (kernel,
// Documentation/ABI/testing/sysfs-class-drm). The names and serial numbers of displays (edid) are not read.
func linuxDisplays(fsys fs.FS) ([]string, error) {
	names, err := fs.Glob(fsys, "sys/class/drm/card*-*")
	if err != nil || len(names) == 0 {
		return nil, errUnsupported // a virtual machine without a screen, or a driver that does not tell
	}
	var list []string
	for _, name := range names {
		status, err := text(fsys, path.Join(name, "status"))
		enabled, _ := text(fsys, path.Join(name, "enabled"))
		if err != nil || status != "connected" || enabled == "disabled" || strings.Contains(name, "Writeback") {
			continue
		}
		modes, _ := text(fsys, path.Join(name, "modes"))
		first, _, _ := strings.Cut(modes, "\n")
		size := resolutionOf(first)
		if size == "" {
			size = "unknown"
		}
		list = append(list, size)
	}
	return list, nil
}

// resolutionOf reads "1920x1080", "1920 x 1080" and what some systems write behind it.
func resolutionOf(text string) string {
	width, rest, ok := strings.Cut(strings.ReplaceAll(text, " ", ""), "x")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	w, err1 := strconv.ParseUint(width, 10, 16)
	h, err2 := strconv.ParseUint(rest[:end], 10, 16)
	if !ok || err1 != nil || err2 != nil || w == 0 || h == 0 {
		return ""
	}
	return strconv.FormatUint(w, 10) + "x" + strconv.FormatUint(h, 10)
}

// linuxPower reads the supplies of the computer; those of mice and headsets have the scope "Device" (kernel,
// Documentation/ABI/testing/sysfs-class-power).
func linuxPower(fsys fs.FS) (power, error) {
	entries, err := fs.ReadDir(fsys, "sys/class/power_supply")
	if err != nil {
		return power{}, err
	}
	p := power{from: noBattery, charge: -1}
	mains, charging := false, false
	for _, e := range entries {
		of := func(name string) string {
			value, _ := text(fsys, path.Join("sys/class/power_supply", e.Name(), name))
			return value
		}
		switch kind := of("type"); {
		case of("scope") == "Device":
		case kind == "Battery":
			p.from = fromBattery
			charging = charging || of("status") == "Charging" || of("status") == "Full" || of("status") == "Not charging"
			if n, err := strconv.Atoi(of("capacity")); err == nil && p.charge < 0 {
				p.charge = float64(min(max(n, 0), 100)) / 100 // some batteries say 101
			}
		case kind == "Mains", strings.HasPrefix(kind, "USB"):
			mains = mains || of("online") == "1"
		}
	}
	if p.from == fromBattery && (mains || charging) {
		p.from = fromMains
	}
	return p, nil
}

// linuxSaver tells whether the firmware saves power, where it has profiles (kernel,
// Documentation/ABI/testing/sysfs-platform_profile).
func linuxSaver(fsys fs.FS) (bool, error) {
	profile, err := text(fsys, "sys/firmware/acpi/platform_profile")
	if errors.Is(err, fs.ErrNotExist) {
		return false, errUnsupported
	}
	return profile == "low-power", err
}

func linuxUptime(fsys fs.FS) (time.Duration, error) {
	line, err := text(fsys, "proc/uptime")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(line, " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil || !(seconds > 0 && seconds < 1e9) {
		return 0, unreadable("no time since the start")
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// linuxZone reads where /etc/localtime leads, or Debian's /etc/timezone.
func linuxZone(fsys fs.FS) (string, error) {
	if target, err := fs.ReadLink(fsys, "etc/localtime"); err == nil {
		if zone, ok := zoneOfLink(target); ok {
			return zone, nil
		}
	}
	name, err := text(fsys, "etc/timezone")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", untold()
	case err == nil && !ianaName.MatchString(name):
		return "", unreadable("no name of a time zone")
	}
	return name, err
}

// linuxReboot tells whether updates wait for a restart: Debian and its kin leave a file; elsewhere the modules of the
// kernel that runs are gone once it was replaced. Where neither can be told, nothing is said.
func linuxReboot(fsys fs.FS) (bool, error) {
	for _, name := range []string{"run/reboot-required", "var/run/reboot-required"} {
		if exists(fsys, name) {
			return true, nil
		}
	}
	kernel, err := text(fsys, "proc/sys/kernel/osrelease")
	installed, _ := fs.ReadDir(fsys, "usr/lib/modules")
	switch {
	case exists(fsys, "var/lib/update-notifier"):
		return false, nil
	case err != nil || len(installed) == 0 || kernel == "" || strings.ContainsAny(kernel, "/ "):
		return false, errUnsupported
	}
	return !exists(fsys, path.Join("usr/lib/modules", kernel)), nil
}

// linuxCameras tells of cameras that a program makes (v4l2loopback: OBS, phones as cameras): they are no device's.
func linuxCameras(fsys fs.FS) (bool, error) {
	names, _ := fs.Glob(fsys, "sys/class/video4linux/video*") // the pattern is good
	for _, name := range names {
		target, _ := fs.ReadLink(fsys, name)
		title, _ := text(fsys, path.Join(name, "name"))
		if strings.Contains(target, "devices/virtual/") || virtualDevice.MatchString(title) {
			return true, nil
		}
	}
	return false, nil
}

// linuxSound tells of sound cards that a driver makes (snd-aloop, snd-dummy).
func linuxSound(fsys fs.FS) (bool, error) {
	cards, err := text(fsys, "proc/asound/cards")
	if errors.Is(err, fs.ErrNotExist) {
		return false, errUnsupported // no ALSA: a virtual machine, or a container
	}
	return virtualDevice.MatchString(cards), err
}

// linuxScreenLock asks the desktop that runs, as each keeps its own setting. KDE locks unless it is told not to.
func linuxScreenLock(ctx context.Context, s sources) (bool, error) {
	desktop := strings.ToLower(s.env("XDG_CURRENT_DESKTOP"))
	switch {
	case strings.Contains(desktop, "gnome"), strings.Contains(desktop, "unity"):
		told, err := s.run(ctx, "/usr/bin/gsettings", "get", "org.gnome.desktop.screensaver", "lock-enabled")
		return parseTruth(string(told), err)
	case strings.Contains(desktop, "cinnamon"):
		told, err := s.run(ctx, "/usr/bin/gsettings", "get", "org.cinnamon.desktop.screensaver", "lock-enabled")
		return parseTruth(string(told), err)
	case strings.Contains(desktop, "kde") && s.home != "":
		settings, err := text(s.files, strings.Trim(path.Join(s.home, ".config/kscreenlockerrc"), "/"))
		if errors.Is(err, fs.ErrNotExist) {
			return true, nil
		}
		return !strings.Contains("\n"+settings+"\n", "\nAutolock=false\n"), err
	}
	return false, errUnsupported
}

// parseTruth reads the answer of gsettings.
func parseTruth(told string, err error) (bool, error) {
	switch strings.TrimSpace(told) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	if err != nil {
		return false, untold()
	}
	return false, unreadable("neither true nor false")
}
