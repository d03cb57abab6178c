package browser

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
)

// exported is a registry from a .reg file, as the registry editor writes them.
type exported map[string]map[string]string

func readReg(t testing.TB, name string) exported {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out, key := exported{}, ""
	short := strings.NewReplacer("HKEY_LOCAL_MACHINE", "HKLM", "HKEY_CURRENT_USER", "HKCU", "HKEY_CLASSES_ROOT", "HKCR")
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "[") {
			key = strings.ToLower(short.Replace(strings.Trim(line, "[]")))
			out[key] = map[string]string{}
		} else if value, text, ok := strings.Cut(line, "="); ok && key != "" {
			text = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(text[1 : len(text)-1])
			out[key][strings.ToLower(strings.Trim(value, `"@`))] = text
		}
	}
	return out
}

func (e exported) text(path, name string) string {
	return e[strings.ToLower(path)][strings.ToLower(name)]
}

func (e exported) keys(path string) []string {
	var names []string
	for key := range e {
		if rest, ok := strings.CutPrefix(key, strings.ToLower(path)+`\`); ok {
			name, _, _ := strings.Cut(rest, `\`)
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// programFiles are the programs of a fake Windows and their versions, and files beside them.
type programFiles map[string]string

func (p programFiles) version(path string) (string, bool) {
	v, ok := p[strings.ToLower(path)]
	return v, ok
}

func (p programFiles) read(path string, _ int64) ([]byte, bool) {
	text, ok := p[strings.ToLower(path)]
	return []byte(text), ok
}

func fakeWindows(t testing.TB, files programFiles) (registered, exported) {
	reg := readReg(t, "testdata/windows/24h2-synthetic.reg")
	env := func(name string) string {
		return map[string]string{
			"ProgramFiles": `C:\Program Files`, "ProgramFiles(x86)": `C:\Program Files (x86)`, "LocalAppData": `C:\Users\x\AppData\Local`,
		}[name]
	}
	return registered{registry: reg, env: env, version: files.version, read: files.read}, reg
}

func TestRegistered(t *testing.T) {
	w, _ := fakeWindows(t, programFiles{
		`c:\program files\google\chrome\application\chrome.exe`:        "157.0.8100.42",
		`c:\program files (x86)\microsoft\edge\application\msedge.exe`: "157.0.3900.10",
		`c:\program files\mozilla firefox\firefox.exe`:                 "160.0.1.9437",
		`c:\program files\mozilla firefox\application.ini`:             applicationINI,
		`c:\users\x\appdata\local\programs\opera\opera.exe`:            "140.0.5800.1",
		`c:\users\x\appdata\local\vivaldi\application\vivaldi.exe`:     "", // its resources cannot be read
		`c:\users\x\appdata\local\programs\opera gx\opera.exe`:         "130.0.1.2",
		`c:\program files\internet explorer\iexplore.exe`:              "11.0.1.2",
	})
	want := []found{
		{"Google Chrome", "157.0.8100.42"}, {"Microsoft Edge", "157.0.3900.10"}, {"Mozilla Firefox", "160.0.1"},
		{"Opera", "140.0.5800.1"}, {"Opera GX", "130.0.1.2"}, {"Vivaldi", ""}, {"Arc", "1.60.0.291"},
	}
	if got := unique(w.browsers(t.Context())); !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if name, p := w.preferred(t.Context()); name != "Mozilla Firefox" || p != nil {
		t.Errorf("default %q, %v", name, p)
	}
}

// TestRegisteredESR tells the Extended Support Release by the files beside the program.
func TestRegisteredESR(t *testing.T) {
	w, reg := fakeWindows(t, programFiles{
		`c:\program files\mozilla firefox\firefox.exe`:         "153.7.0.9437",
		`c:\program files\mozilla firefox\application.ini`:     esrINI,
		`c:\program files\mozilla firefox\update-settings.ini`: esrSettings,
	})
	if got := w.browsers(t.Context()); !slices.Equal(got, []found{{"Mozilla Firefox ESR", "153.7.0esr"}, {"Arc", "1.60.0.291"}}) {
		t.Errorf("%+v", got)
	}
	if name, p := w.preferred(t.Context()); name != "Mozilla Firefox ESR" || p != nil {
		t.Errorf("default %q, %v", name, p)
	}
	delete(reg, `hkcr\firefoxurl-308046b0af4a39cb\shell\open\command`)
	if name, p := w.preferred(t.Context()); name != "Mozilla Firefox" || p != nil { // the check makes it the ESR
		t.Errorf("default %q, %v", name, p)
	}
}

func TestRegisteredDefault(t *testing.T) {
	const latest = `hkcu\software\microsoft\windows\shell\associations\urlassociations\https\userchoicelatest\progid`
	const old = `hkcu\software\microsoft\windows\shell\associations\urlassociations\https\userchoice`
	tests := []struct{ latest, old, name, code string }{
		{"ChromeHTML", "MSEdgeHTM", "Google Chrome", ""},
		{"", "MSEdgeHTM", "Microsoft Edge", ""},
		{"", "VivaldiHTM.ABCDEF", "Vivaldi", ""},
		{"", "BraveHTML", "Brave", ""},
		{"", "OperaStable", "Opera", ""},
		{"", "Opera GXStable", "Opera GX", ""},
		{"", "AppXdec0de", "", codeUnknownDefault}, // of the Store, and nothing says whose
		{"", "ChromiumHTM.XYZ", "Chromium", ""},
		{"", "FirefoxHTML-308046B0AF4A39CB", "Mozilla Firefox", ""},
		{"", "ChromeBHTML", "", codeUnknownDefault}, // Chrome Beta
		{"", "IE.HTTP", "", codeUnknownDefault},
		{"", `..\..\x`, "", codeUnknownDefault},
		{"", "", "", codeNoDefault},
	}
	for _, tt := range tests {
		w, reg := fakeWindows(t, nil)
		reg[latest] = map[string]string{"progid": tt.latest}
		reg[old] = map[string]string{"progid": tt.old}
		name, p := w.preferred(t.Context())
		if name != tt.name || (p == nil) != (tt.code == "") || p != nil && p.Code != tt.code {
			t.Errorf("%q %q: %q, %v; want %q, %q", tt.latest, tt.old, name, p, tt.name, tt.code)
		}
	}
}

// TestStore finds what the Store brought: synthetic, made from the documentation.
func TestStore(t *testing.T) {
	const root = `C:\Program Files\WindowsApps\F`
	for _, tt := range []struct {
		full, root string
		files      programFiles
		want       []found
	}{
		{"Mozilla.Firefox_160.0.1.0_x64__n80bbvh6b1yt2", "", nil, []found{{firefox, "160.0.1"}}},
		{"mozilla.firefox_160.0.0.0_arm64__n80bbvh6b1yt2", "", nil, []found{{firefox, "160.0.0"}}},
		{"Mozilla.Firefox_160.0.1.0_x64__n80bbvh6b1yt2", root, programFiles{strings.ToLower(root) + `\vfs\programfiles\firefox package root\application.ini`: applicationINI}, []found{{firefox, "160.0.1"}}},
		{"Mozilla.Firefox_160.0.1.0_neutral_split.language-de_n80bbvh6b1yt2", "", nil, nil},
		{"Mozilla.FirefoxBeta_161.0.0.0_x64__n80bbvh6b1yt2", "", nil, nil},
		{"Mozilla.Firefox", "", nil, nil},
		{"DuckDuckGo.DesktopBrowser_0.90.4.0_x64__ya2fgkz3nks94", "", nil, []found{{"DuckDuckGo", "0.90.4"}}},
	} {
		reg := exported{strings.ToLower(storePackages + `\` + tt.full): {"packagerootfolder": tt.root}}
		w := registered{registry: reg, env: unset, version: tt.files.version, read: tt.files.read}
		if got := w.browsers(t.Context()); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.full, got, tt.want)
		}
	}
	w, reg := fakeWindows(t, nil)
	reg[`hkcu\software\microsoft\windows\shell\associations\urlassociations\https\userchoicelatest\progid`] = map[string]string{"progid": "AppXdec0de"}
	reg[`hkcr\appxdec0de\application`] = map[string]string{"appusermodelid": "Mozilla.Firefox_n80bbvh6b1yt2!App"}
	if name, p := w.preferred(t.Context()); name != firefox || p != nil {
		t.Errorf("default %q, %v", name, p)
	}
}

func TestCommandPath(t *testing.T) {
	tests := map[string]string{
		`"C:\A B\chrome.exe" --single-argument %1`: `C:\A B\chrome.exe`,
		`C:\Program Files\x\FIREFOX.EXE -url "%1"`: `C:\Program Files\x\FIREFOX.EXE`,
		`  "C:\x.exe"`:                           `C:\x.exe`,
		`"C:\open`:                               `C:\open`,
		`rundll32 x`:                             "",
		``:                                       "",
		strings.Repeat("a", maxCommand) + ".exe": "",
	}
	for in, want := range tests {
		if got := commandPath(in); got != want {
			t.Errorf("%.60q: %q, want %q", in, got, want)
		}
	}
}

func FuzzCommandPath(f *testing.F) {
	for _, seed := range []string{`"C:\A B\chrome.exe" -- "%1"`, `c:\x.exe`, `"`, "\u212a.EXE", ".ex"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, command string) {
		if got := commandPath(command); !strings.Contains(command, got) {
			t.Errorf("%q: %q", command, got)
		}
	})
}

func FuzzProgID(f *testing.F) {
	f.Add("FirefoxURL-308046B0AF4A39CB", `"C:\Program Files\Mozilla Firefox\firefox.exe" "%1"`)
	f.Add(`a\b`, `\firefox.exe`)
	f.Fuzz(func(t *testing.T, id, command string) {
		reg := exported{
			`hkcu\software\microsoft\windows\shell\associations\urlassociations\https\userchoice`: {"progid": id},
			strings.ToLower(`HKCR\` + id + `\shell\open\command`):                                 {"": command},
			`hklm\software\clients\startmenuinternet\x\shell\open\command`:                        {"": command},
		}
		everything := func(string) (string, bool) { return "1.2.3.4", true }
		w := registered{registry: reg, env: unset, version: everything, read: programFiles{}.read}
		if name, p := w.preferred(t.Context()); (name == "") == (p == nil) {
			t.Errorf("default %q, %v", name, p)
		}
		for _, b := range w.browsers(t.Context()) {
			if rank(b.name) < 0 {
				t.Errorf("%q is %+v", command, b)
			}
		}
	})
}
