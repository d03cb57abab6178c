//go:build lab

package audio

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/lab"
)

// sideBySide is how many tests run at once: a scenario is 14 s of listening and half a second of work.
const sideBySide = "12"

// TestLabRun is not a test of its own: it is what the tests run among a scenario's devices. By itself it measures
// whatever this machine has, and only wants an answer for every metric.
func TestLabRun(t *testing.T) {
	k := &kept{how: "real"}
	began := time.Now()
	o := Options{Child: k.start, Env: os.Getenv, Device: os.Getenv("AUDIO_LAB_DEVICE")}
	if os.Getenv("AUDIO_LAB_ALONE") == "" {
		o.Ask = (&listener{}).ask
	}
	c := New(o)
	c.Measure = watched(t, k, c.Measure)
	for r := range checks.Run(t.Context(), time.Now, []checks.Check{c}, nil) {
		if len(r.Measurements) != len(c.Metrics) {
			t.Errorf("%d answers for %d metrics", len(r.Measurements), len(c.Metrics))
		}
		out, err := json.Marshal(labRun{Measurements: r.Measurements, Seconds: time.Since(began).Seconds()})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("\n%s%s\n", labMark, out)
	}
	k.gone(t)
}

const labMark = "audio lab: "

type labRun struct {
	Measurements []checks.Measurement
	Seconds      float64
}

// A listener is a person who says no to another recording and yes to listening once more, and who hears what comes out of
// the default output: by its monitor, with the sound server's own tool. Where the ear asks for no short latency, the lab's
// outputs hand on two seconds at once, and stand still for as long whenever somebody begins to play, as Bluetooth does.
type listener struct {
	ear   *exec.Cmd
	heard *locked
}

func (l *listener) ask(ctx context.Context, q checks.Question) (string, error) {
	switch q.Key {
	case "audio.ask.listen", "audio.ask.listen_again":
		l.close()
		latency := cmp.Or(os.Getenv("AUDIO_LAB_EAR"), "100")
		l.ear = exec.CommandContext(ctx, "parec", "--latency-msec="+latency, "--device=@DEFAULT_MONITOR@", "--rate=8000", "--channels=1", "--format=s16le", "--raw")
		l.heard = &locked{}
		l.ear.Stdout = l.heard
		if err := l.ear.Start(); err != nil {
			return "", err
		}
		for end := time.Now().Add(10 * time.Second); l.heard.String() == "" && time.Now().Before(end); { // a person's ears are open
			time.Sleep(20 * time.Millisecond)
		}
	case "audio.ask.count":
		l.close()
		n := bursts(l.heard.String(), 8000)
		if n >= leastSweeps && n <= mostSweeps {
			return countOf(n), nil
		}
	}
	if q.Key == "audio.ask.listen_again" {
		return "audio.answer.again", nil
	}
	return q.Choices[0], nil
}

// close ends the listening; what was heard stays.
func (l *listener) close() {
	if l.ear != nil {
		_ = l.ear.Process.Kill()
		_ = l.ear.Wait() // it was killed
		l.ear = nil
	}
}

// bursts counts the sounds with quiet between them in 16-bit samples.
func bursts(raw string, rate int) (n int) {
	quiet := rate
	for i := 0; i+1 < len(raw); i += 2 {
		if v := int16(binary.LittleEndian.Uint16([]byte(raw[i : i+2]))); v > 400 || v < -400 { // -38 dBFS
			if quiet > rate/4 {
				n++
			}
			quiet = 0
		} else {
			quiet++
		}
	}
	return n
}

// watched looks at the child's open files all the while: nothing but pipes, sockets, devices and shared memory may be
// open for writing, so that no sound can reach a disk.
func watched(t *testing.T, k *kept, measure checks.MeasureFunc) checks.MeasureFunc {
	return func(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
		looks := 0
		m, err := measure(ctx, func(e checks.Event) {
			tell(e)
			if e.Metric == "" || len(k.procs) == 0 {
				return
			}
			looks++
			if files := writable(k.procs[len(k.procs)-1].Process.Pid); len(files) > 0 {
				t.Errorf("the child may write to %v", files)
			}
		})
		if len(m) > 0 && m[0].Text == "pass" && looks < 20 {
			t.Errorf("looked at the child's files only %d times", looks)
		}
		return m, err
	}
}

// writable lists the files on disk that a process has open for writing.
func writable(pid int) []string {
	var found []string
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		to, err := os.Readlink(link)
		info, statErr := os.Stat(link)
		if err != nil || statErr != nil || !info.Mode().IsRegular() || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "/dev/shm/") ||
			strings.HasPrefix(to, "/memfd:") {
			continue
		}
		data, _ := os.ReadFile(strings.Replace(link, "/fd/", "/fdinfo/", 1))
		var pos, flags int
		if n, _ := fmt.Sscanf(string(data), "pos:\t%d\nflags:\t%o", &pos, &flags); n == 2 && flags&(os.O_WRONLY|os.O_RDWR) != 0 {
			found = append(found, to)
		}
	}
	return found
}

// TestLab runs the check in every scenario of the lab: the right class, the right figures, in bounded time, and no
// process left. A busy machine starves the lab's own player and its listener, and the check finds those holes too: a take
// with holes that the lab did not mean to make says nothing of the check, and is taken again; the last line says how often.
//
// DESKREADY_LAB_REPEAT=5 makes the long table, and DESKREADY_LAB_BUSY=1 keeps two cores busy meanwhile.
func TestLab(t *testing.T) {
	repeat, _ := strconv.Atoi(os.Getenv("DESKREADY_LAB_REPEAT"))
	if os.Getenv("DESKREADY_LAB_BUSY") != "" {
		busy(t, 2)
	}
	var right, all, starved atomic.Int64
	t.Run("scenarios", func(t *testing.T) {
		for _, s := range lab.Scenarios(t) {
			for n := range max(repeat, 1) {
				t.Run(fmt.Sprintf("%s/%d", s.Name, n+1), func(t *testing.T) {
					t.Parallel()
					all.Add(1)
					starved.Add(inScenario(t, s))
					if !t.Failed() {
						right.Add(1)
					}
				})
			}
		}
	})
	t.Logf("%d of %d right; %d takes with holes of the lab's own were taken again", right.Load(), all.Load(), starved.Load())
}

// busy keeps cores busy until the test ends.
func busy(t *testing.T, cores int) {
	for range cores {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", "while :; do :; done")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	}
}

// inScenario runs the check in a scenario, and answers how many takes had to be taken again.
func inScenario(t *testing.T, s lab.Scenario) int64 {
	for take := int64(0); ; take++ {
		got, seconds := labTake(t, s.Name)
		t.Log(row(s, got, seconds))
		most := 40.0
		if s.Verdict == "stalled" {
			most = 12
		}
		if seconds > most {
			t.Errorf("took %.1f s", seconds)
		}
		wrong, holes := compare(t, s, got)
		heard := got["audio.heard"]
		starved := got["audio.dropouts"].Value > holes+0.003 || heard.Missing == nil && heard.Value == 0 // holes split a whistle in two
		if len(wrong) > 0 && starved && take < 3 {
			continue
		}
		for _, w := range wrong {
			t.Error(w)
		}
		return take
	}
}

// labTake runs TestLabRun in a scenario, and brings back what it measured. Variables are added to its environment.
func labTake(t *testing.T, scenario string, variables ...string) (got map[string]checks.Measurement, seconds float64) {
	t.Helper()
	command := append(append([]string{"env"}, variables...), os.Args[0], "-test.run=^TestLabRun$", "-test.v")
	return labResult(t, lab.Sound(t, scenario, command...))
}

func labResult(t *testing.T, o lab.Outcome) (got map[string]checks.Measurement, seconds float64) {
	t.Helper()
	var run labRun
	_, out, found := strings.Cut(o.Stdout, labMark)
	line, _, _ := strings.Cut(out, "\n")
	if err := json.Unmarshal([]byte(line), &run); !found || err != nil || o.ExitCode != 0 {
		t.Fatalf("exit %d, %v: %s%s", o.ExitCode, err, o.Stdout, o.Stderr)
	}
	got = map[string]checks.Measurement{}
	for _, m := range run.Measurements {
		got[m.Metric] = m
	}
	return got, run.Seconds
}

// voiced are the verdicts of scenarios in which a voice is heard.
var voiced = map[string]bool{"pass": true, "level_low": true, "noise_high": true, "hum": true, "dropouts": true, "narrowband": true,
	"dc_offset": true, "no_output": true, "clipping": true}

// compare holds the measurements against the scenario's truth, and says what is wrong, and what part of the time the lab
// meant to leave out.
func compare(t *testing.T, s lab.Scenario, got map[string]checks.Measurement) (wrong []string, holes float64) {
	t.Helper()
	near := func(metric string, want, by float64) {
		if m := got[metric]; m.Missing != nil || math.Abs(m.Value-want) > by {
			wrong = append(wrong, fmt.Sprintf("%s %v %v, want %v within %v", metric, m.Value, m.Missing, want, by))
		}
	}
	if got["audio.diagnosis"].Text != s.Verdict {
		wrong = append(wrong, fmt.Sprintf("diagnosis %+v, want %s", got["audio.diagnosis"], s.Verdict))
	}
	if loss, ok := s.Truth["leak_db"].(float64); ok {
		near("audio.echo_loss", -loss, 1)
	}
	if !voiced[s.Verdict] {
		if m := got["audio.speech_level"]; m.Missing == nil {
			wrong = append(wrong, fmt.Sprintf("a level of %v where there is no voice", m.Value))
		}
		return wrong, 0
	}
	if s.Verdict != "no_output" {
		near("audio.heard", 1, 0)
		if m := got["audio.echo_loss"]; !m.AtLeast || m.Value < 15 { // somebody talks all the while, and hides what is weaker
			wrong = append(wrong, fmt.Sprintf("echo loss %+v where there is no echo", m))
		}
	}
	if m := got["audio.speech_level"]; s.Figures != nil && m.Missing == nil {
		f := window(t, s.Name, m.Samples)
		near("audio.speech_level", f.ASL, 1)
		near("audio.clipping", f.ClippedRatio, 0.003)
		holes = f.GapsMS / 1000 / (float64(len(m.Samples)) / 10)
		near("audio.dropouts", holes, 0.003)
	} else if level, ok := s.Truth["active_speech_level_dbov"].(float64); ok { // of the whole loop: parts of it differ by 0.5 dB
		near("audio.speech_level", level, 1)
	}
	// The truth is how loud the lab made the noise. Where that is the fault's own doing, or the noise was resampled and so is
	// less, nobody knows it.
	noise, known := s.Truth["noise_dbfs"].(float64)
	switch s.Verdict {
	case "pass", "level_low", "noise_high", "dc_offset":
		if known {
			near("audio.noise_floor", noise, 1)
		}
	}
	switch s.Name {
	case "narrowband":
		near("audio.bandwidth", 3800, 300)
	case "wideband":
		near("audio.bandwidth", 7500, 600)
	case "clear_speech", "headset_isolated", "dropouts":
		near("audio.bandwidth", 10500, 1000)
	case "dc_offset":
		near("audio.dc_offset", 0.08, 0.002)
	}
	return wrong, holes
}

// window finds the part of the loop that was recorded, by the levels of its tenths of a second, and answers what the
// lab's own measure reads in that very part.
func window(t *testing.T, name string, levels []float64) lab.Figures {
	t.Helper()
	pcm := loop(t, name)
	const rate, step = 48000, 48 // to the millisecond
	sums := make([]float64, 2*len(pcm)+1)
	for i := range 2 * len(pcm) {
		v := pcm[i%len(pcm)]
		sums[i+1] = sums[i] + v*v
	}
	best, at := math.Inf(1), 0
	for from := 0; from < len(pcm); from += step {
		var off float64
		for i, l := range levels {
			a := from + i*rate/10
			d := dB(math.Sqrt((sums[a+rate/10]-sums[a])/(rate/10))) - l
			off += min(d*d, 400)
		}
		if off < best {
			best, at = off, from
		}
	}
	out := make([]byte, 44, 44+2*len(levels)*rate/10)
	copy(out, "RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\xbb\x00\x00\x00\x77\x01\x00\x02\x00\x10\x00data")
	binary.LittleEndian.PutUint32(out[4:], uint32(36+2*len(levels)*rate/10))
	binary.LittleEndian.PutUint32(out[40:], uint32(2*len(levels)*rate/10))
	for i := range len(levels) * rate / 10 {
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(math.Round(pcm[(at+i)%len(pcm)]*32768))))
	}
	file := filepath.Join(t.TempDir(), "window.wav")
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return lab.Oracle(t, file)
}

// loop is what the lab plays into a scenario's microphone.
func loop(t *testing.T, name string) []float64 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(lab.Wavs(t), name+".wav"))
	if err != nil || len(data) < 1<<20 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	pcm := make([]float64, (len(data)-44)/2)
	for i := range pcm {
		pcm[i] = float64(int16(binary.LittleEndian.Uint16(data[44+2*i:]))) / 32768
	}
	return pcm
}

// TestLabAlone: without a person all that needs none is measured, and the rest is unknown.
func TestLabAlone(t *testing.T) {
	for scenario, want := range map[string]string{"clear_speech": "pass", "speaker_leak_faint": "speakers", "nobody_speaks": ""} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			got, _ := labTake(t, scenario, "AUDIO_LAB_ALONE=1")
			if m := got["audio.diagnosis"]; m.Text != want || want == "" && m.Missing.Code != codeNobodyAsked {
				t.Errorf("%+v, want %q", m, want)
			}
			if m := got["audio.heard"]; m.Missing == nil || m.Missing.Code != codeNoListener {
				t.Errorf("heard: %+v", m)
			}
			if m := got["audio.echo_loss"]; want == "pass" && (m.Missing == nil || m.Missing.Code != codeEchoUnproved) {
				t.Errorf("echo: %+v", m)
			}
		})
	}
}

// TestLabWakes: an output that stands still for two seconds before it plays loses no whistle, and its echo is found where
// it is.
func TestLabWakes(t *testing.T) {
	for scenario, loss := range map[string]float64{"narrowband": 0, "speaker_leak": 20} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			got, _ := labTake(t, scenario, "AUDIO_LAB_EAR=2000")
			if m := got["audio.heard"]; m.Missing != nil || m.Value != 1 {
				t.Errorf("heard: %+v", m)
			}
			if m := got["audio.echo_loss"]; loss > 0 && (m.Missing != nil || math.Abs(m.Value-loss) > 1) {
				t.Errorf("echo: %+v", m)
			}
		})
	}
}

// TestLabChosen: the microphone that was named is the one that is measured, where another is the default.
func TestLabChosen(t *testing.T) {
	got, _ := labTake(t, "wrong_default", "AUDIO_LAB_DEVICE=jabra")
	if m := got["audio.speech_level"]; got["audio.diagnosis"].Text != "pass" || got["audio.microphone"].Text != "Jabra Evolve2 40" ||
		m.Missing != nil || math.Abs(m.Value+26) > 1 || got["audio.default_is_headset"].Value != 0 {
		t.Error(row(lab.Named(t, "wrong_default"), got, 0))
	}
}

// row is a line of the table of results.
func row(s lab.Scenario, got map[string]checks.Measurement, seconds float64) string {
	cells := []string{fmt.Sprintf("%-18s %-13s %4.1f s", s.Name, s.Verdict, seconds)}
	for _, m := range New(Options{}).Metrics {
		cell := fmt.Sprint(got[m.ID].Value)
		if m.Unit == checks.Text {
			cell = got[m.ID].Text
		}
		if p := got[m.ID].Missing; p != nil {
			cell = "-" + p.Code
		}
		cells = append(cells, strings.TrimPrefix(m.ID, "audio.")+" "+cell)
	}
	return strings.Join(cells, " | ")
}

// TestLabOrphan: a child that hangs in the frozen sound system ends when its parent does.
func TestLabOrphan(t *testing.T) {
	t.Parallel()
	cmd := as("real")(t.Context())
	cmd.Env = append(lab.SoundEnv(t, "server_frozen"), role+"=real")
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ask(in, request{Job: jobRecord, Seconds: 1})
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("the server is not frozen: %v", err)
	case <-time.After(2 * time.Second):
	}
	in.Close()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(6 * time.Second):
		t.Error("goes on without a parent")
	}
}

// TestLabActiveLevel holds P.56 against the reference program of ITU-T G.191 (STL actlev, 48 kHz), whose readings of the
// lab's files are in the lab's README.
func TestLabActiveLevel(t *testing.T) {
	for name, want := range map[string]float64{"clear_speech": -26.013, "too_quiet": -54.982, "clipping": -11.271, "noisy": -25.849,
		"hum": -26.078, "dropouts": -26.408, "narrowband": -26.019, "wideband": -26.022, "nobody_speaks": -71.986, "noise_only": -27.991} {
		wave := loop(t, name)
		pcm := make([]float32, len(wave))
		for i, v := range wave {
			pcm[i] = float32(v)
		}
		got := measure(pcm, 48000, 0).Level
		t.Logf("%s: %.3f dBov, actlev %.3f", name, got, want)
		if math.Abs(got-want) > 0.05 {
			t.Errorf("%s: %.3f dBov, actlev says %.3f", name, got, want)
		}
	}
}
