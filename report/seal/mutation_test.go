package seal

import (
	"testing"

	"deskready/report/seal/sealtest"
)

// Nothing that was altered opens. Both matrices together are held to at least ten thousand mutants.
func TestNoMutantOpens(t *testing.T) {
	mutants := 0
	for name, k := range map[string]Key{"ed25519": edKey(t, 1), "p256": p256Key(t)} {
		file := sealed(t, k, `{"version":1,"verdict":"ready","figures":[1,2,3],"text":"the same bytes, or nothing at all"}`)
		if _, err := open(file, k.Public()); err != nil {
			t.Fatalf("%s: the original does not open: %v", name, err)
		}
		for what, mutant := range sealtest.Bytes(file) {
			mutants++
			if payload, err := open(mutant, k.Public()); err == nil {
				t.Errorf("%s, %s: opened to %q", name, what, payload)
			}
		}
		for what, mutant := range sealtest.Fields(file) {
			mutants++
			if payload, err := open(mutant, k.Public()); err == nil {
				t.Errorf("%s, %s: opened to %q", name, what, payload)
			}
		}
	}
	t.Logf("%d mutants, none opened", mutants)
	if mutants < 10000 {
		t.Errorf("%d mutants, 10000 promised", mutants)
	}
}
