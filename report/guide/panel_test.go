package guide

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"deskready/checks"
)

// The page offers to skip a panel only where the panel itself cannot: it never began, or broke off.
func TestWayOutOfAPanel(t *testing.T) {
	p := hurried()
	p.Panel, p.Gone = time.Minute, time.Minute
	script := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			if strings.HasSuffix(r.URL.Path, ".js") {
				_, _ = io.WriteString(w, text)
			}
		})
	}
	g := serve(t, p, map[string]http.Handler{
		"none": http.NotFoundHandler(), "works": script(`document.getElementById("panel").append("works")`),
		"lost": script(`const p = document.getElementById("panel"); p.append("lost"); p.dataset.lost = ""`),
	})
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	for name, want := range map[string]bool{"none": true, "works": false, "lost": true} {
		stop := g.putFor(t, func(ctx context.Context) { _, _ = g.Ask(ctx, checks.Question{Key: "guide.running.hint", Panel: name}) })
		var offered bool
		err := chromedp.Run(ctx, chromedp.Navigate(g.Link()), chromedp.WaitReady("footer"), chromedp.Sleep(2500*time.Millisecond),
			chromedp.Evaluate(`document.querySelector("#panel-form button").checkVisibility({visibilityProperty: true})`, &offered))
		if err != nil || offered != want {
			t.Errorf("%s: %v, %v", name, offered, err)
		}
		if err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil {
			t.Fatal(err)
		}
		stop()
	}
}
