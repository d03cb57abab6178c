package main

import (
	"testing"

	"deskready/report/collector"
)

// TestKeepIsRemembered: what was said once goes for later starts, until something else is said.
func TestKeepIsRemembered(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		o    serveOptions
		want int
	}{
		{"never said", serveOptions{keep: collector.DefaultKeep}, collector.DefaultKeep},
		{"said", serveOptions{keep: 90, keepSaid: true}, 90},
		{"said before", serveOptions{keep: collector.DefaultKeep}, 90},
		{"not by itself", serveOptions{keep: 0, keepSaid: true}, 0},
		{"still not by itself", serveOptions{keep: collector.DefaultKeep}, 0},
	} {
		if err := c.o.keepPlace(dir, &place{URL: "http://127.0.0.1:8440"}); err != nil {
			t.Fatal(err)
		}
		if at, err := readPlace(dir); err != nil || at.keep() != c.want {
			t.Errorf("%s: %d days, want %d, %v", c.name, at.keep(), c.want, err)
		}
	}
	if got := (place{}).keep(); got != collector.DefaultKeep {
		t.Errorf("a folder from before: %d days", got)
	}
}
