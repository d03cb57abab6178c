package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"deskready/checks/office"
	"deskready/checks/words"
	"deskready/report"
	"deskready/report/collector"
	"deskready/report/seal"
	"deskready/report/verify"
)

// pinned is the TLS setting for a collector that made its own certificate: its key must be the one that the invite
// names, and then no authority need vouch for it. Without a pin the system's authorities decide.
func pinned(pin string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if pin == "" {
		return c
	}
	c.InsecureSkipVerify = true // replaced by the stricter check below
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 || keyPin(state.PeerCertificates[0].RawSubjectPublicKeyInfo) != pin {
			return fmt.Errorf("this is not the collector that the invite names: %w", office.ErrPin)
		}
		return nil
	}
	return c
}

func keyPin(spki []byte) string {
	sum := sha256.Sum256(spki)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// transport is the way to one collector.
func transport(pin string) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       pinned(pin),
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second,
		MaxIdleConnsPerHost:   2,
		IdleConnTimeout:       30 * time.Second,
	}
}

// httpClient talks to one collector. It follows no redirects: a page in between is not a collector.
func httpClient(pin string) *http.Client {
	return &http.Client{
		Timeout:       60 * time.Second,
		Transport:     transport(pin),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// deliver sends a sealed report to the collector of its invite, or to another address of it, and brings the receipt, and
// the report as it can be believed with it.
func (w *world) deliver(ctx context.Context, file []byte, base string) ([]byte, verify.Opened, error) {
	own := verify.File(file, verify.Options{}) // by no clock: this computer's may be wrong, and the collector judges
	if f := invalid("the report", own); f != nil {
		f.final = true
		return nil, verify.Opened{}, f
	}
	inv := own.Invite
	if inv == nil {
		return nil, verify.Opened{}, errNoInvite
	}
	if base == "" {
		base = inv.Collector
	}
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	c := collector.Client{Base: base, HTTP: httpClient(inv.Pin)}
	receipt, err := c.Deliver(ctx, file)
	if refused := (*collector.RefusedError)(nil); errors.As(err, &refused) && refused.Reason == collector.ReasonKey {
		receipt, err = w.enrolAndDeliver(ctx, c, *inv, own.KeyID, file)
	}
	if err != nil {
		return nil, verify.Opened{}, err
	}
	// A promise by somebody else is none: the receipt must be by the key that the invite names.
	trust, err := verify.TrustOf(*inv)
	if err != nil {
		return nil, verify.Opened{}, err
	}
	opened := verify.File(file, verify.Options{Trust: &trust, Receipt: receipt})
	if opened.Receipt == nil {
		return nil, verify.Opened{}, errors.New("the receipt is not signed by the key that the invite names")
	}
	return receipt, opened, nil
}

// enrolAndDeliver is for a report that was made before the collector could be reached for the first time.
func (w *world) enrolAndDeliver(ctx context.Context, c collector.Client, inv report.Invite, keyID string, file []byte) ([]byte, error) {
	key, err := seal.LoadKey(w.keyFile(&inv))
	if err != nil {
		return nil, fmt.Errorf("the key that signed this report: %w", err)
	}
	if key.Public().ID() != keyID {
		return nil, errors.New("this report was signed by a key that is not here any more")
	}
	c.Key = key
	if err := c.Enrol(ctx, inv); err != nil {
		return nil, err
	}
	return c.Deliver(ctx, file)
}

// whyNot says in words why a collector was not reached.
func whyNot(b words.Book, err error) string {
	var name *net.DNSError
	var stranger *collector.StrangerError
	var late interface{ Timeout() bool }
	key := "cmd.why.other"
	switch {
	case errors.As(err, &stranger), errors.Is(err, http.ErrSchemeMismatch), errors.As(err, new(tls.RecordHeaderError)):
		key = "cmd.why.stranger"
	case errors.As(err, &name):
		key = "cmd.why.name"
	case errors.Is(err, office.ErrPin):
		key = "cmd.why.pin"
	case errors.As(err, &late) && late.Timeout(), errors.Is(err, context.DeadlineExceeded):
		key = "cmd.why.timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		key = "cmd.why.refused"
	}
	return b.Text(key)
}

func (j *journey) why(err error) string { return whyNot(j.book, err) }

// refusedFault tells a collector's refusal, which trying again would not change, from a line that is down: nil then.
func refusedFault(err error) *fault {
	var refused *collector.RefusedError
	if !errors.As(err, &refused) {
		return nil
	}
	f := &fault{
		exit: exitUndelivered, code: string(refused.Reason), what: "the employer's collector said no: " + refused.Error(),
		hint: "show this line to the person who invited you", final: true,
	}
	switch refused.Reason {
	case collector.ReasonExpired:
		f.exit, f.hint = 22, "ask the employer for a new invite"
	case collector.ReasonRevoked:
		f.exit, f.hint = 26, "ask the employer for a new invite"
	case collector.ReasonErased:
		f.hint = "nothing is left to do; if the employer needs another report, ask for a new invite"
	case collector.ReasonEnrolled, collector.ReasonKey, collector.ReasonInvite, collector.ReasonSpent, collector.ReasonNonce, collector.ReasonAudience:
		f.exit, f.hint = 23, "this invite was answered from another computer or account, or by another report; ask the employer for a new invite"
	}
	return f
}
