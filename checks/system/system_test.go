package system

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
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
		computer: func(context.Context) (string, error) { return noSign, nil },
		session:  func(context.Context) (string, error) { return noSign, nil },
		displays: func(context.Context) ([]string, error) { return []string{"1920x1080", "2560x1440"}, nil },
		power:    func(context.Context) (power, error) { return power{fromMains, 0.8}, nil },
		uptime:   func(context.Context) (time.Duration, error) { return 26 * time.Hour, nil },
		zone:     func(context.Context) (string, error) { return "America/Bogota", nil },
		processes: func(context.Context) ([]process, error) {
			spent := time.Since(began)
			return []process{
				{"1/1", []string{"chrome.exe"}, spent / 2, 900 << 20}, {"2/1", []string{"chrome.exe"}, spent / 4, 300 << 20},
				{"3/1", []string{"Zoom.exe"}, 0, 200 << 20}, {"4/1", []string{"maria-notes.exe"}, spent, 2 << 30},
			}, nil
		},
		bench: func(_ context.Context, workers int) (float64, error) { return 5000 * float64(workers), nil },
		write: func(context.Context, string) (writing, error) {
			return writing{2e9, []time.Duration{time.Millisecond, 2 * time.Millisecond}}, nil
		},
		truths: map[string]truth{
			pendingReboot.ID: yes(false), powerSaver.ID: yes(false), antivirus.ID: yes(true), firewall.ID: yes(true), encryption.ID: yes(true),
			screenLock.ID: yes(true), microphoneOpen.ID: yes(true), cameraOpen.ID: yes(true), virtualCamera.ID: yes(false), virtualAudio.ID: yes(false),
		},
	}
}

func yes(value bool) truth { return func(context.Context) (bool, error) { return value, nil } }

// told are the options of a run that knows all it can be told.
func told(home string) Options {
	return Options{
		Home: home, Now: on("2026-11-22"), Scratch: "/state",
		Programs: []Program{{"Zoom", "softphone", []string{"zoom"}}, {"AnyDesk", "remote_control", []string{"anydesk"}}},
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
		checktest.Conforms(t, check(told("/home/maria"), fake()))
	})
	t.Run("this machine", func(t *testing.T) {
		checktest.Conforms(t, New(Options{Home: t.TempDir(), Now: time.Now, Env: os.Getenv, Scratch: t.TempDir()}))
	})
}

func TestEveryProblemHasWords(t *testing.T) {
	for _, lang := range []string{"en", "es"} {
		book, err := words.Open(lang, check(Options{}, fake()).Words)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{codeUnreadable, codeHome, codeOS, codeExtended, codeUntold, codeNoRoom, codeNoPrograms} {
			if !book.Has("problem." + key) {
				t.Errorf("%s: no words for problem.%s", lang, key)
			}
		}
		for _, step := range []string{"load", "speed", "disk"} {
			if !book.Has("system.step." + step) {
				t.Errorf("%s: no words for the step %s", lang, step)
			}
		}
		if !book.Has("system.reads.conflicts") {
			t.Errorf("%s: no words for what is read for a policy", lang)
		}
	}
}

func TestMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := run(t, told("/home/maria"), fake())
		numbers := map[string]float64{
			"system.memory": 16 << 30, "system.memory_available": 9 << 30, "system.disk_free": 100 << 30,
			"system.cores": 4, "system.cpu_busy": 0.5, "system.os_support": 324, "system.headroom_memory": 9<<30 - workday,
			"system.cpu_speed": 5000, "system.cpu_speed_all": 5000 * float64(runtime.NumCPU()),
			"system.headroom_cpu": 2500 * float64(runtime.NumCPU()), "system.disk_write": 2e9, "system.disk_sync": 0.002,
			"system.displays": 2, "system.battery": 0.8, "system.uptime": 26 * 3600, "system.antivirus": 1, "system.pending_reboot": 0,
		}
		for id, want := range numbers {
			if got[id].Missing != nil || got[id].Value != want {
				t.Errorf("%s: %v (%v), want %v", id, got[id].Value, got[id].Missing, want)
			}
		}
		if n := len(got["system.cpu_busy"].Samples); n != 10 {
			t.Errorf("%d samples of the load, want 10", n)
		}
		for id, want := range map[string]string{
			"system.cpu": "Example CPU i5: 4 cores", "system.os": "Windows 11 Pro 25H2 (26200)", "system.power": "mains",
			"system.timezone": "America/Bogota", "system.signals": "none", "system.resolution": "2560x1440", "system.conflicts": "softphone",
		} {
			if got[id].Text != want {
				t.Errorf("%s: %q, want %q", id, got[id].Text, want)
			}
		}
	})
}

// TestMeasureTrouble breaks one source after the other: it alone is missing, for its own reason.
func TestMeasureTrouble(t *testing.T) {
	writes := []string{"system.disk_write", "system.disk_sync"}
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
		}, "/h", "system.disk_free", writes, checks.CodeTimeout, ""},
		"disk refuses": {func(m *machine) {
			m.disk = func(context.Context, string) (uint64, error) { return 0, private }
		}, "/h", "system.disk_free", writes, codeUnreadable, "permission denied"},
		"no home": {func(*machine) {}, "", "system.disk_free", nil, codeHome, ""},
		"memory panics": {func(m *machine) {
			m.memory = func(context.Context) (memory, error) { panic("index out of range") }
		}, "/h", "system.memory", []string{"system.memory_available", "system.headroom_memory"}, codeUnreadable, "panic while asking the system"},
		"no memory": {func(m *machine) {
			m.memory = func(context.Context) (memory, error) { return memory{}, nil }
		}, "/h", "system.memory", []string{"system.memory_available", "system.headroom_memory"}, codeUnreadable, "no memory at all"},
		"no cores": {func(m *machine) {
			m.cores = func(context.Context) (int, error) { return 0, nil }
		}, "/h", "system.cores", nil, codeUnreadable, "no cores at all"},
		"no model": {func(m *machine) {
			m.model = func(context.Context) (string, error) { return " \x00", nil }
		}, "/h", "system.cpu", nil, codeUnreadable, "no name"},
		"clock stands still": {func(m *machine) {
			m.times = func(context.Context) (cpuTimes, error) { return cpuTimes{1, 2}, nil }
		}, "/h", "system.cpu_busy", []string{"system.headroom_cpu"}, codeUnreadable, "the clock of the processor stands still"},
		"no times in this build": {func(m *machine) {
			m.times = func(context.Context) (cpuTimes, error) { return cpuTimes{}, errors.New("not implemented yet") }
		}, "/h", "system.cpu_busy", []string{"system.headroom_cpu"}, checks.CodeUnsupported, ""},
		"unknown system": {func(m *machine) {
			m.release = func(context.Context) (release, error) { return release{text: "Haiku", key: "haiku 1"}, nil }
		}, "/h", "system.os_support", nil, codeOS, ""},
		"disk nearly full": {func(m *machine) {
			m.disk = func(_ context.Context, folder string) (uint64, error) {
				return map[string]uint64{"/state": 100 << 20, "/h": 5 << 30}[folder], nil
			}
		}, "/h", "system.disk_write", []string{"system.disk_sync"}, codeNoRoom, ""},
		"nothing written": {func(m *machine) {
			m.write = func(context.Context, string) (writing, error) { return writing{}, nil }
		}, "/h", "system.disk_write", []string{"system.disk_sync"}, codeUnreadable, "nothing was written"},
		"a truth that is not told": {func(m *machine) { delete(m.truths, firewall.ID) }, "/h", "system.firewall", nil, codeUntold, ""},
		"a truth that hangs": {func(m *machine) {
			m.truths[antivirus.ID] = func(context.Context) (bool, error) { time.Sleep(time.Hour); return false, nil }
		}, "/h", "system.antivirus", nil, checks.CodeTimeout, ""},
		"processor that errs": {func(m *machine) {
			m.bench = func(context.Context, int) (float64, error) { return 0, unreadable("two sums") }
		}, "/h", "system.cpu_speed", []string{"system.cpu_speed_all", "system.headroom_cpu"}, codeUnreadable, "two sums"},
		"no processes": {func(m *machine) {
			m.processes = func(context.Context) ([]process, error) { return nil, nil }
		}, "/h", "system.program_cpu", []string{"system.program_memory", "system.conflicts"}, codeUnreadable, "no programs at all"},
		"an odd signal": {func(m *machine) {
			m.computer = func(context.Context) (string, error) { return "sure", nil }
			m.session = m.computer
		}, "/h", "system.signals", nil, codeUnreadable, "no signal"},
		"no displays told": {func(m *machine) { m.displays = nil }, "/h", "system.displays", []string{"system.resolution"}, checks.CodeUnsupported, ""},
		"no displays": {func(m *machine) {
			m.displays = func(context.Context) ([]string, error) { return nil, nil }
		}, "/h", "system.resolution", nil, checks.CodeAbsent, ""},
		"no battery": {func(m *machine) {
			m.power = func(context.Context) (power, error) { return power{noBattery, -1}, nil }
		}, "/h", "system.battery", nil, checks.CodeAbsent, ""},
		"odd charge": {func(m *machine) {
			m.power = func(context.Context) (power, error) { return power{fromMains, 7}, nil }
		}, "/h", "system.battery", nil, codeUnreadable, "no charge"},
		"odd zone": {func(m *machine) {
			m.zone = func(context.Context) (string, error) { return "/home/maria", nil }
		}, "/h", "system.timezone", nil, codeUnreadable, "no name of a time zone"},
		"no time since the start": {func(m *machine) {
			m.uptime = func(context.Context) (time.Duration, error) { return -1, nil }
		}, "/h", "system.uptime", nil, codeUnreadable, "no time since the start"},
		"no release": {func(m *machine) {
			m.release = func(context.Context) (release, error) { return release{}, fs.ErrNotExist }
		}, "/h", "system.os", []string{"system.os_support"}, codeUnreadable, "*errors.errorString"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := fake()
				tt.change(&m)
				got := run(t, told(tt.home), m)
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
		list := []checks.Check{check(told("/h"), fake())}
		later := []string{"cpu_busy", "program_cpu", "program_memory", "conflicts", "cpu_speed", "cpu_speed_all", "headroom_cpu", "disk_write", "disk_sync"}
		for r := range checks.Run(ctx, time.Now, list, nil) {
			for _, m := range r.Measurements {
				late := slices.Contains(later, strings.TrimPrefix(m.Metric, "system."))
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
	began := time.Now()
	o := Options{Home: t.TempDir(), Now: time.Now, Env: os.Getenv, Scratch: t.TempDir()}
	got := run(t, o, thisMachine(newSources(o)))
	if took := time.Since(began); took > 12*time.Second { // three times what is promised
		t.Errorf("it took %v", took)
	}
	if left, err := os.ReadDir(o.Scratch); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for _, id := range []string{
		"system.memory", "system.memory_available", "system.disk_free", "system.cores", "system.cpu_speed", "system.cpu_speed_all",
		"system.disk_write", "system.disk_sync", "system.program_memory", "system.uptime",
	} {
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
