package system

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"deskready/checks"
)

func TestLinuxRelease(t *testing.T) {
	files := map[string]release{
		"debian-12":     {text: "Debian GNU/Linux 12 (bookworm)", key: "debian 12"},
		"debian-sid":    {text: "Debian GNU/Linux forky/sid"},
		"ubuntu-24.04":  {text: "Ubuntu 24.04.1 LTS", key: "ubuntu 24.04"},
		"fedora-43":     {text: "Fedora Linux 43 (Workstation Edition)", key: "fedora 43"},
		"quoting":       {text: `It's "Odd" $HOME`, key: "odd 1.0"},
		"arch":          {text: "Arch Linux"},
		"without-title": {text: "Minimal 3", key: "minimal 3"},
	}
	for name, want := range files {
		data, err := os.ReadFile("testdata/os-release/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range []string{"etc/os-release", "usr/lib/os-release"} {
			got, err := linuxRelease(fstest.MapFS{place: {Data: data}})
			if err != nil || got != want {
				t.Errorf("%s in %s: %+v, %v; want %+v", name, place, got, err, want)
			}
		}
	}
	if _, err := linuxRelease(fstest.MapFS{}); err == nil {
		t.Error("a system without os-release has a name")
	}
	if _, err := linuxRelease(fstest.MapFS{"etc/os-release": {Data: []byte("ID=x\n")}}); err == nil {
		t.Error("a system without a name has one")
	}
	if _, err := linuxRelease(fstest.MapFS{"etc/os-release": {Data: make([]byte, maxFile+1)}}); !errors.Is(err, errTooLarge) {
		t.Errorf("huge os-release: %v", err)
	}
}

func TestLinuxModel(t *testing.T) {
	tests := map[string]string{
		"processor\t: 0\nmodel name\t: Intel(R) Core(TM) i5: 8250U\nflags: fpu\n": "Intel(R) Core(TM) i5: 8250U",
		"processor : 0\nBogoMIPS : 108\n\nModel : Raspberry Pi 5 Model B\n":       "Raspberry Pi 5 Model B",
	}
	for text, want := range tests {
		if got, err := linuxModel(fstest.MapFS{"proc/cpuinfo": {Data: []byte(text)}}); err != nil || got != want {
			t.Errorf("%q: %q, %v", want, got, err)
		}
	}
	if _, err := linuxModel(fstest.MapFS{"proc/cpuinfo": {Data: []byte("processor: 0\n")}}); problem(err).Code != checks.CodeUnsupported {
		t.Errorf("nameless processor: %v", err)
	}
}

func TestWithinCgroup(t *testing.T) {
	host := memory{total: 16 << 30, available: 10 << 30}
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tests := map[string]struct {
		fsys fstest.MapFS
		want memory
	}{
		"none": {fstest.MapFS{}, host},
		"v2 without limit": {fstest.MapFS{
			"proc/self/cgroup": file("0::/user.slice\n"), "sys/fs/cgroup/user.slice/memory.max": file("max\n"),
		}, host},
		"v2 container": {fstest.MapFS{
			"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("2147483648\n"),
			"sys/fs/cgroup/memory.current": file("1073741824\n"), "sys/fs/cgroup/memory.stat": file("anon 5\ninactive_file 536870912\n"),
		}, memory{2 << 30, 3 << 29}},
		"v2 limit of a parent": {fstest.MapFS{
			"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("max\n"),
			"sys/fs/cgroup/a/memory.max": file("4294967296\n"), "sys/fs/cgroup/a/memory.current": file("4294967296\n"),
		}, memory{4 << 30, 0}},
		"v1 host path, seen from inside": {fstest.MapFS{
			"proc/self/cgroup":                           file("9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("3221225472\n"),
			"sys/fs/cgroup/memory/memory.usage_in_bytes": file("1073741824\n"),
			"sys/fs/cgroup/memory/memory.stat":           file("inactive_file 1\ntotal_inactive_file 1073741824\n"),
		}, memory{3 << 30, 3 << 30}},
		"v1 without limit": {fstest.MapFS{
			"proc/self/cgroup": file("4:memory:/\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n"),
		}, host},
		"above the computer": {fstest.MapFS{
			"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("99999999999999\n"),
		}, host},
		"escape": {fstest.MapFS{
			"proc/self/cgroup": file("0::/../../../etc\n"), "etc/memory.max": file("1\n"),
		}, host},
	}
	for name, tt := range tests {
		if got := withinCgroup(tt.fsys, host); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// TestWindowsVersion holds values as Windows writes them; the fixtures are synthetic, made from its documentation.
func TestWindowsVersion(t *testing.T) {
	tests := []struct {
		v    windowsVersion
		want release
	}{
		{
			windowsVersion{"Windows 10 Pro", "24H2", "2009", "Professional", "Client", "26100", 4652},
			release{"Windows 11 Pro 24H2 (26100)", "windows 26100 W", 4652},
		},
		{
			windowsVersion{"Windows 10 Home", "22H2", "2009", "Core", "Client", "19045", 6456},
			release{"Windows 10 Home 22H2 (19045)", "windows 19045 W", 6456},
		},
		{
			windowsVersion{"Windows 10 Enterprise", "25H2", "2009", "EnterpriseN", "Client", "26200", 1},
			release{"Windows 11 Enterprise 25H2 (26200)", "windows 26200 E", 1},
		},
		{
			windowsVersion{"Windows 10 Enterprise LTSC 2021", "21H2", "2009", "EnterpriseS", "Client", "19044", 1},
			release{"Windows 10 Enterprise LTSC 21H2 (19044)", "windows 19044 L", 1},
		},
		{
			windowsVersion{"Windows 10 IoT Enterprise LTSC", "24H2", "2009", "IoTEnterpriseSK", "Client", "26100", 1},
			release{"Windows 11 IoT Enterprise LTSC 24H2 (26100)", "windows 26100 I", 1},
		},
		{
			windowsVersion{"Windows 10 Education", "", "1909", "Education", "Client", "18363", 1},
			release{"Windows 10 Education 1909 (18363)", "windows 18363 E", 1},
		},
		{
			windowsVersion{"Windows Server 2022 Standard", "21H2", "2009", "ServerStandard", "Server", "20348", 1},
			release{"Windows Server 2022 Standard (20348)", "", 1},
		},
		{
			windowsVersion{"Windows 10 Holographic", "24H2", "", "Holographic", "Client", "26100", 1},
			release{"Windows 11 Holographic 24H2 (26100)", "", 1},
		},
	}
	for _, tt := range tests {
		if got, err := tt.v.release(); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v; want %+v", tt.v.productName, got, err, tt.want)
		}
	}
	if _, err := (windowsVersion{}).release(); err == nil {
		t.Error("a Windows without a build has a name")
	}
}

func TestCountCores(t *testing.T) {
	record := func(kind, size uint32) []byte {
		b := make([]byte, size)
		binary.LittleEndian.PutUint32(b, kind)
		binary.LittleEndian.PutUint32(b[4:], size)
		return b
	}
	four := strings.Repeat(string(record(0, 48)), 4)
	if n, err := countCores([]byte(four + string(record(2, 52)))); err != nil || n != 4 {
		t.Errorf("%d cores, %v; want 4", n, err)
	}
	for _, bad := range [][]byte{{0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 255, 255, 255, 255}} {
		if _, err := countCores(bad); err == nil {
			t.Errorf("%v is a good record", bad)
		}
	}
}

func TestSystemVersion(t *testing.T) {
	data, err := os.ReadFile("testdata/SystemVersion-synthetic.plist")
	if err != nil {
		t.Fatal(err)
	}
	want := release{text: "macOS 15.7.9 (24G517)", key: "macos 15"}
	if got, err := parseSystemVersion(data); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{"", "no list", "<plist><dict></dict></plist>", "bplist00\xff"} {
		if r, err := parseSystemVersion([]byte(bad)); err == nil {
			t.Errorf("%q is %+v", bad, r)
		}
	}
}

func FuzzOSRelease(f *testing.F) {
	for _, seed := range []string{"ID=debian\nVERSION_ID=\"12\"\n", "A='b\nC=\"\\\"\"", "=\n#x=1\nX=\\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for key, value := range parseOSRelease(text) {
			if len(key)+len(value) > 4*len(text) { // bytes that are no UTF-8 grow threefold
				t.Errorf("%q grew to %q", text, value)
			}
		}
	})
}

func FuzzSystemVersion(f *testing.F) {
	data, err := os.ReadFile("testdata/SystemVersion-synthetic.plist")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("bplist00\xd1\x01\x02"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := parseSystemVersion(data); err == nil && (r.text == "" || !strings.HasPrefix(r.key, "macos ")) {
			t.Errorf("%q is %+v", data, r)
		}
	})
}

func FuzzCountCores(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x08\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if n, err := countCores(data); err == nil && n > len(data)/8 {
			t.Errorf("%d cores in %d bytes", n, len(data))
		}
	})
}

func FuzzCgroup(f *testing.F) {
	f.Add("0::/a/b\n", "100\n", "50\n")
	f.Add("4:cpu,memory:/docker/../..\n", "max", "")
	f.Fuzz(func(t *testing.T, groups, limit, used string) {
		host := memory{total: 1000, available: 500}
		got := withinCgroup(fstest.MapFS{
			"proc/self/cgroup": {Data: []byte(groups)}, "sys/fs/cgroup/memory.max": {Data: []byte(limit)},
			"sys/fs/cgroup/memory.current": {Data: []byte(used)}, "sys/fs/cgroup/memory/memory.limit_in_bytes": {Data: []byte(limit)},
		}, host)
		if got.total == 0 || got.total > host.total || got.available > host.available || got.available > got.total {
			t.Errorf("%+v", got)
		}
	})
}
