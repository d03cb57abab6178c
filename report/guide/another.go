package guide

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// A second start of the program asks the first for a link to its page. The two share a secret in a file that only their
// user can read, and neither says it aloud: on the port of a program that has crashed somebody else may listen by now, and
// answer with a page of his own.
const (
	nonceHeader = "X-Deskready-Nonce"
	proofHeader = "X-Deskready-Proof"
)

// Again is where another start of the program gets a link to this page, and the secret by which it does.
func (g *Guide) Again() (address, secret string) { return g.origin() + againPath, g.again }

// proof shows that who says something knows the secret. who keeps an answer from being sent back as a question.
func proof(secret, who, nonce, text string) string {
	m := hmac.New(sha256.New, []byte(secret))
	for _, part := range []string{who, nonce, text} {
		_, _ = io.WriteString(m, part+"\x00") // a hash takes everything
	}
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (g *Guide) another(w http.ResponseWriter, r *http.Request) {
	nonce := r.Header.Get(nonceHeader)
	if len(nonce) < 16 || !same(proof(g.again, "ask", nonce, ""), r.Header.Get(proofHeader)) {
		refuse(w, http.StatusForbidden)
		return
	}
	link := g.Link()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set(proofHeader, proof(g.again, "answer", nonce, link))
	_, _ = io.WriteString(w, link) // the reader is gone
}

var errStranger = errors.New("something else answers there")

// Another asks a guide for a link to its page, of which Again told the address and the secret.
func Another(ctx context.Context, address, secret, nonce string) (string, error) {
	if !strings.HasPrefix(address, "http://127.0.0.1:") {
		return "", errStranger
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, http.NoBody)
	if err != nil {
		return "", err
	}
	r.Header.Set(nonceHeader, nonce)
	r.Header.Set(proofHeader, proof(secret, "ask", nonce, ""))
	answer, err := (&http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	link, err := io.ReadAll(io.LimitReader(answer.Body, 1000))
	if err != nil {
		return "", err
	}
	if secret == "" || !same(proof(secret, "answer", nonce, string(link)), answer.Header.Get(proofHeader)) {
		return "", errStranger
	}
	return string(link), nil
}
