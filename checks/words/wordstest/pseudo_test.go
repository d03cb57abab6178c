package wordstest

import (
	"slices"
	"testing"
	"testing/fstest"
)

func TestPseudo(t *testing.T) {
	b := Pseudo(t, fstest.MapFS{"en.json": {Data: []byte(`{"a":"Test {name} again","unit.decimal":".","empty":""}`)}})
	if got, want := b.Text("a", "name", "Ana"), "⟦Ťéśť Ana áğáíń ~~~⟧"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := b.Text("empty"); got != "" {
		t.Errorf("nothing is %q", got)
	}
	if got := b.Text("unit.decimal"); got != "." {
		t.Errorf("the decimal mark is %q", got)
	}
	if got := Strangers(b.Text("a", "name", "Ana")); !slices.Equal(got, []string{"Ana"}) {
		t.Errorf("%q", got)
	}
}

func TestVisible(t *testing.T) {
	page := `<style>.ink{}</style><p class="ink" aria-label="said">seen <b>more</b> 3 Mbit/s &lt;odd&gt;</p><img alt="told"><!-- not -->`
	if got := Strangers(Visible(page), "Mbit/s"); !slices.Equal(got, []string{"said", "told", "seen", "more", "odd"}) {
		t.Errorf("%q", got)
	}
	if got := Strings(t, []byte(`{"key":["a",{"b":"c"}]}`)); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("%q", got)
	}
}
