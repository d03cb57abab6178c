package seal

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// peer is a key in the shape that the other implementation of DSSE wants it.
type peer struct {
	key Key
}

func (p peer) Sign(_ context.Context, data []byte) ([]byte, error) { return p.key.sign(data) }
func (p peer) KeyID() (string, error)                              { return p.key.Public().ID(), nil }
func (p peer) Public() crypto.PublicKey                            { return p.key.Public().key }

// Verify is written anew here, from the standard library alone, so that the two sides share no code.
func (p peer) Verify(_ context.Context, data, sig []byte) error {
	good := false
	switch k := p.Public().(type) {
	case ed25519.PublicKey:
		good = ed25519.Verify(k, data, sig)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(data)
		good = ecdsa.VerifyASN1(k, sum[:], sig)
	}
	if !good {
		return errors.New("no")
	}
	return nil
}

// Our envelopes verify with go-securesystemslib, and its envelopes open with ours.
func TestPeer(t *testing.T) {
	payload := `{"_type":"https://in-toto.io/Statement/v1","text":"ünïcode"}`
	for name, k := range map[string]Key{"ed25519": edKey(t, 1), "p256": p256Key(t)} {
		t.Run(name, func(t *testing.T) {
			var file struct {
				Envelope dsse.Envelope `json:"dsseEnvelope"`
			}
			if err := json.Unmarshal(sealed(t, k, payload), &file); err != nil {
				t.Fatal(err)
			}
			verifier, err := dsse.NewEnvelopeVerifier(peer{k})
			if err != nil {
				t.Fatal(err)
			}
			keys, body, err := verifier.VerifyAndDecode(t.Context(), &file.Envelope)
			if err != nil || len(keys) != 1 || string(body) != payload {
				t.Fatalf("the peer read %q by %d keys, %v", body, len(keys), err)
			}
			// The key id must be the one the peer computes by itself: others it does not match with the key.
			if own, err := dsse.SHA256KeyID(k.Public().key); err != nil || own != keys[0].KeyID {
				t.Errorf("key id %s, the peer computes %s, %v", keys[0].KeyID, own, err)
			}

			signer, err := dsse.NewEnvelopeSigner(peer{k})
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := signer.SignPayload(t.Context(), testType, []byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			wrapped, err := json.Marshal(map[string]any{
				"mediaType":            MediaType,
				"verificationMaterial": map[string]any{"publicKey": map[string]any{"hint": k.Public().ID()}},
				"dsseEnvelope":         theirs,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := open(wrapped, k.Public()); err != nil || string(got) != payload {
				t.Errorf("opened %q, %v", got, err)
			}
		})
	}
}

// FuzzPAE holds the encoding against the peer's, and reads it back: what can be read back in one way is injective.
func FuzzPAE(f *testing.F) {
	f.Add("http://example.com/HelloWorld", []byte("hello world"))
	f.Add("", []byte{})
	f.Add("1 a 1", []byte(" 1 "))
	f.Fuzz(func(t *testing.T, payloadType string, payload []byte) {
		got := pae(payloadType, payload)
		if want := dsse.PAE(payloadType, payload); string(got) != string(want) {
			t.Fatalf("%q, the peer gives %q", got, want)
		}
		backType, back, ok := unPAE(got)
		if !ok || backType != payloadType || string(back) != string(payload) {
			t.Fatalf("%q reads back as %q and %q", got, backType, back)
		}
	})
}

func unPAE(encoded []byte) (payloadType string, payload []byte, ok bool) {
	rest := string(encoded)
	field := func() (length int) {
		for len(rest) > 0 && rest[0] != ' ' {
			length = length*10 + int(rest[0]-'0')
			rest = rest[1:]
		}
		rest = rest[1:]
		return length
	}
	if len(rest) < 7 || rest[:7] != "DSSEv1 " {
		return "", nil, false
	}
	rest = rest[7:]
	n := field()
	payloadType, rest = rest[:n], rest[n+1:]
	n = field()
	return payloadType, []byte(rest), n == len(rest)
}

// FuzzRead: whatever is read is refused or holds together, and nothing opens that the key did not sign.
func FuzzRead(f *testing.F) {
	k := edKey(f, 1)
	good := sealed(f, k, `{"a":1}`)
	f.Add(good)
	f.Add([]byte(`{"mediaType":"` + MediaType + `"}`))
	f.Add([]byte(`null`))
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, file []byte) {
		e, err := Read(file)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		if e.KeyID() == "" || e.PayloadType() == "" || len(e.Unverified()) == 0 {
			t.Fatalf("read an envelope with parts missing: %+v", e)
		}
		if payload, err := e.Open(testType, k.Public()); err == nil && string(payload) != `{"a":1}` {
			t.Fatalf("opened %q, which was never signed", payload)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	k := edKey(b, 1)
	payload := make([]byte, 12<<10)
	for i := range payload {
		payload[i] = 'a' + byte(i%26)
	}
	file := sealed(b, k, string(payload))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, err := open(file, k.Public()); err != nil {
			b.Fatal(err)
		}
	}
}
