package guide

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
)

var shots = flag.String("shots", "", "folder to leave pictures of the pages in") // read only

// pseudo are the texts in a language that nobody speaks: marked, half as long again, and read from right to left.
func pseudo(t *testing.T, sources ...fs.FS) fs.FS {
	t.Helper()
	all := map[string]string{}
	for _, s := range sources {
		data, err := fs.ReadFile(s, "en.json")
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]string
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatal(err)
		}
		for key, text := range texts {
			all[key] = "⟦" + text + strings.Repeat("~", len(text)/2) + "⟧"
		}
	}
	all["page.dir"] = "rtl"
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{"en.json": {Data: data}}
}

// steps are all the pages, each put by a function that waits for its answer.
func steps(t *testing.T, g *Guide) map[string]func(context.Context) {
	t.Helper()
	long := "Wolfeschlegelsteinhausenbergerdorff Customer Experience"
	watch := func() {
		g.Watch([]Stage{
			{Check: "system", Typical: time.Second}, {Check: "audio", Metrics: []checks.Metric{{ID: "audio.level", Unit: checks.DBov}}, Typical: time.Minute},
			{Check: "bandwidth", Metrics: []checks.Metric{{ID: "bandwidth.download", Unit: checks.BitsPerSecond}}, Typical: time.Minute},
		})
		g.Tell(checks.Event{Check: "system", Ended: true})
		g.Tell(checks.Event{Check: "audio", Step: "guide.question.time", Done: .4, Left: 40 * time.Second, Metric: "audio.level", Value: -24})
		g.Tell(checks.Event{Check: "bandwidth", Step: "guide.running.hint", Done: .4, Left: 40 * time.Second, Metric: "bandwidth.download", Value: 48e6})
	}
	o := outcome("audio")
	o.Employer, o.Confirm = long, func(b words.Book) string { return b.Text("guide.sign.lead") }
	return map[string]func(context.Context){
		"welcome": func(ctx context.Context) {
			_, _ = g.Welcome(ctx, About{Employer: long, Person: long, Minutes: 2, Megabytes: 130, LowMegabytes: 6, Begun: "2026-11-28 10:00",
				Until: "2026-12-01", Trouble: Trouble{Code: "expired", What: hostile}})
		},
		"consent": func(ctx context.Context) {
			_, _ = g.Consent(ctx, Request{Employer: long, Keeps: "2027-11-28", List: consents(t)})
		},
		"busy":    func(context.Context) { g.Busy("connecting", "employer", long) },
		"running": func(context.Context) { watch() },
		"question": func(ctx context.Context) {
			_, _ = g.Ask(ctx, checks.Question{Key: "workspace.quiet_room.question",
				Choices: []string{"workspace.yes", "workspace.no", "workspace.declined"}})
		},
		"result": func(ctx context.Context) { _, _ = g.Decide(ctx, o) },
		"sign":   func(ctx context.Context) { _, _ = g.Decide(ctx, o) },
		"done": func(ctx context.Context) {
			_, _ = g.End(ctx, Ending{Verdict: report.Ready, Employer: long, Signed: true, Files: []File{{Name: "page", Path: strings.Repeat("long", 30)}}})
		},
		"panel": func(ctx context.Context) {
			_, _ = g.Ask(ctx, checks.Question{Key: "browser.ask.page", Panel: "browser"})
		},
		"closed": func(context.Context) { g.show(&turn{page: "closed"}) },
		"fault":  func(ctx context.Context) { _ = g.Fail(ctx, Trouble{Code: "busy", What: hostile, Hint: hostile}) },
	}
}

// consents are all that the checks read.
func consents(t *testing.T) []Concern {
	t.Helper()
	var list []Concern
	for _, source := range everyWord(t)[2:] {
		var c Concern
		for key := range textsIn(t, source, "en") {
			if check, reads, is := strings.Cut(key, ".reads."); is && reads != "" {
				c.Check, c.Reads = check, append(c.Reads, key)
			}
		}
		slices.Sort(c.Reads)
		if c.Check != "" {
			list = append(list, c)
		}
	}
	return list
}

// unmarked is the text of the page that came from no book: names, numbers and what is for machines are marked as such.
const unmarked = `(() => {
	const out = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; (n = walk.nextNode());) {
		const text = n.textContent.replace(/⟦[^⟧]*⟧/g, "").trim();
		if (text && /\p{L}/u.test(text) && !n.parentElement.closest("bdi,code,pre,select,noscript,svg,.mark,dd,.report,.concern legend,.concern label,.row h2,.again,.figure,#status")) out.push(text);
	}
	return out.filter(t => !/^deskready( test)?$/.test(t));
})()`

// Every page in a real browser, in the longest texts there could be and from right to left: nothing sticks out at any
// width, nothing is said that is in no book, and what can be pressed is large enough to hit.
func TestPagesInBrowser(t *testing.T) {
	longest := pseudo(t, everyWord(t)...)
	p := hurried()
	p.Decision, p.Answer, p.Panel, p.Farewell, p.Gone = time.Minute, time.Minute, time.Minute, time.Minute, time.Minute
	g := serve(t, p, map[string]http.Handler{"browser": http.NotFoundHandler()})
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	looked := 0
	for _, s := range screens() {
		book, err := words.Open(s.lang, everyWord(t)...)
		if s.marked() {
			book, err = words.Open("en", longest)
		}
		if err != nil {
			t.Fatal(err)
		}
		g.mu.Lock()
		g.book = book
		g.mu.Unlock()
		if err := chromedp.Run(ctx, chromedp.EmulateViewport(s.width, 900, chromedp.EmulateScale(s.scale)),
			emulation.SetEmulatedMedia().WithFeatures(s.media)); err != nil {
			t.Fatal(err)
		}
		for name, put := range steps(t, g) {
			if s.only != nil && !slices.Contains(s.only, name) {
				continue
			}
			stop := g.putFor(t, put)
			if err := chromedp.Run(ctx, chromedp.Navigate(g.Link()), chromedp.WaitReady("footer")); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if name == "sign" {
				if err := chromedp.Run(ctx, chromedp.Click(`a[href$=sign]`), chromedp.WaitVisible("#name"),
					chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil)); err != nil {
					t.Fatal(err)
				}
			}
			looked++
			look(t, ctx, name, s)
			if err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil { // a page that is open would follow
				t.Fatal(err)
			}
			stop()
		}
	}
	if looked != 4*11+8*4 {
		t.Errorf("%d pages", looked)
	}
}

// A screen is one way to look at the pages.
type screen struct {
	name  string
	width int64
	scale float64
	lang  string // empty: what nobody speaks
	only  []string
	media []*emulation.MediaFeature
}

// screens are the edges of what people have, and the languages whose words or letters are longest.
func screens() []screen {
	list := []screen{
		{name: "320", width: 320, scale: 1},
		{name: "1280-zoomed", width: 640, scale: 2, lang: "en"},
		{name: "1280-contrast", width: 1280, scale: 1, lang: "en", media: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}},
		{name: "3840-dark", width: 3840, scale: 1, media: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}},
	}
	for _, lang := range []string{"fr", "hi", "fil", "pt"} {
		for _, width := range []int64{320, 1280} {
			list = append(list, screen{name: fmt.Sprintf("%s-%d", lang, width), width: width, scale: 1, lang: lang, only: []string{"welcome", "consent", "question", "sign"}})
		}
	}
	return list
}

func (s screen) marked() bool { return s.lang == "" }

// cut finds what is not shown whole: text that its own box clips, where one cannot scroll to it, and columns so narrow
// that words are taken apart.
const cut = `[...document.querySelectorAll("body *")].filter(e => {
	const s = getComputedStyle(e), clips = v => v == "hidden" || v == "clip";
	return e.textContent.trim() && !e.closest(".unseen,thead,svg,progress,option") && (clips(s.overflowX) && e.scrollWidth > e.clientWidth + 1 || clips(s.overflowY) && e.scrollHeight > e.clientHeight + 1 ||
		e.matches("button,.button,select,label,h1,h2,p,li") && e.clientWidth && e.scrollWidth > e.clientWidth + 1 ||
		e.matches("td,th") && !e.closest("thead,.report") && e.clientWidth < 64);
}).map(e => e.outerHTML.slice(0, 200))`

func look(t *testing.T, ctx context.Context, name string, s screen) { //nolint:revive // t first, as in every helper of tests
	t.Helper()
	var wide float64
	var dir string
	var said, small, clipped []string
	var picture []byte
	err := chromedp.Run(ctx,
		chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &wide),
		chromedp.Evaluate(`document.documentElement.dir`, &dir), chromedp.Evaluate(unmarked, &said), chromedp.Evaluate(cut, &clipped),
		chromedp.Evaluate(`[...document.querySelectorAll("main a,main button,main input,main summary,select")].filter(e => {
			const r = e.getBoundingClientRect(); return r.width && (r.height < 24 || r.width < 24) && !e.closest("p:not(.next),.report") }).map(e => e.outerHTML)`, &small))
	if err == nil && *shots != "" {
		err = chromedp.Run(ctx, chromedp.FullScreenshot(&picture, 100))
	}
	if err != nil {
		t.Fatalf("%s at %s: %v", name, s.name, err)
	}
	if wide > 0 || len(small) > 0 || len(clipped) > 0 {
		t.Errorf("%s at %s: %v px too wide, too small to hit: %v, cut off: %v", name, s.name, wide, small, clipped)
	}
	if s.marked() && (dir != "rtl" || len(said) > 0) {
		t.Errorf("%s at %s: direction %q; said by no book: %q", name, s.name, dir, said)
	}
	if *shots != "" {
		if err := os.WriteFile(filepath.Join(*shots, fmt.Sprintf("%s-%s.png", name, s.name)), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
