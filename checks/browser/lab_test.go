//go:build lab && linux

package browser

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestInstalledHere holds the versions read from files against what the browsers say of themselves. The lab machine has
// both browsers.
func TestInstalledHere(t *testing.T) {
	inventory := thisInventory(Options{Home: t.TempDir(), Env: os.Getenv})
	got := inventory.browsers(t.Context())
	for program, name := range map[string]string{"chromium": "Chromium", "firefox-esr": "Mozilla Firefox ESR"} {
		out, err := exec.CommandContext(t.Context(), program, "--version").Output()
		if err != nil {
			t.Errorf("%s --version: %v", program, err)
			continue
		}
		says := regexp.MustCompile(`[0-9]+(\.[0-9]+)+(esr)?`).FindString(string(out))
		if says == "" || !slices.Contains(got, found{name, says}) {
			t.Errorf("%s says %q; found %+v", program, strings.TrimSpace(string(out)), got)
		}
	}
}

// TestDefaultHere holds the default against what xdg-utils would start.
func TestDefaultHere(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "xdg-mime", "query", "default", "x-scheme-handler/https").Output()
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSuffix(strings.TrimSpace(string(out)), ".desktop")
	want, ok := productOf(func(p product) bool { return slices.Contains(p.desktops, strings.ToLower(id)) })
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	name, p := thisInventory(Options{Home: home, Env: os.Getenv}).preferred(t.Context())
	if !ok || p != nil || name != want.name {
		t.Errorf("default %q, %v; xdg-mime says %q", name, p, id)
	}
}
