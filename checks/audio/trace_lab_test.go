//go:build lab

package audio

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"deskready/checks/lab"
)

// TestLabNoSoundLeaves traces a whole run of the check and all its children by strace: no file on a disk is opened for
// writing, and nothing is sent but to the sound server of this computer. What goes up the pipe is too little for sound.
func TestLabNoSoundLeaves(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trace")
	got, _ := labResult(t, lab.Sound(t, "clear_speech", "env", "AUDIO_LAB_ALONE=1", "strace", "--follow-forks", "--quiet=all", "--decode-fds=all",
		"--string-limit=0", "--trace=open,openat,openat2,creat,rename,renameat,renameat2,link,linkat,connect,sendto,sendmsg,sendmmsg,write,writev,"+
			"pwrite64,pwritev,pwritev2,sendfile,splice,copy_file_range", "--output="+file, os.Args[0], "-test.run=^TestLabRun$", "-test.v"))
	if d := got["audio.diagnosis"]; d.Text != "pass" {
		t.Errorf("diagnosis %+v", d)
	}
	found := readTrace(t, file)
	t.Logf("opened for writing: %v", found.opened)
	t.Logf("connected to: %v", found.connected)
	t.Logf("bytes written or sent: %v", found.bytes)
	for path := range found.opened {
		switch {
		case path == "/dev/null", strings.HasPrefix(path, "/dev/shm/"), strings.HasPrefix(path, "/memfd:"): // no disk
		case filepath.Base(path) == "cookie": // libpulse opens its key so; what it writes would be counted below
		default:
			t.Errorf("%s was opened for writing", path)
		}
	}
	for to := range found.connected {
		if !strings.Contains(to, "AF_UNIX") || !strings.Contains(to, "/native") {
			t.Errorf("a connection to %s", to)
		}
	}
	for kind, n := range found.bytes {
		switch kind {
		case "sound server", "event":
		case "pipe": // 12 s of speech of 8 bits at 8 kHz, which is the least that can be called sound, are 96 kB
			if n > 64<<10 {
				t.Errorf("%d bytes went through pipes", n)
			}
		default:
			t.Errorf("%d bytes went to %s", n, kind)
		}
	}
	if found.bytes["sound server"] == 0 || found.bytes["pipe"] == 0 {
		t.Error("the trace has seen nothing")
	}
}

type trace struct {
	opened    map[string]int // for writing, by path
	connected map[string]int // by address
	bytes     map[string]int // by what they went to
}

var (
	unfinished = regexp.MustCompile(`^(\d+) +(.*) <unfinished \.\.\.>$`)
	resumed    = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)$`)
	traced     = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += +(-?\d+)(?:<(.*)>)?`)
	onFD       = regexp.MustCompile(`^(\d+)<(.*?)>(?:,|$)`)
)

// readTrace reads what strace wrote; calls that other threads cut in two are put together first.
func readTrace(t *testing.T, file string) trace {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found := trace{map[string]int{}, map[string]int{}, map[string]int{}}
	halves := map[string]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	calls := 0
	for lines.Scan() {
		line := lines.Text()
		if m := unfinished.FindStringSubmatch(line); m != nil {
			halves[m[1]] = m[2]
			continue
		}
		if m := resumed.FindStringSubmatch(line); m != nil {
			line = m[1] + " " + halves[m[1]] + m[2]
		}
		if m := traced.FindStringSubmatch(line); m != nil {
			calls++
			found.call(m[2], m[3], m[4], m[5])
		}
	}
	if lines.Err() != nil || calls < 100 {
		t.Fatalf("%d calls in the trace, %v", calls, lines.Err())
	}
	return found
}

func (f *trace) call(name, arguments, result, to string) {
	n, err := strconv.Atoi(result)
	if err != nil || n < 0 {
		return
	}
	switch name {
	case "open", "openat", "openat2", "creat":
		if name == "creat" || slices.ContainsFunc([]string{"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"}, func(flag string) bool {
			return strings.Contains(arguments, flag)
		}) {
			f.opened[regexp.MustCompile(`<char .*$`).ReplaceAllString(to, "")]++
		}
	case "rename", "renameat", "renameat2", "link", "linkat", "copy_file_range":
		f.opened[fmt.Sprintf("%s(%s)", name, arguments)]++
	case "connect":
		f.connected[regexp.MustCompile(`\{.*\}`).FindString(arguments)]++
	default:
		if fd := onFD.FindStringSubmatch(arguments); fd != nil {
			f.bytes[kindOf(fd[2])] += n
		} else {
			f.bytes[name+" "+arguments] += n
		}
	}
}

// kindOf is what a descriptor is, by strace's description of it.
func kindOf(fd string) string {
	switch {
	case strings.HasPrefix(fd, "pipe:"):
		return "pipe"
	case strings.HasPrefix(fd, "UNIX"), strings.HasPrefix(fd, "socket:"):
		return "sound server"
	case strings.HasPrefix(fd, "anon_inode:"):
		return "event"
	}
	return fd
}
