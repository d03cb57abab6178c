package system

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestRecord(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "facts")
	r := newRecorder(folder, []string{"maria", "maria-laptop", "", "ab"})
	files := r.around(tree(map[string]string{
		"proc/uptime": "5 5\n", "etc/localtime": "-> /usr/share/zoneinfo/Asia/Manila", "home/maria/.config/kscreenlockerrc": "[Daemon]\nUser=Maria\n",
		"proc/self/mountinfo": "9 1 0:9 / /mnt/x rw - nfs4 nas.home:/maria rw\n27 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"proc/cpuinfo":        "model name : X\nSerial : 10000000abcdef\n",
	}))
	if up, err := linuxUptime(files); err != nil || up == 0 {
		t.Errorf("%v, %v: a recording changes what is read", up, err)
	}
	if zone, err := linuxZone(files); err != nil || zone != "Asia/Manila" {
		t.Errorf("%q, %v", zone, err)
	}
	for range 2 {
		_, _ = linuxModel(files)
		_, _ = linuxEncryption(files, "/home/maria")
		_, _ = text(files, "home/maria/.config/kscreenlockerrc")
	}
	run := r.runs(func(context.Context, string, ...string) ([]byte, error) {
		return []byte("host maria-laptop, 00:1A:2b:3c:4d:5e, 5f0c1a5e-1111-2222-3333-444455556666\n  \"serial_number\" : \"C02XX\",\n"), nil
	})
	_, _ = run(t.Context(), "/usr/bin/pmset", "-g", "batt")
	reg := r.asks(parseHive("[HKLM\\A]\nOwner=Maria\nN=#5\n"))
	if reg.text(`HKLM\A`, "Owner") != "Maria" || reg.keys("HKLM")[0] != "A" {
		t.Error("a recording changes what is read")
	}
	_, _ = reg.number(`HKLM\A`, "N")

	want := map[string]string{
		"files/proc/uptime":                           "5 5\n",
		"files/proc/cpuinfo":                          "model name : X\nSerial : \"REDACTED\"\n",
		"files/home/REDACTED/.config/kscreenlockerrc": "[Daemon]\nUser=REDACTED\n",
		"files/proc/self/mountinfo":                   "9 1 0:9 / /mnt/x rw - nfs4 REDACTED rw\n27 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
		"links.txt":                                   "etc/localtime -> /usr/share/zoneinfo/Asia/Manila\n",
		"commands/pmset_-g_batt.txt":                  "host REDACTED, REDACTED, REDACTED\n  \"serial_number\" : \"REDACTED\",\n",
		"registry.txt":                                "[HKLM\\A] \"Owner\" \"REDACTED\"\n[HKLM] [\"A\"]\n[HKLM\\A] \"N\" 5 true\n",
	}
	got := map[string]string{}
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(folder, name)
		got[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s: %q, want %q", name, got[name], text)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("recorded besides: %v", got)
	}
}

// TestRecordStaysInside writes nowhere else, whatever a name says, and a folder that cannot be written stops nothing.
func TestRecordStaysInside(t *testing.T) {
	outer := t.TempDir()
	r := newRecorder(filepath.Join(outer, "facts"), nil)
	r.keep("files/../../escape", []byte("x"))
	if files, err := os.ReadDir(outer); err != nil || len(files) != 1 || files[0].Name() != "facts" {
		t.Errorf("%v, %v", files, err)
	}
	blocked := filepath.Join(outer, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	files := newRecorder(blocked, nil).around(fstest.MapFS{"proc/uptime": {Data: []byte("7 7\n")}})
	if _, err := linuxUptime(files); err != nil {
		t.Error(err)
	}
}

func TestRecordsThisMachine(t *testing.T) {
	folder := t.TempDir()
	o := Options{Record: folder, Home: "/home/somebody", Env: func(string) string { return "" }}
	m := thisMachine(newSources(o))
	if _, err := m.release(t.Context()); err != nil {
		t.Fatal(err)
	}
	count := 0
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			count++
		}
		return err
	})
	if err != nil || count == 0 {
		t.Errorf("%d files recorded, %v", count, err)
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("user_name: maria\nssid = home\n00:11:22:33:44:55")
	f.Fuzz(func(t *testing.T, text string) {
		got := strings.ToLower(string(redactor([]string{"maria"})([]byte(text))))
		if strings.Contains(got, "maria") || addresses.MatchString(got) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

// TestReplay asks a recording what it asked the computer: the answers are the same.
func TestReplay(t *testing.T) {
	laptop := tree(map[string]string{
		"etc/os-release": "PRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\nID=ubuntu\nVERSION_ID=24.04\n", "proc/uptime": "93784.25 1\n",
		"etc/localtime": "-> /usr/share/zoneinfo/Asia/Manila", "proc/cpuinfo": "model name : X\nflags : fpu\n",
		"sys/class/drm/card0-eDP-1/status": "connected\n", "sys/class/drm/card0-eDP-1/modes": "1920x1080\n",
		"sys/class/power_supply/BAT0/type": "Battery\n", "sys/class/power_supply/BAT0/capacity": "57\n",
		"sys/class/dmi/id/sys_vendor": "LENOVO\n",
	})
	folder := t.TempDir()
	ask := func(fsys fs.FS) string {
		r, err1 := linuxRelease(fsys)
		up, err2 := linuxUptime(fsys)
		zone, err3 := linuxZone(fsys)
		sizes, err4 := linuxDisplays(fsys)
		supply, err5 := linuxPower(fsys)
		sign, err6 := linuxComputer(fsys)
		return fmt.Sprint(r, up, zone, sizes, supply, sign, err1, err2, err3, err4, err5, err6)
	}
	want := ask(newRecorder(folder, nil).around(laptop))

	again := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(folder), "files", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(folder, name))
		again[strings.TrimPrefix(name, "files/")] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	links, err := os.ReadFile(filepath.Join(folder, "links.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(links)) {
		name, target, _ := strings.Cut(strings.TrimSpace(line), " -> ")
		again[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
	}
	if got := ask(again); got != want || !strings.Contains(got, "1920x1080") {
		t.Errorf("the recording says\n%s\nthe computer said\n%s", got, want)
	}
}
