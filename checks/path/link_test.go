package path

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"deskready/checks"
)

// wireless house, everything with a name or an address that must not come out of it.
func namedHouse() computer {
	secret := adapter{index: 2, name: "secret-name", id: "secret-id", kind: linkWifi}
	c := house(map[string]int{atOffice: 2, elsewhere: 2}, map[int]adapter{2: secret}, defaultRoute{gateway: netip.MustParseAddr("172.20.10.1"), index: 2})
	c.probes = []probe{answers("icmp", "yyyyyy")}
	return c
}

func TestFactsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := namedHouse().facts(t.Context(), asked{remote: netip.MustParseAddr(atOffice)})
		want := facts{
			link: told(linkWifi), phone: phoneHotspot, signal: told(-60.0), band: told("5"), rate: told(3e8), mtu: told(1498),
			vpn: told(tunnelled{}), proxy: told(proxying{kind: proxyNone}),
		}
		gateway := f.gateway
		f.gateway = fact[roundTrips]{}
		if got, wanted := fmt.Sprintf("%+v", f), fmt.Sprintf("%+v", want); got != wanted {
			t.Errorf("got  %s\nwant %s", got, wanted)
		}
		if len(gateway.value.times) != 5 || gateway.value.method != "icmp" {
			t.Errorf("gateway %+v", gateway)
		}
	})
}

// Nothing that names a network, a device or an address is in any fact, or in why there is none.
func TestFactsNameNothing(t *testing.T) {
	path := &fs.PathError{Op: "open", Path: "/home/secret-name/172.20.10.1", Err: syscall.EACCES}
	loud := namedHouse()
	loud.radio = func(context.Context, adapter) (radio, error) { return radio{}, path }
	loud.proxy = func(context.Context) (proxying, error) {
		return proxying{}, &exec.Error{Name: "secret-name", Err: errors.New("secret-id")}
	}
	lost := namedHouse()
	lost.cards = func(context.Context) ([]card, error) { return nil, fmt.Errorf("secret-name: %w", path) }
	for _, c := range []computer{namedHouse(), loud, lost} {
		f := c.facts(t.Context(), asked{remote: netip.MustParseAddr(atOffice)})
		all := fmt.Sprintf("%+v", f)
		for _, p := range []*checks.Problem{f.link.missing, f.signal.missing, f.band.missing, f.rate.missing, f.mtu.missing, f.vpn.missing, f.proxy.missing, f.gateway.missing} {
			if p != nil {
				all += p.Error()
			}
		}
		for _, secret := range []string{"secret", "home", "172.20", "203.0", "198.51", "10.0.0"} {
			if strings.Contains(all, secret) {
				t.Errorf("%q is in %s", secret, all)
			}
		}
	}
}

// Each thing that hangs costs its own fact and no other, and no more time than the limit.
func TestFactsInTime(t *testing.T) {
	forever := func() { time.Sleep(time.Hour) }
	tests := []struct {
		what    string
		hang    func(*computer)
		missing func(facts) []*checks.Problem
		told    func(facts) []*checks.Problem
	}{
		{"the radio", func(c *computer) {
			c.radio = func(context.Context, adapter) (radio, error) { forever(); return radio{}, nil }
		}, func(f facts) []*checks.Problem { return []*checks.Problem{f.signal.missing, f.band.missing} },
			func(f facts) []*checks.Problem {
				return []*checks.Problem{f.link.missing, f.mtu.missing, f.vpn.missing, f.proxy.missing, f.gateway.missing}
			}},
		{"the proxy", func(c *computer) {
			c.proxy = func(context.Context) (proxying, error) { forever(); return proxying{}, nil }
		}, func(f facts) []*checks.Problem { return []*checks.Problem{f.proxy.missing} },
			func(f facts) []*checks.Problem {
				return []*checks.Problem{f.link.missing, f.signal.missing, f.gateway.missing}
			}},
		{"the list of cards", func(c *computer) {
			c.cards = func(context.Context) ([]card, error) { forever(); return nil, nil }
		}, func(f facts) []*checks.Problem {
			return []*checks.Problem{f.link.missing, f.signal.missing, f.vpn.missing, f.gateway.missing}
		},
			func(f facts) []*checks.Problem { return []*checks.Problem{f.proxy.missing} }},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := namedHouse()
				test.hang(&c)
				began := time.Now()
				f := c.facts(t.Context(), asked{remote: netip.MustParseAddr(atOffice)})
				if took := time.Since(began); took > factsLimit+2*handOver {
					t.Errorf("took %v", took)
				}
				for _, p := range test.missing(f) {
					if p == nil || p.Code != checks.CodeTimeout {
						t.Errorf("what hangs: %v", p)
					}
				}
				for _, p := range test.told(f) {
					if p != nil {
						t.Errorf("what does not hang: %v", p)
					}
				}
				time.Sleep(2 * time.Hour) // what was left behind ends
			})
		})
	}
}

func TestFactsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := namedHouse()
	c.proxy = func(ctx context.Context) (proxying, error) { return proxying{}, ctx.Err() }
	if f := c.facts(ctx, asked{}); f.proxy.missing == nil || f.proxy.missing.Code != checks.CodeInterrupted {
		t.Errorf("%+v", f.proxy.missing)
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	f := <-later(t.Context(), func(context.Context) (int, error) { panic("secret") })
	if f.missing == nil || f.missing.Code != checks.CodeInternal || strings.Contains(f.missing.Detail, "secret") {
		t.Errorf("%+v", f)
	}
}

func TestReason(t *testing.T) {
	for code, err := range map[string]error{
		codeSystemDenied:       &fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES},
		checks.CodeUnsupported: &fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT},
		checks.CodeTimeout:     fmt.Errorf("x: %w", context.DeadlineExceeded),
		checks.CodeInterrupted: context.Canceled,
		codeNotWifi:            fmt.Errorf("x: %w", because(codeNotWifi)),
		codeLinkUntold:         os.NewSyscallError("x", syscall.ENODEV),
	} {
		if p := reason(err); p.Code != code || p.Side == "" {
			t.Errorf("%v: %+v, want %s", err, p, code)
		}
	}
}

func TestOutput(t *testing.T) {
	out, err := output(t.Context(), "/bin/sh", "-c", "echo $LC_ALL")
	if err != nil || string(out) != "C\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := output(t.Context(), "/bin/sh", "-c", "while echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; do :; done"); !errors.Is(err, errTooMuch) {
		t.Errorf("endless output: %v", err)
	}
	if _, err := output(t.Context(), "/nowhere/to/be/found"); reason(err).Code != checks.CodeUnsupported {
		t.Errorf("no such program: %v", err)
	}
	if _, err := output(t.Context(), "/bin/false"); err == nil {
		t.Error("a program that fails gave an answer")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := output(ctx, "/bin/sh", "-c", "sleep 30"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a program that hangs: %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("waited %v for a program that hangs", took)
	}
}

func TestContents(t *testing.T) {
	files := fstest.MapFS{"big": {Data: make([]byte, maxAnswer+1)}, "small": {Data: []byte(" x \n")}}
	if _, err := contents(files, "big"); !errors.Is(err, errTooMuch) {
		t.Errorf("a file that is too big: %v", err)
	}
	if text, err := contents(files, "small"); text != "x" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := contents(files, "../up"); err == nil {
		t.Error("a file outside was read")
	}
}

func TestTelephone(t *testing.T) {
	for address, want := range map[string]string{"172.20.10.1": phoneHotspot, "192.168.43.1": phoneHotspot, "192.168.42.129": phoneTethering, "192.168.1.1": "", "fe80::1%wlan0": ""} {
		if got := telephone(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// What this computer says of itself depends on it: that it says something of everything, in time, does not.
func TestThisComputer(t *testing.T) {
	began := time.Now()
	f := readFacts(t.Context(), asked{env: func(string) string { return "" }})
	if took := time.Since(began); took > 3*factsLimit {
		t.Errorf("took %v", took)
	}
	if (f.link.value == "") != (f.link.missing != nil) || (f.mtu.value == 0) != (f.mtu.missing != nil) || (len(f.gateway.value.times) == 0) != (f.gateway.missing != nil) ||
		(f.signal.value == 0) != (f.signal.missing != nil) || (f.band.value == "") != (f.band.missing != nil) || (f.rate.value == 0) != (f.rate.missing != nil) || (f.proxy.value.kind == "") != (f.proxy.missing != nil) {
		t.Errorf("neither a value nor a reason, or both: %+v", f)
	}
}
