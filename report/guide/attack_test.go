package guide

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/checks"
)

// send writes a request as an attacker would, header by header.
func send(t *testing.T, g *Guide, method, path, body string, headers ...string) (int, http.Header) {
	t.Helper()
	c, err := net.Dial("tcp", g.host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second)) // a fresh connection takes it
	request := method + " " + path + " HTTP/1.1\r\nConnection: close\r\n" + strings.Join(headers, "\r\n") + "\r\n"
	if method == http.MethodPost {
		request += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	go func() { _, _ = fmt.Fprint(c, request+"\r\n"+body) }() // a server that refuses may stop reading
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, nil // hung up
	}
	defer answer.Body.Close()
	return answer.StatusCode, answer.Header
}

// TestAttacks: nothing that another page, another program or a rebound name sends gets anywhere.
func TestAttacks(t *testing.T) {
	g := serve(t, hurried(), map[string]http.Handler{"browser": http.NotFoundHandler()})
	answered := make(chan string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		choice, err := g.Ask(ctx, checks.Question{Key: "q", Choices: []string{"one", "two"}})
		if err == nil {
			answered <- choice
		}
	}()
	link := g.Link()
	launch := strings.TrimPrefix(link, g.origin())
	var home, form string
	host, own, site := "Host: "+g.host, "Origin: "+g.origin(), "Sec-Fetch-Site: same-origin"
	urlencoded := "Content-Type: application/x-www-form-urlencoded"
	port := g.host[strings.Index(g.host, ":"):]

	// Before the page is open: the link is all that counts, and nothing of these spends it.
	for name, c := range map[string]struct {
		path    string
		headers []string
		want    int
	}{
		"a guessed link":        {"/open/AAAAAAAAAAAAAAAAAAAAAA", []string{host}, 403},
		"an empty link":         {"/open/", []string{host}, 404},
		"no session":            {"/s//", []string{host}, 307}, // cleaned to /s/, which is nothing
		"rebound name":          {launch, []string{"Host: evil.example" + port}, 421},
		"rebound, no port":      {launch, []string{"Host: 127.0.0.1"}, 421},
		"localhost":             {launch, []string{"Host: localhost" + port}, 421},
		"another loopback":      {launch, []string{"Host: 127.0.0.2" + port}, 421},
		"from another page":     {launch, []string{host, "Sec-Fetch-Site: cross-site"}, 403},
		"from another port":     {launch, []string{host, "Sec-Fetch-Site: same-site"}, 403},
		"out of the folder":     {"/static/..%2f..%2fguide.go", []string{host}, 404},
		"a prefetch":            {launch, []string{host, "Sec-Purpose: prefetch;prerender"}, 403},
		"a folder":              {"/static/", []string{host}, 404},
		"something else":        {"/", []string{host}, 404},
		"the session, unopened": {"/s/" + strings.TrimPrefix(launch, openPath) + "/", []string{host}, 403},
	} {
		if got, _ := send(t, g, "GET", c.path, "", c.headers...); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got, _ := send(t, g, "HEAD", launch, "", host); got != http.StatusForbidden {
		t.Errorf("the head of the link: %d", got)
	}
	if got, h := send(t, g, "GET", launch, "", host, "Sec-Fetch-Site: none"); got != http.StatusSeeOther {
		t.Fatalf("the link was spent: %d", got)
	} else {
		home = h.Get("Location")
	}
	form = fmt.Sprintf("%sanswer/%d", home, g.now().number)
	good := "choice=two"
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		want               int
	}{
		"second use of the link": {"GET", launch, "", []string{host}, 403},
		"wrong session":          {"POST", "/s/AAAAAAAAAAAAAAAAAAAAAA" + form[strings.Index(form, "/answer"):], good, []string{host, own, site, urlencoded}, 403},
		"no origin":              {"POST", form, good, []string{host, urlencoded}, 403},
		"null origin":            {"POST", form, good, []string{host, "Origin: null", urlencoded}, 403},
		"evil origin":            {"POST", form, good, []string{host, "Origin: https://evil.example", urlencoded}, 403},
		"origin of another port": {"POST", form, good, []string{host, "Origin: http://127.0.0.1:1", urlencoded}, 403},
		"origin by https":        {"POST", form, good, []string{host, "Origin: https://" + g.host, urlencoded}, 403},
		"cross-site form":        {"POST", form, good, []string{host, own, "Sec-Fetch-Site: cross-site", urlencoded}, 403},
		"rebound form":           {"POST", form, good, []string{"Host: evil.example" + port, "Origin: http://evil.example" + port, urlencoded}, 421},
		"text/plain":             {"POST", form, good, []string{host, own, site, "Content-Type: text/plain"}, 403},
		"no type":                {"POST", form, good, []string{host, own, site}, 403},
		"preflight":              {"OPTIONS", form, "", []string{host, "Origin: https://evil.example", "Access-Control-Request-Method: POST"}, 405},
		"another method":         {"PUT", form, "", []string{host, own}, 405},
		"huge":                   {"POST", form, "choice=" + strings.Repeat("x", 300<<10), []string{host, own, site, urlencoded}, 400},
		"an answer not offered":  {"POST", form, "choice=three", []string{host, own, site, urlencoded}, 400},
		"two answers":            {"POST", form, "choice=one&choice=two", []string{host, own, site, urlencoded}, 400},
		"a field too many":       {"POST", form, "choice=two&name=x", []string{host, own, site, urlencoded}, 400},
		"fields in the address":  {"POST", form + "?choice=two", good, []string{host, own, site, urlencoded}, 400},
		"not utf-8":              {"POST", form, "choice=%ff", []string{host, own, site, urlencoded}, 400},
		"a file":                 {"POST", form, "--x\r\nContent-Disposition: form-data; name=\"choice\"; filename=\"a\"\r\n\r\ntwo\r\n--x--\r\n", []string{host, own, site, "Content-Type: multipart/form-data; boundary=x"}, 400},
		"json":                   {"POST", form, `{"choice":"two"}`, []string{host, own, site, "Content-Type: application/json"}, 400},
		"a socket from outside":  {"GET", "/panel/browser/ws", "", []string{host, "Upgrade: websocket", "Origin: https://evil.example"}, 403},
		"a socket without one":   {"GET", "/panel/browser/ws", "", []string{host, "Upgrade: websocket"}, 403},
		"a socket, no secret":    {"GET", "/panel/browser/ws", "", []string{host, "Upgrade: websocket", own}, 403},
		"a panel's event":        {"POST", "/panel/browser/event", "{}", []string{host, own, site, "Content-Type: application/json"}, 403},
		"another link":           {"POST", "/again", "", []string{host}, 403},
		"another link, a page":   {"POST", "/again", "", []string{host, own, nonceHeader + ": 0123456789abcdef", proofHeader + ": " + proof(g.again, "ask", "0123456789abcdef", "")}, 403},
		"another link, aloud":    {"POST", "/again", "", []string{host, nonceHeader + ": 0123456789abcdef", proofHeader + ": " + g.again}, 403},
		"a language of nobody":   {"POST", home + "language", "lang=xx", []string{host, own, site, urlencoded}, 400},
		"a huge header":          {"GET", home, "", []string{host, "X: " + strings.Repeat("x", 64<<10)}, 431},
	} {
		if got, _ := send(t, g, c.method, c.path, c.body, c.headers...); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	select {
	case choice := <-answered:
		t.Fatalf("an attack answered %q", choice)
	default:
	}
	if got, _ := send(t, g, "POST", form, good, host, own, site, urlencoded); got != http.StatusSeeOther || <-answered != "two" {
		t.Errorf("the page's own answer: %d", got)
	}
}

// TestHeaders: no answer may be framed, read, kept or sniffed by another page, whatever it is.
func TestHeaders(t *testing.T) {
	g := serve(t, hurried(), nil)
	v := visit(t, g)
	for _, path := range []string{strings.TrimPrefix(v.home, g.origin()), "/static/guide.js", "/nothing", "/open/x"} {
		_, h := send(t, g, "GET", path, "", "Host: "+g.host)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
			"Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Permissions-Policy": "camera=()",
		} {
			if !strings.HasPrefix(h.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		csp := h.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: %s", path, csp)
		}
		if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", path, h)
		}
		if !strings.HasPrefix(path, "/static") && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", path, h.Get("Cache-Control"))
		}
	}
}

// TestRaceForLink: of many who follow the link at once, one gets in.
func TestRaceForLink(t *testing.T) {
	g := serve(t, hurried(), nil)
	launch := strings.TrimPrefix(g.Link(), g.origin())
	var group sync.WaitGroup
	var mu sync.Mutex
	codes := map[int]int{}
	for range 40 {
		group.Go(func() {
			code, _ := send(t, g, "GET", launch, "", "Host: "+g.host)
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	group.Wait()
	if codes[http.StatusSeeOther] != 1 || codes[http.StatusForbidden] != 39 {
		t.Errorf("%v", codes)
	}
}

// TestAnotherLink: who lost the page to somebody else, or to a crash, gets it back, and whoever had it is out.
func TestAnotherLink(t *testing.T) {
	g := serve(t, hurried(), nil)
	thief := visit(t, g)
	address, secret := g.Again()
	const nonce = "0123456789abcdef"
	link, err := Another(t.Context(), address, secret, nonce)
	if err != nil {
		t.Fatal(err)
	}
	owner := &visitor{t: t, g: g}
	owner.get(link)
	owner.wants(`data-page="busy"`)
	if thief.get(thief.home); thief.code != http.StatusForbidden {
		t.Errorf("the page that was opened before: %d", thief.code)
	}
	thief.wants("This link was used already")
	if thief.home == owner.home {
		t.Error("both have one secret")
	}
	if _, err := Another(t.Context(), address, "guessed", nonce); err == nil {
		t.Error("a guessed secret got a link")
	}
	// On the port of a guide that crashed somebody else listens: he is told no secret, and what he says is not believed.
	squatter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(fmt.Sprint(r.Header), secret) {
			t.Error("the secret was said aloud")
		}
		w.Header().Set(proofHeader, r.Header.Get(proofHeader))
		_, _ = fmt.Fprintf(w, "http://%s/open/phish", r.Host)
	}))
	defer squatter.Close()
	if link, err := Another(t.Context(), squatter.URL+"/again", secret, nonce); err == nil {
		t.Errorf("a squatter was believed: %s", link)
	}
}

// TestStreams: a page hears of each step as it comes, and there is a limit to how many listen.
func TestStreams(t *testing.T) {
	g := serve(t, hurried(), nil)
	v := visit(t, g)
	listen := func() (*bufio.Reader, func(), int) {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, v.home+"events", http.NoBody)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return bufio.NewReader(answer.Body), func() { _ = answer.Body.Close() }, answer.StatusCode
	}
	lines, end, _ := listen()
	defer end()
	hear := func(want string) {
		t.Helper()
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatalf("%v before %q", err, want)
			}
			if strings.Contains(line, want) {
				return
			}
		}
	}
	hear(`"turn":1`)
	g.Watch([]Stage{{Check: "audio", Metrics: []checks.Metric{{ID: "audio.level", Unit: checks.DBov}}, Typical: time.Minute}})
	hear(`"state":"waiting"`)
	g.Tell(checks.Event{Check: "audio", Step: "audio.step.speak", Left: 40 * time.Second, Metric: "audio.level", Value: -24})
	hear(`"left":"About 40 seconds left"`)
	g.Tell(checks.Event{Check: "audio", Ended: true})
	hear(`"state":"done"`)
	g.Tell(checks.Event{Check: "nobody's", Ended: true}) // is not shown
	for range mostStreams - 1 {
		_, end, code := listen()
		defer end()
		if code != http.StatusOK {
			t.Errorf("%d", code)
		}
	}
	if _, end, code := listen(); code != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", code)
		end()
	}
	g.Link()
	hear("event: over")
}
