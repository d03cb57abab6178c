package system

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks"
)

func TestProgramName(t *testing.T) {
	for name, want := range map[string]string{
		"Zoom.exe": "Zoom", `C:\Program Files\Zoom\Zoom.EXE`: "Zoom", "/opt/zoom/zoom": "zoom", ".exe": ".exe", "": "", "/": "",
		"Google Chrome Helper (GPU)": "Google Chrome", "chrome": "chrome",
	} {
		if got := programName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestShownName holds that a report names no file, no person and no text that somebody typed.
func TestShownName(t *testing.T) {
	o := Options{Home: "/home/maria", Programs: []Program{{"Microsoft Teams", "softphone", []string{"ms-teams", "teams*"}}}}
	for name, want := range map[string]string{
		"firefox-esr": "firefox-esr", "MS-Teams.exe": "Microsoft Teams", "teams-for-linux": "Microsoft Teams",
		"maria-notes": "", "Maria's letters": "", "call bob@example.com": "", "a:b": "", "\x1b[31mred": "", "--secret": "",
		"/home/maria/bin/tool": "tool", strings.Repeat("n", 41): strings.Repeat("n", 40), "": "", "名前": "名前",
	} {
		if got := shownName(process{names: []string{name}}, o); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
	if got := shownName(process{}, o); got != "" {
		t.Errorf("a nameless process is %q", got)
	}
}

func found(list []checks.Measurement, of checks.Metric) []string {
	var out []string
	for _, m := range list {
		switch {
		case m.Metric != of.ID:
		case m.Missing != nil:
			out = append(out, m.Missing.Code)
		default:
			out = append(out, fmt.Sprintf("%s %.3g%s", m.Subject, m.Value, m.Text))
		}
	}
	return out
}

func TestOfPrograms(t *testing.T) {
	m := machine{}
	thread := time.Second / 10 * time.Duration(m.threads()) // a tenth of the processor, over a second
	before := []process{{"1/1", []string{"a"}, 0, 0}, {"2/1", []string{"a"}, 0, 0}, {"3/1", []string{"b"}, 5 * thread, 0}, {"9/1", []string{"e"}, time.Hour, 0}}
	after := []process{
		{"1/1", []string{"a"}, thread, 10 << 20}, {"2/1", []string{"a"}, 2 * thread, 5 << 20}, {"3/1", []string{"b"}, 6 * thread, 100 << 20},
		{"4/1", []string{"new"}, 9 * thread, 1 << 20}, {"5/1", []string{"c"}, 0, 2 << 20}, {"6/1", []string{"d"}, 0, 1 << 20},
		{"9/2", []string{"e"}, 0, 0}, // the number was given to another
	}
	got := m.ofPrograms(before, after, time.Second, Options{})
	if cpu := found(got, programCPU); !slices.Equal(cpu, []string{"a 0.3", "b 0.1"}) {
		t.Errorf("processor: %q", cpu)
	}
	if mem := found(got, programMemory); !slices.Equal(mem, []string{"b 1.05e+08", "a 1.57e+07", "c 2.1e+06"}) {
		t.Errorf("memory: %q", mem)
	}
	private := m.ofPrograms(nil, []process{{"1/1", []string{"a@b"}, 0, 1}}, time.Second, Options{})
	if cpu := found(private, programCPU); !slices.Equal(cpu, []string{checks.CodeAbsent}) {
		t.Errorf("nobody to be named: %q", cpu)
	}
}

func TestOfConflicts(t *testing.T) {
	running := []process{{names: []string{"zoom"}}, {names: []string{"TeamViewer_Service.exe"}}, {names: []string{"private-app"}}}
	list := []Program{
		{"Zoom", "softphone", []string{"zoom", "zoom.us"}}, {"TeamViewer", "remote_control", []string{"teamviewer*"}},
		{"AnyDesk", "remote_control", []string{"anydesk"}}, {"Odd", "a category of tomorrow", []string{"zoom"}}, {"Broken", "other", []string{"[zo"}},
		{"Zoom", "other", []string{"zoom"}},
	}
	if got := found(ofConflicts(running, list), conflicts); !slices.Equal(got, []string{"Zoom 0softphone", "TeamViewer 0remote_control", "Odd 0other"}) {
		t.Errorf("%q", got)
	}
	if got := found(ofConflicts(nil, list), conflicts); !slices.Equal(got, []string{" 0none"}) {
		t.Errorf("none runs: %q", got)
	}
	if got := found(ofConflicts(running, nil), conflicts); !slices.Equal(got, []string{codeNoPrograms}) {
		t.Errorf("none asked for: %q", got)
	}
}

func FuzzShownName(f *testing.F) {
	f.Add("Zoom.exe", "zoom")
	f.Add("maria notes", "[a")
	f.Fuzz(func(t *testing.T, name, pattern string) {
		o := Options{Home: "/home/maria", Programs: []Program{{"P", "other", []string{pattern}}}}
		got := shownName(process{names: []string{name}}, o)
		if got != "P" && (strings.Contains(strings.ToLower(got), "maria") || strings.ContainsAny(got, "/\\@:\n\x1b") || got != checks.Clean(got, 40)) {
			t.Errorf("%q is shown as %q", name, got)
		}
	})
}
