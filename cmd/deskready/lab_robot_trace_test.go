//go:build lab

package main

import (
	"bufio"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks/lab"
	"deskready/checks/lab/robot"
	"deskready/report"
)

// trace follows one whole run in the kernel and in the browser: whom the program speaks to, what it opens for
// writing, and what the page asks for is held against what "deskready data" tells the hire.
func (d *bureau) trace(t *testing.T) {
	env := lab.SoundEnv(t, "clear_speech")
	b := robot.Start(t, robot.Chromium, robot.Options{Env: env, Voice: filepath.Join(lab.Wavs(t), "clear_speech.wav")})
	trace := filepath.Join(t.TempDir(), "trace")
	home := t.TempDir()
	s := d.at(home, env, "--quick", "--low-data", "--invite", d.invite(t, "Ana", "voice-agent"))
	s.Cmd.Args = append([]string{"strace", "-f", "-q", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg,open,openat,creat", "-o", trace}, s.Cmd.Args...)
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal(err)
	}
	s.Path = strace
	s.run(t)
	b.Open(t, s.opened(t))
	w := &passer{Browser: b, name: "Ana"}
	w.goes(t)
	s.finish(t, 20*time.Second)
	d.kept(t, w, report.A2)

	whom, written := traced(t, trace)
	t.Logf("spoke to %v", whom)
	t.Logf("wrote %v", written)
	if len(whom) == 0 || len(written) == 0 {
		t.Fatal("nothing was traced")
	}
	may := append(resolvers(t), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"))
	// A UDP socket that is joined with an address of the documentation's asks this system for a route, and sends nothing.
	nobody := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	for _, a := range whom {
		if !slices.Contains(may, a) && !slices.ContainsFunc(nobody, func(p netip.Prefix) bool { return p.Contains(a) }) {
			t.Errorf("the program spoke to %v, which deskready data does not name", a)
		}
	}
	// PortAudio looks for the sound server JACK, whose library keeps a register of its own.
	private := append([]string{home + "/", "/dev/null", "/dev/shm/jack", "/proc/self/"}, soundFolders(env)...)
	for _, file := range written {
		if !filepath.IsAbs(file) {
			file = filepath.Join(home, file)
		}
		if !slices.ContainsFunc(private, func(p string) bool { return strings.HasPrefix(file, p) }) {
			t.Errorf("the program opened %s for writing", file)
		}
	}
	d.weighed(t, b, s)
}

// weighed holds what the page asked for against its promises: nobody else is asked, and no step is heavy.
func (d *bureau) weighed(t *testing.T, b *robot.Browser, s *start) {
	t.Helper()
	own := s.opened(t)
	own = own[:strings.Index(own, "/open/")] + "/"
	size := map[string]int64{}
	var all, styles, panel, heaviest int64
	which := ""
	for _, r := range b.Requests() {
		if !strings.HasPrefix(r.URL, own) && !strings.HasPrefix(r.URL, strings.Replace(own, "http:", "ws:", 1)) {
			t.Errorf("the page asked somebody else: %s", r.URL)
		}
		all += r.Bytes
		size[r.URL] = max(size[r.URL], r.Bytes)
	}
	for url, bytes := range size {
		switch {
		case strings.Contains(url, "/static/"):
			styles += bytes
		case strings.Contains(url, "/panel/"):
			panel += bytes
		case bytes > heaviest:
			heaviest, which = bytes, url[strings.LastIndexByte(url, '/')+1:]
		}
	}
	t.Logf("%d requests, all to the program, %d bytes in the whole run: %d of what all steps share, %d of the browser's own check, %d of the heaviest step, %q",
		len(b.Requests()), all, styles, panel, heaviest, which)
	if weight := styles + max(panel, heaviest); weight > 150_000 {
		t.Errorf("a step weighs %d bytes", weight)
	}
}

var (
	spoke = regexp.MustCompile(`sin6?_addr=inet_(?:addr\(|pton\(AF_INET6, )"([^"]+)"|inet_pton\(AF_INET6, "([^"]+)"`) // read only
	wrote = regexp.MustCompile(`^\d+ +(?:openat\([^,]+, |open\(|creat\()"([^"]+)", ([A-Z_|]+|0\d*)`)                  // read only
	// the end of such a call
	opened = regexp.MustCompile(`(?:openat|open|creat)(?:\(| resumed>).* = -?\d+`) // read only
)

// traced reads what strace has written: whom sockets were joined with or sent to, and what was opened for writing.
func traced(t *testing.T, file string) (whom []netip.Addr, written []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	opening := map[string]string{} // by thread
	for lines.Scan() {
		for _, m := range spoke.FindAllStringSubmatch(lines.Text(), -1) {
			if a, err := netip.ParseAddr(m[1] + m[2]); err == nil && !slices.Contains(whom, a.Unmap()) {
				whom = append(whom, a.Unmap())
			}
		}
		pid, _, _ := strings.Cut(lines.Text(), " ")
		if m := wrote.FindStringSubmatch(lines.Text()); m != nil {
			opening[pid] = ""
			if strings.Contains(m[2], "O_WRONLY") || strings.Contains(m[2], "O_RDWR") || strings.Contains(m[2], "O_CREAT") || m[2][0] == '0' {
				opening[pid] = m[1]
			}
		}
		// Another thread's call may stand between the two ends of this one.
		if name := opening[pid]; name != "" && opened.MatchString(lines.Text()) {
			opening[pid] = ""
			if !strings.Contains(lines.Text(), " = -1 ") && !slices.Contains(written, name) {
				written = append(written, name)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return whom, written
}

// resolvers are the systems that find names for this computer, and its router.
func resolvers(t *testing.T) (list []netip.Addr) {
	t.Helper()
	data, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(data)) {
		if a, err := netip.ParseAddr(word); err == nil {
			list = append(list, a)
		}
	}
	out, err := exec.Command("ip", "route", "show", "default").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(out)) {
		if ip := net.ParseIP(word); ip != nil {
			list = append(list, netip.MustParseAddr(word))
		}
	}
	return list
}

// soundFolders are where the lab's sound server keeps its own.
func soundFolders(env []string) (list []string) {
	for _, v := range env {
		if dir, ok := strings.CutPrefix(v, "XDG_RUNTIME_DIR="); ok {
			list = append(list, dir+"/")
		}
	}
	return list
}
