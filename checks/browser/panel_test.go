package browser

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"deskready/checks/words/wordstest"
)

// All that the panel says is in its texts: a script with texts of its own would be in one language for everybody.
func TestNothingIsWrittenIntoThePanel(t *testing.T) {
	for _, name := range []string{"panel.js", "media.js", "facts.js"} {
		script, err := panel.ReadFile("panel/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if found := wordstest.Written(string(script)); len(found) > 0 {
			t.Errorf("%s says %q", name, found)
		}
	}
}

// around is a page for the panel alone, which keeps all that is ever said in it.
const around = `<!doctype html><html lang="en"><title>.</title><section id="panel" data-base="/p/" data-lang="en"></section>
<script>
const said = new Set(), root = document.getElementById("panel");
new MutationObserver(() => {
	for (const e of [root, ...root.querySelectorAll("*")]) {
		for (const a of ["aria-label", "title", "alt"]) if (e.hasAttribute(a)) said.add(e.getAttribute(a));
		for (const n of e.childNodes) if (n.nodeType === Node.TEXT_NODE) said.add(n.data);
	}
}).observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
let ended = false;
addEventListener("panel-ended", () => { ended = true; });
</script><script type="module" src="/p/panel.js"></script>`

// And so it is when it runs, on a computer without microphone and camera: most of what can be said is said there.
func TestPanelSpeaksByTheBook(t *testing.T) {
	own, err := fs.Sub(wordFiles, "words")
	if err != nil {
		t.Fatal(err)
	}
	probe, book := NewProbe(time.Now), wordstest.Pseudo(t, own)
	probe.Texts = func(key string) string { return book.Text(key) }
	mux := http.NewServeMux()
	mux.Handle("/p/", http.StripPrefix("/p", probe.Handler()))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(around)) })
	web := httptest.NewServer(mux)
	defer web.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	var said []string
	if err := chromedp.Run(ctx, chromedp.Navigate(web.URL), chromedp.Click(".dr-start", chromedp.ByQuery), chromedp.Click(".dr-go_on", chromedp.ByQuery),
		chromedp.Poll(`ended`, nil), chromedp.Evaluate(`[...said]`, &said)); err != nil {
		t.Fatal(err)
	}
	if found := wordstest.Strangers(strings.Join(said, "\n")); len(found) > 0 {
		t.Errorf("the panel says %q, which no book does", found)
	}
	for _, key := range []string{"intro", "start", "step.call", "doing.speed", "state.good", "state.other", "some_bad", "go_on", "level"} {
		if text := book.Text(spoken + key); !strings.Contains(strings.Join(said, "\n"), text) {
			t.Errorf("the panel never said %q:\n%q", text, said)
		}
	}
}
