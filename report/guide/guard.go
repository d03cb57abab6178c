package guide

import (
	"crypto/subtle"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"strings"
)

// Limits of what a page may send.
const (
	maxForm  = 256 << 10 // an invite file is the largest
	maxPanel = 256 << 10
)

// secret is 128 bits that nobody guesses.
func (g *Guide) secret() string {
	b := make([]byte, 16)
	_, _ = io.ReadFull(g.Rand, b) // crypto/rand cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

// same compares in constant time. An empty secret is nobody's.
func same(secret, given string) bool {
	return secret != "" && subtle.ConstantTimeCompare([]byte(secret), []byte(given)) == 1
}

// guarded lets through what comes from this guide's own pages, or from the system that opens its link, and nothing else
// that a browser on this computer may have been talked into:
//
// Host must be the literal address, or a name that was rebound to 127.0.0.1 would do. A page of another origin, even one
// on another port here, is told by Sec-Fetch-Site and Origin. No answer may be read, framed, kept or sniffed by anybody.
func (g *Guide) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.protect(w.Header())
		switch site := r.Header.Get("Sec-Fetch-Site"); {
		case r.Host != g.host:
			refuse(w, http.StatusMisdirectedRequest)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
			w.Header().Set("Allow", "GET, HEAD, POST") // a preflight too: nobody else may ask
			refuse(w, http.StatusMethodNotAllowed)
		case site != "" && site != "same-origin" && site != "none":
			refuse(w, http.StatusForbidden)
		case strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && r.Header.Get("Origin") != g.origin():
			refuse(w, http.StatusForbidden)
		case r.Method == http.MethodPost && !g.ownPost(r):
			refuse(w, http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (g *Guide) origin() string { return "http://" + g.host }

// ownPost is one that our own page sends: a browser lets no other page choose these headers. What has no Origin is no
// browser, but for the program itself, which knows a secret of its own.
func (g *Guide) ownPost(r *http.Request) bool {
	if r.URL.Path == againPath {
		return r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" // it proves itself: see another.go
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if strings.HasPrefix(r.URL.Path, panelPath) && r.ContentLength == 0 && r.Header.Get("Content-Type") == "" {
		kind, err = "application/json", nil
	}
	switch kind {
	case "application/x-www-form-urlencoded", "multipart/form-data", "application/json":
	default: // text/plain is what other pages may send without asking
		return false
	}
	return err == nil && r.Header.Get("Origin") == g.origin()
}

// protect sets the headers of every answer. Referrer-Policy is same-origin: with no-referrer browsers would send forms
// with "Origin: null", which is also what a sandboxed page of somebody else sends. Other origins get no referrer either
// way, and so never see the secret in the path.
func (g *Guide) protect(h http.Header) {
	h.Set("Content-Security-Policy", g.policy("; require-trusted-types-for 'script'"))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", noFeatures)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
}

const (
	noFeatures    = "camera=(), microphone=(), display-capture=(), geolocation=(), payment=(), usb=(), serial=(), hid=()"
	panelFeatures = "camera=(self), microphone=(self), display-capture=(), geolocation=(), payment=(), usb=(), serial=(), hid=()"
)

func (g *Guide) policy(more string) string {
	return "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
		"connect-src 'self' ws://" + g.host + "; script-src 'self'" + more
}

// forPanel opens what the page of a check needs to try: sound, camera, WebAssembly and connections to itself.
func (g *Guide) forPanel(h http.Header) {
	h.Set("Content-Security-Policy", g.policy(" 'wasm-unsafe-eval'; media-src 'self' blob: mediastream:; worker-src 'self' blob:"))
	h.Set("Permissions-Policy", panelFeatures)
}

func refuse(w http.ResponseWriter, status int) {
	http.Error(w, http.StatusText(status), status)
}
