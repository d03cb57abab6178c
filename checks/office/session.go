package office

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Headers between the two ends.
const (
	NonceHeader   = "Deskready-Nonce"   // request: fresh for each
	SessionHeader = "Deskready-Session" // reply: keyed by the ticket, over nonce and status
	ProblemHeader = "Deskready-Problem" // reply: why the office refuses
)

// Codes of problems on the way to an office end, beside those of package checks. Words holds their
// texts.
const (
	CodeRefused   = "office_refused"   // the office, or what stands at its address, answered with an error
	CodeBusy      = "office_busy"      // the office is measuring somebody else
	CodeExpired   = "ticket_expired"   // the run took longer than its ticket lives
	CodeForged    = "ticket_refused"   // the office does not know the ticket
	CodeSpent     = "ticket_spent"     // the ticket's bytes or seconds are used up
	CodePortal    = "portal"           // something on the way answered in the office's place
	CodeUntrusted = "office_untrusted" // the certificate is not the office's
	CodeLost      = "connection_lost"  // the connection broke off
	CodeGarbled   = "garbled"          // what came back was not understood
	CodeUDP       = "udp_blocked"      // HTTP goes through, UDP does not
)

const maxNonce = 64

// session is what only the two holders of the ticket can say of one reply. A sign-in page, a cache and a proxy that
// answers by itself cannot; one that passes everything on and reads it could, for the ticket is in the address.
func session(token, nonce string, status int) string {
	h := hmac.New(sha256.New, []byte("deskready session\x00"+token))
	fmt.Fprintf(h, "%d\x00%s", status, nonce)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// Sign marks a reply as the office's own. It goes before WriteHeader, with the same status.
func Sign(w http.ResponseWriter, r *http.Request, token string, status int) {
	h := w.Header()
	h.Set("Cache-Control", "no-store, no-transform")
	if nonce := r.Header.Get(NonceHeader); nonce != "" && len(nonce) <= maxNonce {
		h.Set(SessionHeader, session(token, nonce, status))
	}
}

// A Refusal is why an office end does not serve a request.
type Refusal struct {
	Status int
	Code   string
	Retry  time.Duration // when to come again; zero for never
}

// Refuse writes the refusal, signed.
func (f Refusal) Refuse(w http.ResponseWriter, r *http.Request, token string) {
	if f.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(f.Retry.Seconds()))))
	}
	w.Header().Set(ProblemHeader, f.Code)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	Sign(w, r, token, f.Status)
	w.WriteHeader(f.Status)
	fmt.Fprintln(w, f.Code)
}

// Admit checks the token of a request and answers those that are not good.
func (s Secret) Admit(w http.ResponseWriter, r *http.Request, token string, now time.Time) (Claims, bool) {
	switch c, err := s.Check(token, now); err {
	case nil:
		return c, true
	case ErrExpired:
		Refusal{Status: http.StatusForbidden, Code: CodeExpired}.Refuse(w, r, token)
	default:
		Refusal{Status: http.StatusUnauthorized, Code: CodeForged}.Refuse(w, r, token)
	}
	return Claims{}, false
}
