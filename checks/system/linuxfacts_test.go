package system

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"deskready/checks"
)

// tree makes a file system of texts; "-> target" makes a link. Trees here are synthetic, written after the kernel's
// documentation, but where a comment says otherwise.
func tree(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			fsys[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
			continue
		}
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestLinuxDisplays(t *testing.T) {
	laptop := tree(map[string]string{
		"sys/class/drm/card0/dev":                  "226:0\n",
		"sys/class/drm/card0-eDP-1/status":         "connected\n",
		"sys/class/drm/card0-eDP-1/enabled":        "enabled\n",
		"sys/class/drm/card0-eDP-1/modes":          "1920x1080\n1280x720\n",
		"sys/class/drm/card0-HDMI-A-1/status":      "disconnected\n",
		"sys/class/drm/card0-DP-1/status":          "connected\n",
		"sys/class/drm/card0-DP-1/enabled":         "disabled\n",
		"sys/class/drm/card0-DP-2/status":          "connected\n",
		"sys/class/drm/card0-DP-2/modes":           "",
		"sys/class/drm/card0-Writeback-1/status":   "connected\n",
		"sys/class/drm/card0-Writeback-1/modes":    "800x600\n",
		"sys/class/drm/card0-Virtual-1/other_file": "x",
	})
	got, err := linuxDisplays(laptop)
	slices.Sort(got)
	if want := []string{"1920x1080", "unknown"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if _, err := linuxDisplays(fstest.MapFS{}); problem(err).Code != checks.CodeUnsupported { // as on the machine of the tests
		t.Errorf("no graphics: %v", err)
	}
}

func TestLinuxPower(t *testing.T) {
	supply := func(files map[string]string) fstest.MapFS {
		fsys := fstest.MapFS{"sys/class/power_supply": {Mode: fs.ModeDir | 0o755}}
		for name, text := range files {
			fsys["sys/class/power_supply/"+name] = &fstest.MapFile{Data: []byte(text + "\n")}
		}
		return fsys
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  power
	}{
		"desktop, virtual machine": {nil, power{noBattery, -1}},
		"with a wireless mouse": {map[string]string{
			"hidpp_battery_0/type": "Battery", "hidpp_battery_0/scope": "Device", "hidpp_battery_0/capacity": "40",
		}, power{noBattery, -1}},
		"charging": {map[string]string{
			"AC/type": "Mains", "AC/online": "1", "BAT0/type": "Battery", "BAT0/capacity": "57", "BAT0/status": "Charging",
		}, power{fromMains, 0.57}},
		"on battery": {map[string]string{
			"AC/type": "Mains", "AC/online": "0", "BAT0/type": "Battery", "BAT0/capacity": "101", "BAT0/status": "Discharging",
		}, power{fromBattery, 1}},
		"by USB-C": {map[string]string{
			"ucsi-source-psy-1/type": "USB", "ucsi-source-psy-1/online": "1", "BAT1/type": "Battery", "BAT1/capacity": "x", "BAT1/status": "Unknown",
		}, power{fromMains, -1}},
		"no mains told": {map[string]string{"BAT1/type": "Battery", "BAT1/capacity": "80", "BAT1/status": "Full"}, power{fromMains, 0.8}},
	} {
		if got, err := linuxPower(supply(c.files)); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
	if _, err := linuxPower(fstest.MapFS{}); err == nil {
		t.Error("a system without power supplies has one")
	}
}

func TestLinuxPlace(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{"etc/localtime": "-> /usr/share/zoneinfo/America/Argentina/Ushuaia"}, "America/Argentina/Ushuaia"},
		{map[string]string{"etc/localtime": "-> ../usr/share/zoneinfo/posix/Asia/Manila"}, "Asia/Manila"},
		{map[string]string{"etc/localtime": "-> /usr/share/zoneinfo/Etc/UTC"}, "Etc/UTC"}, // from the machine of the tests
		{map[string]string{"etc/localtime": "TZif2", "etc/timezone": "Europe/Madrid\n"}, "Europe/Madrid"},
		{map[string]string{"etc/timezone": "/etc/passwd\n"}, ""},
		{map[string]string{"etc/localtime": "-> /usr/share/zoneinfo/../../secret"}, ""},
		{nil, ""},
	} {
		if got, err := linuxZone(tree(c.files)); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%v: %q, %v", c.files, got, err)
		}
	}
	for line, want := range map[string]time.Duration{"93784.25 180000.10\n": 93784250 * time.Millisecond, "": 0, "-5 1": 0, "NaN": 0, "1e300 1": 0} {
		if got, err := linuxUptime(tree(map[string]string{"proc/uptime": line})); got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %v, %v", line, got, err)
		}
	}
}

func TestLinuxReboot(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		due   bool
		code  string
	}{
		"told":            {map[string]string{"run/reboot-required": ""}, true, ""},
		"Ubuntu":          {map[string]string{"var/lib/update-notifier/updates-available": ""}, false, ""},
		"same kernel":     {map[string]string{"proc/sys/kernel/osrelease": "6.1.0-9\n", "usr/lib/modules/6.1.0-9/modules.dep": ""}, false, ""},
		"kernel replaced": {map[string]string{"proc/sys/kernel/osrelease": "6.1.0-9\n", "usr/lib/modules/6.1.0-10/modules.dep": ""}, true, ""},
		"container":       {map[string]string{"proc/sys/kernel/osrelease": "6.1.0-9\n"}, false, checks.CodeUnsupported},
		"an odd name":     {map[string]string{"proc/sys/kernel/osrelease": "../..\n", "usr/lib/modules/6/x": ""}, false, checks.CodeUnsupported},
	} {
		due, err := linuxReboot(tree(c.files))
		if due != c.due || (err != nil) != (c.code != "") || err != nil && problem(err).Code != c.code {
			t.Errorf("%s: %v, %v", name, due, err)
		}
	}
}

func TestLinuxDevices(t *testing.T) {
	webcam := map[string]string{
		"sys/devices/pci0000:00/usb1/video4linux/video0/name": "HD Pro Webcam C920\n",
		"sys/class/video4linux/video0":                        "-> ../../devices/pci0000:00/usb1/video4linux/video0",
	}
	loopback := map[string]string{
		"sys/devices/virtual/video4linux/video2/name": "Phone\n",
		"sys/class/video4linux/video2":                "-> ../../devices/virtual/video4linux/video2",
	}
	for _, c := range []struct {
		files map[string]string
		want  bool
	}{{nil, false}, {webcam, false}, {loopback, true}} {
		if got, err := linuxCameras(tree(c.files)); err != nil || got != c.want {
			t.Errorf("%v: %v, %v", c.files, got, err)
		}
	}
	for cards, want := range map[string]bool{
		" 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n                      HDA Intel PCH at 0xb1218000 irq 140\n": false,
		" 0 [Loopback       ]: Loopback - Loopback\n                      Loopback 1\n":                                true,
		"--- no soundcards ---\n": false,
	} {
		if got, err := linuxSound(tree(map[string]string{"proc/asound/cards": cards})); err != nil || got != want {
			t.Errorf("%q: %v, %v", cards, got, err)
		}
	}
	if _, err := linuxSound(fstest.MapFS{}); problem(err).Code != checks.CodeUnsupported {
		t.Errorf("no ALSA: %v", err)
	}
}

// session is a desktop: its environment, and what its programs answer.
func session(env map[string]string, says string, files map[string]string) sources {
	return sources{
		files: tree(files), home: "/home/maria", env: func(name string) string { return env[name] },
		run: func(context.Context, string, ...string) ([]byte, error) { return []byte(says), nil },
	}
}

func TestLinuxScreenLock(t *testing.T) {
	desktop := func(name string) map[string]string { return map[string]string{"XDG_CURRENT_DESKTOP": name} }
	for name, c := range map[string]struct {
		s    sources
		want bool
		code string
	}{
		"GNOME":           {session(desktop("ubuntu:GNOME"), "true\n", nil), true, ""},
		"GNOME, off":      {session(desktop("GNOME"), "false\n", nil), false, ""},
		"GNOME, odd":      {session(desktop("GNOME"), "No such schema\n", nil), false, codeUnreadable},
		"Cinnamon":        {session(desktop("X-Cinnamon"), "true\n", nil), true, ""},
		"KDE, as it came": {session(desktop("KDE"), "", nil), true, ""},
		"KDE, off":        {session(desktop("KDE"), "", map[string]string{"home/maria/.config/kscreenlockerrc": "[Daemon]\nAutolock=false\n"}), false, ""},
		"another":         {session(desktop("sway"), "", nil), false, checks.CodeUnsupported},
	} {
		on, err := linuxScreenLock(t.Context(), c.s)
		if on != c.want || (err != nil) != (c.code != "") || err != nil && problem(err).Code != c.code {
			t.Errorf("%s: %v, %v", name, on, err)
		}
	}
}

func TestLinuxFirewall(t *testing.T) {
	for name, c := range map[string]struct {
		s    sources
		want bool
	}{
		"ufw":       {session(nil, "inactive\ninactive\n", map[string]string{"etc/ufw/ufw.conf": "# comment\nENABLED=yes\n"}), true},
		"firewalld": {session(nil, "active\ninactive\n", nil), true},
		"none told": {session(nil, "inactive\ninactive\n", map[string]string{"etc/ufw/ufw.conf": "ENABLED=no\n"}), false},
		"no unit":   {session(nil, "", nil), false},
	} {
		on, err := linuxFirewall(t.Context(), c.s)
		if on != c.want || on == (err != nil) || err != nil && problem(err).Code != codeUntold {
			t.Errorf("%s: %v, %v", name, on, err)
		}
	}
}

func TestLinuxEncryption(t *testing.T) {
	mounts := func(device string) string {
		return "22 27 0:21 / /proc rw - proc proc rw\n27 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 27 " + device + " / /home rw - ext4 /dev/x rw\n31 27 8:9 / /home/mariana rw - ext4 /dev/y rw\n"
	}
	luks := map[string]string{
		"sys/dev/block/254:1/dm/uuid": "LVM-abc\n", "sys/dev/block/254:1/slaves/dm-0": "-> ../../254:0",
		"sys/dev/block/254:0/dm/uuid": "CRYPT-LUKS2-0123-root\n", "sys/dev/block/254:0/slaves/sda2/size": "1\n",
		"sys/dev/block/8:1/size": "1\n", "sys/dev/block/254:3/dm/uuid": "LVM-x\n", "sys/dev/block/254:3/slaves/sda1": "-> ../../8:1",
	}
	for device, c := range map[string]struct {
		want bool
		code string
	}{
		"254:0": {true, ""}, "254:1": {true, ""}, "8:1": {false, ""}, "254:3": {false, ""},
		"0:35": {false, codeUntold}, "99:9": {false, codeUntold}, "../..": {false, codeUntold},
	} {
		files := map[string]string{"proc/self/mountinfo": mounts(device)}
		for name, text := range luks {
			files[name] = text
		}
		on, err := linuxEncryption(tree(files), "/home/maria")
		if on != c.want || (err != nil) != (c.code != "") || err != nil && problem(err).Code != c.code {
			t.Errorf("%s: %v, %v", device, on, err)
		}
	}
	around := map[string]string{ // a ring of disks ends
		"proc/self/mountinfo":       "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"sys/dev/block/8:1/dm/uuid": "LVM-x", "sys/dev/block/8:1/slaves/a": "-> ../../8:1",
	}
	if _, err := linuxEncryption(tree(around), "/home/maria"); problem(err).Code != codeUntold {
		t.Errorf("a ring: %v", err)
	}
}

func TestLinuxComputer(t *testing.T) {
	intel, guest := "flags\t\t: fpu vme\n", "flags\t\t: fpu hypervisor vme\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"laptop":     {map[string]string{"sys/class/dmi/id/sys_vendor": "LENOVO\n", "sys/class/dmi/id/product_name": "21HM\n", "proc/cpuinfo": intel}, noSign},
		"KVM":        {map[string]string{"sys/class/dmi/id/sys_vendor": "QEMU\n", "proc/cpuinfo": guest}, vmSure},
		"VirtualBox": {map[string]string{"sys/class/dmi/id/sys_vendor": "innotek GmbH\n", "sys/class/dmi/id/product_name": "VirtualBox\n"}, vmSure},
		"hidden":     {map[string]string{"sys/class/dmi/id/sys_vendor": "Dell Inc.\n", "proc/cpuinfo": guest}, vmLikely},
		"Docker":     {map[string]string{".dockerenv": "", "proc/cpuinfo": guest}, container}, // as on the machine of the tests
		"Kubernetes": {map[string]string{"proc/1/cgroup": "4:memory:/kubepods/pod1\n", "proc/cpuinfo": guest}, container},
		"WSL":        {map[string]string{"proc/version": "Linux version 5.15.0-microsoft-standard-WSL2\n", "proc/cpuinfo": guest}, wsl},
		"ARM board":  {map[string]string{"proc/cpuinfo": "Features : fp asimd\nModel : Raspberry Pi 5\n"}, ""},
		"nothing":    {nil, ""},
	} {
		if got, err := linuxComputer(tree(c.files)); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestLinuxSession(t *testing.T) {
	local := map[string]string{"run/systemd/sessions/2": "UID=1000\nUSER=maria\nREMOTE=0\nTYPE=wayland\n", "run/systemd/sessions/7": "REMOTE=1\n"}
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22", "XDG_SESSION_ID": "2"}, remoteSure},
		{map[string]string{"XRDP_SESSION": "1"}, remoteSure},
		{map[string]string{"VNCDESKTOP": "x"}, remoteLikely},
		{map[string]string{"XDG_SESSION_ID": "2"}, noSign},
		{map[string]string{"XDG_SESSION_ID": "7"}, remoteSure},
		{map[string]string{"XDG_SESSION_ID": "9"}, ""},
		{map[string]string{"XDG_SESSION_ID": "../../../etc/passwd"}, ""},
		{nil, ""},
	} {
		if got, err := linuxSession(session(c.env, "", local)); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%v: %q, %v", c.env, got, err)
		}
	}
}

func TestLinuxSaver(t *testing.T) {
	for profile, want := range map[string]bool{"low-power\n": true, "balanced\n": false} {
		if got, err := linuxSaver(tree(map[string]string{"sys/firmware/acpi/platform_profile": profile})); err != nil || got != want {
			t.Errorf("%q: %v, %v", profile, got, err)
		}
	}
	if _, err := linuxSaver(fstest.MapFS{}); problem(err).Code != checks.CodeUnsupported {
		t.Errorf("%v", err)
	}
}

func TestLinuxProcesses(t *testing.T) {
	// The first is from the machine of the tests, its numbers shortened.
	zoom := "812 (zoom) S 1 812 812 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 9 0 5000 900000 25600 1844 1 1 0"
	files := map[string]string{
		"proc/812/stat": zoom, "proc/812/exe": "-> /opt/zoom/zoom (deleted)",
		"proc/900/stat": strings.Replace(strings.Replace(zoom, "812 (zoom)", "900 (teams-for-li) n)", 1), "25600", "10", 1),
		"proc/2/stat":   strings.Replace(strings.Replace(zoom, "812 (zoom)", "2 (kthreadd)", 1), "4194560", "2129984", 1),
		"proc/77/stat":  strings.Replace(zoom, "812 (zoom)", "77 (deskready)", 1),
		"proc/5/stat":   "5 (cut", "proc/self/stat": zoom, "proc/meminfo": "",
	}
	got, err := linuxProcesses(t.Context(), tree(files), 77, 4096)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	slices.SortFunc(got, func(a, b process) int { return strings.Compare(a.id, b.id) })
	if p := got[0]; p.id != "812/5000" || p.cpu != 2*time.Second || p.memory != 100<<20 || !slices.Equal(p.names, []string{"zoom", "zoom"}) {
		t.Errorf("%+v", p)
	}
	if p := got[1]; !slices.Equal(p.names, []string{"teams-for-li) n"}) {
		t.Errorf("%+v", p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := linuxProcesses(ctx, tree(files), 77, 4096); err == nil {
		t.Error("it was stopped, and went on")
	}
}

func FuzzStat(f *testing.F) {
	f.Add("812 (zoom) S 1 812 812 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 9 0 5000 900000 25600 1844 1 1 0")
	f.Add("1 () ) S 9999999999999999999999")
	f.Add(")(")
	f.Fuzz(func(t *testing.T, line string) {
		if p, ok := parseStat(line, 4096); ok && (p.cpu < 0 || p.id == "" || len(p.names) != 1) {
			t.Errorf("%q: %+v", line, p)
		}
	})
}

func FuzzMounts(f *testing.F) {
	f.Add("27 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "/home/maria")
	f.Add("1 2 ../.. / /home x\n", "/home")
	f.Fuzz(func(t *testing.T, table, folder string) {
		if got := mountedOn([]byte(table), folder); strings.Trim(got, "0123456789:") != "" {
			t.Errorf("device %q", got)
		}
	})
}

func FuzzLinuxFacts(f *testing.F) {
	f.Add("flags : fpu hypervisor", "1920x1080", "/usr/share/zoneinfo/Asia/Manila")
	f.Fuzz(func(t *testing.T, cpuinfo, mode, link string) {
		fsys := tree(map[string]string{
			"proc/cpuinfo": cpuinfo, "sys/class/drm/card0-DP-1/status": "connected", "sys/class/drm/card0-DP-1/modes": mode,
		})
		if sign, err := linuxComputer(fsys); err == nil && !slices.Contains(signals.Values, sign) {
			t.Errorf("signal %q", sign)
		}
		if sizes, err := linuxDisplays(fsys); err == nil && len(sizes) != 1 {
			t.Errorf("%q", sizes)
		}
		if zone, ok := zoneOfLink(link); ok && !ianaName.MatchString(zone) {
			t.Errorf("zone %q", zone)
		}
	})
}
