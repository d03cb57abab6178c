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

func TestWritten(t *testing.T) {
	script := "// not this one\nconst key = text('all.good');\n" + `
		row.textContent = text(all ? 'all_good' : 'some_bad');
		row.textContent = text(` + "`state.${state === 'good' ? state : 'other'}`" + `);
		row.querySelector('#main h1').textContent = '';
		e.setAttribute('aria-label', text('level'));
		list.append(...steps.map((name) => make('li', { class: 'dr-step' }, ' ')));
		b.className = ` + "`row ${state}`" + `;`
	if got := Written(script); len(got) > 0 {
		t.Errorf("%q", got)
	}
	for _, bad := range []string{
		`row.textContent = 'Start';`, "row.textContent = `${n} left`;", `e.setAttribute('aria-label', 'Level');`, `make('b', {}, 'Go');`, `list.append("Done");`,
		`throw new Error('please try again');`, `e.innerHTML = x;`, `confirm(x);`, `img.alt = "Picture";`,
	} {
		if got := Written(bad); len(got) == 0 {
			t.Errorf("%s goes unseen", bad)
		}
	}
}
