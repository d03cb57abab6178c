package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"deskready/report"
	"deskready/report/collector"
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
			return errors.New("this is not the collector that the invite names: its key is another")
		}
		return nil
	}
	return c
}

func keyPin(spki []byte) string {
	sum := sha256.Sum256(spki)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// httpClient talks to one collector. It follows no redirects: a page in between is not a collector.
func httpClient(pin string) *http.Client {
	return &http.Client{
		Timeout: 60 * time.Second,
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			TLSClientConfig:       pinned(pin),
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: 20 * time.Second,
			MaxIdleConnsPerHost:   2,
			IdleConnTimeout:       30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// deliver sends a sealed report to the collector of its invite, or to another address of it, and brings the receipt.
func (w *world) deliver(ctx context.Context, file []byte, base string) ([]byte, error) {
	opened := verify.File(file, verify.Options{Now: w.now})
	if opened.Invite == nil {
		return nil, errNoInvite
	}
	if base == "" {
		base = opened.Invite.Collector
	}
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	c := collector.Client{Base: base, HTTP: httpClient(opened.Invite.Pin)}
	receipt, err := c.Deliver(ctx, file)
	if err != nil {
		return nil, err
	}
	return receipt, checkReceipt(w, file, receipt, *opened.Invite)
}

// checkReceipt holds the answer against the key that the invite names: a promise by somebody else is none.
func checkReceipt(w *world, file, receipt []byte, inv report.Invite) error {
	trust, err := verify.TrustOf(inv)
	if err != nil {
		return err
	}
	opened := verify.File(file, verify.Options{Now: w.now, Trust: &trust, Receipt: bytes.Clone(receipt)})
	if opened.Receipt == nil {
		return errors.New("the collector's receipt is not signed by the key that the invite names")
	}
	return nil
}
