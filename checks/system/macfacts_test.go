package system

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"deskready/checks"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The fixtures of macOS are synthetic: made from its documentation and from what others quote.
func TestMacDisplays(t *testing.T) {
	got, err := macDisplays(fixture(t, "macos/displays-synthetic.json"))
	if want := []string{"2560x1664", "1920x1080"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "[]", "{}", `{"SPDisplaysDataType":{}}`, `{"SPDisplaysDataType":[{"spdisplays_ndrvs":"x"}]}`} {
		if got, err := macDisplays([]byte(bad)); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

func TestMacFirewall(t *testing.T) {
	state := func(s string) []byte {
		return []byte(`{"SPFirewallDataType":[{"spfirewall_globalstate":"` + s + `"}]}`)
	}
	if on, err := macFirewall(fixture(t, "macos/firewall-synthetic.json")); err != nil || !on {
		t.Errorf("%v, %v", on, err)
	}
	if on, err := macFirewall(state("spfirewall_globalstate_allow_all")); err != nil || on {
		t.Errorf("allow all: %v, %v", on, err)
	}
	for _, bad := range [][]byte{nil, state("spfirewall_globalstate_new"), []byte(`{"SPFirewallDataType":[{}]}`)} {
		if _, err := macFirewall(bad); err == nil {
			t.Errorf("%q is a state", bad)
		}
	}
}

func TestMacPower(t *testing.T) {
	for told, want := range map[string]power{
		string(fixture(t, "macos/batt-synthetic.txt")):                                                           {fromBattery, 0.63},
		"Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t100%; charged; 0:00 remaining present: true\n": {fromMains, 1},
		"Now drawing from 'AC Power'\n":                                                                          {noBattery, -1},
		"Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t; no estimate\n":                          {fromBattery, -1},
	} {
		if got, err := macPower(told); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", told, got, err, want)
		}
	}
	if got, err := macPower("Now drawing from 'UPS Power'\n"); err == nil {
		t.Errorf("%+v", got)
	}
	for told, want := range map[string]bool{" lowpowermode         1\n": true, " sleep 1\n lowpowermode 0\n": false} {
		if got, err := macSaver(told); err != nil || got != want {
			t.Errorf("%q: %v, %v", told, got, err)
		}
	}
	if _, err := macSaver(" sleep 1\n"); !errors.Is(err, errUnsupported) {
		t.Errorf("no mode: %v", err)
	}
}

func TestMacAnswers(t *testing.T) {
	for _, c := range []struct {
		parse func(string) (bool, error)
		told  string
		want  bool
	}{
		{macEncryption, "FileVault is On.\n", true},
		{macEncryption, "FileVault is Off.\n", false},
		{macScreenLock, "2026-11-28 10:00:00.000 sysadminctl[1:2] screenLock delay is immediate\n", true},
		{macScreenLock, "sysadminctl[1:2] screenLock delay is 300 seconds\n", true},
		{macScreenLock, "sysadminctl[1:2] screenLock is off\n", false},
	} {
		if got, err := c.parse(c.told); err != nil || got != c.want {
			t.Errorf("%q: %v, %v", c.told, got, err)
		}
	}
	for _, parse := range []func(string) (bool, error){macEncryption, macScreenLock} {
		if _, err := parse("Error: no such command\n"); err == nil {
			t.Error("an error is an answer")
		}
	}
}

func TestMacProcesses(t *testing.T) {
	got := macProcesses(string(fixture(t, "macos/ps-synthetic.txt")), 999)
	if len(got) != 4 {
		t.Fatalf("%d processes: %+v", len(got), got)
	}
	if p := got[2]; p.cpu != 26*time.Hour+3*time.Minute+4*time.Second || p.memory != 900<<20 || programName(p.names[0]) != "Google Chrome" {
		t.Errorf("%+v", p)
	}
	if name := shownName(got[3], Options{Home: "/Users/maria"}); name != "Google Chrome" {
		t.Errorf("a helper is called %q", name)
	}
	for _, bad := range []string{"", "5", "1:2:3:4", "x:1", "1:-2", "1-", "99999999999999-00:00:00", "NaN:1"} {
		if d, ok := psTime(bad); ok {
			t.Errorf("%q is %v", bad, d)
		}
	}
}

func TestMacDevicesAndPlace(t *testing.T) {
	quiet := []byte(`{"SPCameraDataType":[{"_name":"FaceTime HD Camera"}]}`)
	plugin := fstest.MapFS{
		"Library/Audio/Plug-Ins/HAL/BlackHole2ch.driver/Contents/Info.plist":             {},
		"Library/CoreMediaIO/Plug-Ins/DAL/obs-mac-virtualcam.plugin/Contents/Info.plist": {},
	}
	if yes, err := macCameras(fstest.MapFS{}, fixture(t, "macos/camera-synthetic.json")); err != nil || !yes {
		t.Errorf("extension: %v, %v", yes, err)
	}
	if yes, err := macCameras(fstest.MapFS{}, quiet); err != nil || yes {
		t.Errorf("no plug-in: %v, %v", yes, err)
	}
	if yes, err := macCameras(plugin, nil); err != nil || !yes {
		t.Errorf("plug-in: %v, %v", yes, err)
	}
	if yes, err := macPlugins(plugin, macSoundPlugins); err != nil || !yes {
		t.Errorf("sound: %v, %v", yes, err)
	}
	link := fstest.MapFS{"etc/localtime": {Data: []byte("/var/db/timezone/zoneinfo/America/Bogota"), Mode: os.ModeSymlink}}
	if zone, err := macZone(link); err != nil || zone != "America/Bogota" {
		t.Errorf("%q, %v", zone, err)
	}
	if _, err := macZone(fstest.MapFS{"etc/localtime": {Data: []byte("/elsewhere"), Mode: os.ModeSymlink}}); err == nil {
		t.Error("elsewhere is a time zone")
	}
}

func TestMacAntivirus(t *testing.T) {
	bundle := fstest.MapFS{"Library/Apple/System/Library/CoreServices/XProtect.bundle/Contents/Info.plist": {}}
	if on, err := macAntivirus(bundle); err != nil || !on {
		t.Errorf("%v, %v", on, err)
	}
	if _, err := macAntivirus(fstest.MapFS{}); problem(err).Code != codeUntold {
		t.Errorf("another place: %v", err)
	}
}

func TestMacSigns(t *testing.T) {
	for _, c := range []struct {
		model   string
		present uint32
		err     error
		want    string
	}{
		{"Mac14,2", 0, nil, noSign}, {"VirtualMac2,1", 0, nil, vmSure}, {"Mac14,2", 1, nil, vmSure}, {"VMware7,1", 0, errUnsupported, vmSure},
		{"Mac14,2", 0, errUnsupported, ""},
	} {
		if got, err := macComputer(c.model, c.present, c.err); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	if got, err := macSession(func(name string) string { return map[string]string{"SSH_TTY": "/dev/ttys001"}[name] }); err != nil || got != remoteSure {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := macSession(func(string) string { return "" }); problem(err).Code != codeUntold {
		t.Errorf("no SSH: %v", err)
	}
}

func TestAnswer(t *testing.T) {
	says := func(told string, err error) runner {
		return func(context.Context, string, ...string) ([]byte, error) { return []byte(told), err }
	}
	if on, err := answer(t.Context(), says("FileVault is On.\n", errors.New("exit status 1")), macEncryption, "/usr/bin/fdesetup"); err != nil || !on {
		t.Errorf("%v, %v: what was said counts", on, err)
	}
	if _, err := answer(t.Context(), says("", errUnsupported), macEncryption, "/usr/bin/fdesetup"); problem(err).Code != checks.CodeUnsupported {
		t.Errorf("%v", err)
	}
}

func FuzzMac(f *testing.F) {
	for _, name := range []string{"displays", "firewall", "camera"} {
		f.Add(string(fixture(f, "macos/"+name+"-synthetic.json")))
	}
	f.Add(string(fixture(f, "macos/batt-synthetic.txt")))
	f.Add(string(fixture(f, "macos/ps-synthetic.txt")))
	f.Add("\xff%\n1 1:1 1 x\n")
	f.Fuzz(func(t *testing.T, told string) {
		sizes, _ := macDisplays([]byte(told))
		for _, s := range sizes {
			if s != "unknown" && resolutionOf(s) != s {
				t.Errorf("display of %q", s)
			}
		}
		if p, err := macPower(told); err == nil && (p.charge > 1 || !slices.Contains(powerFrom.Values, p.from)) {
			t.Errorf("%+v", p)
		}
		for _, p := range macProcesses(told, 1) {
			if p.cpu < 0 || strings.TrimSpace(p.names[0]) == "" {
				t.Errorf("%+v", p)
			}
		}
		_, _ = macFirewall([]byte(told))
		_, _ = macCameras(fstest.MapFS{}, []byte(told))
		_, _ = macSaver(told)
	})
}
