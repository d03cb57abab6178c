package collector

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
	"deskready/report/render"
	"deskready/report/seal"
	"deskready/report/verify"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// desk is a collector at work, with all its real parts.
type desk struct {
	*Store
	clock  *clock
	server *Server
	web    *httptest.Server
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)} }

func newDesk(t *testing.T) *desk {
	t.Helper()
	return openDesk(t, t.TempDir(), newClock())
}

func openDesk(t *testing.T, dir string, c *clock) *desk {
	t.Helper()
	store, err := Open(t.Context(), dir, rand.Reader, c.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	d := &desk{Store: store, clock: c}
	d.web = httptest.NewUnstartedServer(nil)
	d.server = &Server{
		Store: store, Book: book(t), PublicURL: "http://" + d.web.Listener.Addr().String(), Employer: "Clear Voices Ltd",
		Policies: func(string) (report.Policy, error) { return policy(), nil }, PolicyNames: []string{"voice"},
		Ticket: func(run string, until time.Time) string { return "ticket-for-" + run },
		Limits: Limits{Requests: 100000}, Now: c.now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Version: "test",
	}
	return d
}

// serve starts the server, after a test has changed what it wants to.
func (d *desk) serve(t *testing.T) *desk {
	t.Helper()
	d.web.Config = d.server.HTTPServer()
	d.web.Start()
	t.Cleanup(d.web.Close)
	return d
}

func book(t *testing.T) func(string) words.Book {
	return func(lang string) words.Book {
		checks := fstest.MapFS{"en.json": {Data: []byte(`{"call.title":"Test call","call.rtt.title":"Delay of the line",
			"call.rtt.help":"How long sound takes to the office and back.","call.rtt.remedy":"Use a network cable instead of Wi-Fi.",
			"call.mos.title":"Call quality"}`)}}
		b, err := words.Open(lang, Words(), render.Words(), checks)
		if err != nil {
			b, err = words.Open(words.Fallback, Words(), render.Words(), checks)
		}
		if err != nil {
			t.Error(err)
		}
		return b
	}
}

func policy() report.Policy {
	most, least := 0.1, 3.6
	return report.Policy{Name: "voice", Title: "Voice agents", Rules: []report.Rule{
		{Metric: "call.rtt", Unit: checks.Seconds, Require: report.Bound{Max: &most}},
		{Metric: "call.mos", Unit: checks.MOS, Prefer: report.Bound{Min: &least}},
	}}
}

// hire is somebody with a key and an invite.
type hire struct {
	Client
	id     string
	sealed []byte
	invite report.Invite
}

func (d *desk) hire(t *testing.T, name string) hire {
	t.Helper()
	id, sealed, err := d.Invite(t.Context(), NewInvite{For: name, Policy: policy(), Employer: d.server.Employer, Collector: d.server.PublicURL, Keep: d.server.Keep})
	if err != nil {
		t.Fatal(err)
	}
	trust := d.Trust()
	invite, err := verify.Invite(sealed, d.clock.now(), &trust)
	if err != nil {
		t.Fatal(err)
	}
	return hire{Client: Client{Base: d.server.PublicURL, HTTP: &http.Client{}, Key: newKey(t)}, id: id, sealed: sealed, invite: invite}
}

func newKey(t *testing.T) seal.Key {
	t.Helper()
	k, err := seal.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (h hire) enrol(t *testing.T) hire {
	t.Helper()
	if err := h.Enrol(t.Context(), h.invite); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h hire) begin(t *testing.T) Run {
	t.Helper()
	run, err := h.Begin(t.Context(), h.invite)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// report is what the hire's program would seal after a run that measured this round trip.
func (h hire) report(run Run, rtt float64) report.Report {
	p, err := report.DecodePolicy(h.invite.Policy.Compiled)
	if err != nil {
		panic(err)
	}
	results := []checks.Result{{Check: "call", Seconds: 4, Measurements: []checks.Measurement{
		checks.Metric{ID: "call.rtt", Unit: checks.Seconds}.Of("", rtt),
		checks.Metric{ID: "call.mos", Unit: checks.MOS}.Of("", 4.1),
	}}}
	findings := p.Judge(results)
	return report.Report{
		Verdict: report.Decide(findings), Policy: h.invite.Policy,
		Invite: &report.InviteRef{ID: h.invite.ID, For: h.invite.For, Sealed: h.sealed},
		Run:    run.ID, Tool: report.Tool{Version: "test", OS: "linux", Arch: "amd64"}, Began: run.Now, Seconds: 30,
		Results: results, Findings: findings, Nonce: run.Nonce, Audience: h.invite.Collector, Attempt: run.Attempt,
		Previous:  run.Previous,
		Confirmed: &report.Confirmed{Name: h.invite.For, At: run.Now.Add(time.Minute), TextDigest: report.Digest([]byte("text")), Lang: "en"},
	}
}

func (h hire) sealReport(t *testing.T, r report.Report) []byte {
	t.Helper()
	file, err := verify.Seal(r, h.Key)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// run goes through a whole run and gives the report file and its receipt.
func (h hire) run(t *testing.T, rtt float64) (file, receipt []byte) {
	t.Helper()
	file = h.sealReport(t, h.report(h.begin(t), rtt))
	receipt, err := h.Deliver(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return file, receipt
}

// invite of the store as the list shows it.
func (d *desk) row(t *testing.T, id string) Invite {
	t.Helper()
	list, err := d.Invites(context.Background(), Query{ID: id})
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %d rows", err, len(list))
	}
	return list[0]
}
