package browser

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"deskready/checks"
)

// tree makes files, and links from texts that begin with "-> ".
func tree(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		f := &fstest.MapFile{Data: []byte(text), Mode: 0o644}
		if to, ok := strings.CutPrefix(text, "-> "); ok {
			f = &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
		}
		out[name] = f
	}
	return out
}

func entry(exec string, more ...string) string {
	return strings.Join(append([]string{"[Desktop Entry]", "Type=Application", "Exec=" + exec, "MimeType=text/html;x-scheme-handler/https;"}, more...), "\n")
}

const (
	applicationINI = "[App]\nVendor=Mozilla\nName=Firefox\nVersion=160.0.1\nSourceRepository=https://example.test/releases/mozilla-release\n"
	esrINI         = "[App]\nName=Firefox\nVersion=153.7.0\n"
	esrSettings    = "[Settings]\nACCEPTED_MAR_CHANNEL_IDS=firefox-mozilla-esr\n"
	metainfo       = `<?xml version="1.0"?><component><id>x</id><releases><release version="157.0.8100.42-1" date="2026-11-05"/><release version="1.0"/></releases></component>`
)

func TestFreedesktopReal(t *testing.T) {
	d := freedesktop{fsys: os.DirFS("testdata/debian-12"), home: "/home/x", env: unset}
	want := []found{{"Mozilla Firefox ESR", "153.7.0esr"}, {"Chromium", "156.0.8078.79"}}
	if got := unique(d.browsers(t.Context())); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if name, p := d.preferred(t.Context()); name != "Chromium" || p != nil { // what xdg-settings says on that system
		t.Errorf("default %q, %v", name, p)
	}
}

// TestFreedesktop holds systems of other kinds: synthetic, made from their documentation.
func TestFreedesktop(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	tests := map[string]struct {
		files map[string]string
		env   func(string) string
		want  []found
		name  string
		code  string
	}{
		"snap": {map[string]string{
			"var/lib/snapd/desktop/applications/firefox_firefox.desktop":   entry("env BAMF_DESKTOP_FILE_HINT=/x.desktop /snap/bin/firefox %u", "X-SnapInstanceName=firefox"),
			"snap/firefox/current/usr/lib/firefox/application.ini":         applicationINI,
			"var/lib/snapd/desktop/applications/chromium_chromium.desktop": entry("/snap/bin/chromium %U"),
			"snap/chromium/current/meta/snap.yaml":                         "name: chromium\nversion: '156.0.8078.79'\n",
			"var/lib/dpkg/status":                                          "Package: firefox\nStatus: install ok installed\nVersion: 1:1snap1-0ubuntu5\n",
			"etc/xdg/mimeapps.list":                                        "[Default Applications]\nx-scheme-handler/https=firefox_firefox.desktop\n",
		}, unset, []found{{"Mozilla Firefox", "160.0.1"}, {"Chromium", "156.0.8078.79"}}, "Mozilla Firefox", ""},
		"flatpak": {map[string]string{
			"var/lib/flatpak/exports/share/applications/org.mozilla.firefox.desktop":                                               entry("/usr/bin/flatpak run --command=firefox org.mozilla.firefox @@u %u @@", "X-Flatpak=org.mozilla.firefox"),
			"var/lib/flatpak/app/org.mozilla.firefox/current/active/files/lib/firefox/application.ini":                             applicationINI,
			"home/x/.local/share/flatpak/exports/share/applications/com.google.Chrome.desktop":                                     entry("/usr/bin/flatpak run com.google.Chrome", "X-Flatpak=com.google.Chrome"),
			"home/x/.local/share/flatpak/app/com.google.Chrome/current/active/files/share/metainfo/com.google.Chrome.metainfo.xml": metainfo,
			"home/x/.config/mimeapps.list":       "[Default Applications]\nx-scheme-handler/https=com.google.Chrome.desktop;\n",
			"home/x/.config/gnome-mimeapps.list": "[Default Applications]\nx-scheme-handler/https=gone.desktop;org.mozilla.firefox.desktop;\n",
		}, env("XDG_CURRENT_DESKTOP", "ubuntu:GNOME"), []found{{"Google Chrome", "157.0.8100.42"}, {"Mozilla Firefox", "160.0.1"}}, "Mozilla Firefox", ""},
		"packages of other kinds": {map[string]string{
			"usr/share/applications/google-chrome.desktop":  entry("/usr/bin/google-chrome-stable %U", "InitialPreference=9"),
			"usr/bin/google-chrome-stable":                  "-> /opt/google/chrome/google-chrome",
			"opt/google/chrome/google-chrome":               "#!/bin/sh",
			"usr/share/appdata/google-chrome.appdata.xml":   metainfo,
			"usr/share/applications/firefox.desktop":        entry(`firefox %u`),
			"usr/bin/firefox":                               "#!/bin/sh",
			"usr/lib64/firefox/application.ini":             applicationINI,
			"usr/share/applications/brave-browser.desktop":  entry("/usr/bin/brave-browser-stable"), // gone
			"usr/share/applications/microsoft-edge.desktop": "[Desktop Entry]\nHidden=true\nExec=/usr/bin/firefox\n",
			"usr/share/applications/vivaldi-stable.desktop": entry("/usr/bin/vivaldi-stable"),
			"usr/bin/vivaldi-stable":                        "",
		}, unset, []found{{"Google Chrome", "157.0.8100.42"}, {"Mozilla Firefox", "160.0.1"}, {"Vivaldi", ""}}, "Google Chrome", ""},
		"Debian packages": {map[string]string{
			"usr/share/applications/google-chrome.desktop":     entry("/usr/bin/google-chrome-stable %U"),
			"usr/share/applications/com.google.Chrome.desktop": entry("/usr/bin/google-chrome-stable %U", "NoDisplay=true"),
			"usr/bin/google-chrome-stable":                     "",
			"usr/share/applications/opera.desktop":             entry("opera %U"),
			"usr/bin/opera":                                    "",
			"var/lib/dpkg/status": "Package: google-chrome-stable\nStatus: install ok installed\nVersion: 157.0.8100.42-1\nDescription: x\n Version: 9.9.9\n\n" +
				"Package: opera-stable\nStatus: deinstall ok config-files\nVersion: 140.0.1.2\n\nPackage: other\nStatus: install ok installed\nVersion: 1.1\n",
			"usr/local/share/applications/opera.desktop": "damaged",
			"usr/bin/x-www-browser":                      "-> /etc/alternatives/x-www-browser",
			"etc/alternatives/x-www-browser":             "-> /usr/bin/google-chrome-stable",
		}, unset, []found{{"Google Chrome", "157.0.8100.42"}, {"Opera", ""}}, "Google Chrome", ""},
		"Arch packages": {map[string]string{
			"usr/share/applications/google-chrome.desktop":                   entry("/usr/bin/google-chrome-stable %U"),
			"usr/bin/google-chrome-stable":                                   "",
			"var/lib/pacman/local/google-chrome-stable-157.0.8100.42-1/desc": "",
			"var/lib/pacman/local/google-chrome-stable-extra-1.2.3-1/desc":   "",
			"var/lib/pacman/local/ALPM_DB_VERSION":                           "9",
		}, unset, []found{{"Google Chrome", "157.0.8100.42"}}, "Google Chrome", ""},
		"archive of Mozilla in the home folder": {map[string]string{
			"home/x/.local/share/applications/firefox.desktop": entry(`"/home/x/my apps/firefox/firefox" %u`),
			"home/x/my apps/firefox/firefox":                   "",
			"home/x/my apps/firefox/application.ini":           esrINI,
			"home/x/my apps/firefox/update-settings.ini":       esrSettings,
		}, unset, []found{{"Mozilla Firefox ESR", "153.7.0esr"}}, "Mozilla Firefox", ""},
		"unknown default": {map[string]string{
			"usr/share/applications/org.example.Web.desktop": entry("/usr/bin/web"),
			"home/x/.config/mimeapps.list":                   "[Added Associations]\nx-scheme-handler/https=org.example.Web.desktop;\n",
		}, unset, nil, "", codeUnknownDefault},
		"only the alternative": {map[string]string{
			"usr/bin/x-www-browser": "-> firefox-esr", "usr/bin/firefox-esr": "",
		}, unset, nil, "Mozilla Firefox ESR", ""},
		"circle of links": {map[string]string{
			"usr/bin/x-www-browser": "-> y", "usr/bin/y": "-> x-www-browser",
		}, unset, nil, "", codeNoDefault},
		"nothing": {map[string]string{}, unset, nil, "", codeNoDefault},
		"folders of the environment": {map[string]string{
			"opt/share/applications/firefox.desktop": entry("/opt/firefox/firefox"),
			"opt/firefox/firefox":                    "", "opt/firefox/application.ini": applicationINI,
			"opt/conf/mimeapps.list": "[Default Applications]\nx-scheme-handler/https=firefox.desktop\n",
		}, env("XDG_DATA_DIRS", "relative:/opt/share/:/opt/share", "XDG_CONFIG_HOME", "/opt/conf"), []found{{"Mozilla Firefox", "160.0.1"}}, "Mozilla Firefox", ""},
		"too large": {map[string]string{
			"usr/share/applications/firefox.desktop": entry("/opt/firefox/firefox") + strings.Repeat("\n#", maxEntry),
			"opt/firefox/firefox":                    "",
		}, unset, nil, "", codeNoDefault},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := freedesktop{fsys: tree(tt.files), home: "/home/x", env: tt.env}
			if got := unique(d.browsers(t.Context())); !slices.Equal(got, tt.want) {
				t.Errorf("browsers %+v\nwant %+v", got, tt.want)
			}
			product, p := d.preferred(t.Context())
			if product != tt.name || (p == nil) != (tt.code == "") || p != nil && p.Code != tt.code {
				t.Errorf("default %q, %v; want %q, %q", product, p, tt.name, tt.code)
			}
		})
	}
}

// watched notes what is opened.
type watched struct {
	fstest.MapFS
	opened map[string]bool
}

func (w watched) Open(name string) (fs.File, error) {
	w.opened[name] = true
	return w.MapFS.Open(name)
}

// TestReadsNoMore holds the promise of the consent list: no profile is opened, nor launchers of anything but browsers.
func TestReadsNoMore(t *testing.T) {
	files := map[string]string{
		"home/x/.local/share/applications/firefox.desktop":       entry("/opt/firefox/firefox"),
		"home/x/.local/share/applications/private-thing.desktop": entry("/bin/true"),
		"home/x/.config/google-chrome/Default/History":           "secret",
		"home/x/.config/google-chrome/Last Version":              "157.0.1.1",
		"home/x/.mozilla/firefox/profiles.ini":                   "secret",
		"opt/firefox/firefox":                                    "",
		"opt/firefox/application.ini":                            applicationINI,
	}
	w := watched{tree(files), map[string]bool{}}
	d := freedesktop{fsys: w, home: "/home/x", env: unset}
	if got := run(t, Options{Now: on("2026-11-22")}, d); len(got["browser.installed"]) != 1 || got["browser.installed"][0].text != "160.0.1" {
		t.Fatalf("%+v", got)
	}
	for name := range w.opened {
		if strings.Contains(name, "private") || strings.Contains(name, "History") || strings.Contains(name, ".mozilla") || strings.Contains(name, ".config/google-chrome") {
			t.Errorf("opened %s", name)
		}
	}
}

func TestProgram(t *testing.T) {
	tests := map[string]string{
		"/usr/bin/chromium %U": "/usr/bin/chromium", "env A=b /snap/bin/firefox %u": "/snap/bin/firefox",
		`"/opt/a b/firefox" %u`: "/opt/a b/firefox", "/usr/bin/env X=1 opera": "opera", "": "", `"`: `"`, "A=b": "",
	}
	for in, want := range tests {
		if got := program(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzLauncher(f *testing.F) {
	for _, name := range []string{"chromium", "firefox-esr"} {
		data, err := os.ReadFile("testdata/debian-12/usr/share/applications/" + name + ".desktop")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("[Desktop Entry]\nExec=\"\nX-Flatpak=../../..\n[]\n=")
	f.Fuzz(func(t *testing.T, text string) {
		if l, ok := parseLauncher(text); ok && len(l.exec) > len(text) {
			t.Errorf("%q runs %q", text, l.exec)
		}
		d := freedesktop{home: "/home/x", env: unset, fsys: tree(map[string]string{
			"usr/share/applications/firefox.desktop": text, "usr/lib/firefox/application.ini": applicationINI,
			"usr/share/applications/opera.desktop": text,
		})}
		for _, b := range d.browsers(t.Context()) {
			if rank(b.name) < 0 || b.version != versionIn(b.version) {
				t.Errorf("%q is %+v", text, b)
			}
		}
	})
}

func FuzzMimeapps(f *testing.F) {
	f.Add("[Default Applications]\nx-scheme-handler/https=firefox.desktop;chromium.desktop\n", "GNOME:x")
	f.Add("[Added Associations]\nx-scheme-handler/https=../../etc/passwd;\x00\n", "../..")
	f.Fuzz(func(t *testing.T, text, desktop string) {
		d := freedesktop{home: "/home/x", env: func(string) string { return desktop }, fsys: tree(map[string]string{
			"home/x/.config/mimeapps.list": text, "usr/share/applications/firefox.desktop": entry("/bin/true"),
		})}
		if name, p := d.preferred(t.Context()); (name == "") == (p == nil) {
			t.Errorf("default %q, %v", name, p)
		}
	})
}

func FuzzMozilla(f *testing.F) {
	data, err := os.ReadFile("testdata/debian-12/usr/lib/firefox-esr/application.ini")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, []byte(esrSettings))
	f.Add([]byte(applicationINI), []byte{})
	f.Fuzz(func(t *testing.T, application, settings []byte) {
		if b, ok := mozillaVersion(application, settings); ok && (rank(b.name) < 0 || versionIn(b.version) != b.version || len(numbers(b.version)) == 0) {
			t.Errorf("%q is %+v", application, b)
		}
	})
}

func FuzzDpkg(f *testing.F) {
	data, err := os.ReadFile("testdata/debian-12/var/lib/dpkg/status")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("Package: chromium\nVersion:\nStatus: x installed\n\n\n:"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for name := range maps.Keys(parseDpkg(data, []string{"chromium", "firefox-esr"})) {
			if name != "chromium" && name != "firefox-esr" {
				t.Errorf("gave %q, which nobody wanted", name)
			}
		}
	})
}

func FuzzDescriptions(f *testing.F) {
	f.Add(metainfo, "version: '1.2.3'\n")
	f.Add("<release version='1.2'", "version:\n")
	f.Fuzz(func(t *testing.T, xml, yaml string) {
		for _, v := range []string{parseMetainfo(strings.NewReader(xml)), parseSnap(yaml)} {
			if v != versionIn(v) {
				t.Errorf("%q", v)
			}
		}
	})
}

func TestInside(t *testing.T) {
	for in, want := range map[string]string{"/usr//bin": "usr/bin", "/": ".", "": ".", "/../../etc": "etc", "a/../..": "."} {
		if got := inside(in); got != want || !fs.ValidPath(got) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if resolve(tree(map[string]string{"a": "-> b", "b": "-> /c/d"}), "/a") != path.Join("/c", "d") {
		t.Error("a chain of links ends elsewhere")
	}
}

func TestPreferredWithoutHome(t *testing.T) {
	d := freedesktop{fsys: tree(nil), env: unset}
	if _, p := d.preferred(t.Context()); p == nil || p.Code != codeNoDefault || p.Side != checks.SideHire {
		t.Errorf("%+v", p)
	}
}
