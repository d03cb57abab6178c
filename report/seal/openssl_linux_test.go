package seal

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The recipe with which anyone verifies a sealed file without this program. $R is the file, $K the public key.
const byHand = `set -eu
cd "$W"
t=$(jq -r .dsseEnvelope.payloadType "$R")
jq -r .dsseEnvelope.payload "$R" | base64 -d >p
jq -r '.dsseEnvelope.signatures[0].sig' "$R" | base64 -d >s
printf 'DSSEv1 %d %s %d ' ${#t} "$t" $(wc -c <p) >m
cat p >>m
case $(openssl pkey -pubin -in "$K" -noout -text) in
ED25519*) openssl pkeyutl -verify -pubin -inkey "$K" -rawin -in m -sigfile s ;;
*) openssl dgst -sha256 -verify "$K" -signature s m ;;
esac
`

func verifyByHand(t *testing.T, file []byte, p Public) (string, error) {
	t.Helper()
	w := t.TempDir()
	r, k := filepath.Join(w, "R"), filepath.Join(w, "K.pub")
	if err := os.WriteFile(r, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(k, []byte(p.PEM()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", byHand)
	cmd.Env = append(os.Environ(), "W="+w, "R="+r, "K="+k)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestByHand(t *testing.T) {
	for name, k := range map[string]Key{"ed25519": edKey(t, 1), "p256": p256Key(t)} {
		t.Run(name, func(t *testing.T) {
			file := sealed(t, k, `{"a":1}`)
			if out, err := verifyByHand(t, file, k.Public()); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			// {"a":1} and {"a":2} in base64
			changed := bytes.Replace(file, []byte("eyJhIjoxfQ=="), []byte("eyJhIjoyfQ=="), 1)
			if out, err := verifyByHand(t, changed, k.Public()); err == nil {
				t.Errorf("changed, and still: %s", out)
			}
			if out, err := verifyByHand(t, file, edKey(t, 2).Public()); err == nil {
				t.Errorf("another key, and still: %s", out)
			}
		})
	}
}

// Keys made by openssl load, and what openssl signs opens.
func TestOpenSSLSigns(t *testing.T) {
	for name, algorithm := range map[string]string{
		"ed25519": "openssl genpkey -algorithm ED25519 -out k",
		"p256":    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k",
	} {
		t.Run(name, func(t *testing.T) {
			w := t.TempDir()
			run := func(script string) {
				t.Helper()
				cmd := exec.CommandContext(t.Context(), "sh", "-euc", "umask 077; "+script)
				cmd.Dir = w
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			run(algorithm + "; openssl pkey -in k -pubout -out k.pub")
			k, err := LoadKey(filepath.Join(w, "k"))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(w, "k.pub"))
			if err != nil {
				t.Fatal(err)
			}
			p, err := ParsePublic(text)
			if err != nil || !p.Equal(k.Public()) || p.PEM() != string(text) {
				t.Fatalf("%v: openssl has\n%s, we have\n%s", err, text, p.PEM())
			}
			if err := os.WriteFile(filepath.Join(w, "m"), pae(testType, []byte("{}")), 0o600); err != nil {
				t.Fatal(err)
			}
			if name == "ed25519" {
				run("openssl pkeyutl -sign -inkey k -rawin -in m -out s")
			} else {
				run("openssl dgst -sha256 -sign k -out s m")
			}
			sig, err := os.ReadFile(filepath.Join(w, "s"))
			if err != nil {
				t.Fatal(err)
			}
			e := Envelope{keyID: p.ID(), payloadType: testType, payload: []byte("{}"), sig: sig}
			if got, err := e.Open(testType, p); err != nil || string(got) != "{}" {
				t.Errorf("opened %q, %v", got, err)
			}
		})
	}
}
