package guide

import (
	"strings"
	"testing"

	"deskready/report"
)

// TestKeptUntil: before anything is read, and at the end, the person reads until when the employer keeps the report; and
// nothing of it where nobody keeps anything.
func TestKeptUntil(t *testing.T) {
	sent := true
	for _, c := range []struct{ employer, keeps, consent, done string }{
		{"Acme", "2027-11-28", "If you send your report today, Acme keeps it until 2027-11-28. Then it is erased.", "Acme keeps your report until 2027-11-28. Then it is erased."},
		{"Acme", "", "Acme has not said how long it keeps your report.", "Acme confirmed it"},
		{"", "", "Nothing else is read.", "It was sent to nobody."},
	} {
		g := serve(t, hurried(), nil)
		go func() {
			_, _ = g.Consent(t.Context(), Request{Employer: c.employer, Keeps: c.keeps, List: []Concern{{Check: "system"}}}) // seen below
			_, _ = g.End(t.Context(), Ending{Verdict: report.Ready, Employer: c.employer, Keeps: c.keeps, Signed: true, Delivered: &sent})
		}()
		v := visit(t, g)
		v.until("consent")
		v.wants(c.consent)
		if c.employer == "" {
			if strings.Contains(v.body, "erased") {
				t.Errorf("nobody keeps anything: %s", v.body)
			}
		}
		v.answer("do", "agree")
		v.until("done")
		v.wants(c.done)
		if c.keeps == "" {
			if strings.Contains(v.body, "erased") {
				t.Errorf("no date was promised: %s", v.body)
			}
		}
		v.answer("do", "close")
	}
}
