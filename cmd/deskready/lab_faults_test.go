//go:build lab

package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
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
  - {metric: bandwidth.download, require: {min: 1 Mbit/s}, why: Speed.}
  - {metric: bandwidth.upload, require: {min: 1 Mbit/s}, why: Speed.}
  - {metric: call.mos, require: {min: 3.6}, why: Calls.}
  - {metric: call.rtt, require: {max: 300 ms}, why: Calls.}
  - {metric: path.portal, require: {is: false}, why: Pages.}
  - {metric: path.intercepted, require: {is: false}, why: Pages.}
  - {metric: path.udp, prefer: {is: true}, why: Calls.}
  - {metric: path.clock_skew, require: {min: -300 s, max: 300 s}, why: Pages.}
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
	case "hole":
		lab.Hole(l)
	case "intercept": // UPSTREAM FILE: the authority's certificate goes there
		ca, err := lab.Intercept(l, args[1])
		if err == nil {
			err = os.WriteFile(args[2], ca, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	case "404", "html": // UPSTREAM: what lies under /s/ is answered so, all else goes on
		t.Fatal(http.Serve(l, spoiled(role, args[1])))
	case "date": // anybody else's server, whose clock is right
		t.Fatal(http.Serve(l, http.NotFoundHandler()))
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

// A trouble is one fault of the line or the office, and what a run under it must say of each metric: a value, or "code/side".
type trouble struct {
	name   string
	line   lab.Line
	before func(t *testing.T, s *street) // instead of a plain serve
	late   func(t *testing.T, s *street) // between invite and run
	mark   string                        // of the progress, at which meddle comes
	meddle func(t *testing.T, s *street) func(hire *exec.Cmd)
	args   []string
	want   map[string]string
	says   string // in the progress
	limit  time.Duration
}

// netnsFile gives the hire's end a file of its own in /etc.
func netnsFile(t *testing.T, s *street, name, text string) {
	t.Helper()
	dir := filepath.Join("/etc/netns", s.Hire.Namespace)
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
}

func killOffice(_ *testing.T, s *street) func(*exec.Cmd) {
	return func(*exec.Cmd) {
		time.Sleep(1500 * time.Millisecond)
		kill(s.server)
	}
}

// before8441 lets the office serve plain HTTP behind a proxy at its address, which spoils what it carries.
func behindSpoiler(role string) func(*testing.T, *street) {
	return func(t *testing.T, s *street) {
		front, back := s.Office.Addr+":8440", s.Office.Addr+":8441"
		s.Office.Part(t, role, front, back).Start(t)
		s.serve(t, "--listen", back, "--behind-proxy", s.Office.Addr, "--public-url", "http://"+front, "--media", front)
	}
}

func office8440(role string) func(*testing.T, *street) {
	return func(t *testing.T, s *street) {
		s.serve(t)
		kill(s.server)
		_ = s.server.Wait()
		s.Office.Part(t, role, s.Office.Addr+":8440").Start(t)
		time.Sleep(700 * time.Millisecond)
	}
}

func intercepted(trusted bool) func(*testing.T, *street) {
	return func(t *testing.T, s *street) {
		front, back := s.Office.Addr+":8440", s.Office.Addr+":8441"
		authority := filepath.Join(s.home, "authority.pem")
		s.Office.Part(t, "intercept", front, back, authority).Start(t)
		args := []string{"--listen", back, "--public-url", "https://" + front, "--media", front}
		if trusted {
			text, err := makeCertificate(s.Office.Addr, rand.Reader, time.Now())
			file := filepath.Join(s.home, "office.pem")
			if err == nil {
				err = os.WriteFile(file, text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, "--tls-cert", file, "--tls-key", file)
			s.environment = append(s.environment, "SSL_CERT_FILE="+authority)
		}
		s.serve(t, args...)
	}
}

func named(t *testing.T, s *street) {
	s.serve(t, "--listen", "[::]:8440", "--public-url", "https://office.lab.example:8440")
}

func troubles() []trouble {
	quick := func(only string) []string { return []string{"--quick", "--only", only} }
	normal := lab.Line{Down: 20, Up: 10, RTT: 20 * time.Millisecond, Queue: 100 * time.Millisecond}
	walled := func(block, allow string) lab.Line {
		l := normal
		l.Block, l.Allow = block, allow
		return l
	}
	return []trouble{
		{name: "gone_download", line: normal, mark: "download speed", meddle: killOffice, args: quick("bandwidth")},
		{name: "gone_call", line: normal, mark: "Holding a test call", meddle: killOffice, args: quick("call")},
		{name: "gone_path", line: normal, mark: "sees your connection", meddle: killOffice, args: quick("path")},
		{name: "404", line: normal, before: behindSpoiler("404"), args: quick("path,bandwidth,call")},
		{name: "html", line: normal, before: behindSpoiler("html"), args: quick("path,bandwidth,call")},
		{name: "portal", line: normal, late: office8440("portal"), before: func(*testing.T, *street) {}, args: quick("path,bandwidth,call")},
		{name: "hole", line: normal, late: office8440("hole"), before: func(*testing.T, *street) {}, args: quick("path,bandwidth,call")},
		{name: "intercepted_trusted", line: normal, before: intercepted(true), args: quick("path,bandwidth,call")},
		{name: "intercepted_pinned", line: normal, before: intercepted(false), args: quick("path,bandwidth,call")},
		{name: "udp_blocked", line: walled("udp", ""), args: quick("path,bandwidth,call")},
		{name: "only_443", line: walled("", "tcp/443"), before: func(t *testing.T, s *street) { s.serve(t, "--listen", s.Office.Addr+":443") }, args: quick("path,bandwidth,call")},
		{name: "dns_dead", line: normal, before: named, late: func(t *testing.T, s *street) {
			netnsFile(t, s, "resolv.conf", "nameserver 10.77.0.99\n")
		}, args: quick("path,bandwidth,call")},
		{name: "ipv6_hole", line: walled("ip6", ""), before: named, late: func(t *testing.T, s *street) {
			netnsFile(t, s, "hosts", fmt.Sprintf("%s office.lab.example\n%s office.lab.example\n", s.Office.Addr6, s.Office.Addr))
		}, args: quick("path,bandwidth,call")},
		{name: "asymmetric", line: lab.Line{Down: 20, Up: 10, Queue: 100 * time.Millisecond, Flags: []string{"-delay", "300ms/10ms"}}, args: quick("path,bandwidth,call")},
	}
}

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
	if err := os.WriteFile(filepath.Join(s.data, "policies", "line.yaml"), []byte(linePolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	if c.before == nil {
		c.before = func(t *testing.T, s *street) { s.serve(t) }
	}
	c.before(t, s)
	if s.server == nil { // the address is known once the collector has been there
		s.serve(t)
		invite := s.invite(t, "line", filepath.Join(s.home, "invite.json"))
		kill(s.server)
		_ = s.server.Wait()
		_ = invite
	} else {
		s.invite(t, "line", filepath.Join(s.home, "invite.json"))
	}
	if c.late != nil {
		c.late(t, s)
	}
	var meddle func(*exec.Cmd)
	if c.meddle != nil {
		meddle = c.meddle(t, s)
	}
	v := s.check(t, filepath.Join(s.home, "invite.json"), c.mark, meddle, c.args...)
	t.Logf("exit %d, %s after %v (%v after the fault), offline %v\n%s", v.ExitCode, v.Verdict, v.Took.Round(10*time.Millisecond), v.after.Round(10*time.Millisecond), v.Offline, v.Stderr)
	for _, r := range v.Results {
		for _, m := range r.Measurements {
			if m.By == "tool" && strings.Contains(strings.Join(c.args, " "), r.Check) {
				if m.Missing != nil {
					t.Logf("  %-24s %s/%s %s", m.Metric, m.Missing.Code, m.Missing.Side, m.Missing.Detail)
				} else {
					t.Logf("  %-24s %v%s", m.Metric, m.Value, m.Text)
				}
			}
		}
	}
}
