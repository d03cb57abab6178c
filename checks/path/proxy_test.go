package path

import (
	"slices"
	"testing"
)

func TestGnomeProxy(t *testing.T) {
	// From a Debian 12 computer, shortened; the host is set by hand.
	const none = "org.gnome.system.proxy autoconfig-url ''\norg.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '::1']\norg.gnome.system.proxy mode 'none'\norg.gnome.system.proxy.http host ''\norg.gnome.system.proxy.socks host ''\n"
	const manual = "org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.ftp host 'f.example'\norg.gnome.system.proxy.http host ''\norg.gnome.system.proxy.https host 'p.example'\n"
	for _, test := range []struct {
		text, want string
		bad        bool
	}{
		{none, proxyNone, false},
		{manual, proxyManual, false},
		{"org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.http host ''\n", proxyNone, false},
		{"org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.ftp host 'f.example'\n", proxyNone, false},
		{"org.gnome.system.proxy mode 'auto'\n", proxyAuto, false},
		{"No such schema", "", true},
		{"", "", true},
	} {
		if got, err := parseGnome(test.text); got != test.want || (err != nil) != test.bad {
			t.Errorf("%q: %q, %v", test.text, got, err)
		}
	}
}

func TestKDEProxy(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  proxyNone,
		"[Proxy Settings]\nProxyType=0":     proxyNone,
		"[Proxy Settings]\nProxyType=1":     proxyManual,
		"[Proxy Settings]\nProxyType[$i]=1": proxyManual,
		"[Proxy Settings]\n Proxy Config Script=x\nProxyType = 2": proxyAuto,
		"[Proxy Settings]\nProxyType=3":                           proxyAuto,
		"[Proxy Settings]\nProxyType=4":                           proxyNone,
		"[Other]\nProxyType=1":                                    proxyNone,
		"[Proxy Settings]\nProxyType=1\n[Other]\nProxyType=0":     proxyManual,
	} {
		if got := parseKDE(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestScutilProxy(t *testing.T) {
	for name, want := range map[string]string{"scutil-auto": proxyAuto, "scutil-none": proxyNone, "scutil-manual": proxyManual} {
		if got, err := parseScutil(fixture(t, name)); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	if got, err := parseScutil("No proxy"); err == nil {
		t.Errorf("what is no dictionary was read as %q", got)
	}
}

func TestWindowsProxy(t *testing.T) {
	for settings, want := range map[internetSettings]string{
		{}:                                    proxyNone,
		{enabled: true}:                       proxyNone,
		{server: "p.example:8080"}:            proxyNone, // switched off, and kept
		{enabled: true, server: "p.example"}:  proxyManual,
		{script: "http://p.example/wpad.dat"}: proxyAuto,
		{enabled: true, server: "p.example", script: "http://p.example/x"}: proxyAuto,
	} {
		if got := settings.kind(); got != want {
			t.Errorf("%+v: %q, want %q", settings, got, want)
		}
	}
}

func TestEnvironmentProxy(t *testing.T) {
	env := func(set ...string) func(string) string {
		return func(name string) string {
			if slices.Contains(set, name) {
				return "http://hire:secret@p.example:8080"
			}
			return ""
		}
	}
	for _, test := range []struct {
		set    string
		system string
		want   proxying
	}{
		{"", proxyNone, proxying{kind: proxyNone}},
		{"NO_PROXY", proxyNone, proxying{kind: proxyNone}},
		{"https_proxy", proxyNone, proxying{kind: proxyManual, from: proxyFromEnvironment}},
		{"ALL_PROXY", proxyNone, proxying{kind: proxyManual, from: proxyFromEnvironment}},
		{"HTTP_PROXY", proxyAuto, proxying{kind: proxyAuto, from: proxyFromSystem}},
		{"", proxyManual, proxying{kind: proxyManual, from: proxyFromSystem}},
	} {
		if got := withEnvironment(env(test.set), test.system); got != test.want {
			t.Errorf("%q over %q: %+v, want %+v", test.set, test.system, got, test.want)
		}
	}
}

func FuzzProxy(f *testing.F) {
	for _, name := range []string{"scutil-auto", "scutil-none", "scutil-manual"} {
		f.Add(fixture(f, name))
	}
	f.Add("[Proxy Settings]\nProxyType[$i]=1")
	f.Add("org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.https host 'p.example'\n")
	f.Fuzz(func(t *testing.T, text string) {
		mac, macErr := parseScutil(text)
		gnome, gnomeErr := parseGnome(text)
		for kind, err := range map[string]error{mac: macErr, gnome: gnomeErr, parseKDE(text): nil} {
			if err == nil && !slices.Contains([]string{proxyNone, proxyManual, proxyAuto}, kind) {
				t.Errorf("kind %q", kind)
			}
		}
	})
}
