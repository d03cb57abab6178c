package system

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// What the Windows registry says, and what its functions write: read from any registry, and so tried anywhere.

// winComputer reads what the firmware calls the computer.
func winComputer(r registry) (string, error) {
	const bios = `HKLM\HARDWARE\DESCRIPTION\System\BIOS`
	vendor, product := r.text(bios, "SystemManufacturer"), r.text(bios, "SystemProductName")
	switch {
	case virtualMaker(vendor, product):
		return vmSure, nil
	case vendor == "" && product == "":
		return "", untold()
	}
	return noSign, nil
}

// winSession tells a session of Remote Desktop: by SM_REMOTESESSION, or where the session is not the one that the
// screen shows, which Microsoft's "Detecting the Remote Desktop environment" asks for besides.
func winSession(r registry, env func(string) string, metric bool, session uint32) (string, error) {
	glass, known := r.number(`HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server`, "GlassSessionId")
	switch {
	case metric, strings.HasPrefix(strings.ToUpper(env("SESSIONNAME")), "RDP-"):
		return remoteSure, nil
	case known && glass != uint64(session):
		return remoteLikely, nil
	}
	return noSign, nil
}

// winReboot tells whether updates wait for a restart. Files that wait to be renamed (PendingFileRenameOperations) are
// left out: updates of browsers leave those every day.
func winReboot(r registry) (bool, error) {
	const servicing, update = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing`,
		`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update`
	below := append(r.keys(servicing), r.keys(update)...)
	if len(below) == 0 {
		return false, untold()
	}
	for _, name := range below {
		if name == "RebootPending" || name == "RebootRequired" {
			return true, nil
		}
	}
	return false, nil
}

// winScreenLock knows a lock by a screen saver that asks for the password, or a limit of idle time that a company set.
// That neither is there says nothing: Windows 11 asks for the password when it wakes.
func winScreenLock(r registry) (bool, error) {
	const desktop = `HKCU\Control Panel\Desktop`
	limit, set := r.number(`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System`, "InactivityTimeoutSecs")
	if set && limit > 0 || r.text(desktop, "ScreenSaveActive") == "1" && r.text(desktop, "ScreenSaverIsSecure") == "1" {
		return true, nil
	}
	return false, untold()
}

// winAccess tells whether programs of the desktop, browsers among them, may use a device ("microphone", "webcam").
func winAccess(r registry, device, policy string) (bool, error) {
	const store = `\SOFTWARE\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore\`
	if forced, ok := r.number(`HKLM\SOFTWARE\Policies\Microsoft\Windows\AppPrivacy`, policy); ok && forced == 2 {
		return false, nil
	}
	allowed := false
	for _, key := range []string{`HKLM` + store + device, `HKCU` + store + device, `HKCU` + store + device + `\NonPackaged`} {
		switch r.text(key, "Value") {
		case "Deny":
			return false, nil
		case "Allow":
			allowed = true
		}
	}
	if !allowed {
		return false, untold()
	}
	return true, nil
}

// winZone turns the name that Windows has for a time zone into IANA's, by the table of Unicode CLDR (windowsZones).
func winZone(r registry, table map[string]string) (string, error) {
	name := r.text(`HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation`, "TimeZoneKeyName")
	zone, ok := table[strings.TrimRight(name, "\x00")]
	if !ok {
		return "", unreadable("a time zone without a name that is used elsewhere")
	}
	return zone, nil
}

// winCameras tells of cameras that programs make: they register a filter for video capture (DirectShow).
func winCameras(r registry) (bool, error) {
	return winNames(r, []string{
		`HKLM\SOFTWARE\Classes\CLSID\{860BB310-5D01-11d0-BD3B-00A0C911CE86}\Instance`,
		`HKLM\SYSTEM\CurrentControlSet\Control\Class\{ca3e7ab9-b4c3-4ae6-8251-579ef933890f}`,
	})
}

// winSound tells of drivers for sound devices that there is no hardware for.
func winSound(r registry) (bool, error) {
	return winNames(r, []string{`HKLM\SYSTEM\CurrentControlSet\Control\Class\{4d36e96c-e325-11ce-bfc1-08002be10318}`})
}

// maxKeys bounds how many keys are looked at in one place.
const maxKeys = 200

func winNames(r registry, paths []string) (bool, error) {
	seen := 0
	for _, path := range paths {
		below := r.keys(path)
		for _, key := range below[:min(len(below), maxKeys)] {
			name := r.text(path+`\`+key, "FriendlyName") + " " + r.text(path+`\`+key, "DriverDesc")
			if virtualDevice.MatchString(name) {
				return true, nil
			}
			seen++
		}
	}
	if seen == 0 {
		return false, untold()
	}
	return false, nil
}

// winPower reads SYSTEM_POWER_STATUS (winbase.h): whether mains are there, what of a battery, its charge, and whether
// the saver is on.
func winPower(status [12]byte) (p power, saver bool, err error) {
	line, battery, percent := status[0], status[1], status[2]
	const none, unknown = 128, 255
	p = power{charge: -1}
	switch {
	case battery != unknown && battery&none != 0:
		p.from = noBattery
	case line == 1:
		p.from = fromMains
	case line == 0:
		p.from = fromBattery
	default:
		return power{}, false, untold()
	}
	if percent <= 100 && p.from != noBattery {
		p.charge = float64(percent) / 100
	}
	return p, status[3] == 1, nil
}

// winMode reads DEVMODEW (wingdi.h): the width and height of a display in true pixels.
func winMode(mode [220]byte) string {
	w, h := binary.LittleEndian.Uint32(mode[172:]), binary.LittleEndian.Uint32(mode[176:])
	size := resolutionOf(strconv.FormatUint(uint64(w), 10) + "x" + strconv.FormatUint(uint64(h), 10))
	if size == "" {
		return "unknown"
	}
	return size
}

// winAttached reads DISPLAY_DEVICEW (wingdi.h): whether the desktop is shown there, and no program draws it for itself.
func winAttached(device [840]byte) bool {
	const attached, mirroring = 0x1, 0x8
	flags := binary.LittleEndian.Uint32(device[324:])
	return flags&attached != 0 && flags&mirroring == 0
}

// winHealth reads WSC_SECURITY_PROVIDER_HEALTH (wscapi.h).
func winHealth(health uint32) (bool, error) {
	const good, notMonitored, poor, snoozed = 0, 1, 2, 3
	switch health {
	case good:
		return true, nil
	case poor, snoozed:
		return false, nil
	case notMonitored:
		return false, untold()
	}
	return false, unreadable("a state of protection that is not known")
}
