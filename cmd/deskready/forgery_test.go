package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestForgeries gives each file of the verifier's conformance folder to the program as a recruiter would: by its name,
// with the collector's trust file, and nothing else. The folder says which exit code each deserves.
func TestForgeries(t *testing.T) {
	cases, err := filepath.Glob("../../report/verify/testdata/v0/*/expect.json")
	if err != nil || len(cases) < 15 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, file := range cases {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var want struct {
				Now  string
				Code int
			}
			data, err := os.ReadFile(file)
			if err == nil {
				err = json.Unmarshal(data, &want)
			}
			if err != nil {
				t.Fatal(err)
			}
			in := t.TempDir() // with the names that people's files have: the receipt is found beside the report
			for from, to := range map[string]string{"report.deskready.json": "hire.deskready.json", "receipt.json": "hire.receipt.json"} {
				if data, err := os.ReadFile(filepath.Join(dir, from)); err == nil {
					if err := os.WriteFile(filepath.Join(in, to), data, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			args := []string{"verify", filepath.Join(in, "hire.deskready.json"), "--format", "json"}
			if trust := filepath.Join(dir, "trust.json"); exists(trust) {
				args = append(args, "--trust", trust)
			}
			code, out := program(t, []string{"TODAY=" + want.Now}, args...)
			if code != want.Code {
				t.Errorf("exit code %d, want %d\n%s", code, want.Code, out)
			}
			if refused := want.Code >= 20; refused != strings.Contains(out, `"valid": false`) {
				t.Errorf("exit code %d with\n%s", code, out)
			}
		})
	}
}

// TestRecipe verifies a report by hand: the lines of the README, given to a shell that has jq and openssl and not us.
func TestRecipe(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(readme), "<!-- recipe -->")
	if len(parts) != 3 {
		t.Fatal("README.md has no recipe between its marks")
	}
	recipe := strings.NewReplacer("```sh", "", "```", "").Replace(parts[1])
	whole, err := os.ReadFile("../../report/verify/testdata/v0/ready/report.deskready.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Envelope struct{ Payload string } `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(whole, &doc); err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(whole), doc.Envelope.Payload, doc.Envelope.Payload[:40]+"A"+doc.Envelope.Payload[41:], 1)
	for name, c := range map[string]struct {
		file string
		good bool
	}{"whole": {string(whole), true}, "changed": {forged, false}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "hire.deskready.json"), []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("sh", "-ec", recipe)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if verified := err == nil && strings.Contains(string(out), "Verified Successfully"); verified != c.good {
				t.Errorf("verified %t: %v\n%s", verified, err, out)
			}
		})
	}
}

// program runs this test binary as deskready, with an environment that holds nothing of the caller's.
func program(t *testing.T, env []string, args ...string) (code int, out string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "deskready") // testscript takes the name it was started by for the command
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(env, "HOME="+dir, "DESKREADY_CONFIG="+filepath.Join(dir, "config"), "DESKREADY_STATE="+filepath.Join(dir, "state"), "LANG=C")
	text, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode(), string(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, string(text)
}
