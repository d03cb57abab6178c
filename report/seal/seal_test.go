package seal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const testType = "application/vnd.deskready.test+json"

// edKey is a key that is the same in every run.
func edKey(t testing.TB, seed byte) Key {
	t.Helper()
	k, err := NewKey(bytes.NewReader(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func p256Key(t testing.TB) Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := KeyOf(private)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sealed(t testing.TB, k Key, payload string) []byte {
	t.Helper()
	file, err := Seal(k, testType, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// open reads and opens in one, for tests that do not mind which of the two refuses.
func open(file []byte, trusted ...Public) ([]byte, error) {
	e, err := Read(file)
	if err != nil {
		return nil, err
	}
	return e.Open(testType, trusted...)
}

func TestPAE(t *testing.T) {
	for _, c := range []struct{ payloadType, payload, want string }{
		// The vector of the DSSE specification (protocol.md).
		{"http://example.com/HelloWorld", "hello world", "DSSEv1 29 http://example.com/HelloWorld 11 hello world"},
		{"", "", "DSSEv1 0  0 "},
		{"é", "ü", "DSSEv1 2 é 2 ü"}, // lengths are those of bytes
	} {
		if got := string(pae(c.payloadType, []byte(c.payload))); got != c.want {
			t.Errorf("pae(%q, %q) = %q, want %q", c.payloadType, c.payload, got, c.want)
		}
	}
}

func TestSealOpen(t *testing.T) {
	for name, k := range map[string]Key{"ed25519": edKey(t, 1), "p256": p256Key(t)} {
		t.Run(name, func(t *testing.T) {
			file := sealed(t, k, `{"a":1}`)
			e, err := Read(file)
			if err != nil {
				t.Fatal(err)
			}
			if e.KeyID() != k.Public().ID() || e.PayloadType() != testType || string(e.Unverified()) != `{"a":1}` {
				t.Errorf("read %q %q %q", e.KeyID(), e.PayloadType(), e.Unverified())
			}
			if want := "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"; e.PayloadDigest() != want {
				t.Errorf("payload digest %s, want %s", e.PayloadDigest(), want)
			}
			got, err := e.Open(testType, edKey(t, 9).Public(), k.Public())
			if err != nil || string(got) != `{"a":1}` {
				t.Errorf("opened %q, %v", got, err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	k, other := edKey(t, 1), edKey(t, 2)
	file := sealed(t, k, `{"a":1}`)
	e, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := e
	changed.payload = []byte(`{"a":2}`)
	// Signed by the other key, and sold as this one's.
	posing, err := Read(bytes.ReplaceAll(sealed(t, other, `{"a":1}`), []byte(other.Public().ID()), []byte(k.Public().ID())))
	if err != nil {
		t.Fatal(err)
	}
	otherType := e
	otherType.payloadType = "application/x"
	for _, c := range []struct {
		name        string
		e           Envelope
		payloadType string
		trusted     []Public
		want        error
	}{
		{"no key", e, testType, nil, ErrUntrusted},
		{"zero key", Envelope{payloadType: testType}, testType, []Public{{}}, ErrUntrusted},
		{"another key", e, testType, []Public{other.Public()}, ErrUntrusted},
		{"another key under this id", posing, testType, []Public{k.Public(), other.Public()}, ErrSignature},
		{"another type wanted", e, "application/x", []Public{k.Public()}, ErrMalformed},
		{"another type claimed", otherType, "application/x", []Public{k.Public()}, ErrSignature},
		{"payload changed", changed, testType, []Public{k.Public()}, ErrSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := c.e.Open(c.payloadType, c.trusted...); !errors.Is(err, c.want) || got != nil {
				t.Errorf("opened %q, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	k := edKey(t, 1)
	good := string(sealed(t, k, `{"a":1}`))
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	payload := base64.StdEncoding.EncodeToString([]byte(`{"a":1}`))
	sigs := good[strings.Index(good, `[{"sig"`)+1 : strings.Index(good, `]}`)]
	for name, file := range map[string]string{
		"nothing":             "",
		"null":                "null",
		"a list":              "[]",
		"truncated":           good[:len(good)-1],
		"more after it":       good + "{}",
		"huge":                good[:len(good)-1] + strings.Repeat(" ", MaxFile) + "}",
		"another media type":  swap("v0.3", "v0.2"),
		"no signature":        swap(sigs, ""),
		"two signatures":      swap(sigs, sigs+","+sigs),
		"hint is not key id":  swap(`"hint":"SHA256`, `"hint":"SHA257`),
		"no key id":           strings.ReplaceAll(good, k.Public().ID(), ""),
		"unknown key":         swap(`{"mediaType"`, `{"more":1,"mediaType"`),
		"certificate":         swap(`"publicKey"`, `"certificate"`),
		"key twice":           swap(`"payloadType"`, `"payload":"e30=","payloadType"`),
		"wrong case":          swap(`"payloadType"`, `"PayloadType"`),
		"no payload":          swap(payload, ""),
		"URL-safe base64":     swap(`"sig":"`, `"sig":"_-`),
		"base64, line end":    swap(payload, payload[:4]+`\n`+payload[4:]),
		"base64, no padding":  swap(payload, strings.TrimRight(payload, "=")),
		"base64, stray bits":  swap("fQ==", "fR=="),
		"base64, white space": swap(payload, payload[:4]+" "+payload[4:]),
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := Read([]byte(file)); !errors.Is(err, ErrMalformed) {
				t.Errorf("read %+v, %v", e, err)
			}
		})
	}
}

// Another layout of the same file is the same document: that is why its identity is the digest of the payload.
func TestWrappingIsNotIdentity(t *testing.T) {
	k := edKey(t, 1)
	file := sealed(t, k, `{"a":1}`)
	spaced := bytes.ReplaceAll(file, []byte(`,"`), []byte(", \n\""))
	if got, err := open(spaced, k.Public()); err != nil || string(got) != `{"a":1}` {
		t.Fatalf("opened %q, %v", got, err)
	}
	a, _ := Read(file)
	b, _ := Read(spaced)
	if a.PayloadDigest() != b.PayloadDigest() {
		t.Error("the digest of the payload changed with the layout")
	}
}

func TestSealRefuses(t *testing.T) {
	k := edKey(t, 1)
	for _, c := range []struct {
		name        string
		k           Key
		payloadType string
		payload     []byte
	}{
		{"no key", Key{}, testType, []byte("{}")},
		{"no type", k, "", []byte("{}")},
		{"no payload", k, testType, nil},
		{"too large", k, testType, make([]byte, MaxFile)},
	} {
		if file, err := Seal(c.k, c.payloadType, c.payload); err == nil {
			t.Errorf("%s: sealed to %d bytes", c.name, len(file))
		}
	}
}

func ExampleSeal() {
	key, _ := NewKey(bytes.NewReader(make([]byte, 32)))
	file, _ := Seal(key, InToto, []byte("{}"))
	envelope, _ := Read(file)
	payload, err := envelope.Open(InToto, key.Public())
	fmt.Println(string(payload), err)
	// Output: {} <nil>
}
