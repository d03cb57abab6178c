package report

import (
	"bytes"
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"deskready/checks"
	"deskready/report/strict"
)

func exampleFor(t testing.TB, roles ...string) Policy {
	t.Helper()
	p, err := ParsePolicy(example(t), catalogue(), roles...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func compiledBytes(t testing.TB, p Policy) []byte {
	t.Helper()
	data, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCompileRoundTrip(t *testing.T) {
	for _, roles := range [][]string{nil, {"deaf"}, {"strict", "lax"}} {
		p := exampleFor(t, roles...)
		data := compiledBytes(t, p)
		back, err := DecodePolicy(data)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, p) {
			t.Errorf("%v came back as\n%+v, was\n%+v", roles, back, p)
		}
		if again := compiledBytes(t, back); !bytes.Equal(again, data) {
			t.Errorf("compiled twice:\n%s\n%s", data, again)
		}
	}
}

// TestCompiledStays holds the bytes, and so the digest, of a policy: reports and invites name policies by it. A change
// here is a change of format.
func TestCompiledStays(t *testing.T) {
	want, err := os.ReadFile("testdata/example.deaf.json")
	if err != nil {
		t.Fatal(err)
	}
	got := compiledBytes(t, exampleFor(t, "deaf"))
	if !bytes.Equal(got, bytes.TrimSpace(want)) {
		t.Errorf("got\n%s", got)
	}
	const digest = "sha256:1c3519584ccfa3553643bab85866145f3752e571f441b6ebe5951ee713acae7c"
	if Digest(got) != digest {
		t.Errorf("digest %s, want %s", Digest(got), digest)
	}
}

func TestDigest(t *testing.T) {
	// FIPS 180-2, appendix B.1
	if got, want := Digest([]byte("abc")), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCompileRefuses(t *testing.T) {
	long := Policy{Name: "long", Title: strings.Repeat("x", MaxPolicy)}
	if _, err := long.Compile(); err == nil || !strings.Contains(err.Error(), "65536 allowed") {
		t.Errorf("%v, want too large", err)
	}
	odd := Policy{Name: "odd", Rules: []Rule{rule(down, least(math.NaN()), Bound{})}}
	if _, err := odd.Compile(); err == nil {
		t.Error("a bound that is no number was compiled")
	}
}

func TestDecodePolicyRefuses(t *testing.T) {
	one := func(rule string) string { return `{"version":1,"name":"a","rules":[` + rule + `]}` }
	for _, c := range []struct{ name, data, want string }{
		{"nothing", ``, "too early"},
		{"unknown key", `{"version":1,"name":"a","rules":[],"more":1}`, "more"},
		{"unknown key in a rule", one(`{"metric":"a.b","unit":"s","require":{"max":1},"level":"high"}`), "level"},
		{"unknown key in a bound", one(`{"metric":"a.b","unit":"s","require":{"maximum":1}}`), "maximum"},
		{"key twice", `{"version":1,"version":1,"name":"a","rules":[]}`, "twice"},
		{"wrong case", `{"Version":1,"name":"a","rules":[]}`, "Version"},
		{"version 0", `{"version":0,"name":"a","rules":[]}`, "version 0"},
		{"version 2", `{"version":2,"name":"a","rules":[]}`, "version 2"},
		{"no metric", one(`{"unit":"s","require":{"max":1}}`), "must be named"},
		{"no unit", one(`{"metric":"a.b","require":{"max":1}}`), "must be named"},
		{"no bound", one(`{"metric":"a.b","unit":"s"}`), "neither require nor prefer"},
		{"min above max", one(`{"metric":"a.b","unit":"s","require":{"min":2,"max":1}}`), "min 2 is above max 1"},
		{"texts of a number", one(`{"metric":"a.b","unit":"s","require":{"one_of":["x"]}}`), "go with texts"},
		{"number of a text", one(`{"metric":"a.b","unit":"text","prefer":{"max":1}}`), "this metric is a text"},
		{"no pattern", one(`{"metric":"a.b","unit":"text","prefer":{"none_of":["[x"]}}`), "no pattern"},
		{"no truth", one(`{"metric":"a.b","unit":"truth","require":{"min":2}}`), "between 0 and 1"},
		{"more after it", one(`{"metric":"a.b","unit":"s","require":{"max":1}}`) + "{}", "reading the compiled policy"},
		{"large", `{"version":1,"name":"a","title":"` + strings.Repeat("x", MaxPolicy) + `","rules":[]}`, "allowed"},
		{"deep", `{"version":1,"name":"a","rules":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, "deeper"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := DecodePolicy([]byte(c.data))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			var version *VersionError
			if strings.HasPrefix(c.name, "version") != errors.As(err, &version) {
				t.Errorf("%T", err)
			}
		})
	}
}

func TestTooLargeIsNamed(t *testing.T) {
	if _, err := DecodePolicy(bytes.Repeat([]byte(" "), MaxPolicy+1)); !errors.Is(err, strict.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

// TestUnknownUnitsAreKept holds that a policy of a later program, with a unit unknown here, is still read: what it says
// of that metric is unknown, and the rest is judged.
func TestUnknownUnitsAreKept(t *testing.T) {
	p, err := DecodePolicy([]byte(`{"version":1,"name":"a","rules":[{"metric":"a.b","unit":"lux","require":{"max":1}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for unit, want := range map[checks.Unit]Outcome{"lux": Pass, checks.Hertz: Unknown} {
		m := checks.Metric{ID: "a.b", Unit: unit}.Of("", 1)
		if got := p.Judge(brought(m))[0].Outcome; got != want {
			t.Errorf("measured in %s: %s, want %s", unit, got, want)
		}
	}
}

func FuzzDecodePolicy(f *testing.F) {
	f.Add(compiledBytes(f, exampleFor(f, "deaf")))
	f.Add(compiledBytes(f, exampleFor(f, "strict")))
	f.Add([]byte(`{"version":1,"name":"a","rules":[{"metric":"a.b","unit":"s","require":{"max":1e-9}}]}`))
	f.Add([]byte(`{"version":1,"name":"a","rules":[{"metric":"a.b","unit":"text","prefer":{"one_of":["[a-z]*"]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := DecodePolicy(data)
		if err != nil {
			return
		}
		for _, f := range p.Judge(nil) {
			if f.Outcome != Unknown {
				t.Errorf("nothing was measured, and %s is %s", f.Metric, f.Outcome)
			}
		}
		out, err := p.Compile()
		if err != nil {
			return // white space and escapes can make it longer
		}
		back, err := DecodePolicy(out)
		if err != nil {
			t.Fatalf("what was read is refused: %v\n%s", err, out)
		}
		if again := compiledBytes(t, back); !bytes.Equal(again, out) {
			t.Errorf("compiled twice:\n%s\n%s", out, again)
		}
	})
}
