package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/report"
	"deskready/report/strict"
)

var update = flag.Bool("update", false, "write the golden files anew")

// catalogue is what the policies may speak of.
func catalogue() []checks.Metric {
	var list []checks.Metric
	for _, c := range all.All(all.Options{}) {
		list = append(list, c.Metrics...)
	}
	return list
}

func TestNames(t *testing.T) {
	if want := []string{"chat-agent", "home", "voice-agent"}; !slices.Equal(Names(), want) {
		t.Errorf("%v, want %v", Names(), want)
	}
	for _, name := range Names() {
		p, err := Load(name, catalogue())
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != name || p.Title == "" {
			t.Errorf("%s.yaml calls itself %q, %q", name, p.Name, p.Title)
		}
		for _, r := range p.Rules {
			if r.Why == "" {
				t.Errorf("%s: the rule for %s does not say why", name, r.Metric)
			}
		}
		if data, _ := Source(name); !bytes.Contains(data, []byte("\nsources:\n")) {
			t.Errorf("%s does not say where its bounds come from", name)
		}
	}
}

// What a run without a collector is judged by asks for nothing that only a collector can tell; what an employer hires
// voice agents by takes no hire's word for the line.
func TestWhoAsksForAWitness(t *testing.T) {
	for name, want := range map[string][]string{
		"home": nil, "chat-agent": nil, "voice-agent": {"bandwidth.download", "bandwidth.upload", "call.mos"},
	} {
		p, err := Load(name, catalogue())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range p.Rules {
			if r.Witness {
				got = append(got, r.Metric)
				own := slices.IndexFunc(p.Rules, func(o report.Rule) bool { return o.Metric == r.Metric && !o.Witness })
				if own < 0 || *p.Rules[own].Require.Min != *r.Require.Min {
					t.Errorf("%s: the bounds for %s are not the same at both ends", name, r.Metric)
				}
			}
			if strings.HasPrefix(r.Metric, "call.") && name != "voice-agent" {
				t.Errorf("%s needs a collector for %s", name, r.Metric)
			}
			if strings.HasPrefix(r.Metric, "path.") && name == "home" && !r.Require.IsZero() {
				t.Errorf("home requires %s", r.Metric)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s asks for a witness of %v, want %v", name, got, want)
		}
	}
}

// A client that says ten times what the office saw gets no pass, whatever it says of the attempts.
func TestALyingClient(t *testing.T) {
	p, err := Load("voice-agent", catalogue())
	if err != nil {
		t.Fatal(err)
	}
	for _, metric := range []string{"bandwidth.download", "bandwidth.upload", "call.mos"} {
		for _, seen := range []string{"bad", "nothing"} {
			list := results(t, "ready")
			for _, r := range list {
				for i, m := range r.Measurements {
					if m.Metric != metric || m.By != checks.ByCollector {
						continue
					}
					r.Measurements[i].Value /= 10
					if seen == "nothing" {
						r.Measurements[i].Metric = "unknown.metric"
					}
				}
			}
			if got := report.Decide(p.Judge(list)); got == report.Ready {
				t.Errorf("%s, of which the office saw %s: %s", metric, seen, got)
			}
		}
	}
}

// A run that had the page is held to it by the overlay; what the hire refused is no fail.
func TestPage(t *testing.T) {
	p, err := Load("voice-agent", catalogue(), "page")
	if err != nil {
		t.Fatal(err)
	}
	page := func(missing string, value float64) []checks.Result {
		list := results(t, "ready")
		for i, r := range list {
			if r.Check != "browser" {
				continue
			}
			for _, m := range []string{"microphone", "webrtc", "sound", "storage", "websocket"} {
				got := checks.Measurement{Metric: "browser." + m, Subject: "chrome", Unit: checks.Truth, By: checks.ByBrowser, Value: 1}
				if m == missing {
					got.Value = value
				}
				if value < 0 && m == missing {
					got.Missing = &checks.Problem{Code: checks.CodeDenied, Side: checks.SideHire}
				}
				list[i].Measurements = append(list[i].Measurements, got)
			}
		}
		return list
	}
	for _, tt := range []struct {
		name string
		list []checks.Result
		want report.Verdict
	}{
		{"all proved", page("", 0), report.Ready},
		{"no page", results(t, "ready"), report.Undecided},
		{"no microphone", page("microphone", 0), report.NotReady},
		{"refused", page("microphone", -1), report.Undecided},
	} {
		if got := report.Decide(p.Judge(tt.list)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// What nobody could prove on every system, what is only a sign, and what a hire only says, fails nobody: not in any
// policy that is shipped, under any of its overlays.
func TestSignsFailNobody(t *testing.T) {
	proved := []string{
		"system.memory", "system.memory_available", "system.cores", "system.disk_free", "system.cpu_busy", "system.os_support",
	}
	overlays := map[string][]string{
		"home": nil, "chat-agent": {"blended", "deaf"},
		"voice-agent": {"deaf", "no-headset", "workspace", "far-office", "supervisor"},
	}
	for _, name := range Names() {
		p, err := Load(name, catalogue(), overlays[name]...)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Rules {
			desk := strings.HasPrefix(r.Metric, "system.") && !slices.Contains(proved, r.Metric)
			if (desk || strings.HasPrefix(r.Metric, "workspace.")) && !r.Require.IsZero() {
				t.Errorf("%s requires %s", name, r.Metric)
			}
		}
	}
}

// TestPrograms holds that each program on the shipped list is of a category that the check knows, and has words for.
func TestPrograms(t *testing.T) {
	p, err := Load("voice-agent", catalogue())
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(catalogue(), func(m checks.Metric) bool { return m.ID == "system.conflicts" })
	seen := map[string]bool{}
	for _, o := range p.Programs {
		seen[o.Category] = true
	}
	for _, category := range report.Categories() {
		if !seen[category] || !slices.Contains(catalogue()[at].Values, category) {
			t.Errorf("%s: on the list %v; the check knows %v", category, seen[category], catalogue()[at].Values)
		}
	}
	if len(catalogue()[at].Values) != len(report.Categories())+1 { // and "none"
		t.Errorf("the check knows %v, policies %v", catalogue()[at].Values, report.Categories())
	}
}

func TestProfiles(t *testing.T) {
	list, err := Profiles()
	if err != nil || len(list) < 8 {
		t.Errorf("%d profiles, %v", len(list), err)
	}
}

func TestUnknownName(t *testing.T) {
	for _, name := range []string{"", "nobody", "home.yaml", "../policies/home", "testdata"} {
		if _, err := Load(name, catalogue()); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "voice-agent") {
			t.Errorf("%q: %v, want one that lists the names", name, err)
		}
	}
}

func TestChatAsksNoAudio(t *testing.T) {
	p, err := Load("chat-agent", catalogue())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Rules {
		if strings.HasPrefix(r.Metric, "audio.") {
			t.Errorf("%s is asked of those who only write", r.Metric)
		}
	}
}

func results(t *testing.T, name string) []checks.Result {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "results", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []checks.Result
	if err := strict.Decode(data, &list, strict.Default); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestGolden holds what each policy finds in each set of results. After -update, the difference is to be read.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		results           string
		home, voice, chat report.Verdict
	}{
		{"ready", report.Ready, report.Ready, report.Ready},
		{"slow-line", report.NotReady, report.NotReady, report.NotReady},
		{"no-microphone", report.NotReady, report.NotReady, report.Ready},
		{"noisy-room", report.Ready, report.NotReady, report.Ready},
		{"unknown-network", report.Undecided, report.Undecided, report.Undecided},
		{"old-computer", report.NotReady, report.NotReady, report.NotReady},
	} {
		for name, want := range map[string]report.Verdict{"home": c.home, "voice-agent": c.voice, "chat-agent": c.chat} {
			t.Run(name+"/"+c.results, func(t *testing.T) {
				p, err := Load(name, catalogue())
				if err != nil {
					t.Fatal(err)
				}
				findings := p.Judge(results(t, c.results))
				if got := report.Decide(findings); got != want {
					t.Errorf("%s, want %s", got, want)
				}
				golden(t, filepath.Join(name, c.results+".json"), findings)
			})
		}
	}
}

func golden(t *testing.T, name string, value any) {
	t.Helper()
	name = filepath.Join("testdata", "golden", name)
	got, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s", name, got)
	}
}

func TestOverlays(t *testing.T) {
	for _, c := range []struct {
		name    string
		roles   []string
		results string
		want    report.Verdict
	}{
		{"voice-agent", []string{"deaf"}, "no-microphone", report.Ready},
		{"voice-agent", []string{"deaf"}, "slow-line", report.NotReady},
		{"voice-agent", []string{"no-headset"}, "ready", report.Ready},
		{"voice-agent", []string{"no-headset"}, "no-microphone", report.NotReady},
		{"voice-agent", []string{"far-office", "supervisor"}, "ready", report.Ready},
		{"voice-agent", []string{"workspace"}, "ready", report.Ready}, // nobody was asked: not known, and no fail
		{"chat-agent", []string{"blended"}, "no-microphone", report.NotReady},
		{"chat-agent", []string{"blended", "deaf"}, "no-microphone", report.Ready},
		{"chat-agent", []string{"deaf", "blended"}, "no-microphone", report.Ready},
	} {
		p, err := Load(c.name, catalogue(), c.roles...)
		if err != nil {
			t.Fatal(err)
		}
		if got := report.Decide(p.Judge(results(t, c.results))); got != c.want {
			t.Errorf("%s with %v over %s: %s, want %s", c.name, c.roles, c.results, got, c.want)
		}
		if slices.Contains(c.roles, "deaf") && len(p.Waived) == 0 {
			t.Errorf("%s with %v does not say what it waived", c.name, c.roles)
		}
	}
}

// TestEdges holds the figures that a policy's comments speak of.
func TestEdges(t *testing.T) {
	with := func(metric string, value float64) []checks.Result { // as often as it takes to be believed
		var list []checks.Result
		for attempt := 1; attempt <= 3; attempt++ {
			for _, r := range results(t, "ready") {
				for i, m := range r.Measurements {
					if m.Metric == metric {
						r.Measurements[i].Value = value
					}
				}
				r.Attempt = attempt
				list = append(list, r)
			}
		}
		return list
	}
	for _, c := range []struct {
		policy, metric string
		value          float64
		want           report.Verdict
	}{
		{"voice-agent", "system.memory", 6.3e9, report.Ready},    // sold with 8 GB, 2 of them for graphics
		{"voice-agent", "system.memory", 4.2e9, report.NotReady}, // sold with 4 GB
		{"home", "system.memory", 3.4e9, report.Ready},           // sold with 4 GB
		{"home", "system.memory", 2.1e9, report.NotReady},        // sold with 2 GB
		{"chat-agent", "system.memory", 2.9e9, report.Ready},     // sold with 4 GB, 1 of them for graphics
		{"voice-agent", "bandwidth.download", 10e6, report.Ready},
		{"voice-agent", "bandwidth.download", 9.9e6, report.NotReady},
		{"voice-agent", "bandwidth.rtt", 0.15, report.Ready},
		{"voice-agent", "bandwidth.rtt", 0.151, report.NotReady},
		{"voice-agent", "system.os_support", 0, report.Ready},
		{"voice-agent", "system.os_support", -1, report.NotReady},
		{"home", "system.os_support", -1, report.Ready},
		{"voice-agent", "audio.snr", 3, report.Ready}, // noise alone is a warning; the diagnosis is another matter
		{"voice-agent", "audio.headset", 0, report.Ready},
		{"voice-agent", "system.cpu_busy", 1, report.Ready},
		{"voice-agent", "call.mos", 3.6, report.Ready},
		{"voice-agent", "call.mos", 3.59, report.NotReady},
		{"voice-agent", "call.mos_loaded", 3.1, report.Ready},
		{"voice-agent", "call.mos_loaded", 3.09, report.NotReady}, // a full queue, while loss and jitter look fine
		{"voice-agent", "call.loss_up", 0.03, report.Ready},
		{"voice-agent", "call.loss_down", 0.031, report.NotReady},
		{"voice-agent", "call.jitter_up", 0.051, report.NotReady},
		{"voice-agent", "call.late_down", 0.031, report.NotReady},
		{"voice-agent", "path.wifi_signal", -80, report.Ready},
		{"voice-agent", "path.portal", 1, report.Ready},
		{"voice-agent", "path.clock_skew", -300, report.Ready},
		{"voice-agent", "path.clock_skew", 301, report.NotReady},
		{"chat-agent", "path.clock_skew", -301, report.NotReady},
		{"home", "path.clock_skew", 9000, report.Ready},
	} {
		p, err := Load(c.policy, catalogue())
		if err != nil {
			t.Fatal(err)
		}
		if got := report.Decide(p.Judge(with(c.metric, c.value))); got != c.want {
			t.Errorf("%s, %s = %v: %s, want %s", c.policy, c.metric, c.value, got, c.want)
		}
	}
}
