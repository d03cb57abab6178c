//go:build lab && linux

package browser

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// inChromium drives Debian's Chromium: it opens the page, and presses the buttons as a person would.
func inChromium(t *testing.T, env []string, flags map[string]any, press ...string) func(context.Context, string) {
	return func(ctx context.Context, url string) {
		options := append(chromedp.DefaultExecAllocatorOptions[:len(chromedp.DefaultExecAllocatorOptions):len(chromedp.DefaultExecAllocatorOptions)],
			chromedp.NoSandbox, chromedp.Flag("mute-audio", false), chromedp.Flag("enable-automation", false), chromedp.Env(env...))
		for name, value := range flags {
			options = append(options, chromedp.Flag(name, value))
		}
		allocator, cancel := chromedp.NewExecAllocator(ctx, options...)
		defer cancel()
		tab, done := chromedp.NewContext(allocator)
		defer done()
		actions := []chromedp.Action{chromedp.Navigate(url)}
		for _, button := range press {
			if button == "closed" {
				actions = append(actions, chromedp.WaitVisible("[data-step=storage][data-state=good]"), page.Close())
				break
			}
			actions = append(actions, chromedp.Click(".dr-"+button, chromedp.ByQuery))
		}
		if err := chromedp.Run(tab, actions...); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		<-ctx.Done()
	}
}
