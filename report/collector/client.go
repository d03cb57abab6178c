package collector

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"deskready/checks"
	"deskready/report"
	"deskready/report/seal"
	"deskready/report/strict"
	"deskready/report/verify"
)

// A Client is the hire's end of the protocol.
//
// Its errors are *LaterError (nobody answered, or not now: keep the file and send it again), *RefusedError (for good,
// with the reason) and *StrangerError (what answered is no deskready collector).
type Client struct {
	Base string       // the invite's collector, such as https://ready.example.com
	HTTP *http.Client // with the caller's proxy, pin and timeouts; redirects are never followed
	Key  seal.Key     // the hire's
}

// A LaterError is about a collector that could not be reached, or that cannot answer now.
type LaterError struct {
	Status int           // 0: nobody answered
	Reason Reason        // may be empty
	Wait   time.Duration // what the collector asks to wait; 0: it does not say
	Err    error
}

func (e *LaterError) Error() string {
	switch {
	case e.Err != nil:
		return "the collector could not be reached: " + lineTrouble(e.Err)
	case e.Reason != "":
		return fmt.Sprintf("the collector cannot answer now (%d, %s)", e.Status, e.Reason)
	}
	return fmt.Sprintf("the collector cannot answer now (%d)", e.Status)
}

func (e *LaterError) Unwrap() error { return e.Err }

// lineTrouble says in plain words what became of a connection. What it does not know, such as a certificate that is not
// the one pinned, speaks for itself.
func lineTrouble(err error) string {
	var timeout net.Error
	var name *net.DNSError
	var operation *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return "it was stopped before an answer came"
	case errors.As(err, &timeout) && timeout.Timeout(): // also a context's deadline
		return "no answer came in time"
	case errors.As(err, &name):
		return "the network does not know the name in its address"
	case errors.As(err, &operation) && operation.Op == "dial":
		return "nothing answers at its address, or this computer is not connected"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &operation):
		return "the connection broke before the answer was complete"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "its address says https, and what answers there does not encrypt"
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "its certificate is not one that this computer trusts"
	}
	return err.Error()
}

// A RefusedError is the collector's no. Sending the same again does not help.
type RefusedError struct {
	Status int
	Reason Reason
	Detail string
}

func (e *RefusedError) Error() string {
	text := fmt.Sprintf("the collector refused (%d, %s)", e.Status, e.Reason)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// A StrangerError is about an answer that no collector gives: the address is wrong, or a hotel's sign-in page or a
// filtering proxy stands between.
type StrangerError struct {
	Status int
	Why    string
	Err    error // for support; may be nil
}

func (e *StrangerError) Error() string {
	return fmt.Sprintf("this is not a deskready collector (%d): %s", e.Status, e.Why)
}

func (e *StrangerError) Unwrap() error { return e.Err }

// maxAnswer bounds what is read of any answer.
const maxAnswer = seal.MaxFile

// Enrol binds the client's key to the invite. It may be called again: the same key gets the same answer.
func (c Client) Enrol(ctx context.Context, inv report.Invite) error {
	_, err := c.ask(ctx, "/api/v1/enrol", verify.Request{Action: verify.Enrol, Invite: inv.ID, Token: inv.Token, Audience: inv.Collector}, new(enrolled))
	return err
}

// Begin asks for the nonce of a run, which puts the attempt on record.
func (c Client) Begin(ctx context.Context, inv report.Invite) (Run, error) {
	var b begun
	if _, err := c.ask(ctx, "/api/v1/runs", verify.Request{Action: verify.StartRun, Invite: inv.ID, Audience: inv.Collector}, &b); err != nil {
		return Run{}, err
	}
	if b.Run == "" || b.Nonce == "" || b.Attempt < 1 {
		return Run{}, &StrangerError{Status: http.StatusCreated, Why: "the answer to the run lacks its nonce"}
	}
	if b.Media < 0 || b.Media > 65535 {
		return Run{}, &StrangerError{Status: http.StatusCreated, Why: "the answer to the run names a port that cannot be"}
	}
	return Run{ID: b.Run, Nonce: b.Nonce, Ticket: b.Ticket, Media: b.Media, Attempt: b.Attempt, Previous: b.Previous, Now: b.Now}, nil
}

// witnessPause is how long Witness waits before it asks again.
const witnessPause = 500 * time.Millisecond

// Witness asks for what the collector itself measured of a run. The sealed file goes into the report as it is, and its
// figures beside the report's own. It asks twice: a run is over in a moment, and what is not asked for now is lost. A
// collector that measured nothing refuses with ReasonNoWitness.
func (c Client) Witness(ctx context.Context, inv report.Invite, nonce string) (sealed []byte, w verify.Witness, err error) {
	sealed, w, err = c.askWitness(ctx, inv, nonce)
	if _, later := errors.AsType[*LaterError](err); !later {
		return sealed, w, err
	}
	select {
	case <-ctx.Done():
		return nil, verify.Witness{}, err
	case <-time.After(witnessPause):
		return c.askWitness(ctx, inv, nonce)
	}
}

func (c Client) askWitness(ctx context.Context, inv report.Invite, nonce string) ([]byte, verify.Witness, error) {
	body, err := verify.SealRequest(verify.Request{Action: verify.GetWitness, Invite: inv.ID, Audience: inv.Collector, Nonce: nonce}, c.Key)
	if err != nil {
		return nil, verify.Witness{}, err
	}
	a, err := c.post(ctx, "/api/v1/witness", body)
	if err != nil {
		return nil, verify.Witness{}, err
	}
	key, err := seal.ParsePublic([]byte(inv.Key))
	if err != nil {
		return nil, verify.Witness{}, err
	}
	w, err := verify.OpenWitness(a.body, key)
	if err != nil {
		return nil, verify.Witness{}, &StrangerError{Status: a.status, Why: "what it sealed of the run cannot be opened", Err: err}
	}
	if w.Invite != inv.ID || w.Nonce != nonce || w.Collector != inv.Collector {
		return nil, verify.Witness{}, &StrangerError{Status: a.status, Why: "what it sealed is of another run"}
	}
	return a.body, w, nil
}

// Deliver sends a sealed report and gives the collector's receipt, once it is seen to be about this very file. It may
// be called again with the same file.
func (c Client) Deliver(ctx context.Context, file []byte) (receipt []byte, err error) {
	a, err := c.post(ctx, "/api/v1/reports", file)
	if err != nil {
		return nil, err
	}
	if a.kind != seal.MediaType {
		return nil, &StrangerError{Status: a.status, Why: fmt.Sprintf("%.80q instead of a receipt", a.kind)}
	}
	if err := receiptAbout(a.body, file); err != nil {
		return nil, &StrangerError{Status: a.status, Why: "its receipt is not for this report, or not signed by the key of the invite", Err: err}
	}
	return a.body, nil
}

// ask seals a request, and reads the answer into what into points at.
func (c Client) ask(ctx context.Context, path string, r verify.Request, into any) (answer, error) {
	sealed, err := verify.SealRequest(r, c.Key)
	if err != nil {
		return answer{}, err
	}
	a, err := c.post(ctx, path, sealed)
	if err != nil {
		return answer{}, err
	}
	if a.kind != "application/json" {
		return answer{}, &StrangerError{Status: a.status, Why: fmt.Sprintf("%.80q instead of JSON", a.kind)}
	}
	if err := strict.Decode(a.body, into, strict.Default); err != nil {
		return answer{}, &StrangerError{Status: a.status, Why: "its answer cannot be read", Err: err}
	}
	return a, nil
}

// answer is a success, read whole.
type answer struct {
	status int
	kind   string // media type without parameters
	body   []byte
}

func (c Client) post(ctx context.Context, path string, body []byte) (answer, error) {
	base, err := baseURL(c.Base)
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", seal.MediaType)
	req.Header.Set("Accept", "application/json, "+seal.MediaType+", "+problemType)
	return exchange(c.HTTP, req)
}

// exchange sends a request and sorts the answer.
func exchange(client *http.Client, req *http.Request) (answer, error) {
	if client == nil {
		return answer{}, errors.New("the client has no HTTP client")
	}
	still := *client
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := still.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the address may hold an invite's secret
		}
		return answer{}, &LaterError{Err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, &LaterError{Status: resp.StatusCode, Err: err}
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch a := (answer{status: resp.StatusCode, kind: kind, body: body}); {
	case resp.StatusCode >= 300:
		return answer{}, refused(a, resp.Header)
	case len(body) > maxAnswer:
		return answer{}, &StrangerError{Status: resp.StatusCode, Why: "the answer is too long"}
	default:
		return a, nil
	}
}

// maxWait bounds what a collector may ask to wait.
const maxWait = 24 * time.Hour

// refused sorts an answer that is no success. How long to wait is said twice, since a proxy may drop or replace the
// header; a date in it, or nothing, says nothing.
func refused(a answer, h http.Header) error {
	var p problem
	known := a.kind == problemType && json.Unmarshal(a.body, &p) == nil && p.Reason != ""
	switch {
	case a.status >= 500, a.status == http.StatusTooManyRequests, a.status == http.StatusRequestTimeout:
		later := &LaterError{Status: a.status}
		seconds, err := strconv.Atoi(h.Get("Retry-After"))
		if known {
			later.Reason = Reason(checks.Clean(string(p.Reason), 40))
		}
		if known && (err != nil || seconds <= 0) {
			seconds = p.RetryAfter
		}
		later.Wait = time.Duration(min(max(seconds, 0), int(maxWait/time.Second))) * time.Second
		return later
	case known:
		return &RefusedError{Status: a.status, Reason: Reason(checks.Clean(string(p.Reason), 40)), Detail: checks.Clean(p.Detail, 300)}
	case a.status < 400:
		return &StrangerError{Status: a.status, Why: "it sends us elsewhere: " + checks.Clean(h.Get("Location"), 200)}
	}
	return &StrangerError{Status: a.status, Why: fmt.Sprintf("%.80q instead of an answer of the collector", a.kind)}
}

// receiptAbout holds a receipt against the file it should be about, and against the collector whose invite is inside.
func receiptAbout(receipt, file []byte) error {
	r, err := decoded(file) // of our own making
	if err != nil {
		return err
	}
	if r.Invite == nil {
		return errors.New("the report names no invite")
	}
	inv, err := verify.Invite(r.Invite.Sealed, time.Time{}, nil)
	if err != nil {
		return err
	}
	key, err := seal.ParsePublic([]byte(inv.Key))
	if err != nil {
		return err
	}
	_, err = verify.Receipt(receipt, file, key)
	return err
}

var landing = regexp.MustCompile(`^/i/[A-Za-z0-9_-]{16,64}$`)

// FetchInvite gets the invite file from the hire's link, or from the address of the file itself. It is not opened yet:
// verify.Invite does that.
func FetchInvite(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the invite's address is no URL")
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil, errors.New("the invite's address should begin with https://")
	}
	u.Fragment, u.RawQuery = "", ""
	u.Path = strings.TrimRight(u.Path, "/")
	if landing.MatchString(u.Path) {
		u.Path += "/invite.json"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", seal.MediaType+", "+problemType)
	a, err := exchange(client, req)
	if err != nil {
		return nil, err
	}
	if a.kind != seal.MediaType {
		return nil, &StrangerError{Status: a.status, Why: fmt.Sprintf("%.80q instead of an invite", a.kind)}
	}
	if len(a.body) > report.MaxInvite {
		return nil, &StrangerError{Status: a.status, Why: "the invite is too long"}
	}
	if _, err := seal.Read(a.body); err != nil {
		return nil, &StrangerError{Status: a.status, Why: "what it sends is no invite", Err: err}
	}
	return a.body, nil
}
