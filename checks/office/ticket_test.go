package office

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTicket(t *testing.T) {
	secret, now := someSecret(), time.Unix(1_800_000_000, 0)
	caps := Caps{Bytes: 1 << 40, Seconds: 77}
	token := secret.Issue("run-é", now.Add(time.Minute), caps)
	c, err := secret.Check(token, now)
	if err != nil || c.Run != "run-é" || !c.Until.Equal(now.Add(time.Minute)) || c.Caps != caps || c.ID == "" {
		t.Errorf("%+v, %v", c, err)
	}
	flip := func(i int) string {
		b, _ := base64.RawURLEncoding.DecodeString(token)
		b[(i+len(b))%len(b)] ^= 1
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for name, one := range map[string]struct {
		token string
		at    time.Time
		want  error
	}{
		"expired":         {token, now.Add(time.Minute), ErrExpired},
		"long expired":    {token, now.Add(1000 * time.Hour), ErrExpired},
		"empty":           {"", now, ErrForged},
		"short":           {token[:20], now, ErrForged},
		"long":            {strings.Repeat(token, 9), now, ErrForged},
		"no base64":       {"!" + token[1:], now, ErrForged},
		"a line end":      {token[:9] + "\n" + token[9:], now, ErrForged},
		"padded":          {token + "=", now, ErrForged},
		"other version":   {flip(0), now, ErrForged},
		"other expiry":    {flip(8), now, ErrForged},
		"other caps":      {flip(16), now, ErrForged},
		"other run":       {flip(22), now, ErrForged},
		"other signature": {flip(-1), now, ErrForged},
		"other secret":    {someSecret().Issue("run", now.Add(time.Minute), caps), now, ErrForged},
		"no secret":       {Secret{}.Issue("run", now.Add(time.Minute), caps), now, ErrForged},
	} {
		if _, err := secret.Check(one.token, one.at); !errors.Is(err, one.want) {
			t.Errorf("%s: %v, want %v", name, err, one.want)
		}
	}
	if _, err := (Secret{}).Check(Secret{}.Issue("run", now.Add(time.Minute), caps), now); !errors.Is(err, ErrForged) {
		t.Errorf("without a secret: %v", err)
	}
	if n := len(secret.Issue(strings.Repeat("x", 1000), now, caps)); n > maxToken {
		t.Errorf("a token of %d bytes", n)
	}
}

func FuzzTicket(f *testing.F) {
	secret, now := Secret(strings.Repeat("k", 32)), time.Unix(1_800_000_000, 0)
	good := secret.Issue("run", now.Add(time.Minute), DefaultCaps())
	for _, seed := range []string{good, good[1:], "", "AA", strings.Repeat("A", 80)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := secret.Check(token, now)
		if err == nil && secret.Issue(c.Run, c.Until, c.Caps) != token {
			t.Errorf("%q was taken", token)
		}
	})
}

// someSecret makes one; the collector's lies in its data folder.
func someSecret() Secret {
	s := make(Secret, secretSize)
	_, _ = rand.Read(s) // never fails: crypto/rand ends the program instead
	return s
}
