//go:build lab

package main

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskready/checks/lab"
)

// linePolicy asks for the line alone, and for no second attempt: the first one is what is looked at.
const linePolicy = `
version: 1
name: line
title: The line
sources: [none]
rules:
  - {metric: bandwidth.download, require: {min: 10 Mbit/s}, why: Speed.}
  - {metric: bandwidth.upload, require: {min: 3 Mbit/s}, why: Speed.}
  - {metric: call.mos, require: {min: 3.6}, why: Calls.}
  - {metric: call.rtt, require: {max: 300 ms}, why: Calls.}
  - {metric: path.clock_skew, require: {min: -300 s, max: 300 s}, why: Pages.}
`

// withThird has the run look at somebody else's server too.
const withThird = linePolicy + `
endpoints:
  - {host: 10.77.0.1, port: 9443, proto: https}
`

// serveFault is the part of a test that stands at the office's address in its place, or before it.
func serveFault(t *testing.T, role string) {
	args := lab.Args(t)
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		t.Fatal(err)
	}
	switch role {
	case "portal":
		lab.Portal(l)
	case "intercept": // UPSTREAM FILE: the authority's certificate goes there
		var ca []byte
		if ca, err = lab.Intercept(l, args[1]); err == nil {
			err = os.WriteFile(args[2], ca, 0o600)
		}
	case "404", "html": // UPSTREAM: what lies under /s/ is answered so, all else goes on
		err = http.Serve(l, spoiled(role, args[1]))
	case "third": // CERTIFICATE: somebody else's server, whose clock is right
		err = http.ServeTLS(l, http.NotFoundHandler(), args[1], args[1])
	}
	if err != nil {
		t.Fatal(err)
	}
	select {}
}

func spoiled(how, upstream string) http.Handler {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: upstream})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasPrefix(r.URL.Path, "/s/"):
			proxy.ServeHTTP(w, r)
		case how == "404":
			http.NotFound(w, r)
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, lab.PortalPage)
		}
	})
}

// A trouble is one fault of the line or of the office, and what a run under it must say.
type trouble struct {
	name   string
	line   lab.Line
	policy string
	before func(t *testing.T, s *street) // serves; nil: an office without fault
	then   func(t *testing.T, s *street) // the fault, once the hire has the invite
	mark   string                        // of the progress, at which the office is killed
	only   string
	want   map[string]string // by metric: a value, "low..high", or "code/side"
	says   string            // in the progress
	limit  time.Duration     // from the fault to the end: three times what it takes
}

func troubles() []trouble {
	normal := lab.Line{Down: 20, Up: 10, RTT: 20 * time.Millisecond, Queue: 100 * time.Millisecond}
	udpBlocked, only443, noIPv6 := normal, normal, normal
	udpBlocked.Block, only443.Allow, noIPv6.Block = "udp", "tcp/443", "ip6"
	return []trouble{
		{name: "office gone during the download", line: normal, mark: "the download speed", only: "bandwidth", limit: 15 * time.Second,
			want: map[string]string{"bandwidth.rtt": "0.019..0.06", "bandwidth.download": "office_refused/office", "bandwidth.upload": "office_refused/office"}},
		{name: "office gone during the call", line: normal, mark: "Holding a test call", only: "call", limit: 30 * time.Second,
			want: map[string]string{"call.path": "udp", "call.mos": "office_refused/office", "call.loss_down": "office_refused/office"}},
		{name: "404 under the ticket", line: normal, before: spoil("404"), only: "path,bandwidth,call", limit: 10 * time.Second,
			want: map[string]string{"path.portal": "office_refused/office", "bandwidth.download": "office_refused/office", "call.mos": "office_refused/office"}},
		{name: "a page under the ticket", line: normal, before: spoil("html"), only: "path,bandwidth,call", limit: 10 * time.Second,
			want: map[string]string{"path.portal": "1", "bandwidth.download": "portal/line", "call.mos": "portal/line"}},
		{name: "captive portal", line: normal, then: instead("portal"), only: "path,bandwidth,call", limit: 15 * time.Second, says: "sign-in page",
			want: map[string]string{"path.portal": "1", "path.office_rtt": "portal/line", "call.mos": "portal/line"}},
		{name: "interception that the computer trusts", line: normal, before: intercepted(true), only: "path", limit: 10 * time.Second,
			want: map[string]string{"path.intercepted": "1", "path.issuer": lab.Interceptor, "path.portal": "0"}},
		{name: "interception of a pinned office", line: normal, before: intercepted(false), only: "path,bandwidth,call", limit: 10 * time.Second,
			says: "another computer answered in its place",
			want: map[string]string{"path.intercepted": "office_untrusted/line", "path.issuer": lab.Interceptor, "path.portal": "0", "call.mos": "office_untrusted/line"}},
		{name: "UDP blocked", line: udpBlocked, only: "path", limit: 15 * time.Second,
			want: map[string]string{"path.udp": "0", "path.nat": "blocked", "path.mtu": "udp_blocked/line"}},
		{name: "only 443 open", line: only443, before: on443, only: "path,call", limit: 45 * time.Second,
			want: map[string]string{"path.udp": "0", "path.portal": "0", "call.path": "turn-tcp", "call.mos": "3.6..4.5"}},
		{name: "DNS dead", line: normal, before: named, then: deadDNS, only: "path", limit: 75 * time.Second, says: "its name was not found",
			want: map[string]string{"path.dns": "dns_dead/line", "path.office_rtt": "dns_dead/line", "path.portal": "dns_dead/line"}},
		{name: "IPv6 black hole", line: noIPv6, before: named, then: bothAddresses, only: "path", limit: 15 * time.Second,
			want: map[string]string{"path.ipv6": "broken", "path.udp": "1", "path.office_rtt": "0.019..0.06"}},
		{name: "delay of 300 ms down and 10 up", line: lab.Line{Down: 20, Up: 10, Queue: 100 * time.Millisecond, Flags: []string{"-delay", "300ms/10ms"}}, only: "path,call", limit: time.Minute,
			want: map[string]string{"path.clock_skew": "-0.16..0.16", "path.office_rtt": "0.308..0.36", "call.rtt": "0.308..0.36", "call.mos": "3.6..4.3", "call.late_down": "0..0.01"}},
		{name: "office two hours ahead", line: normal, before: ahead, only: "path", limit: 10 * time.Second,
			want: map[string]string{"path.clock_skew": "clocks_differ/unknown", "path.office_rtt": "0.019..0.06"}},
		{name: "office two hours ahead, and a third clock", line: normal, policy: withThird, before: ahead, then: third, only: "path", limit: 10 * time.Second,
			want: map[string]string{"path.clock_skew": "office_clock/office", "path.endpoint": "1"}},
	}
}

// TestLabFaults holds one fault after the other against what the report says of it: whose side it is, in bounded time.
func TestLabFaults(t *testing.T) {
	if role := lab.Role(); role != "" {
		serveFault(t, role)
	}
	program := lab.Build(t, "./cmd/deskready")
	for _, c := range troubles() {
		t.Run(c.name, func(t *testing.T) { c.try(t, program) })
	}
}

func (c trouble) try(t *testing.T, program string) {
	s := newStreet(t, program, c.line)
	if c.policy == "" {
		c.policy = linePolicy
	}
	policy := s.policy(t, "line", c.policy)
	if c.before == nil {
		c.before = func(t *testing.T, s *street) { s.serve(t) }
	}
	c.before(t, s)
	invite := s.invite(t, policy)
	if c.then != nil {
		c.then(t, s)
	}
	kill := func(*exec.Cmd) time.Time {
		time.Sleep(1500 * time.Millisecond) // until what the mark names is well under way
		kill(s.server)
		return time.Now()
	}
	var v visit
	for range 3 {
		if v = s.check(t, invite, c.mark, kill, "--name", "Ana", "--quick", "--only", c.only); !v.busy() {
			break
		}
	}
	since := v.Took
	if c.mark != "" {
		since = v.after
	}
	t.Logf("exit code %d, %s, after %v", v.ExitCode, v.Verdict, since.Round(10*time.Millisecond))
	if since > c.limit {
		t.Errorf("took %v, at most %v", since, c.limit)
	}
	if v.Verdict == "ready" && c.only == "path,bandwidth,call" {
		t.Error("ready")
	}
	for metric, want := range c.want {
		if got := v.says(metric); !fits(got, want) {
			t.Errorf("%s says %s, want %s", metric, got, want)
		}
	}
	if !strings.Contains(v.Stderr, c.says) {
		t.Errorf("the progress does not say %q", c.says)
	}
	if t.Failed() {
		t.Log(v.Stderr)
	}
}

// fits holds what was said against what was wanted: the same, or a number within "low..high".
func fits(got, want string) bool {
	low, high, between := strings.Cut(want, "..")
	if !between {
		return got == want
	}
	var n [3]float64
	for i, text := range []string{low, got, high} {
		var err error
		if n[i], err = strconv.ParseFloat(text, 64); err != nil {
			return false
		}
	}
	return n[0] <= n[1] && n[1] <= n[2]
}

// spoil lets the office serve plain HTTP behind a proxy at its address, which spoils a part of what it carries.
func spoil(role string) func(*testing.T, *street) {
	return func(t *testing.T, s *street) {
		front, back := s.Office.Addr+":8440", s.Office.Addr+":8441"
		s.Office.Part(t, role, front, back).Start(t)
		s.serve(t, "--listen", back, "--behind-proxy", s.Office.Addr, "--public-url", "http://"+front, "--media", front)
		waitFor(t, s, front)
	}
}

// waitFor waits until somebody listens at the office.
func waitFor(t *testing.T, s *street, address string) {
	t.Helper()
	for range 100 {
		if lab.Finish(t, s.Office.Command(t.Context(), "bash", "-c", "exec 3<>/dev/tcp/"+strings.Replace(address, ":", "/", 1))).ExitCode == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nobody listens on %s", address)
}

// instead puts something else at the office's address.
func instead(role string) func(*testing.T, *street) {
	return func(t *testing.T, s *street) {
		kill(s.server)
		_ = s.server.Wait()
		s.Office.Part(t, role, s.Office.Addr+":8440").Start(t)
		waitFor(t, s, s.Office.Addr+":8440")
	}
}

// intercepted leads the hire's connections through a proxy that opens them. An office with a certificate of its own making
// is pinned by its invites; one whose certificate the computer's authorities vouch for is not.
func intercepted(trusted bool) func(*testing.T, *street) {
	return func(t *testing.T, s *street) {
		front, back := s.Office.Addr+":8440", s.Office.Addr+":8441"
		authority := filepath.Join(s.home, "authority.pem")
		s.Office.Part(t, "intercept", front, back, authority).Start(t)
		args := []string{"--listen", back, "--public-url", "https://" + front, "--media", front}
		if trusted {
			file := certificateFile(t, s)
			args = append(args, "--tls-cert", file, "--tls-key", file)
			s.environment = append(s.environment, "SSL_CERT_FILE="+authority)
		}
		s.serve(t, args...)
		waitFor(t, s, front)
	}
}

// certificateFile is a certificate and key for the office's address, that nobody vouches for but itself.
func certificateFile(t *testing.T, s *street) string {
	t.Helper()
	text, err := makeCertificate(s.Office.Addr, rand.Reader, time.Now())
	file := filepath.Join(s.home, "office.pem")
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err == nil {
		_, err = tls.X509KeyPair(text, text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func on443(t *testing.T, s *street) { s.serve(t, "--listen", s.Office.Addr+":443") }

func named(t *testing.T, s *street) {
	s.serve(t, "--listen", "[::]:8440", "--public-url", "https://office.lab.example:8440")
}

// deadDNS leaves the hire a resolver that never answers, behind a router as everybody has one.
func deadDNS(t *testing.T, s *street) {
	etc(t, s, "resolv.conf", "nameserver 192.0.2.53\n") // TEST-NET-1, RFC 5737
	o := lab.Finish(t, s.Hire.Command(t.Context(), "ip", "route", "add", "default", "via", s.Office.Addr))
	if o.ExitCode != 0 {
		t.Fatal(o.Stderr)
	}
}

func bothAddresses(t *testing.T, s *street) {
	etc(t, s, "hosts", s.Office.Addr6+" office.lab.example\n"+s.Office.Addr+" office.lab.example\n")
}

// etc gives the hire's end a file of its own in /etc.
func etc(t *testing.T, s *street, name, text string) {
	t.Helper()
	dir := filepath.Join("/etc/netns", s.Hire.Namespace)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ahead lets the office's clock go two hours ahead.
func ahead(t *testing.T, s *street) {
	s.serveWith(t, thisBinary(t), []string{"AHEAD=2h"})
}

// thisBinary is the test's own, under the name by which it is the program.
func thisBinary(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	name := filepath.Join(t.TempDir(), "deskready")
	if err == nil {
		err = os.Symlink(self, name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func third(t *testing.T, s *street) {
	file := certificateFile(t, s)
	s.environment = append(s.environment, "SSL_CERT_FILE="+file)
	s.Office.Part(t, "third", s.Office.Addr+":9443", file).Start(t)
	waitFor(t, s, s.Office.Addr+":9443")
}

// TestLabInterrupt stops the program in the middle of each check of the line: it is gone within a second, and what was
// measured before is printed, and kept for --resume.
func TestLabInterrupt(t *testing.T) {
	s := newStreet(t, lab.Build(t, "./cmd/deskready"), lab.Line{Down: 20, Up: 10, RTT: 20 * time.Millisecond, Queue: 100 * time.Millisecond})
	s.serve(t)
	policy := s.policy(t, "line", linePolicy)
	for _, c := range []struct {
		name, mark, only string
		after            time.Duration
		want             map[string]string
		kept             []string // whole checks
	}{
		{"path", "how it sees your connection", "path", 100 * time.Millisecond, map[string]string{"path.mtu": "interrupted/hire"}, nil},
		{"bandwidth", "the upload speed", "path,bandwidth", time.Second,
			map[string]string{"path.office_rtt": "0.019..0.06", "bandwidth.download": "18e6..20e6", "bandwidth.upload": "interrupted/hire"}, []string{"path"}},
		{"call", "Holding a test call", "path,call", 2 * time.Second,
			map[string]string{"path.office_rtt": "0.019..0.06", "call.mos": "interrupted/hire"}, []string{"path"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := s.check(t, s.invite(t, policy), c.mark, func(hire *exec.Cmd) time.Time {
				time.Sleep(c.after)
				_ = hire.Process.Signal(os.Interrupt)
				return time.Now()
			}, "--name", "Ana", "--quick", "--only", c.only)
			t.Logf("ended %v after Ctrl-C", v.after.Round(time.Millisecond))
			if v.ExitCode != exitInterrupted || v.after > time.Second {
				t.Errorf("exit code %d, %v after Ctrl-C", v.ExitCode, v.after)
			}
			for metric, want := range c.want {
				if got := v.says(metric); !fits(got, want) {
					t.Errorf("%s says %s, want %s", metric, got, want)
				}
			}
			s.holds(t, c.kept)
		})
	}
}

// holds looks at what is kept of an interrupted run.
func (s *street) holds(t *testing.T, want []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.home, "state", "run.json"))
	var r runRecord
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range want {
		if attempts(r.Results, check) != 1 {
			t.Errorf("%s was not kept", check)
		}
	}
	if r.Ended {
		t.Error("the run is said to have ended")
	}
}
