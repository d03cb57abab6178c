package collector

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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
