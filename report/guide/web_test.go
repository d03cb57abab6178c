package guide

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"deskready/checks/words"
	"deskready/report/render"
)

// A page is packed for who can unpack it, and is the same page for who cannot.
func TestPacked(t *testing.T) {
	g := serve(t, hurried(), nil)
	v := visit(t, g)
	plain := func(accepts string) (packed bool, page string) {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, v.home, http.NoBody)
		r.Header.Set("Accept-Encoding", accepts) // set by hand, it is not unpacked behind our back
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body := io.Reader(answer.Body)
		if packed = answer.Header.Get("Content-Encoding") == "gzip"; packed {
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		data, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return packed, string(data)
	}
	is, small := plain("br, gzip")
	not, large := plain("identity")
	if !is || not || small != large || len(large) < 500 {
		t.Errorf("packed %v and %v; %d and %d bytes", is, not, len(small), len(large))
	}
}

// Between words that run from the right, a date keeps its order.
func TestIsolated(t *testing.T) {
	for lang, dir := range map[string]string{"ar": "rtl", "en": "ltr"} {
		b, err := words.Open(lang, Words(), render.Words())
		if err != nil {
			t.Fatal(err)
		}
		text := page{Book: b, Dir: dir}.T("sign.date", "date", "2026-11-28")
		if apart := strings.Contains(text, "\u20682026-11-28\u2069"); apart != (dir == "rtl") || !strings.Contains(text, "2026-11-28") {
			t.Errorf("%s: %q", lang, text)
		}
	}
}
