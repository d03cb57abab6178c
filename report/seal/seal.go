// Package seal signs documents and opens what was signed.
//
// A sealed file is a Sigstore bundle v0.3 in JSON that holds one DSSE v1.0.2 envelope with exactly one signature, made
// with a key and not with a certificate. Bytes are signed, stored and verified as they are: nothing is canonicalised,
// nothing is marshalled again. Stock tools verify the files too: cosign, or jq and openssl.
package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"deskready/report/strict"
)

// MediaType is that of a sealed file.
const MediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// MaxFile is how large a sealed file may be.
const MaxFile = 1 << 20

// Why a sealed file is refused.
var (
	ErrMalformed = errors.New("not a sealed file as deskready writes it")
	ErrUntrusted = errors.New("signed by a key that is not trusted here")
	ErrSignature = errors.New("the signature does not match: the file was changed after it was signed")
)

// bundle is the part of sigstore.bundle.v1.Bundle that a file signed with a key needs. All else is refused: what a
// verifier does not look at, nobody should be able to write.
type bundle struct {
	MediaType string   `json:"mediaType"`
	Material  material `json:"verificationMaterial"`
	Envelope  envelope `json:"dsseEnvelope"`
}

type material struct {
	PublicKey publicKey `json:"publicKey"`
}

type publicKey struct {
	Hint string `json:"hint"`
}

type envelope struct {
	Payload     string      `json:"payload"`
	PayloadType string      `json:"payloadType"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	Sig   string `json:"sig"`
	KeyID string `json:"keyid"`
}

// Seal signs a payload and gives the file that holds both.
func Seal(k Key, payloadType string, payload []byte) ([]byte, error) {
	if payloadType == "" || len(payload) == 0 {
		return nil, errors.New("sealing needs a payload and its type")
	}
	sig, err := k.sign(pae(payloadType, payload))
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	id := k.Public().ID()
	file, err := json.Marshal(bundle{
		MediaType: MediaType,
		Material:  material{PublicKey: publicKey{Hint: id}},
		Envelope: envelope{
			Payload:     base64.StdEncoding.EncodeToString(payload),
			PayloadType: payloadType,
			Signatures:  []signature{{Sig: base64.StdEncoding.EncodeToString(sig), KeyID: id}},
		},
	})
	if err != nil {
		return nil, err
	}
	if len(file) > MaxFile {
		return nil, fmt.Errorf("sealed, this would be %d bytes, %d allowed", len(file), MaxFile)
	}
	return file, nil
}

// pae is the pre-authentication encoding of DSSE v1: what is really signed. The lengths make it injective, so no other
// type and payload give the same bytes.
func pae(payloadType string, payload []byte) []byte {
	out := make([]byte, 0, len("DSSEv1    ")+40+len(payloadType)+len(payload))
	out = append(out, "DSSEv1 "...)
	out = strconv.AppendInt(out, int64(len(payloadType)), 10)
	out = append(out, ' ')
	out = append(out, payloadType...)
	out = append(out, ' ')
	out = strconv.AppendInt(out, int64(len(payload)), 10)
	out = append(out, ' ')
	return append(out, payload...)
}

// An Envelope is a sealed file that was read and not yet opened.
type Envelope struct {
	keyID       string
	payloadType string
	payload     []byte
	sig         []byte
}

// Read reads a sealed file strictly. Nothing in it is verified yet. All its errors wrap ErrMalformed.
func Read(file []byte) (Envelope, error) {
	var b bundle
	if err := strict.Decode(file, &b, strict.Limits{Bytes: MaxFile, Depth: 8, Values: 100}); err != nil {
		return Envelope{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if b.MediaType != MediaType {
		return Envelope{}, malformed("media type %.80q", b.MediaType)
	}
	if n := len(b.Envelope.Signatures); n != 1 {
		return Envelope{}, malformed("%d signatures, exactly one is allowed", n)
	}
	s := b.Envelope.Signatures[0]
	if s.KeyID == "" || s.KeyID != b.Material.PublicKey.Hint {
		return Envelope{}, malformed("key id %.80q and key hint %.80q are not one and the same", s.KeyID, b.Material.PublicKey.Hint)
	}
	if b.Envelope.PayloadType == "" {
		return Envelope{}, malformed("no payload type")
	}
	e := Envelope{keyID: s.KeyID, payloadType: b.Envelope.PayloadType}
	var err error
	if e.payload, err = decode64(b.Envelope.Payload); err != nil {
		return Envelope{}, malformed("payload: %w", err)
	}
	if e.sig, err = decode64(s.Sig); err != nil {
		return Envelope{}, malformed("signature: %w", err)
	}
	return e, nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// decode64 takes one spelling of each byte string only: the standard alphabet, padded, without line ends (which Go's
// decoder skips) and without stray bits in the last character.
func decode64(text string) ([]byte, error) {
	if text == "" {
		return nil, errors.New("empty")
	}
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("base64 with line ends")
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}

// KeyID is the fingerprint of the key that the file says it was signed with.
func (e Envelope) KeyID() string { return e.keyID }

// PayloadType is what the file says the payload is. Open holds it against what the caller expects.
func (e Envelope) PayloadType() string { return e.payloadType }

// PayloadDigest is the identity of what was signed, whatever file it is wrapped in: "sha256:" and hex.
func (e Envelope) PayloadDigest() string {
	sum := sha256.Sum256(e.payload)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Unverified is the payload before anyone verified it. Its one good use is to find the key inside a self-contained
// document, which is then given to Open.
func (e Envelope) Unverified() []byte { return bytes.Clone(e.payload) }

// Open verifies the signature with the one trusted key that the key id names, and gives the payload. The algorithm is
// that of the key: nothing in the file chooses it. Errors are ErrMalformed (another payload type), ErrUntrusted and
// ErrSignature.
func (e Envelope) Open(payloadType string, trusted ...Public) ([]byte, error) {
	if e.payloadType != payloadType {
		return nil, malformed("it holds %.80q where %q is needed", e.payloadType, payloadType)
	}
	for _, p := range trusted {
		if p.IsZero() || p.ID() != e.keyID {
			continue
		}
		if !p.verify(pae(e.payloadType, e.payload), e.sig) {
			return nil, ErrSignature
		}
		return bytes.Clone(e.payload), nil
	}
	return nil, fmt.Errorf("%w: %.80q", ErrUntrusted, e.keyID)
}
