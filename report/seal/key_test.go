package seal

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
)

// The fingerprint of the first key of RFC 8032, section 7.1, as ssh-keygen shows it.
func TestFingerprint(t *testing.T) {
	seed, err := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewKey(bytes.NewReader(seed))
	if err != nil {
		t.Fatal(err)
	}
	if want := "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"; k.Public().ID() != want {
		t.Errorf("%s, want %s", k.Public().ID(), want)
	}
	for _, k := range []Key{k, edKey(t, 7), p256Key(t), p256Key(t)} { // a second implementation agrees
		other, err := ssh.NewPublicKey(k.Public().key)
		if err != nil {
			t.Fatal(err)
		}
		if want := ssh.FingerprintSHA256(other); k.Public().ID() != want {
			t.Errorf("%s, want %s", k.Public().ID(), want)
		}
	}
}

func TestSaveLoad(t *testing.T) {
	for name, k := range map[string]Key{"ed25519": edKey(t, 1), "p256": p256Key(t)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a", "b", "key.pem")
			if _, err := LoadKey(path); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("loading a missing key: %v", err)
			}
			if err := k.Save(path); err != nil {
				t.Fatal(err)
			}
			got, err := LoadKey(path)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Public().Equal(k.Public()) {
				t.Error("another key came back")
			}
			if payload, err := open(sealed(t, got, "{}"), k.Public()); err != nil || string(payload) != "{}" {
				t.Errorf("what the loaded key seals opens to %q, %v", payload, err)
			}
			if err := edKey(t, 2).Save(path); !errors.Is(err, fs.ErrExist) {
				t.Errorf("saving over it: %v", err)
			}
			if again, err := LoadKey(path); err != nil || !again.Public().Equal(k.Public()) {
				t.Errorf("the first key is gone: %v", err)
			}
			left, err := os.ReadDir(filepath.Dir(path))
			if err != nil || len(left) != 1 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
	if err := (Key{}).Save(filepath.Join(t.TempDir(), "k")); err == nil {
		t.Error("saved no key")
	}
}

// Programs that start at the same moment end up with one key.
func TestSaveOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	var wg sync.WaitGroup
	won := make([]bool, 8)
	for i := range won {
		wg.Go(func() { won[i] = edKey(t, byte(i)).Save(path) == nil })
	}
	wg.Wait()
	k, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.Index(won, true)
	if i < 0 || slices.Contains(won[i+1:], true) {
		t.Fatalf("saved by %v, want exactly one", won)
	}
	if !k.Public().Equal(edKey(t, byte(i)).Public()) {
		t.Error("the file does not hold the key of the one who was told so")
	}
}

func TestLoadKeyRefuses(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "key.pem")
	if err := edKey(t, 1).Save(path); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":       "",
		"public":      edKey(t, 1).Public().PEM(),
		"two":         string(good) + string(good),
		"text before": "hello\n" + string(good),
		"huge":        string(good) + strings.Repeat("\n", maxPEM),
		"bad DER":     "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"X25519":      pkcs8(t, x25519),
		"P-384":       pkcs8(t, p384),
		"headers":     strings.Replace(string(good), "KEY-----\n", "KEY-----\nA: b\n\n", 1),
	} {
		t.Run(name, func(t *testing.T) {
			bad := filepath.Join(folder, "bad.pem")
			if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if k, err := LoadKey(bad); !errors.Is(err, ErrKey) {
				t.Errorf("loaded %v, %v", k.Public().ID(), err)
			}
		})
	}
	if _, err := LoadKey(folder); err == nil {
		t.Error("loaded a folder")
	}
	if _, err := NewKey(strings.NewReader("short")); err == nil {
		t.Error("made a key of too little random")
	}
}

func TestParsePublic(t *testing.T) {
	for _, k := range []Key{edKey(t, 1), p256Key(t)} {
		for _, text := range []string{k.Public().PEM(), " \r\n" + strings.ReplaceAll(k.Public().PEM(), "\n", "\r\n")} {
			p, err := ParsePublic([]byte(text))
			if err != nil || !p.Equal(k.Public()) || p.ID() != k.Public().ID() {
				t.Errorf("parsed %q: %v", text, err)
			}
		}
	}
	if edKey(t, 1).Public().Equal(edKey(t, 2).Public()) {
		t.Error("two keys are equal")
	}
	block, _ := pem.Decode([]byte(edKey(t, 1).Public().PEM()))
	offCurve, _ := pem.Decode([]byte(p256Key(t).Public().PEM()))
	offCurve.Bytes[len(offCurve.Bytes)-1] ^= 1
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	longer := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: append(block.Bytes, 0)})
	for name, text := range map[string]string{
		"empty":          "",
		"private":        pkcs8(t, ed25519.NewKeyFromSeed(make([]byte, 32))),
		"two":            edKey(t, 1).Public().PEM() + edKey(t, 2).Public().PEM(),
		"bytes after":    string(longer),
		"RSA":            spki(t, &rsaKey.PublicKey),
		"point off P256": string(pem.EncodeToMemory(offCurve)),
		"identity":       spki(t, ed25519.PublicKey(append([]byte{1}, make([]byte, 31)...))),
	} {
		if p, err := ParsePublic([]byte(text)); !errors.Is(err, ErrKey) {
			t.Errorf("%s: parsed %s, %v", name, p.ID(), err)
		}
	}
}

// X25519 refuses points of small order too (RFC 7748, section 6.1), and knows them in another way: that is the oracle.
// The maps between the two forms of the curve are u = (1+y)/(1-y) and y = (u-1)/(u+1) (RFC 7748, section 4.1).
func TestSmallOrder(t *testing.T) {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	private, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	oracle := func(k ed25519.PublicKey) bool {
		y := slices.Clone([]byte(k))
		y[31] &= 0x7f
		slices.Reverse(y)
		n := new(big.Int).Mod(new(big.Int).SetBytes(y), p)
		below := new(big.Int).Sub(big.NewInt(1), n)
		if below.Mod(below, p).Sign() == 0 {
			return true // the identity, which has no u
		}
		u := new(big.Int).Add(n, big.NewInt(1))
		u.Mul(u, below.ModInverse(below, p)).Mod(u, p)
		le := u.FillBytes(make([]byte, 32))
		slices.Reverse(le)
		public, err := ecdh.X25519().NewPublicKey(le)
		if err != nil {
			t.Fatal(err)
		}
		_, err = private.ECDH(public)
		return err != nil
	}
	weak := []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	}
	for _, text := range weak {
		k, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, sign := range []byte{0, 0x80} {
			k[31] |= sign
			if !smallOrder(k) || !oracle(k) {
				t.Errorf("%x: small order %v, by X25519 %v", k, smallOrder(k), oracle(k))
			}
		}
	}
	for i := range byte(100) {
		k := edKey(t, i).Public().key.(ed25519.PublicKey)
		if smallOrder(k) || oracle(k) {
			t.Errorf("%x: small order %v, by X25519 %v", k, smallOrder(k), oracle(k))
		}
	}
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func spki(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
