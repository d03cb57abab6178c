package collector

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A Reason is the one code of a refusal, the same for the server and the client.
type Reason string

// The reasons for which the collector refuses.
const (
	ReasonMalformed    Reason = "malformed"         // 422: not what the format says
	ReasonTooLarge     Reason = "too_large"         // 413
	ReasonType         Reason = "content_type"      // 415
	ReasonVersion      Reason = "unknown_version"   // 422: made by another generation of deskready
	ReasonSignature    Reason = "signature"         // 422: changed after it was signed
	ReasonUntrusted    Reason = "untrusted"         // 422: sealed by another key than the one it names, or under another collector's invite
	ReasonWitness      Reason = "witness"           // 422: figures said to be the collector's that it did not seal
	ReasonNoWitness    Reason = "no_witness"        // 404: the collector measured nothing of the run
	ReasonLate         Reason = "time"              // 422: made after the invite had ended, or at a time that cannot be
	ReasonInviteInside Reason = "invite_mismatch"   // 422: no invite inside, or another than the one it was signed for
	ReasonInvite       Reason = "invite_unknown"    // 404: not an invite of this collector
	ReasonExpired      Reason = "invite_expired"    // 410
	ReasonRevoked      Reason = "invite_revoked"    // 410
	ReasonToken        Reason = "token"             // 403: the token is not the invite's
	ReasonEnrolled     Reason = "already_enrolled"  // 409: another key answered first
	ReasonKey          Reason = "key_not_enrolled"  // 403
	ReasonAudience     Reason = "audience"          // 422: meant for another collector
	ReasonNonce        Reason = "nonce_unknown"     // 422: not given out for this invite
	ReasonSpent        Reason = "nonce_spent"       // 409: another report used it
	ReasonRun          Reason = "run_mismatch"      // 422: run, attempt or previous are not those of the nonce
	ReasonPolicy       Reason = "policy_mismatch"   // 422: not the invite's policy
	ReasonVerdict      Reason = "verdict_differs"   // 422: judged again, the result is another
	ReasonErased       Reason = "report_erased"     // 410: it was here for as long as the hire was promised
	ReasonRuns         Reason = "too_many_runs"     // 429
	ReasonRate         Reason = "too_many_requests" // 429
	ReasonBusy         Reason = "busy"              // 503
	ReasonDisk         Reason = "disk_full"         // 503
	ReasonInternal     Reason = "internal"          // 500
	ReasonNotFound     Reason = "not_found"         // 404
	ReasonMethod       Reason = "method"            // 405
	ReasonLogin        Reason = "login"             // 401
	ReasonAdmin        Reason = "admin_only"        // 403
	ReasonOrigin       Reason = "cross_origin"      // 403
)

// refusal is an error that the other side is told.
type refusal struct {
	reason Reason
	status int
	detail string // for support; says nothing about other invites
	wait   time.Duration
}

func (r *refusal) Error() string {
	if r.detail == "" {
		return string(r.reason)
	}
	return string(r.reason) + ": " + r.detail
}

func refuse(status int, reason Reason, format string, args ...any) *refusal {
	return &refusal{reason: reason, status: status, detail: fmt.Sprintf(format, args...)}
}

// problem is a refusal as RFC 9457 writes it.
type problem struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail,omitempty"`
	Reason     Reason `json:"reason"`
	RetryAfter int    `json:"retry_after,omitempty"` // s
}

const problemType = "application/problem+json"

// answerError writes any error as a problem. What the store says of itself stays here: it goes to the log.
func (s *Server) answerError(w http.ResponseWriter, r *http.Request, err error) {
	no, ok := errors.AsType[*refusal](err)
	switch {
	case ok:
	case errors.Is(err, ErrDiskFull):
		no = &refusal{reason: ReasonDisk, status: http.StatusServiceUnavailable, wait: 5 * time.Minute,
			detail: "the collector has no room left; keep the file and send it later"}
	case r.Context().Err() != nil:
		no = &refusal{reason: ReasonBusy, status: http.StatusServiceUnavailable, wait: time.Minute}
	default:
		no = &refusal{reason: ReasonInternal, status: http.StatusInternalServerError}
	}
	if no.status >= 500 {
		s.Log.ErrorContext(r.Context(), "refused", "route", r.Pattern, "reason", string(no.reason), "error", inFull(err))
	} else {
		s.Log.InfoContext(r.Context(), "refused", "route", r.Pattern, "reason", string(no.reason), "detail", no.detail)
	}
	p := problem{Type: "urn:deskready:problem:" + string(no.reason), Title: http.StatusText(no.status),
		Status: no.status, Detail: no.detail, Reason: no.reason}
	if no.wait > 0 {
		retryAfter(w, no.wait)
		p.RetryAfter = int(max(no.wait.Round(time.Second), time.Second) / time.Second)
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(p) // the other side is gone
}
