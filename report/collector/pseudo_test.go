package collector

import (
	"regexp"
	"testing"
	"testing/fstest"

	"deskready/checks/words"
	"deskready/checks/words/wordstest"
	"deskready/report/render"
)

// All that the pages say comes from the book, or is a name, a figure or a thing to type.
func TestNothingIsWrittenIntoThePages(t *testing.T) {
	d := newDesk(t)
	checks := fstest.MapFS{"en.json": {Data: []byte(`{"call.title":"Test call","call.rtt.title":"Delay of the line",
		"call.rtt.help":"How long sound takes.","call.rtt.remedy":"Use a network cable.","call.mos.title":"Call quality"}`)}}
	pseudo := wordstest.Pseudo(t, Words(), render.Words(), checks)
	d.server.Book = func(string) words.Book { return pseudo }
	d.serve(t)
	p, stranger := d.admin(t), d.person(t)
	bad := d.peopled(t)
	opened := d.hire(t, "Nuria")
	token, err := d.AdminLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known := append([]string{d.server.PublicURL, bad.id, opened.id, d.Link(opened.id)}, universal...)
	version := regexp.MustCompile(`[vṽ][0-9a-f]{8}`)    // of a policy: the head of its digest
	code := regexp.MustCompile(`(?s)<code\b.*?</code>`) // digests, keys and commands
	type visit struct {
		by   person
		path string
	}
	speaks := func(c visit) {
		got := c.by.get(t, c.path)
		page := version.ReplaceAllString(code.ReplaceAllString(got.body, ""), "")
		if found := wordstest.Strangers(wordstest.Visible(page), known...); len(found) > 0 {
			t.Errorf("%s (%d) says %q, which no book does", c.path, got.status, found)
		}
	}
	for _, c := range []visit{
		{stranger, "/login"}, {stranger, WelcomePath(token)}, {stranger, d.Link(opened.id)}, {stranger, "/i/AAAAAAAAAAAAAAAAAAAAAA"},
		{p, "/hires"}, {p, "/hires?q=nobody"}, {p, "/hires/" + bad.id}, {p, "/hires/" + opened.id}, {p, "/hires/" + opened.id + "/send"},
		{p, "/invite"}, {p, "/account"}, {p, "/nothing"},
	} {
		speaks(c)
	}
	d.server.Keep = 1
	gone := d.hire(t, "Nuria").enrol(t)
	known = append(known, gone.id)
	gone.run(t, 0.04)
	speaks(visit{p, "/hires/" + gone.id})
	d.clock.pass(DefaultTTL + day)
	d.erase(t, 2)
	p = d.admin(t) // a session does not last for so long
	for _, path := range []string{"/hires", "/hires/" + gone.id, "/hires/" + gone.id + "/reports/1", d.Link(gone.id)} {
		speaks(visit{p, path})
	}
}

// universal is what reads alike in every language: names, units, what is typed, and the ids of metrics and codes of
// answers.
var universal = []string{
	"Clear Voices Ltd Rosa Nuria Ivy Adebayo Søren Kjær José Núñez Zoe Okafor Liam Chen Ken Walker",
	"Maximiliana Wolfeschlegelsteinhausen-Bergerdorff Voice agents linux amd64",
	"Mbit/s ms s min UTC deskready verify check invite FILE json test voice nobody",
} // read only
