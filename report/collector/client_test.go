package collector

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"deskready/checks"
	"deskready/report"
	"deskready/report/seal"
	"deskready/report/verify"
)

// What the client makes of everything that may answer in a collector's place.
func TestClientSortsAnswers(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	file := h.sealReport(t, h.report(h.begin(t), 0.04))
	second := h.sealReport(t, h.report(h.begin(t), 0.04))
	other, err := h.Deliver(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	kind := func(err error) string {
		if _, ok := errors.AsType[*LaterError](err); ok {
			return "later"
		}
		if _, ok := errors.AsType[*RefusedError](err); ok {
			return "refused"
		}
		if _, ok := errors.AsType[*StrangerError](err); ok {
			return "stranger"
		}
		return "other"
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"a web page":              {page200, "stranger"},
		"nothing there":           {http.NotFound, "stranger"},
		"a hotel's sign-in page":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/sign-in", http.StatusFound) }, "stranger"},
		"a gateway without us":    {status(http.StatusBadGateway), "later"},
		"an overloaded proxy":     {status(http.StatusTooManyRequests), "later"},
		"a proxy that forbids":    {status(http.StatusForbidden), "stranger"},
		"a receipt for another":   {body(seal.MediaType, other), "stranger"},
		"an endless answer":       {body(seal.MediaType, make([]byte, maxAnswer+10)), "stranger"},
		"a receipt that is none":  {body(seal.MediaType, []byte("{}")), "stranger"},
		"a receipt of a stranger": {body(seal.MediaType, sealedBy(t, newKey(t), second)), "stranger"},
		"a connection that ends":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "later"},
		"a problem of no reason":  {problemBody(http.StatusConflict, `{"title":"x"}`), "stranger"},
		"a problem":               {problemBody(http.StatusConflict, `{"type":"x","title":"x","status":409,"reason":"nonce_spent"}`), "refused"},
	} {
		web := httptest.NewServer(c.answer)
		web.Config.ErrorLog = nil
		to := h.Client
		to.Base = web.URL
		if _, err := to.Deliver(t.Context(), file); kind(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if err := to.Enrol(t.Context(), h.invite); kind(err) != c.want {
			t.Errorf("%s, enrolling: %v, want %s", name, err, c.want)
		}
		if _, err := FetchInvite(t.Context(), h.HTTP, web.URL+"/i/AAAAAAAAAAAAAAAAAAAAAA"); kind(err) != c.want && !strings.HasPrefix(name, "a receipt for") &&
			!strings.HasPrefix(name, "a receipt of") {
			t.Errorf("%s, the invite: %v, want %s", name, err, c.want)
		}
		web.Close()
		if _, err := to.Deliver(t.Context(), file); kind(err) != "later" {
			t.Errorf("nobody there: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // until then the server does not see that the client has gone
		<-r.Context().Done()
	}))
	defer slow.Close()
	to := h.Client
	to.Base = slow.URL
	if _, err := to.Deliver(ctx, file); kind(err) != "later" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer in time: %v", err)
	}
	to.Base = "ready.example.com"
	if _, err := to.Deliver(t.Context(), file); kind(err) != "other" {
		t.Errorf("a base that is no address: %v", err)
	}
}

func page200(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<html>welcome</html>")
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
	}
}

func body(kind string, data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(data)
	}
}

func problemBody(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", problemType)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}
}

// sealedBy is the receipt that another key would give for the file.
func sealedBy(t *testing.T, k seal.Key, file []byte) []byte {
	t.Helper()
	o := verify.File(file, verify.Options{})
	receipt, err := verify.SealReceipt(file, report.Receipt{Verifier: report.Verifier{ID: "x"}, Created: time.Now(), Run: o.Report.Run,
		Verdict: o.Verdict, Assurance: report.A1}, k)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

func TestFetchInviteAddresses(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana")
	link := d.server.PublicURL + d.Link(h.id)
	for _, address := range []string{link, link + "/", link + "/invite.json", link + "?utm=mail#top"} {
		if got, err := FetchInvite(t.Context(), h.HTTP, address); err != nil || !bytes.Equal(got, h.sealed) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"", "hello", "ftp://x/i/y", "file:///etc/passwd", "https://", "https://user:pw@host/i/x", "http://[::1"} {
		if _, err := FetchInvite(t.Context(), h.HTTP, address); err == nil {
			t.Errorf("%q was fetched", address)
		}
	}
	_, err := FetchInvite(t.Context(), h.HTTP, d.server.PublicURL+"/i/AAAAAAAAAAAAAAAAAAAAAA")
	refusedAs(t, "an unknown link", err, http.StatusNotFound, ReasonInvite)
	if strings.Contains(err.Error(), "AAAA") {
		t.Error("the error tells the link's secret")
	}
}

// A witness that could not be had is asked for once more; what is sealed of another run is none.
func TestWitnessAskedTwice(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	run := h.begin(t)
	about := func(nonce string) []byte {
		sealed, err := verify.SealWitness(verify.Witness{Invite: h.id, Nonce: nonce, Collector: h.invite.Collector, At: d.clock.now(),
			Measurements: []checks.Measurement{{Metric: "call.rtt", Value: 0.02, Unit: checks.Seconds, By: checks.ByCollector}}}, d.key)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	good := body(seal.MediaType, about(run.Nonce))
	for name, c := range map[string]struct {
		first, then http.HandlerFunc
		asked       int
		ok          bool
	}{
		"at once":            {good, good, 1, true},
		"busy for a moment":  {status(http.StatusServiceUnavailable), good, 2, true},
		"busy for long":      {status(http.StatusServiceUnavailable), status(http.StatusServiceUnavailable), 2, false},
		"refused":            {problemBody(http.StatusNotFound, `{"reason":"no_witness"}`), good, 1, false},
		"of another run":     {body(seal.MediaType, about("other")), good, 1, false},
		"a web page instead": {page200, good, 1, false},
	} {
		asked := 0
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked == 1 {
				c.first(w, r)
				return
			}
			c.then(w, r)
		}))
		to := h.Client
		to.Base = web.URL
		sealed, w, err := to.Witness(t.Context(), h.invite, run.Nonce)
		web.Close()
		if asked != c.asked || (err == nil) != c.ok || c.ok && (len(sealed) == 0 || len(w.Measurements) != 1) {
			t.Errorf("%s: asked %d times: %v, %v", name, asked, w, err)
		}
	}
}

// What a caller needs to tell "too often today" from a line that is down.
func TestTooManyRunsIsToldApart(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	for name, c := range map[string]struct {
		header, text string
		reason       Reason
		wait         time.Duration
	}{
		"both":                {"60", `{"reason":"too_many_runs","retry_after":60}`, ReasonRuns, time.Minute},
		"a proxy's date":      {"Wed, 21 Oct 2026 07:28:00 GMT", `{"reason":"too_many_runs","retry_after":3600}`, ReasonRuns, time.Hour},
		"no header":           {"", `{"reason":"too_many_runs","retry_after":3600}`, ReasonRuns, time.Hour},
		"only the header":     {"60", `{"reason":"too_many_runs"}`, ReasonRuns, time.Minute},
		"neither":             {"", `{"reason":"too_many_runs"}`, ReasonRuns, 0},
		"for ever":            {"", `{"reason":"too_many_runs","retry_after":99999999}`, ReasonRuns, 24 * time.Hour},
		"less than nothing":   {"-5", `{"reason":"too_many_runs","retry_after":-5}`, ReasonRuns, 0},
		"a problem cut short": {"60", `{"reason":"too_many_runs",`, "", time.Minute},
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c.header != "" {
				w.Header().Set("Retry-After", c.header)
			}
			problemBody(http.StatusTooManyRequests, c.text)(w, r)
		}))
		to := h.Client
		to.Base = web.URL
		_, err := to.Begin(t.Context(), h.invite)
		web.Close()
		later, ok := errors.AsType[*LaterError](err)
		if !ok || later.Status != http.StatusTooManyRequests || later.Reason != c.reason || later.Wait != c.wait {
			t.Errorf("%s: %+v", name, later)
		}
	}
}

// What people read of a line that fails is a sentence, and no library's text.
func TestLineTroubleIsPlain(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	run := func(serve http.HandlerFunc) string {
		web := httptest.NewServer(serve)
		defer web.Close()
		return web.URL
	}
	aborts := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer aborts.Close()
	short := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "100") }))
	defer short.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(page200))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer secure.Close()
	open := httptest.NewServer(http.HandlerFunc(page200))
	defer open.Close()
	nonsense := httptest.NewServer(body("application/json", []byte(`{"version":1,`)))
	defer nonsense.Close()
	for base, want := range map[string]string{
		run(page200):           "nothing answers at its address",
		aborts.URL:             "the connection broke",
		short.URL:              "the connection broke",
		secure.URL:             "its certificate is not one",
		"https" + open.URL[4:]: "does not encrypt",
		nonsense.URL:           "its answer cannot be read",
	} {
		to := h.Client
		to.Base = base
		_, err := to.Begin(t.Context(), h.invite)
		if err == nil || !strings.Contains(err.Error(), want) || errors.Unwrap(err) == nil {
			t.Errorf("%s: %v, want %q", base, err, want)
		}
		for _, raw := range []string{"EOF", "dial ", "lookup ", "x509", "json"} {
			if err != nil && strings.Contains(err.Error(), raw) {
				t.Errorf("%s: %v holds %q", base, err, raw)
			}
		}
	}
	unknown := LaterError{Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "collector.example"}}}
	if text := unknown.Error(); !strings.Contains(text, "does not know the name") {
		t.Error(text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Begin(ctx, h.invite); err == nil || !strings.Contains(err.Error(), "it was stopped") {
		t.Errorf("stopped: %v", err)
	}
}
