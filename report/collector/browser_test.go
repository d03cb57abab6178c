package collector

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "folder to leave pictures of the pages in") // read only

// The pages in a real browser, on a phone and on a desk, from the left and from the right: nothing sticks out, everything has a name, and nothing runs.
func TestPagesInBrowser(t *testing.T) {
	d := newDesk(t).serve(t)
	p := d.admin(t)
	bad := d.peopled(t)
	base, _ := url.Parse(d.web.URL)
	cookie := p.Jar.Cookies(base)[0]
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)...)
	defer cancel()
	for _, c := range []struct {
		lang  string
		width int64
	}{{"en", 360}, {"en", 1280}, {"ar", 360}, {"ar", 1280}, {"fr", 360}} {
		lang, width := c.lang, c.width
		tab, done := chromedp.NewContext(ctx)
		defer done()
		if err := chromedp.Run(tab, chromedp.EmulateViewport(width, 800),
			network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}),
			network.SetCookie(cookie.Name, cookie.Value).WithURL(d.web.URL)); err != nil {
			t.Fatal(err)
		}
		for name, path := range map[string]string{"hires": "/hires", "report": "/hires/" + bad.id, "send": "/hires/" + bad.id + "/send",
			"invite": "/invite", "account": "/account", "landing": d.Link(bad.id), "missing": "/nothing"} {
			var wide float64
			var nameless, blocked int
			var picture []byte
			err := chromedp.Run(tab, chromedp.Navigate(d.web.URL+path),
				chromedp.Evaluate(`document.querySelectorAll(".page-landing details").forEach(d => d.open = true)`, nil),
				chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &wide),
				chromedp.Evaluate(`[...document.querySelectorAll("input:not([type=hidden]),select,textarea")].filter(e => !e.labels.length).length
					+ [...document.querySelectorAll("a,button,summary")].filter(e => !e.textContent.trim()).length
					+ [...document.querySelectorAll("table")].filter(e => !e.caption && !e.closest("[aria-labelledby]")).length
					+ Number(document.querySelectorAll("main").length != 1) + Number(!document.documentElement.lang)`, &nameless),
				chromedp.Evaluate(`document.querySelectorAll("script,[style],[onclick],style").length`, &blocked),
				chromedp.FullScreenshot(&picture, 100))
			if err != nil {
				t.Fatalf("%s in %s at %d: %v", path, lang, width, err)
			}
			if wide > 0 || nameless > 0 || blocked > 0 {
				t.Errorf("%s in %s at %d px: %v px too wide, %d parts without a name, %d that the policy blocks", name, lang, width, wide, nameless, blocked)
			}
			if *shots != "" {
				if err := os.WriteFile(filepath.Join(*shots, fmt.Sprintf("%s-%s-%d.png", name, lang, width)), picture, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// peopled fills the list with hires in every state, and gives one whose report is not ready.
func (d *desk) peopled(t *testing.T) hire {
	t.Helper()
	d.hire(t, "Ivy Adebayo")
	opened := d.hire(t, "Søren Kjær")
	if _, err := d.byLink(t.Context(), d.linkSecret(opened.id)); err != nil {
		t.Fatal(err)
	}
	d.hire(t, "Maximiliana Wolfeschlegelsteinhausen-Bergerdorff").enrol(t).begin(t)
	d.clock.pass(3 * time.Minute)
	for _, name := range []string{"Zoe Okafor", "Liam Chen"} {
		d.hire(t, name).enrol(t).run(t, 0.04)
	}
	bad := d.hire(t, "José Núñez").enrol(t)
	bad.begin(t)
	bad.run(t, 0.31)
	gone := d.hire(t, "Ken Walker")
	if err := d.Revoke(t.Context(), gone.id); err != nil {
		t.Fatal(err)
	}
	d.clock.pass(12 * time.Minute)
	return bad
}
