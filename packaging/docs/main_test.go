package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"deskready/checks"
)

func TestUpdate(t *testing.T) {
	list := []checks.Check{{
		Name: "desk",
		Metrics: []checks.Metric{
			{ID: "desk.height", Unit: "m"},
			{ID: "desk.kind", Unit: checks.Text, Values: []string{"oak", "pine"}},
		},
		Words: fstest.MapFS{"en.json": {Data: []byte(`{"desk.title": "Your desk", "desk.height.title": "Height",
			"desk.height.help": "From floor | to top.", "desk.kind.title": "Wood", "desk.kind.help": "What it is made of."}`)}},
	}}
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte("# Desk\n\n<!-- metrics -->\nold\n<!-- metrics -->\n\nMore.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := update(file, list, true); err == nil || !strings.Contains(err.Error(), "make docs") {
		t.Errorf("a stale document passes: %v", err)
	}
	if err := update(file, list, false); err != nil {
		t.Fatal(err)
	}
	if err := update(file, list, true); err != nil {
		t.Errorf("a fresh document fails: %v", err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := "# Desk\n\n<!-- metrics -->\n\n**Your desk** (`--only desk`)\n\n| metric | unit | what it is |\n| --- | --- | --- |\n" +
		"| `desk.height` | m | Height: From floor \\| to top. |\n| `desk.kind` | `oak` `pine` | Wood: What it is made of. |\n\n<!-- metrics -->\n\nMore.\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMarksMustBeThere(t *testing.T) {
	for _, document := range []string{"", mark, mark + mark + mark, "<!-- metrics --> " + mark} {
		if _, err := between(document, "x"); err == nil {
			t.Errorf("%q passes", document)
		}
	}
}
