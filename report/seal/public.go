package seal

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
)

// maxPEM is how large the text of a key may be.
const maxPEM = 4 << 10

// ErrKey is wrapped by all errors about what a key is.
var ErrKey = errors.New("not a key that deskready uses")

// A Public is a public key: Ed25519, or ECDSA on P-256 (which is what TPMs and secure enclaves have).
type Public struct {
	_   [0]func() // not comparable with ==: use Equal
	key crypto.PublicKey
	der []byte
	id  string
}

// ParsePublic reads a SubjectPublicKeyInfo in PEM.
func ParsePublic(text []byte) (Public, error) {
	der, err := onePEM(text, "PUBLIC KEY")
	if err != nil {
		return Public{}, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return Public{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	p, err := public(key)
	if err != nil {
		return Public{}, err
	}
	if !bytes.Equal(p.der, der) {
		return Public{}, fmt.Errorf("%w: not in its one distinguished encoding", ErrKey)
	}
	return p, nil
}

// onePEM gives the one block of the text. Other text around it is refused, for it could be taken for the key.
func onePEM(text []byte, kind string) ([]byte, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("%w: %d bytes, %d allowed", ErrKey, len(text), maxPEM)
	}
	text = bytes.TrimSpace(text)
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, fmt.Errorf("%w: no PEM", ErrKey)
	case block.Type != kind || len(block.Headers) > 0:
		return nil, fmt.Errorf("%w: PEM of %.40q where a plain %q is needed", ErrKey, block.Type, kind)
	case len(rest) > 0 || !bytes.HasPrefix(text, []byte("-----BEGIN "+kind+"-----")):
		return nil, fmt.Errorf("%w: something beside the one PEM block", ErrKey)
	}
	return block.Bytes, nil
}

func public(key crypto.PublicKey) (Public, error) {
	var fields [][]byte
	switch k := key.(type) {
	case ed25519.PublicKey:
		if smallOrder(k) {
			return Public{}, fmt.Errorf("%w: an Ed25519 point of small order, under which one signature fits many documents", ErrKey)
		}
		fields = [][]byte{[]byte("ssh-ed25519"), k}
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return Public{}, fmt.Errorf("%w: ECDSA on %s, P-256 is needed", ErrKey, k.Params().Name)
		}
		point, err := k.Bytes()
		if err != nil {
			return Public{}, fmt.Errorf("%w: %w", ErrKey, err)
		}
		fields = [][]byte{[]byte("ecdsa-sha2-nistp256"), []byte("nistp256"), point}
	default:
		return Public{}, fmt.Errorf("%w: Ed25519 or ECDSA on P-256 is needed", ErrKey)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return Public{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return Public{key: key, der: der, id: fingerprint(fields...)}, nil
}

// fingerprint is what `ssh-keygen -l` shows: SHA-256 of the key in the encoding of RFC 4253 and RFC 5656. People can
// read it to each other on the telephone, and it is the one form of key id that stock DSSE verifiers compute themselves.
func fingerprint(fields ...[]byte) string {
	var blob []byte
	for _, f := range fields {
		blob = binary.BigEndian.AppendUint32(blob, uint32(len(f)))
		blob = append(blob, f...)
	}
	sum := sha256.Sum256(blob)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// smallOrder tells the points of Curve25519 whose order divides 8, by their y (RFC 8032 encoding: little endian, the
// top bit is the sign of x), in canonical and in non-canonical form.
func smallOrder(k ed25519.PublicKey) bool {
	y := [32]byte(k)
	y[31] &= 0x7f
	for _, weak := range [...][32]byte{
		{},  // y = 0, order 4
		{1}, // y = 1, the identity
		// order 8
		{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
			0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
		{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
			0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
		nearP(0xec), // y = -1, order 2
		nearP(0xed), // y = p, which is 0
		nearP(0xee), // y = p + 1, which is 1
	} {
		if y == weak {
			return true
		}
	}
	return false
}

// nearP is a number about p = 2^255 - 19, whose lowest byte is 0xed.
func nearP(low byte) (y [32]byte) {
	copy(y[:], bytes.Repeat([]byte{0xff}, 32))
	y[0], y[31] = low, 0x7f
	return y
}

// PEM is the key as a SubjectPublicKeyInfo in PEM.
func (p Public) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: p.der}))
}

// ID is the key's OpenSSH fingerprint: "SHA256:" and base64 without padding.
func (p Public) ID() string { return p.id }

// Equal says whether both are the same key.
func (p Public) Equal(q Public) bool { return bytes.Equal(p.der, q.der) }

// IsZero says whether there is no key.
func (p Public) IsZero() bool { return p.key == nil }

func (p Public) verify(message, sig []byte) bool {
	switch k := p.key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, message, sig)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(message)
		return ecdsa.VerifyASN1(k, sum[:], sig)
	}
	return false
}
