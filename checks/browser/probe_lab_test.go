//go:build lab && linux

package browser

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/checks"
)

const labSecret = "0123456789abcdef0123456789abcdef"

// A host serves the panel as the guide does: behind a secret and a strict policy of content.
type host struct {
	probe *Probe
	*httptest.Server
	edits []string // of panel.js and media.js: old, new, old, new
}

func newHost(t *testing.T, edits ...string) *host {
	t.Helper()
	h := &host{probe: NewProbe(time.Now), edits: edits}
	h.probe.silence = 12 * time.Second // the page says every ten that it is there
	mux := http.NewServeMux()
	inner := http.StripPrefix("/panel/browser", h.probe.Handler())
	mux.Handle("/panel/browser/", h.edited(h.guarded(inner)))
	mux.HandleFunc("GET /{$}", h.page)
	h.Server = httptest.NewServer(strictly(mux))
	t.Cleanup(h.Server.Close)
	return h
}

// strictly forbids what a page of ours never does.
func strictly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; media-src 'self' blob: mediastream:; " +
				"connect-src 'self' ws://" + r.Host + "; worker-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
			"Permissions-Policy":         "camera=(self), microphone=(self), display-capture=(), geolocation=(), payment=(), usb=(), serial=(), hid=()",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
		} {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

func (h *host) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>panel</title><link rel="stylesheet" href="/panel/browser/panel.css"></head>
<body><main><h1>Panel</h1><section id="panel" data-base="/panel/browser/" data-secret="%s" data-lang="en"></section></main><script type="module" src="/panel/browser/panel.js"></script></body></html>`, labSecret)
}

// guarded refuses what the page did not send.
func (h *host) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch end := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]; {
		case strings.HasSuffix(end, ".js"), strings.HasSuffix(end, ".css"), end == "popup": // the browser asks for these
		case end == "ws" && strings.Contains(r.Header.Get("Sec-WebSocket-Protocol"), labSecret):
		case r.Header.Get("X-Deskready") == labSecret:
		default:
			http.Error(w, "no secret", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// edited spoils the script, to see that the test would notice.
func (h *host) edited(next http.Handler) http.Handler {
	if len(h.edits) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, ".js") {
			next.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		_, _ = w.Write([]byte(strings.NewReplacer(h.edits...).Replace(rec.Body.String())))
	})
}

// measure runs the check until the page has said that it ended, and answers what it found by metric.
func (h *host) measure(t *testing.T, drive func(ctx context.Context, url string)) map[string]checks.Measurement {
	t.Helper()
	var driven sync.WaitGroup
	defer driven.Wait()
	ask := func(ctx context.Context, q checks.Question) (string, error) {
		driven.Go(func() { drive(ctx, h.URL+"/") })
		for ctx.Err() == nil && h.probe.told().Page == nil {
			h.probe.keep(event{}) // a browser that starts slowly is no silent page
			time.Sleep(20 * time.Millisecond)
		}
		for ctx.Err() == nil && h.probe.told().Ended == nil {
			time.Sleep(20 * time.Millisecond)
		}
		return "", ctx.Err()
	}
	out := map[string]checks.Measurement{}
	c := New(Options{Home: t.TempDir(), Env: os.Getenv, Now: time.Now, Probe: h.probe, Ask: ask})
	for r := range checks.Run(t.Context(), time.Now, []checks.Check{c}, nil) {
		for _, m := range r.Measurements {
			if m.By == checks.ByBrowser || m.Missing != nil {
				out[strings.TrimPrefix(m.Metric, "browser.")] = m
			}
		}
	}
	return out
}

// shortly is a measurement in few words.
func shortly(m checks.Measurement) string {
	switch {
	case m.Missing != nil:
		return "missing " + m.Missing.Code
	case m.Unit == checks.Text:
		return m.Text
	}
	return fmt.Sprint(m.Value)
}

func dump(all map[string]checks.Measurement) string {
	var b bytes.Buffer
	for _, m := range provable() {
		name := strings.TrimPrefix(m.ID, "browser.")
		fmt.Fprintf(&b, "%-20s %s\n", name, shortly(all[name]))
	}
	return b.String()
}
