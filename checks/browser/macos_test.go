package browser

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func synthetic(t testing.TB, name string) *fstest.MapFile {
	t.Helper()
	data, err := os.ReadFile("testdata/macos/" + name + "-synthetic.plist")
	if err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: data, Mode: 0o644}
}

func TestMacOS(t *testing.T) {
	firefoxInfo := &fstest.MapFile{Data: []byte(`<?xml version="1.0"?><plist version="1.0"><dict><key>CFBundleIdentifier</key><string>org.mozilla.firefox</string>` +
		`<key>CFBundleShortVersionString</key><string>153.7.0</string></dict></plist>`)}
	m := macOS{home: "/Users/x", fsys: fstest.MapFS{
		"Applications/Google Chrome.app/Contents/Info.plist":                                         synthetic(t, "chrome"),
		"System/Volumes/Preboot/Cryptexes/App/System/Applications/Safari.app/Contents/Info.plist":    synthetic(t, "safari-binary"),
		"Applications/Safari.app/Contents/Info.plist":                                                synthetic(t, "safari-binary"),
		"Users/x/Applications/Firefox.app/Contents/Info.plist":                                       firefoxInfo,
		"Users/x/Applications/Firefox.app/Contents/Resources/application.ini":                        {Data: []byte(esrINI)},
		"Users/x/Applications/Firefox.app/Contents/Resources/update-settings.ini":                    {Data: []byte(esrSettings)},
		"Applications/Vivaldi.app/Contents/Info.plist":                                               synthetic(t, "chrome"), // not what it says
		"Applications/Opera.app/Contents/Info.plist":                                                 {Data: []byte("bplist00 damaged")},
		"Users/x/Library/Preferences/com.apple.LaunchServices/com.apple.launchservices.secure.plist": synthetic(t, "handlers-binary"),
	}}
	want := []found{{"Google Chrome", "157.0.8100.42"}, {"Mozilla Firefox ESR", "153.7.0esr"}, {"Safari", "26.6"}}
	if got := unique(m.browsers(t.Context())); !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if name, p := m.preferred(t.Context()); name != "Google Chrome" || p != nil {
		t.Errorf("default %q, %v", name, p)
	}
}

func TestMacOSDefault(t *testing.T) {
	const place = "Users/x/Library/Preferences/com.apple.LaunchServices/com.apple.launchservices.secure.plist"
	handler := func(id string) string {
		return `<plist version="1.0"><dict><key>LSHandlers</key><array><dict><key>LSHandlerURLScheme</key><string>https</string>` +
			`<key>LSHandlerRoleAll</key><string>` + id + `</string></dict></array></dict></plist>`
	}
	tests := []struct{ text, name, code string }{
		{handler("org.mozilla.firefox"), "Mozilla Firefox", ""},
		{handler("com.microsoft.edgemac"), "Microsoft Edge", ""},
		{handler("org.example.browser"), "", codeUnknownDefault},
		{`<plist version="1.0"><dict></dict></plist>`, "Safari", ""},
		{"damaged", "", codeUnknownDefault},
	}
	for _, tt := range tests {
		m := macOS{home: "/Users/x", fsys: fstest.MapFS{place: {Data: []byte(tt.text)}}}
		name, p := m.preferred(t.Context())
		if name != tt.name || (p == nil) != (tt.code == "") || p != nil && p.Code != tt.code {
			t.Errorf("%.80q: %q, %v; want %q, %q", tt.text, name, p, tt.name, tt.code)
		}
	}
	if name, p := (macOS{home: "/Users/x", fsys: fstest.MapFS{}}).preferred(t.Context()); name != "Safari" || p != nil {
		t.Errorf("nothing chosen: %q, %v", name, p)
	}
	if _, p := (macOS{fsys: fstest.MapFS{}}).preferred(t.Context()); p == nil || p.Code != codeNoDefault {
		t.Errorf("no home: %v", p)
	}
}

// TestDeepPropertyList holds the limit against the deepest list that fits into it: what a stack cannot hold ends the
// whole program.
func TestDeepPropertyList(t *testing.T) {
	for _, element := range []string{"<array>", "<dict><key>a</key>"} {
		deep := "<plist>" + strings.Repeat(element, maxPlist/len(element))
		if bundle, ok := parseHandlers([]byte(deep)); ok || bundle != "" {
			t.Errorf("%s without end sets %q", element, bundle)
		}
	}
}

func FuzzPropertyLists(f *testing.F) {
	for _, name := range []string{"chrome", "safari-binary", "handlers-binary"} {
		f.Add(synthetic(f, name).Data)
	}
	f.Add([]byte("<plist><array><array>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxEntry {
			return
		}
		parseInfo(data)
		if bundle, ok := parseHandlers(data); !ok && bundle != "" {
			t.Errorf("%q is no list, and sets %q", data, bundle)
		}
	})
}
