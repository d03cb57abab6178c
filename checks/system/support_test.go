package system

import (
	"errors"
	"strings"
	"testing"
	"time"

	"deskready/checks"
)

func TestDaysLeft(t *testing.T) {
	tests := []struct {
		key      string
		revision int
		today    string
		days     int
		code     string
	}{
		{"debian 12", 0, "2026-11-22", 586, ""},
		{"debian 11", 0, "2026-11-22", -83, ""},
		{"debian 14", 0, "2026-11-22", 0, codeOS},
		{"debian", 0, "2026-11-22", 0, codeOS},
		{"", 0, "2026-11-22", 0, codeOS},
		{"ubuntu 24.04", 0, "2026-11-22", 921, ""},
		{"ubuntu 25.04", 0, "2026-11-22", -311, ""},
		{"fedora 43", 0, "2026-12-09", 0, ""},
		{"fedora 43", 0, "2026-12-10", -1, ""},
		{"linuxmint 22.3", 0, "2026-11-22", 890, ""},
		{"windows 26100 W", 4652, "2026-11-22", -40, ""},
		{"windows 26100 E", 4652, "2026-11-22", 324, ""},
		{"windows 26100 L", 4652, "2026-11-22", 1052, ""},
		{"windows 17763 I", 0, "2026-11-22", 779, ""}, // as the plain long term channel
		{"windows 22631 E", 0, "2026-11-22", -12, ""},
		{"windows 99999 W", 0, "2026-11-22", 0, codeOS},
		{"windows 19045 W", 6456, "2025-10-14", 0, ""},
		{"windows 19045 W", 6456, "2026-11-22", -404, ""},
		{"windows 19045 W", 6809, "2026-11-22", 0, codeExtended},
		{"windows 19045 W", 6809, "2025-10-01", 13, ""},
		{"macos 14", 0, "2026-09-13", 13, ""},  // three years after it came out, while it is among the latest three
		{"macos 14", 0, "2026-11-22", -69, ""}, // until 27 came out
		{"macos 15", 0, "2026-11-22", 298, ""},
		{"macos 15", 0, "2027-12-01", 0, codeOS}, // there must be a macOS the table does not know
		{"macos 26", 0, "2026-11-22", 663, ""},
		{"macos 27", 0, "2026-11-22", 1027, ""},
		{"macos 28", 0, "2026-11-22", 1004, ""}, // newer than the table: at least as good as new on its day
		{"macos 16", 0, "2026-11-22", 0, codeOS},
		{"macos 10", 0, "2026-11-22", -1490, ""}, // older than the table: ended when 13 came out, at the latest
		{"macos x", 0, "2026-11-22", 0, codeOS},
	}
	for _, tt := range tests {
		days, err := daysLeft(release{key: tt.key, revision: tt.revision}, on(tt.today)())
		var p *checks.Problem
		switch errors.As(err, &p); {
		case tt.code == "" && (err != nil || days != tt.days):
			t.Errorf("%s on %s: %d, %v; want %d", tt.key, tt.today, days, err, tt.days)
		case tt.code != "" && (p == nil || p.Code != tt.code):
			t.Errorf("%s on %s: %d, %v; want %s", tt.key, tt.today, days, err, tt.code)
		}
	}
}

// TestSupportTable holds the data to its own rules: dated, with sources, every key of a known kind.
func TestSupportTable(t *testing.T) {
	table, err := support()
	if err != nil {
		t.Fatal(err)
	}
	if table.Dated.at.IsZero() || len(table.Sources) == 0 || len(table.Ends) < 100 {
		t.Errorf("dated %v, %d sources, %d ends", table.Dated.at, len(table.Sources), len(table.Ends))
	}
	kinds := map[string]int{"windows": 3, "debian": 2, "ubuntu": 2, "fedora": 2, "linuxmint": 2, "pop": 2}
	for key, end := range table.Ends {
		parts := strings.Fields(key)
		if kinds[parts[0]] != len(parts) {
			t.Errorf("odd key %q", key)
		}
		if end.at.Year() < 2016 || end.at.Year() > 2040 {
			t.Errorf("%s ends in %d", key, end.at.Year())
		}
	}
	last := time.Time{}
	for _, m := range table.MacOS {
		if !m.Released.at.After(last) {
			t.Errorf("macOS %d is out of order", m.Major)
		}
		last = m.Released.at
	}
}
