package system

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"deskready/checks"
	"deskready/checks/checktest"
	"deskready/checks/words"
)

func on(date string) func() time.Time {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return t.Add(15 * time.Hour) }
}

// fake is a good computer. Its processor is half busy.
func fake() machine {
	began := time.Now()
	return machine{
		memory: func(context.Context) (memory, error) { return memory{16 << 30, 9 << 30}, nil },
		disk:   func(context.Context, string) (uint64, error) { return 100 << 30, nil },
		cores:  func(context.Context) (int, error) { return 4, nil },
		model:  func(context.Context) (string, error) { return "Example CPU i5: 4 cores", nil },
		times: func(context.Context) (cpuTimes, error) {
			all := 4 * time.Since(began).Seconds()
			return cpuTimes{busy: all / 2, all: all}, nil
		},
		release: func(context.Context) (release, error) {
			return release{text: "Windows 11 Pro 25H2 (26200)", key: "windows 26200 W"}, nil
		},
	}
}

func run(t *testing.T, o Options, m machine) map[string]checks.Measurement {
	t.Helper()
	found := map[string]checks.Measurement{}
	for r := range checks.Run(t.Context(), time.Now, []checks.Check{check(o, m)}, nil) {
		for _, got := range r.Measurements {
			found[got.Metric] = got
		}
	}
	return found
}

func TestConforms(t *testing.T) {
	t.Run("fake", func(t *testing.T) {
		checktest.Conforms(t, check(Options{Home: "/home/x", Now: on("2026-11-22")}, fake()))
	})
	t.Run("this machine", func(t *testing.T) {
		checktest.Conforms(t, New(Options{Home: t.TempDir(), Now: time.Now}))
	})
}

func TestEveryProblemHasWords(t *testing.T) {
	for _, lang := range []string{"en", "es"} {
		book, err := words.Open(lang, check(Options{}, fake()).Words)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{codeUnreadable, codeHome, codeOS, codeExtended} {
			if !book.Has("problem." + key) {
				t.Errorf("%s: no words for problem.%s", lang, key)
			}
		}
		if !book.Has("system.step.load") {
			t.Errorf("%s: no words for the step", lang)
		}
	}
}

func TestMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := run(t, Options{Home: "/home/x", Now: on("2026-11-22")}, fake())
		numbers := map[string]float64{
			"system.memory": 16 << 30, "system.memory_available": 9 << 30, "system.disk_free": 100 << 30,
			"system.cores": 4, "system.cpu_busy": 0.5, "system.os_support": 324,
		}
		for id, want := range numbers {
			if got[id].Missing != nil || got[id].Value != want {
				t.Errorf("%s: %v (%v), want %v", id, got[id].Value, got[id].Missing, want)
			}
		}
		if n := len(got["system.cpu_busy"].Samples); n != 10 {
			t.Errorf("%d samples of the load, want 10", n)
		}
		if got["system.cpu"].Text != "Example CPU i5: 4 cores" || got["system.os"].Text != "Windows 11 Pro 25H2 (26200)" {
			t.Errorf("texts: %q, %q", got["system.cpu"].Text, got["system.os"].Text)
		}
	})
}

// TestMeasureTrouble breaks one source after the other: it alone is missing, for its own reason.
func TestMeasureTrouble(t *testing.T) {
	private := &fs.PathError{Op: "statfs", Path: "/home/maria.gomez", Err: syscall.EACCES}
	tests := map[string]struct {
		change func(*machine)
		home   string
		metric string
		also   []string
		code   string
		detail string
	}{
		"disk hangs": {func(m *machine) {
			m.disk = func(context.Context, string) (uint64, error) {
				time.Sleep(time.Hour) // heeds no context; synctest's clock lets it end
				return 0, nil
			}
		}, "/h", "system.disk_free", nil, checks.CodeTimeout, ""},
		"disk refuses": {func(m *machine) {
			m.disk = func(context.Context, string) (uint64, error) { return 0, private }
		}, "/h", "system.disk_free", nil, codeUnreadable, "permission denied"},
		"no home": {func(*machine) {}, "", "system.disk_free", nil, codeHome, ""},
		"memory panics": {func(m *machine) {
			m.memory = func(context.Context) (memory, error) { panic("index out of range") }
		}, "/h", "system.memory", []string{"system.memory_available"}, codeUnreadable, "panic while asking the system"},
		"no memory": {func(m *machine) {
			m.memory = func(context.Context) (memory, error) { return memory{}, nil }
		}, "/h", "system.memory", []string{"system.memory_available"}, codeUnreadable, "no memory at all"},
		"no cores": {func(m *machine) {
			m.cores = func(context.Context) (int, error) { return 0, nil }
		}, "/h", "system.cores", nil, codeUnreadable, "no cores at all"},
		"no model": {func(m *machine) {
			m.model = func(context.Context) (string, error) { return " \x00", nil }
		}, "/h", "system.cpu", nil, codeUnreadable, "no name"},
		"clock stands still": {func(m *machine) {
			m.times = func(context.Context) (cpuTimes, error) { return cpuTimes{1, 2}, nil }
		}, "/h", "system.cpu_busy", nil, codeUnreadable, "the clock of the processor stands still"},
		"no times in this build": {func(m *machine) {
			m.times = func(context.Context) (cpuTimes, error) { return cpuTimes{}, errors.New("not implemented yet") }
		}, "/h", "system.cpu_busy", nil, checks.CodeUnsupported, ""},
		"unknown system": {func(m *machine) {
			m.release = func(context.Context) (release, error) { return release{text: "Haiku", key: "haiku 1"}, nil }
		}, "/h", "system.os_support", nil, codeOS, ""},
		"no release": {func(m *machine) {
			m.release = func(context.Context) (release, error) { return release{}, fs.ErrNotExist }
		}, "/h", "system.os", []string{"system.os_support"}, codeUnreadable, "*errors.errorString"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := fake()
				tt.change(&m)
				got := run(t, Options{Home: tt.home, Now: on("2026-11-22")}, m)
				for _, id := range append(tt.also, tt.metric) {
					p := got[id].Missing
					if p == nil || p.Code != tt.code || p.Detail != tt.detail || p.Side == "" {
						t.Errorf("%s: missing %+v, want code %s, detail %q", id, p, tt.code, tt.detail)
					}
				}
				for id, m := range got {
					if m.Missing != nil && id != tt.metric && !strings.Contains(strings.Join(tt.also, " "), id) {
						t.Errorf("%s is missing too: %v", id, m.Missing)
					}
				}
				time.Sleep(2 * time.Hour) // what was left behind ends
			})
		})
	}
}

func TestProblemKeepsNoPath(t *testing.T) {
	for _, err := range []error{
		&fs.PathError{Op: "open", Path: "/home/maria", Err: errors.New("odd")},
		&fs.PathError{Op: "open", Path: "/home/maria", Err: syscall.EIO},
		errors.New("/home/maria: gone"),
	} {
		if p := problem(err); strings.Contains(p.Detail, "maria") {
			t.Errorf("detail %q names a person", p.Detail)
		}
	}
}

func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		list := []checks.Check{check(Options{Home: "/h", Now: on("2026-11-22")}, fake())}
		for r := range checks.Run(ctx, time.Now, list, nil) {
			for _, m := range r.Measurements {
				late := m.Metric == "system.cpu_busy"
				if late != (m.Missing != nil) || late && m.Missing.Code != checks.CodeInterrupted {
					t.Errorf("%s: missing %v", m.Metric, m.Missing)
				}
			}
		}
	})
}

// TestLoadSteps watches bursts: the value is the whole second's, the samples show the burst.
func TestLoadSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := fake()
		began := time.Now()
		m.times = func(context.Context) (cpuTimes, error) {
			all := time.Since(began).Seconds()
			return cpuTimes{busy: min(all, 0.2), all: all}, nil
		}
		value, samples, err := m.load(t.Context(), func(checks.Event) {})
		if err != nil || value < 0.199 || value > 0.201 {
			t.Fatalf("load %v, %v; want 0.2", value, err)
		}
		for i, s := range samples {
			if want := i < 2; (s > 0.99) != want || (s < 0.01) == want {
				t.Errorf("sample %d is %v", i, s)
			}
		}
	})
}

func TestThisMachine(t *testing.T) {
	got := run(t, Options{Home: t.TempDir(), Now: time.Now}, thisMachine())
	for _, id := range []string{"system.memory", "system.memory_available", "system.disk_free", "system.cores"} {
		if m := got[id]; m.Missing != nil || m.Value <= 0 {
			t.Errorf("%s: %v, missing %v", id, m.Value, m.Missing)
		}
	}
	if m := got["system.cpu_busy"]; m.Missing != nil || m.Value < 0 || m.Value > 1 || len(m.Samples) == 0 {
		t.Errorf("load: %+v", m)
	}
	if got["system.os"].Text == "" || got["system.cpu"].Text == "" {
		t.Errorf("os %+v, cpu %+v", got["system.os"], got["system.cpu"])
	}
}
