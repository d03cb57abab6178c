//go:build lab

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"deskready/checks/lab/robot"
)

// malice is a page of another origin on the same computer, which by some leak even knows the secret address of the
// hire's page, and tries what a browser lets a page try. What comes back says what it got hold of.
const malice = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Kittens</title><h1>Kittens</h1>
<iframe name="sink"></iframe><iframe id="sandbox" sandbox="allow-scripts allow-forms"></iframe>
<script>
const target = new URL(document.currentScript.dataset.target ?? location.hash.slice(1)), base = target.href, root = target.origin;
const answer = base + "answer/" + new URLSearchParams(location.search).get("turn");
const tries = {
	async "read by fetch"() { return (await fetch(base)).text(); },
	async "read by fetch without asking"() { const r = await fetch(base, {mode: "no-cors"}); return r.type == "opaque" ? "" : r.text(); },
	async "read by XHR"() { return new Promise((yes, no) => { const x = new XMLHttpRequest(); x.open("GET", base); x.onload = () => yes(x.responseText); x.onerror = no; x.send(); }); },
	async "read by frame"() {
		const f = document.body.appendChild(document.createElement("iframe"));
		const loaded = new Promise(done => { f.onload = done; setTimeout(done, 2000); });
		f.src = base; await loaded;
		return f.contentDocument?.body?.innerText ?? "";
	},
	async "read by window"() {
		const w = open(base); await new Promise(done => setTimeout(done, 1500));
		const text = w?.document?.body?.innerText ?? ""; w?.close();
		return text;
	},
	async "listen to its events"() { return new Promise((yes, no) => { const e = new EventSource(base + "events"); e.onmessage = m => yes(m.data); e.onerror = no; setTimeout(no, 3000); }); },
	async "post by fetch, form"() { return fetch(answer, {method: "POST", mode: "no-cors", body: new URLSearchParams({do: "begin"})}).then(() => ""); },
	async "post by fetch, text"() { return fetch(answer, {method: "POST", mode: "no-cors", headers: {"Content-Type": "text/plain"}, body: "do=begin"}).then(() => ""); },
	async "post by fetch, JSON"() { return (await fetch(answer, {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"})).text(); },
	async "post by fetch, with the secret's header"() { return (await fetch(root + "/panel/browser/event", {method: "POST", headers: {"Content-Type": "application/json", "X-Deskready": target.pathname.split("/")[2]}, body: '{"ended":{"why":"done"}}'})).text(); },
	async "post by beacon"() { navigator.sendBeacon(answer, new URLSearchParams({do: "begin"})); return ""; },
	async "post by form"() {
		const f = document.body.appendChild(document.createElement("form"));
		Object.assign(f, {method: "post", action: answer, target: "sink"});
		f.innerHTML = '<input name="do" value="begin">'; f.submit();
		return new Promise(done => setTimeout(done, 800, ""));
	},
	async "post by a form without an origin"() {
		document.getElementById("sandbox").srcdoc = '<form method="post" action="' + answer + '"><input name="do" value="begin"></form><scr' + 'ipt>document.forms[0].submit()</scr' + 'ipt>';
		return new Promise(done => setTimeout(done, 800, ""));
	},
	async "ask for another link"() { return (await fetch(root + "/again", {method: "POST", headers: {"X-Deskready-Again": "guess"}})).text(); },
	async "take its script"() { return new Promise((yes, no) => { const s = document.createElement("script"); s.onload = () => yes("loaded"); s.onerror = no; s.src = root + "/static/guide.js"; document.head.append(s); }); },
	async "take its picture"() { return new Promise((yes, no) => { const i = new Image(); i.onload = () => yes("loaded"); i.onerror = no; i.src = root + "/static/icon.svg"; }); },
	async "speak by WebSocket"() { return new Promise((yes, no) => { const s = new WebSocket("ws://" + target.host + "/panel/browser/ws"); s.onopen = () => yes("open"); s.onerror = no; setTimeout(no, 3000); }); },
};
window.attack = async () => {
	const got = {};
	for (const [what, how] of Object.entries(tries)) got[what] = await how().then(v => String(v ?? ""), () => "");
	return got;
};
</script></html>`

// guard lets a page of another origin have a go at the hire's, in the same browser, with the secret address in its hands;
// and then somebody who uses the link again, and a name that was rebound.
func (d *bureau) guard(t *testing.T, name string) {
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, malice)
	}))
	defer evil.Close()
	s := d.start(t, nil, "--invite", d.invite(t, "Ana", "voice-agent"))
	b := robot.Start(t, name, robot.Options{})
	link := s.opened(t)
	b.Open(t, link)
	b.Until(t, 10*time.Second, `document.body.dataset.page == "welcome"`)
	var base, turn string
	b.Eval(t, "location.href", &base)
	b.Eval(t, "document.body.dataset.turn", &turn)
	if strings.Contains(base, "/open/") {
		t.Errorf("the page still lies at the link's address %s", base)
	}
	bad := b.Tab(t)
	bad.Open(t, evil.URL+"/?turn="+turn+"#"+base)
	var got map[string]string
	bad.Eval(t, "window.attack()", &got)
	if len(got) < 15 {
		t.Errorf("only %d attacks were made", len(got))
	}
	for what, took := range got {
		if took != "" {
			t.Errorf("%s got %.200q", what, took)
		}
	}
	sent := map[string]int{}
	for _, r := range bad.Requests() {
		if strings.HasPrefix(r.URL, evil.URL) {
			continue
		}
		sent[fmt.Sprintf("%s %d", r.Method, r.Status)]++
		if r.Status >= 200 && r.Status < 400 {
			t.Errorf("the other page was answered: %+v", r)
		}
	}
	t.Logf("%d attacks, answered with %v", len(got), sent)
	d.untouched(t, b, turn)

	second := b.Tab(t) // whoever uses the link again
	second.Open(t, link)
	if text := second.Text(t, "body"); strings.Contains(text, "Acme") {
		t.Errorf("the link opened twice:\n%s", text)
	}
	at, _ := url.Parse(base)
	second.Open(t, "http://"+robot.Rebound+":"+at.Port()+at.Path)
	if text := second.Text(t, "body"); strings.Contains(text, "Acme") {
		t.Errorf("a rebound name was answered:\n%s", text)
	}
	refused := false
	for _, r := range second.Requests() {
		if strings.Contains(r.URL, robot.Rebound) {
			refused = refused || r.Status == http.StatusMisdirectedRequest
			if r.Status != 0 && r.Status != http.StatusMisdirectedRequest { // 0: the icon, which did not come yet
				t.Errorf("a rebound name: %+v", r)
			}
		}
	}
	if !refused {
		t.Errorf("the rebound name did not come to the program: %+v", second.Requests())
	}
	d.untouched(t, b, turn)
}

// untouched wants the hire's page where it was.
func (d *bureau) untouched(t *testing.T, b *robot.Browser, turn string) {
	t.Helper()
	var base string
	b.Eval(t, "location.href", &base)
	b.Open(t, base)
	var now struct{ Page, Turn string }
	b.Eval(t, `({page: document.body.dataset.page, turn: document.body.dataset.turn})`, &now)
	if now.Page != "welcome" || now.Turn != turn {
		t.Errorf("the hire's page has moved to %s, turn %s", now.Page, now.Turn)
	}
}

// race has somebody else on the computer be quicker with the link: the hire sees it, and gets another.
func (d *bureau) race(t *testing.T) {
	s := d.start(t, nil, "--invite", d.invite(t, "Ana", "voice-agent"))
	link := s.opened(t)
	thief, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	thief.Body.Close()
	b := robot.Start(t, robot.Chromium, robot.Options{})
	b.Open(t, link)
	if page := b.Text(t, "body"); strings.Contains(page, "Acme") {
		t.Errorf("the link opened twice:\n%s", page)
	}
	again := d.startAt(t, s.home, nil)
	b.Open(t, again.opened(t))
	b.Until(t, 10*time.Second, `document.body.dataset.page == "welcome"`)
	// what the thief holds opens nothing any more
	resp, err := http.Get(thief.Request.URL.String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("the thief's page still answers %d", resp.StatusCode)
	}
}
