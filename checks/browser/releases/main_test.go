package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestTrim(t *testing.T) {
	browser := `{"releases":{"49":{"release_date":"2016-03-02"},"157":{"release_date":"2026-11-03","status":"current"},"160":{"status":"planned"}}}`
	var all []string
	for _, name := range append(kept(), "nodejs") {
		all = append(all, `"`+name+`":`+browser)
	}
	in := `{"__meta":{"timestamp":"2026-11-12T14:10:29.391Z","version":"8.1.9"},"browsers":{` + strings.Join(all, ",") + `}}`
	out, err := trim([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	var got table
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if got.Dated != "2026-11-12" || got.Source != "@mdn/browser-compat-data 8.1.9 (CC0-1.0)" || len(got.Browsers) != len(kept()) {
		t.Errorf("%s", out)
	}
	if r := got.Browsers["chrome"]; len(r) != 1 || r["157"] != "2026-11-03" {
		t.Errorf("chrome: %v", r)
	}
}

func TestTrimRefuses(t *testing.T) {
	for _, in := range []string{"", "{", `{"browsers":{}}`} {
		if out, err := trim([]byte(in)); err == nil {
			t.Errorf("%q: %s", in, out)
		}
	}
}

// TestWrite goes from file to file.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir+"/none", dir+"/out"); err == nil {
		t.Error("made a table of nothing")
	}
	if err := os.WriteFile(dir+"/in", []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(dir+"/in", dir+"/out"); err == nil || !strings.Contains(err.Error(), "chrome") {
		t.Errorf("made a table without Chrome: %v", err)
	}
}
