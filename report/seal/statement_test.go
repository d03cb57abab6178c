package seal

import (
	"errors"
	"strings"
	"testing"
)

func TestStatement(t *testing.T) {
	digest := strings.Repeat("0a", 32)
	s := Statement{
		Subject:       []Subject{{Name: "invite", Digest: map[string]string{"sha256": digest}}},
		PredicateType: "https://deskready.example/test/v0",
		Predicate:     []byte(`{"n":0.1}`),
	}
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"invite","digest":{"sha256":"` + digest +
		`"}}],"predicateType":"https://deskready.example/test/v0","predicate":{"n":0.1}}`
	if string(data) != want {
		t.Errorf("encoded %s, want %s", data, want)
	}
	back, err := DecodeStatement(data)
	if err != nil || string(back.Predicate) != `{"n":0.1}` || back.Subject[0].Digest["sha256"] != digest {
		t.Errorf("decoded %+v, %v", back, err)
	}
	for name, change := range map[string][2]string{
		"another type":         {"Statement/v1", "Statement/v0.1"},
		"no subject":           {`"subject":[{"name":"invite","digest":{"sha256":"` + digest + `"}}]`, `"subject":[]`},
		"another digest":       {`"sha256"`, `"sha512"`},
		"a digest more":        {`"sha256"`, `"sha1":"00","sha256"`},
		"short digest":         {digest, "0a"},
		"no predicate type":    {"https://deskready.example/test/v0", ""},
		"predicate is a list":  {`{"n":0.1}`, `[]`},
		"predicate twice":      {`"predicate":`, `"predicate":{},"predicate":`},
		"twice in the subject": {`"name":"invite"`, `"name":"invite","name":"policy"`},
		"twice, deep inside":   {`{"n":0.1}`, `{"n":0.1,"n":0.2}`},
		"unknown key":          {`"_type"`, `"more":1,"_type"`},
		"no predicate":         {`,"predicate":{"n":0.1}`, ``},
	} {
		bad := strings.Replace(string(data), change[0], change[1], 1)
		if bad == string(data) {
			t.Fatalf("%s: nothing changed", name)
		}
		if got, err := DecodeStatement([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: decoded %+v, %v", name, got, err)
		}
	}
}
