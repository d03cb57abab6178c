package bandwidth

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// breaks makes a broken office end of a good one.
type breaks func(good http.Handler) http.Handler

func always(status int, kind, body string) breaks {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			io.WriteString(w, body)
		})
	}
}

// during breaks the requests whose path contains part, and leaves the rest good.
func during(part string, broken http.HandlerFunc) breaks {
	return func(good http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, part) {
				broken(w, r)
				return
			}
			good.ServeHTTP(w, r)
		})
	}
}

func hijack(w http.ResponseWriter) *net.TCPConn {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	return c.(*net.TCPConn)
}

// garbage is no HTTP.
func garbage(w http.ResponseWriter, _ *http.Request) {
	c := hijack(w)
	defer c.Close()
	io.WriteString(c, "\x00\x01\x02 SSH-2.0-nothing\r\n\r\n")
}

func reset(w http.ResponseWriter, _ *http.Request) {
	c := hijack(w)
	c.SetLinger(0)
	c.Close()
}

// stalled answers nothing until the test is over.
func stalled(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // else the server does not see that the client goes away
	select {
	case <-r.Context().Done():
	case <-time.After(20 * time.Second):
	}
}

// cutting passes a good reply on until so many bytes of it are through.
func cutting(after int, end func(w http.ResponseWriter, r *http.Request)) breaks {
	return func(good http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "random") {
				good.ServeHTTP(w, r)
				return
			}
			good.ServeHTTP(&cut{ResponseWriter: w, left: after, end: func() { end(w, r) }}, r)
		})
	}
}

type cut struct {
	http.ResponseWriter
	left int
	end  func()
}

func (c *cut) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cut) Write(b []byte) (int, error) {
	if c.left -= len(b); c.left < 0 {
		http.NewResponseController(c.ResponseWriter).Flush()
		c.end()
		return 0, io.ErrClosedPipe
	}
	return c.ResponseWriter.Write(b)
}

func wrongSession(good http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set(office.NonceHeader, "another")
		good.ServeHTTP(w, r)
	})
}

// redirecting is the other kind of portal.
func redirecting(http.Handler) http.Handler {
	return http.RedirectHandler("http://signin.invalid/", http.StatusFound)
}

// lying answers uploads without reading them.
func lying(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "size=999490") }

// A crowd is subtests beside each other: they mostly wait, and the limit on parallel tests is made for those that work.
type crowd struct{ sync.WaitGroup }

func (c *crowd) add(t *testing.T, name string, f func(t *testing.T)) { c.Go(func() { t.Run(name, f) }) }

func TestFaults(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.Wait()
	const page = "<html><body>Please sign in</body></html>"
	for name, c := range map[string]struct {
		breaks breaks
		code   string
		side   string
		miss   []string // the others have a value
	}{
		"404":              {always(404, "text/plain", "no"), office.CodeRefused, checks.SideOffice, everything},
		"500":              {always(500, "text/html", page), office.CodeRefused, checks.SideOffice, everything},
		"403":              {always(403, "text/html", page), office.CodeRefused, checks.SideUnknown, everything},
		"portal page":      {always(200, "text/html", page), office.CodePortal, checks.SideLine, everything},
		"portal plain":     {always(200, "text/plain", "test=test\n"), office.CodePortal, checks.SideLine, everything},
		"portal 511":       {always(511, "text/html", page), office.CodePortal, checks.SideLine, everything},
		"portal redirect":  {redirecting, office.CodePortal, checks.SideLine, everything},
		"wrong session":    {wrongSession, office.CodePortal, checks.SideLine, everything},
		"garbage":          {during("", garbage), office.CodeGarbled, checks.SideUnknown, everything},
		"reset":            {during("", reset), office.CodeLost, checks.SideLine, everything},
		"mute":             {during("", stalled), checks.CodeTimeout, checks.SideUnknown, everything},
		"mute at ping":     {during("latency", stalled), checks.CodeTimeout, checks.SideUnknown, everything},
		"404 at download":  {during("random", http.NotFound), office.CodeRefused, checks.SideOffice, everything[:1]},
		"404 at upload":    {during("upload", http.NotFound), office.CodeRefused, checks.SideOffice, everything[1:2]},
		"500 at counts":    {during("counts", always(500, "", "")(nil).ServeHTTP), office.CodeRefused, checks.SideOffice, everything[1:2]},
		"lie at upload":    {during("upload", lying), office.CodePortal, checks.SideLine, everything[1:2]},
		"stall at upload":  {during("upload", stalled), checks.CodeTimeout, checks.SideLine, everything[1:2]},
		"mute at download": {during("random", stalled), checks.CodeTimeout, checks.SideUnknown, everything[:1]},
		"reset midway":     {cutting(200e3, reset), office.CodeLost, checks.SideLine, everything[:1]},
		"stall midway":     {cutting(200e3, stalled), checks.CodeTimeout, checks.SideLine, everything[:1]},
	} {
		all.add(t, name, func(t *testing.T) {
			secret := someSecret()
			good := &Office{Secret: secret, Now: time.Now}
			srv := httptest.NewServer(c.breaks(good.Handler()))
			t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
			o := against(srv.URL, secret.Issue("run-1", time.Now().Add(time.Minute), office.DefaultCaps()))
			faulty(t, o, c.code, c.side, c.miss, 15*time.Second)
		})
	}
}

// faulty wants the metrics missing for the reason, within the time, and values for the others.
func faulty(t *testing.T, o Options, code, side string, miss []string, within time.Duration) {
	t.Helper()
	began := time.Now()
	got := run(t.Context(), t, o, nil)
	if took := time.Since(began); took > within {
		t.Errorf("took %v", took)
	}
	for id, m := range got {
		wanted := false
		for _, one := range miss {
			wanted = wanted || one == id || slices.Contains(follows[one], id)
		}
		if !slices.Contains(everything, id) && !(wanted && m.Missing == nil && id != other.ID) {
			continue // what follows may be missing for reasons of its own, too
		}
		switch p := m.Missing; {
		case !wanted && p != nil:
			t.Errorf("%s is missing: %v", id, p)
		case wanted && p == nil:
			t.Errorf("%s is %g, want it missing", id, m.Value)
		case wanted && (p.Code != code || p.Side != side):
			t.Errorf("%s: %s by %s, want %s by %s", id, p, p.Side, code, side)
		case wanted && p.Detail != "" && strings.Contains(p.Detail, "127.0.0.1"):
			t.Errorf("%s: the detail %q holds an address", id, p.Detail)
		}
	}
}

// follows are the metrics that are missing with another. The grade may be known by the worse direction alone.
var follows = map[string][]string{
	download.ID: {rttDown.ID, rpm.ID, other.ID, again.ID},
	upload.ID:   {rttUp.ID, rpm.ID},
}

var everything = []string{"bandwidth.download", "bandwidth.upload", "bandwidth.rtt"}

func TestBadTickets(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.Wait()
	secret := someSecret()
	soon := time.Now().Add(time.Minute)
	for name, c := range map[string]struct{ token, code string }{
		"expired":    {secret.Issue("run-1", time.Now().Add(-time.Second), office.DefaultCaps()), office.CodeExpired},
		"forged":     {someSecret().Issue("run-1", soon, office.DefaultCaps()), office.CodeForged},
		"no seconds": {secret.Issue("run-1", soon, office.Caps{Bytes: 1e9}), office.CodeSpent},
	} {
		all.add(t, name, func(t *testing.T) {
			srv := httptest.NewServer((&Office{Secret: secret, Now: time.Now}).Handler())
			t.Cleanup(srv.Close)
			faulty(t, against(srv.URL, c.token), c.code, checks.SideOffice, everything, 5*time.Second)
		})
	}
	t.Run("no bytes", func(t *testing.T) {
		srv := httptest.NewServer((&Office{Secret: secret, Now: time.Now}).Handler())
		t.Cleanup(srv.Close)
		o := against(srv.URL, secret.Issue("run-1", soon, office.Caps{Bytes: 1e5, Seconds: 60}))
		faulty(t, o, office.CodeSpent, checks.SideOffice, everything[:2], 10*time.Second)
	})
}

// TestExpiresMidway: the ticket is good for the pings and not for the transfers.
func TestExpiresMidway(t *testing.T) {
	t.Parallel()
	secret := someSecret()
	var ahead atomic.Int64
	o := &Office{Secret: secret, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }}
	good := o.Handler()
	srv := httptest.NewServer(during("random", func(w http.ResponseWriter, r *http.Request) {
		ahead.Store(int64(time.Hour))
		good.ServeHTTP(w, r)
	})(good))
	t.Cleanup(srv.Close)
	opts := against(srv.URL, secret.Issue("run-1", time.Now().Add(time.Minute), office.DefaultCaps()))
	faulty(t, opts, office.CodeExpired, checks.SideOffice, everything[:2], 10*time.Second)
}

func TestRefusedPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	faulty(t, against("http://"+l.Addr().String(), "x"), office.CodeRefused, checks.SideOffice, everything, 5*time.Second)
}

func TestUnknownName(t *testing.T) {
	o := against("http://office.invalid", "x")
	o.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "office.invalid", IsNotFound: true}}
	}}
	faulty(t, o, checks.CodeNoNetwork, checks.SideLine, everything, 10*time.Second)
}

func TestUntrustedCertificate(t *testing.T) {
	srv := httptest.NewTLSServer((&Office{Secret: someSecret(), Now: time.Now}).Handler())
	t.Cleanup(srv.Close)
	srv.Config.ErrorLog = nil
	faulty(t, against(srv.URL, "x"), office.CodeUntrusted, checks.SideLine, everything, 10*time.Second)
}

// TestPlainOnTLS: something answers HTTP where TLS is expected, as some portals do.
func TestPlainOnTLS(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	faulty(t, against(strings.Replace(srv.URL, "http", "https", 1), "x"), office.CodePortal, checks.SideLine, everything, 10*time.Second)
}

// TestDeadServerIsLeftInPeace counts what a server that went away after the pings is asked: speedtest-go by itself
// dials a closed port thousands of times a second.
func TestDeadServerIsLeftInPeace(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.Wait()
	for name, broken := range map[string]http.HandlerFunc{"404": http.NotFound, "reset": reset} {
		all.add(t, name, func(t *testing.T) {
			var asked atomic.Int64
			secret := someSecret()
			counted := func(w http.ResponseWriter, r *http.Request) { asked.Add(1); broken(w, r) }
			good := (&Office{Secret: secret, Now: time.Now}).Handler()
			srv := httptest.NewServer(during("upload", counted)(during("random", counted)(good)))
			t.Cleanup(srv.Close)
			run(t.Context(), t, against(srv.URL, secret.Issue("r", time.Now().Add(time.Minute), office.DefaultCaps())), nil)
			time.Sleep(2 * time.Second) // what was abandoned must be as quiet
			if n := asked.Load(); n == 0 || n > 64 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// TestCancelStops: within half a second, from any step, and nothing goes on afterwards.
func TestCancelStops(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.Wait()
	for _, after := range []time.Duration{100 * time.Millisecond, time.Second, 3 * time.Second, 5500 * time.Millisecond} {
		all.add(t, after.String(), func(t *testing.T) {
			secret := someSecret()
			var requests atomic.Int64
			good := (&Office{Secret: secret, Now: time.Now}).Handler()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				good.ServeHTTP(w, r)
			}))
			t.Cleanup(srv.Close)
			o := against(srv.URL, secret.Issue("r", time.Now().Add(time.Minute), office.Caps{Bytes: 1 << 40, Seconds: 60}))
			o.Bytes = 1e12
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(after, cancel)
			began := time.Now()
			ms, err := New(o).Measure(ctx, func(checks.Event) {})
			if took := time.Since(began) - after; took > 500*time.Millisecond {
				t.Errorf("stopped after %v", took)
			}
			if p, ok := err.(*checks.Problem); !ok || p.Code != checks.CodeInterrupted {
				t.Errorf("error %v, measurements %v", err, ms)
			}
			time.Sleep(time.Second)
			before := requests.Load()
			time.Sleep(2 * time.Second)
			if n := requests.Load() - before; n != 0 {
				t.Errorf("%d requests after the end", n)
			}
		})
	}
}

// TestNothingIsLeft: what was abandoned ends by itself.
func TestNothingIsLeft(t *testing.T) {
	o := newOffice(t, &Office{})
	run(t.Context(), t, o, nil)
	deadline := time.Now().Add(o.length() + 2*time.Second)
	for time.Now().Before(deadline) {
		buf := make([]byte, 1<<20)
		buf = buf[:runtime.Stack(buf, true)]
		if !strings.Contains(string(buf), "speedtest-go") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("goroutines of speedtest-go are still there")
}
