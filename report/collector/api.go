package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"

	"deskready/checks"
	"deskready/report/seal"
	"deskready/report/verify"
)

// maxRequest bounds a sealed request: a key and a few ids.
const maxRequest = 16 << 10

// enrolled answers an enrolment.
type enrolled struct {
	Version int    `json:"version"`
	Invite  string `json:"invite"`
	KeyID   string `json:"key_id"`
}

// begun answers a run: its nonce and what opens the office ends.
type begun struct {
	Version  int       `json:"version"`
	Run      string    `json:"run"`
	Nonce    string    `json:"nonce"`
	Ticket   string    `json:"ticket,omitzero"`
	Media    int       `json:"media,omitzero"`
	Attempt  int       `json:"attempt"`
	Previous string    `json:"previous,omitzero"`
	Now      time.Time `json:"now"`
}

func (s *running) apiRoutes() []route {
	return []route{
		{"POST /api/v1/enrol", public, s.enrol},
		{"POST /api/v1/runs", public, s.begin},
		{"POST /api/v1/witness", public, s.witness},
		{"POST /api/v1/reports", public, s.ingest},
		{"GET /.well-known/deskready/trust.json", public, s.trustJSON},
		{"GET /healthz", public, s.healthz},
		{"GET /readyz", public, s.readyz},
	}
}

func (s *running) enrol(w http.ResponseWriter, r *http.Request) {
	req, key, err := s.request(w, r, verify.Enrol)
	if err == nil {
		err = s.Store.enrol(r.Context(), req.Invite, req.Token, key)
	}
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	s.Log.InfoContext(r.Context(), "enrolled", "invite", req.Invite, "key", key.ID())
	answerJSON(w, http.StatusOK, enrolled{Version: 1, Invite: req.Invite, KeyID: key.ID()})
}

func (s *running) begin(w http.ResponseWriter, r *http.Request) {
	req, key, err := s.request(w, r, verify.StartRun)
	var run Run
	if err == nil {
		run, err = s.Store.beginRun(r.Context(), req.Invite, key.ID(), s.limits.Runs)
	}
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	if s.Ticket != nil {
		run.Ticket, run.Media = s.Ticket(run.ID, run.Now.Add(freshness)), s.Media
	}
	s.Log.InfoContext(r.Context(), "run begun", "invite", req.Invite, "run", run.ID, "attempt", run.Attempt)
	answerJSON(w, http.StatusCreated, begun{Version: 1, Run: run.ID, Nonce: run.Nonce, Ticket: run.Ticket, Media: run.Media,
		Attempt: run.Attempt, Previous: run.Previous, Now: run.Now})
}

// witness seals what the office ends saw of a run, which goes into the report of that run.
func (s *running) witness(w http.ResponseWriter, r *http.Request) {
	req, key, err := s.request(w, r, verify.GetWitness)
	var run, audience string
	if err == nil {
		run, audience, err = s.Store.openRun(r.Context(), req.Invite, req.Nonce, key.ID())
	}
	var saw []checks.Measurement
	if err == nil && s.Witness != nil {
		saw = s.Witness(run)
	}
	if err == nil && len(saw) == 0 {
		err = refuse(http.StatusNotFound, ReasonNoWitness, "the collector measured nothing of this run")
	}
	var sealed []byte
	if err == nil {
		sealed, err = verify.SealWitness(verify.Witness{Invite: req.Invite, Nonce: req.Nonce, Collector: audience,
			At: s.Now().UTC().Truncate(time.Second), Measurements: saw}, s.Store.key)
	}
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", seal.MediaType)
	_, _ = w.Write(sealed)
}

// request reads what the hire's program sealed, and says whose key it was.
func (s *running) request(w http.ResponseWriter, r *http.Request, action string) (verify.Request, seal.Public, error) {
	body, err := s.body(w, r, maxRequest)
	if err != nil {
		return verify.Request{}, seal.Public{}, err
	}
	req, key, err := verify.OpenRequest(body, action, s.audience)
	if err != nil {
		return verify.Request{}, seal.Public{}, reasonFor(verify.Because(err))
	}
	return req, key, nil
}

// open verifies a report and judges it again. The hire's clock is not held against ours: many are wrong, and what is
// fresh is found by the nonce. One that does not fit the invite either is taken, and is not fresh.
func (s *running) open(file []byte) (verify.Opened, error) {
	trust := s.Store.Trust()
	o := anyTime(file, verify.Options{Trust: &trust})
	if readable(o) {
		return o, nil
	}
	why := o.Reasons[0]
	if i := slices.IndexFunc(o.Reasons, func(r verify.Reason) bool { return !ofTime(r) }); i >= 0 {
		why = o.Reasons[i] // the time alone would not have been held against it
	}
	return verify.Opened{}, reasonFor(why)
}

// reasonFor is the refusal of a document for what package verify says of it.
func reasonFor(why verify.Reason) *refusal {
	reason, ok := map[string]Reason{
		verify.OtherVersion: ReasonVersion, verify.BadSignature: ReasonSignature, verify.UntrustedKey: ReasonUntrusted,
		verify.NotWitnessed: ReasonWitness, verify.OtherSubject: ReasonInviteInside, verify.OtherInvite: ReasonInviteInside,
		verify.OtherAudience: ReasonAudience, verify.OtherNonce: ReasonNonce, verify.OtherPolicy: ReasonPolicy,
		verify.Expired: ReasonLate, verify.WrongTime: ReasonLate,
		verify.WrongVerdict: ReasonVerdict, verify.WrongFindings: ReasonVerdict,
	}[why.Code]
	if !ok {
		reason = ReasonMalformed
	}
	return refuse(http.StatusUnprocessableEntity, reason, "%.300s", why.Detail)
}

// body reads what was posted, within bounds.
func (s *running) body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != seal.MediaType && kind != "application/json" {
		return nil, refuse(http.StatusUnsupportedMediaType, ReasonType, "send it as %s", seal.MediaType)
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, refuse(http.StatusUnsupportedMediaType, ReasonType, "send it without a content encoding")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refuse(http.StatusRequestEntityTooLarge, ReasonTooLarge, "%d bytes are allowed", limit)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, ReasonMalformed, "the request ended early")
	}
	return body, nil
}

// ingest takes a report. Its order is that of cost and of trust: size, form, signature, meaning, and only then the store.
func (s *running) ingest(w http.ResponseWriter, r *http.Request) {
	select {
	case s.inFlight <- struct{}{}:
		defer func() { <-s.inFlight }()
	default:
		no := refuse(http.StatusServiceUnavailable, ReasonBusy, "too many reports at once")
		no.wait = 5 * time.Second
		s.answerError(w, r, no)
		return
	}
	file, err := s.body(w, r, seal.MaxFile)
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	opened, err := s.open(file)
	var receipt []byte
	var again bool
	if err == nil {
		receipt, again, err = s.Store.accept(r.Context(), file, opened)
	}
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	status := http.StatusCreated
	if again {
		status = http.StatusOK
	}
	s.Log.InfoContext(r.Context(), "report received", "invite", opened.Report.Invite.ID, "run", opened.Report.Run,
		"verdict", string(opened.Verdict), "again", again)
	w.Header().Set("Content-Type", seal.MediaType)
	w.WriteHeader(status)
	_, _ = w.Write(receipt) // whoever did not get it asks again
}

func (s *running) trustJSON(w http.ResponseWriter, r *http.Request) {
	data, err := s.Store.Trust().Encode()
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data)
}

// healthz says that the process answers.
func (s *running) healthz(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, "ok "+s.Version)
}

// readyz says that the store answers too.
func (s *running) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.Store.Ping(ctx); err != nil {
		s.Log.ErrorContext(ctx, "not ready", "error", inFull(err))
		plain(w, http.StatusServiceUnavailable, "the store does not answer")
		return
	}
	plain(w, http.StatusOK, "ready")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text)
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
