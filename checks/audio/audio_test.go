package audio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/checktest"
	"deskready/checks/words"
)

func TestConforms(t *testing.T) {
	t.Run("a good child", func(t *testing.T) { checktest.Conforms(t, New(Options{Child: as("good")})) })
	t.Run("no child", func(t *testing.T) { checktest.Conforms(t, New(Options{})) })
}

// TestWords wants a text for all that this check says beyond what Conforms knows of.
func TestWords(t *testing.T) {
	c := New(Options{})
	want := append(counted(), "audio.ask.ready", "audio.ask.listen", "audio.ask.count", "audio.ask.listen_again", "audio.answer.go_on",
		"audio.answer.again", "audio.answer.ready", "audio.answer.play", cannotSpeak, cannotHear, playNothing, heardNothing,
		"audio.step.devices", "audio.step.room", "audio.step.speak", "audio.step.speak_up", "audio.step.speak_good",
		"audio.step.speak_loud", "audio.step.listen", "audio.step.play")
	for _, found := range []string{"no_speech", "silent", "level_low", "level_high", "clipping", "noise_high"} {
		want = append(want, "audio.ask.again."+found)
	}
	for _, code := range codes {
		want = append(want, "problem."+code)
		if p := missing(code); p.Code != code || p.Side == "" {
			t.Errorf("%s became %+v", code, p)
		}
	}
	for _, v := range diagnosis.Values[1:] {
		want = append(want, "audio.diagnosis."+v+".remedy")
	}
	for _, lang := range []string{"en", "es"} {
		book, err := words.Open(lang, c.Words)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range want {
			if !book.Has(key) {
				t.Errorf("%s lacks %q", lang, key)
			}
		}
	}
}

// codes are all that this check adds to the codes of every check.
var codes = []string{codeNoMicrophone, codeNoOutput, codeNoServer, codeFrozen, codeStalled, codeUnplugged, codeSilent, codeBlocked,
	codeInUse, codeNotOpened, codeFailed, codeNoSpeech, codeNobodyAsked, codeWrongDefault, codeNotKnown, codeNoise, codeCannotSpeak,
	codeCannotHear, codeNotPlayed, codeNoListener, codeNoEcho, codeEchoUnproved, codeSpokeEarly, codeTooShort}

// good is a take in which all is well; each row of the tests breaks one thing.
func good() take {
	return take{asked: true,
		devices: &Devices{Named: true,
			Inputs:  []Device{{ID: "a", Name: "Headset A", Default: true, Headset: isHeadset, Told: bySigns}},
			Outputs: []Device{{ID: "b", Name: "Headset A", Default: true, Headset: isHeadset, Told: bySigns}}},
		heard: true, echo: &Echo{Sweeps: 3, Match: 0.03, Loss: 80},
		figures: &Figures{Rate: 48000, Seconds: 6, Speech: true, Level: -26, Floor: -70, Peak: 0.5, HumLevel: -90, Bandwidth: 8000}}
}

func TestDiagnose(t *testing.T) {
	internal := Device{ID: "c", Name: "Built-in", Default: true, Headset: noHeadset}
	for name, c := range map[string]struct {
		breaks      func(*take)
		class, code string
	}{
		"all well":      {func(*take) {}, "pass", ""},
		"no microphone": {func(t *take) { t.fault = missing(codeNoMicrophone) }, "no_microphone", ""},
		"no server":     {func(t *take) { t.fault = missing(codeNoServer) }, "no_microphone", ""},
		"frozen":        {func(t *take) { t.fault = missing(codeFrozen) }, "stalled", ""},
		"stalled":       {func(t *take) { t.fault = missing(codeStalled) }, "stalled", ""},
		"unplugged":     {func(t *take) { t.fault = missing(codeUnplugged) }, "unplugged", ""},
		"blocked":       {func(t *take) { t.fault = missing(codeBlocked) }, "", codeBlocked},
		"broken":        {func(t *take) { t.fault = missing(codeFailed) }, "", codeFailed},
		"unsupported":   {func(t *take) { t.fault = missing(checks.CodeUnsupported) }, "", checks.CodeUnsupported},
		"nothing":       {func(t *take) { t.figures = nil }, "", codeFailed},
		"no output":     {func(t *take) { t.devices.Outputs = nil }, "no_output", ""},
		"silent":        {func(t *take) { t.figures = &Figures{Silent: true} }, "silent", ""},
		"another microphone by default": {func(t *take) {
			t.devices.Inputs[0].Default = false
			t.devices.Inputs = append(t.devices.Inputs, internal)
		}, "wrong_default", ""},
		"no headset at all":              {func(t *take) { t.devices.Inputs = []Device{internal} }, "pass", ""},
		"a headset nobody can tell":      {func(t *take) { t.devices.Inputs[0].Headset = "" }, "pass", ""},
		"nobody speaks":                  {func(t *take) { t.figures.Speech = false }, "no_speech", ""},
		"nobody speaks, nobody asked":    {func(t *take) { t.figures.Speech, t.asked = false, false }, "", codeNobodyAsked},
		"speaks without being asked":     {func(t *take) { t.asked = false }, "pass", ""},
		"at the lower edge":              {func(t *take) { t.figures.Level, t.figures.Floor = levelLow, -90 }, "pass", ""},
		"under it":                       {func(t *take) { t.figures.Level = levelLow - 0.1 }, "level_low", ""},
		"loud, with room over the peaks": {func(t *take) { t.figures.Level = -10 }, "pass", ""},
		"loud, without":                  {func(t *take) { t.figures.Level, t.figures.Peak = -10, 0.95 }, "level_high", ""},
		"clipped":                        {func(t *take) { t.figures.Clipping = 0.02 }, "clipping", ""},
		"noise":                          {func(t *take) { t.figures.Floor = -37 }, "noise_high", ""},
		"hum is the noise":               {func(t *take) { t.figures.Floor, t.figures.Hum, t.figures.HumLevel = -37, 20, -38 }, "hum", ""},
		"hum that nobody hears":          {func(t *take) { t.figures.Hum, t.figures.HumLevel = 20, -60 }, "pass", ""},
		"dropouts":                       {func(t *take) { t.figures.Dropouts = 0.04 }, "dropouts", ""},
		"one gap":                        {func(t *take) { t.figures.Dropouts = 0.02 }, "pass", ""},
		"narrow":                         {func(t *take) { t.figures.Bandwidth = 3564 }, "narrowband", ""},
		"narrow, in noise":               {func(t *take) { t.figures.Bandwidth, t.figures.Masked = 3564, true }, "pass", ""},
		"offset":                         {func(t *take) { t.figures.DCOffset = 0.08 }, "dc_offset", ""},
		"another microphone for calls": {func(t *take) {
			t.devices.Inputs = append(t.devices.Inputs, Device{ID: "c", Name: "Built-in", Calls: true, Headset: noHeadset})
		}, "pass", ""},
		"chosen beside the default": {func(t *take) {
			t.devices.Inputs = append(t.devices.Inputs, Device{Name: "x", Headset: noHeadset, Default: true})
			t.devices.Inputs[0].Default = false
			t.chosen = &t.devices.Inputs[0]
		}, "pass", ""},
		"from speakers":             {func(t *take) { t.devices.Outputs[0].Headset, t.echo = noHeadset, echoOf(3, 1, 40) }, "speakers", ""},
		"from what nobody knows":    {func(t *take) { t.devices.Outputs[0].Headset, t.echo = "", echoOf(2, 0.4, 40) }, "speakers", ""},
		"from a headset by name":    {func(t *take) { t.devices.Outputs[0].Told, t.echo = byName, echoOf(3, 1, 40) }, "speakers", ""},
		"from a headset":            {func(t *take) { t.echo = echoOf(3, 1, 40) }, "pass", ""},
		"from a headset, very loud": {func(t *take) { t.echo = echoOf(3, 1, 20) }, "speakers", ""},
		"one sweep, by chance":      {func(t *take) { t.devices.Outputs[0].Headset, t.echo = "", echoOf(1, 0.4, 40) }, "pass", ""},
		"one sweep, beyond doubt":   {func(t *take) { t.devices.Outputs[0].Headset, t.echo = "", echoOf(1, 0.9, 40) }, "speakers", ""},
		"a faint echo":              {func(t *take) { t.devices.Outputs[0].Headset, t.echo = "", echoOf(3, 1, 50) }, "pass", ""},
		"speakers before no speech": {func(t *take) {
			t.devices.Outputs[0].Headset, t.echo, t.figures.Speech = "", echoOf(3, 1, 20), false
		}, "speakers", ""},
		"cannot speak":             {func(t *take) { t.mute, t.figures.Speech = true, false }, "", codeCannotSpeak},
		"cannot speak, television": {func(t *take) { t.mute = true }, "", codeCannotSpeak},
		"cannot speak, muted":      {func(t *take) { t.mute, t.figures = true, &Figures{Silent: true} }, "silent", ""},
		"stopped while playing":    {func(t *take) { t.echo, t.unplayed = nil, missing(codeStalled) }, "stalled", ""},
		"nothing was played": {func(t *take) {
			t.echo, t.unplayed, t.unheard = nil, missing(checks.CodeDenied), missing(checks.CodeDenied)
		}, "pass", ""},
	} {
		t.Run(name, func(t *testing.T) {
			it := good()
			c.breaks(&it)
			class, p := it.diagnose()
			if class != c.class || (p == nil) != (c.code == "") || p != nil && p.Code != c.code {
				t.Errorf("got %q and %v, want %q and %q", class, p, c.class, c.code)
			}
			if class != "" && !slices.Contains(diagnosis.Values, class) {
				t.Errorf("%q is not in the vocabulary", class)
			}
			if got := it.answers(); len(got) != len(New(Options{}).Metrics) {
				t.Errorf("%d answers for %d metrics", len(got), len(New(Options{}).Metrics))
			}
		})
	}
}

func echoOf(found int, match, loss float64) *Echo {
	return &Echo{Sweeps: 3, Found: found, Match: match, Loss: loss, Delay: 0.01}
}

// TestNeverFromNoise: where no voice was heard, nothing that only a voice can show is given.
func TestNeverFromNoise(t *testing.T) {
	it := good()
	it.figures.Speech = false
	for _, m := range it.answers() {
		switch m.Metric {
		case "audio.speech_level", "audio.snr", "audio.clipping", "audio.dropouts", "audio.bandwidth":
			if m.Missing == nil || m.Missing.Code != codeNoSpeech {
				t.Errorf("%s is %v, %v", m.Metric, m.Value, m.Missing)
			}
		case "audio.noise_floor":
			if m.Missing != nil || m.Value != -70 {
				t.Errorf("%s is %v, %v", m.Metric, m.Value, m.Missing)
			}
		}
	}
}

func TestHeadsetAnswers(t *testing.T) {
	device := func(headset string) []Device { return []Device{{ID: "a", Name: "x", Default: true, Headset: headset}} }
	const yes, no = "1", "0"
	for name, c := range map[string]struct {
		in, out       []Device
		headset, both string
	}{
		"both":          {device(isHeadset), device(isHeadset), yes, yes},
		"out of a box":  {device(isHeadset), device(noHeadset), yes, no},
		"neither":       {device(noHeadset), device(noHeadset), no, no},
		"not told":      {device(""), device(""), codeNotKnown, codeNotKnown},
		"half told":     {device(""), device(noHeadset), codeNotKnown, no},
		"other half":    {device(isHeadset), device(""), yes, codeNotKnown},
		"no output":     {device(isHeadset), nil, yes, no},
		"no microphone": {nil, device(isHeadset), codeNoMicrophone, codeNoMicrophone},
	} {
		it := good()
		it.devices.Inputs, it.devices.Outputs = c.in, c.out
		for _, m := range it.answers() {
			got := map[float64]string{0: no, 1: yes}[m.Value]
			if m.Missing != nil {
				got = m.Missing.Code
			}
			if want := map[string]string{"audio.headset": c.headset, "audio.default_is_headset": c.both}[m.Metric]; want != "" && got != want {
				t.Errorf("%s: %s is %s, want %s", name, m.Metric, got, want)
			}
		}
	}
}

// TestNamelessDevices: through a layer in between, a device that is not seen may be there all the same.
func TestNamelessDevices(t *testing.T) {
	door := []Device{{ID: "default", Name: "default", Default: true}}
	for name, in := range map[string][]Device{"a door": door, "none by default": {{ID: "x"}}} {
		it := good()
		it.devices = &Devices{Inputs: in}
		for _, m := range it.answers() {
			switch m.Metric {
			case "audio.output", "audio.headset", "audio.default_is_headset":
				if m.Missing == nil || m.Missing.Code != codeNotKnown {
					t.Errorf("%s: %s is %v, %v", name, m.Metric, m.Value, m.Missing)
				}
			}
		}
	}
}

// TestSession goes through whole runs with children of all kinds, and answers of all kinds.
func TestSession(t *testing.T) {
	yes := func(_ context.Context, q checks.Question) (string, error) { return q.Choices[0], nil }
	nobody := func(context.Context, checks.Question) (string, error) { return "", errors.New("nobody there") }
	for name, c := range map[string]struct {
		child     string
		ask       checks.Ask
		diagnosis string
	}{
		"good, asked":        {"good", yes, "pass"},
		"good, not asked":    {"good", nil, "pass"},
		"good, nobody there": {"good", nobody, "pass"},
		"quiet, asked":       {open48 + "\n" + `{"figures":{"rate":48000,"floor":-70,"level":-70}}`, yes, "no_speech"},
		"quiet, not asked":   {open48 + "\n" + `{"figures":{"rate":48000,"floor":-70,"level":-70}}`, nil, codeNobodyAsked},
		"quiet, nobody":      {open48 + "\n" + `{"figures":{"rate":48000,"floor":-70,"level":-70}}`, nobody, codeNobodyAsked},
		"silent":             {open48 + "\n" + `{"figures":{"rate":48000,"silent":true}}`, yes, "silent"},
		"frozen":             {"hang", yes, "stalled"},
		"child too slow":     {"never starts", yes, checks.CodeTimeout},
		"list too slow":      {"slow list", yes, "pass"},
		"slow start":         {"slow start", yes, "pass"},
		"late figures":       {"late figures", yes, checks.CodeTimeout},
		"stops meanwhile":    {"stalls while playing", yes, "stalled"},
		"no way to play":     {"silent output", yes, "pass"},
		"no device":          {`list:{"devices":{"named":true}}`, yes, "no_microphone"},
		"muted":              {`list:{"devices":{"named":true,"inputs":[{"id":"x","default":true,"muted":true}]}}`, yes, "silent"},
		"monitor by default": {`list:{"devices":{"named":true,"inputs":[{"id":"x"}]}}`, yes, "wrong_default"},
		"no server":          {`list:{"fault":{"code":"no_server"}}`, yes, "no_microphone"},
		"no sound in here":   {`list:{"fault":{"code":"unsupported"}}`, yes, checks.CodeUnsupported},
		"broken list, dead":  {"list:die", yes, codeFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runOnce(t, withLimits(Options{Child: as(c.child), Ask: c.ask}, short))
			said := got["audio.diagnosis"].Text
			if p := got["audio.diagnosis"].Missing; p != nil {
				said = p.Code
			}
			if said != c.diagnosis {
				t.Errorf("diagnosis %q, want %q", said, c.diagnosis)
			}
			if p := got["audio.diagnosis"].Missing; p != nil && p.Code == checks.CodeTimeout && p.Side != checks.SideTool {
				t.Errorf("that this program is slow is the doing of %s", p.Side)
			}
		})
	}
}

// TestLimit: what the limit of the whole check cut off is late, and not stopped by the person.
func TestLimit(t *testing.T) {
	t.Parallel()
	c := New(Options{Child: as("hang")})
	c.Limit = 500 * time.Millisecond
	got := runOnce(t, c)
	for id, m := range got {
		if m.Missing != nil && (m.Missing.Code != checks.CodeTimeout || m.Missing.Side == checks.SideHire) {
			t.Errorf("%s: %+v", id, m.Missing)
		}
	}
	if got["audio.diagnosis"].Missing == nil {
		t.Error("a diagnosis of what was cut off")
	}
}

// TestPerson goes through whole runs with persons who answer in all ways: what is asked, and what comes of it.
func TestPerson(t *testing.T) {
	const quiet, gone = open48 + "\n" + `{"figures":{"rate":48000,"floor":-70,"level":-70}}`, "die"
	for name, c := range map[string]struct {
		child   string
		answers map[string]string // by question; the first choice where there is none
		asked   map[string]int
		heard   string // of audio.heard
		loss    string // of audio.echo_loss
	}{
		"counts right": {"good", map[string]string{"audio.ask.count": countOf(5)},
			map[string]int{"audio.ask.ready": 1, "audio.ask.listen": 1, "audio.ask.count": 1}, "1", "80+"},
		"hears nothing": {"good", nil,
			map[string]int{"audio.ask.ready": 1, "audio.ask.listen": 1, "audio.ask.count": 1, "audio.ask.listen_again": 1}, "0", codeEchoUnproved},
		"guesses": {"good", map[string]string{"audio.ask.count": countOf(4), "audio.ask.listen_again": "audio.answer.again"},
			map[string]int{"audio.ask.ready": 1, "audio.ask.listen": 1, "audio.ask.count": 2, "audio.ask.listen_again": 1}, "0", codeEchoUnproved},
		"cannot hear": {"good", map[string]string{"audio.ask.listen": cannotHear},
			map[string]int{"audio.ask.ready": 1, "audio.ask.listen": 1}, codeCannotHear, codeEchoUnproved},
		"finds out then": {"good", map[string]string{"audio.ask.count": cannotHear},
			map[string]int{"audio.ask.ready": 1, "audio.ask.listen": 1, "audio.ask.count": 1}, codeCannotHear, codeEchoUnproved},
		"wants no sound": {"good", map[string]string{"audio.ask.listen": playNothing},
			map[string]int{"audio.ask.ready": 1, "audio.ask.listen": 1}, checks.CodeDenied, checks.CodeDenied},
		"cannot speak": {quiet, map[string]string{"audio.ask.ready": cannotSpeak, "audio.ask.listen": playNothing},
			map[string]int{"audio.ask.ready": 1, "audio.ask.listen": 1}, checks.CodeDenied, checks.CodeDenied},
		"is not heard, twice": {quiet, map[string]string{"audio.ask.again.no_speech": "audio.answer.again", "audio.ask.listen": playNothing},
			map[string]int{"audio.ask.ready": 1, "audio.ask.again.no_speech": 1, "audio.ask.listen": 1}, checks.CodeDenied, checks.CodeDenied},
		"has an output that takes nothing": {"silent output", nil, map[string]int{"audio.ask.ready": 1, "audio.ask.listen": 2}, codeNotPlayed, codeNotPlayed},
		"cannot hear what is not played": {"silent output", map[string]string{"audio.ask.listen": cannotHear},
			map[string]int{"audio.ask.ready": 1, "audio.ask.listen": 1}, codeCannotHear, codeNotPlayed},
		"has no sound": {gone, nil, map[string]int{"audio.ask.ready": 1}, codeFailed, codeFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := map[string]int{}
			ask := func(_ context.Context, q checks.Question) (string, error) {
				asked[q.Key]++
				return cmp.Or(c.answers[q.Key], q.Choices[0]), nil
			}
			got := runOnce(t, withLimits(Options{Child: as(c.child), Ask: ask, count: func() int { return 5 }}, short))
			if !maps.Equal(asked, c.asked) {
				t.Errorf("asked %v, want %v", asked, c.asked)
			}
			for id, want := range map[string]string{"audio.heard": c.heard, "audio.echo_loss": c.loss} {
				said := fmt.Sprint(got[id].Value)
				if got[id].AtLeast {
					said += "+"
				}
				if p := got[id].Missing; p != nil {
					said = p.Code
				}
				if said != want {
					t.Errorf("%s is %s, want %s", id, said, want)
				}
			}
			if m := got["audio.heard"]; m.Missing == nil && m.By != checks.ByHire {
				t.Errorf("what was heard is said by %s", m.By)
			}
		})
	}
}

// TestChosen: a name leads to one microphone or to none.
func TestChosen(t *testing.T) {
	d := Devices{Inputs: []Device{{ID: "a", Name: "Jabra Evolve2 40", Default: true}, {ID: "b", Name: "Jabra Evolve2 65"}, {ID: "c", Name: "Built-in Audio"}},
		Outputs: []Device{{Name: "Speakers"}}}
	for name, want := range map[string]string{"Jabra Evolve2 40": "a", "jabra evolve2 65": "b", "built-in": "c", "jabra": "", "speakers": "", "": "", "65": "b"} {
		got := ""
		if found := d.Input(name); found != nil {
			got = found.ID
		}
		if got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	got := runOnce(t, withLimits(Options{Child: as("good"), Device: "another"}, short))
	if got["audio.diagnosis"].Text != "no_microphone" || got["audio.snr"].Missing == nil {
		t.Errorf("a microphone that is not there: %+v", got["audio.diagnosis"])
	}
}

// TestAdvice: the words beside the meter follow the voice, and stay long enough to be read.
func TestAdvice(t *testing.T) {
	for name, c := range map[string]struct {
		level func(i int) float64
		want  []string
	}{
		"good":              {func(i int) float64 { return []float64{-20, -45}[i%2] }, []string{"speak", "speak_good"}},
		"quiet":             {func(int) float64 { return -50 }, []string{"speak", "speak_up"}},
		"loud":              {func(int) float64 { return -5 }, []string{"speak", "speak_loud"}},
		"speaks up":         {func(i int) float64 { return []float64{-50, -20}[i/20%2] }, []string{"speak", "speak_up", "speak_good", "speak_up", "speak_good"}},
		"jumps all the way": {func(i int) float64 { return []float64{-3, -50}[i%2] }, []string{"speak", "speak_loud"}},
	} {
		var a advice
		var said []string
		for i := range 80 {
			if step := strings.TrimPrefix(a.of(float64(i)/10, c.level(i)), "audio.step."); len(said) == 0 || said[len(said)-1] != step {
				said = append(said, step)
			}
		}
		if !slices.Equal(said, c.want) {
			t.Errorf("%s: %v, want %v", name, said, c.want)
		}
	}
}

func TestStillThere(t *testing.T) {
	d := Device{ID: "bluez.a2dp", Name: "Some Headset"}
	for name, c := range map[string]struct {
		after *Devices
		want  bool
	}{
		"no answer":       {nil, false},
		"nothing":         {&Devices{}, false},
		"itself":          {&Devices{Inputs: []Device{{ID: "x", Name: "y"}, d}}, true},
		"another":         {&Devices{Inputs: []Device{{ID: "builtin", Name: "Built-in"}}}, false},
		"another profile": {&Devices{Inputs: []Device{{ID: "bluez.hfp", Name: d.Name}}}, true},
		"as an output":    {&Devices{Outputs: []Device{d}}, false},
	} {
		if got := stillThere(d, c.after); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestMeter: the person sees when to be quiet and when to speak, and the level all the time.
func TestMeter(t *testing.T) {
	var steps []string
	s := session{room: 1.5, total: 6.2}
	hear := s.meter(true, func(e checks.Event) {
		if e.Metric != "audio.speech_level" || e.Value != -30 || e.Done < 0 || e.Done > 1 || e.Left < 0 {
			t.Errorf("%+v", e)
		}
		steps = append(steps, e.Step)
	})
	for _, at := range []float64{0.1, 1.6, 1.8, 6.2, 9} {
		hear(int(at*48000), 48000, -30)
	}
	s.meter(false, func(e checks.Event) { steps = append(steps, e.Step) })(4800, 48000, -30)
	want := []string{"audio.step.room", "audio.step.room", "audio.step.speak", "audio.step.speak", "audio.step.speak", "audio.step.listen"}
	if !slices.Equal(steps, want) {
		t.Errorf("steps %v", steps)
	}
}

// runOnce runs a check and answers its measurements by metric; each must be there, and none a fault of ours.
func runOnce(t *testing.T, c checks.Check) map[string]checks.Measurement {
	t.Helper()
	got := map[string]checks.Measurement{}
	for r := range checks.Run(t.Context(), time.Now, []checks.Check{c}, nil) {
		for _, m := range r.Measurements {
			got[m.Metric] = m
			if m.Missing != nil && (m.Missing.Code == checks.CodeInternal || m.Missing.Side == "") {
				t.Errorf("%s: %+v", m.Metric, m.Missing)
			}
		}
	}
	if len(got) != len(c.Metrics) {
		t.Errorf("%d answers for %d metrics", len(got), len(c.Metrics))
	}
	return got
}
