package bandwidth

import (
	"slices"
	"strings"
	"testing"

	"deskready/checks/office"
	texts "deskready/checks/words"
)

// TestReads: the consent list names the far end that will be asked: the employer's own, with a ticket or with the
// office's address alone, which is all that is known before consent is given; and without either speedtest.net, which
// sees the hire's address.
func TestReads(t *testing.T) {
	employers := map[string]string{"en": "employer's server", "es": "servidor de su empleador"}
	address := map[string]string{"en": "internet address", "es": "dirección de internet"}
	for name, c := range map[string]struct {
		ticket *office.Ticket
		key    string
		public bool
	}{
		"a ticket":         {&office.Ticket{Base: "https://office.invalid", Token: "x"}, "bandwidth.reads.office", false},
		"no ticket yet":    {&office.Ticket{Base: "https://office.invalid"}, "bandwidth.reads.office", false},
		"no office at all": {nil, "bandwidth.reads.public", true},
	} {
		check := New(Options{Ticket: c.ticket})
		if !slices.Equal(check.Reads, []string{c.key}) {
			t.Errorf("%s: reads %v", name, check.Reads)
		}
		for lang, employer := range employers {
			book, err := texts.Open(lang, check.Words)
			if err != nil {
				t.Fatal(err)
			}
			text := book.Text(c.key)
			if strings.Contains(text, employer) == c.public || strings.Contains(text, "speedtest.net") != c.public {
				t.Errorf("%s, %s: names the wrong far end: %s", name, lang, text)
			}
			// speedtest.net gives the list of servers, and several of them are asked before one is chosen.
			several := map[string]string{"en": "speedtest.net and some of its servers", "es": "speedtest.net y algunos de sus servidores"}
			if c.public && !(strings.Contains(text, address[lang]) && strings.Contains(text, several[lang])) {
				t.Errorf("%s, %s: does not say who sees the address: %s", name, lang, text)
			}
		}
	}
}

// TestLowerBoundIsSaid: fewer than ten samples are all that marks a lower bound in a figure, so the words must tell.
func TestLowerBoundIsSaid(t *testing.T) {
	check := New(Options{})
	for lang, least := range map[string]string{"en": "\"at least this much\"", "es": "«al menos esto»"} {
		book, err := texts.Open(lang, check.Words)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []string{download.ID, upload.ID} {
			if text := book.Text(m + ".help"); !strings.Contains(text, least) {
				t.Errorf("%s, %s: does not say that the figure may be a lower bound: %s", lang, m, text)
			}
		}
	}
}
