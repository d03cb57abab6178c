package seal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A Key is a private key: Ed25519 where deskready makes it, or ECDSA on P-256.
type Key struct {
	signer crypto.Signer
	public Public
}

// NewKey makes an Ed25519 key from 32 bytes of random.
func NewKey(random io.Reader) (Key, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return Key{}, fmt.Errorf("making a key: %w", err)
	}
	return KeyOf(ed25519.NewKeyFromSeed(seed))
}

// KeyOf takes an Ed25519 key, or one of ECDSA on P-256, such as one that never leaves its hardware.
func KeyOf(signer crypto.Signer) (Key, error) {
	p, err := public(signer.Public())
	if err != nil {
		return Key{}, err
	}
	return Key{signer: signer, public: p}, nil
}

// Public is the public half.
func (k Key) Public() Public { return k.public }

// IsZero says whether there is no key.
func (k Key) IsZero() bool { return k.signer == nil }

func (k Key) sign(message []byte) ([]byte, error) {
	if k.IsZero() {
		return nil, errors.New("there is no key")
	}
	if _, ok := k.public.key.(*ecdsa.PublicKey); ok {
		sum := sha256.Sum256(message)
		return k.signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
	return k.signer.Sign(rand.Reader, message, crypto.Hash(0))
}

// LoadKey reads a private key (PKCS #8 in PEM). Where the system has such permissions, a file that others can read is
// refused. fs.ErrNotExist passes through.
func LoadKey(path string) (Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return Key{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Key{}, err
	}
	if !info.Mode().IsRegular() {
		return Key{}, fmt.Errorf("%s: %w: not a file", path, ErrKey)
	}
	if err := private(info); err != nil {
		return Key{}, fmt.Errorf("%s: %w; run: chmod 600 %q", path, err, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxPEM+1))
	if err != nil {
		return Key{}, err
	}
	k, err := parseKey(text)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

func parseKey(text []byte) (Key, error) {
	der, err := onePEM(text, "PRIVATE KEY")
	if err != nil {
		return Key{}, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return Key{}, fmt.Errorf("%w: Ed25519 or ECDSA on P-256 is needed", ErrKey)
	}
	return KeyOf(signer)
}

// Save writes the key to a new file that its owner alone can read, in a folder that is made where it is missing. The
// file is there whole or not at all, and one that is there already is never replaced: the error is then fs.ErrExist.
func (k Key) Save(path string) error {
	if k.IsZero() {
		return errors.New("there is no key")
	}
	der, err := x509.MarshalPKCS8PrivateKey(k.signer)
	if err != nil {
		return fmt.Errorf("%w: it cannot leave where it is: %w", ErrKey, err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "save", Path: path, Err: fs.ErrExist}
	}
	temp, err := writeTemp(folder, text)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	// A link fails where the name is taken, and a rename would not: two programs that start at once get one key.
	if err := os.Link(temp, path); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return writeNew(path, text) // a file system without links
}

func writeTemp(folder string, text []byte) (string, error) {
	f, err := os.CreateTemp(folder, ".key-*") // 0600
	if err != nil {
		return "", err
	}
	if err := writeAll(f, text); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := writeAll(f, text); err != nil {
		os.Remove(path)
		return err
	}
	return nil
}

func writeAll(f *os.File, text []byte) error {
	_, err := f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
