package collector

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks/words"
)

// person is somebody with a browser that keeps cookies and does not follow redirects.
type person struct {
	*http.Client
	base string
}

func (d *desk) person(t *testing.T) person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return person{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, d.web.URL}
}

type seen struct {
	status int
	header http.Header
	body   string
}

func (p person) do(t *testing.T, method, path string, form url.Values, headers ...string) seen {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := p.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return seen{resp.StatusCode, resp.Header, string(body)}
}

func (p person) get(t *testing.T, path string, headers ...string) seen {
	t.Helper()
	return p.do(t, http.MethodGet, path, nil, headers...)
}

func (p person) post(t *testing.T, path string, pairs ...string) seen {
	t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return p.do(t, http.MethodPost, path, form)
}

const password = "correct horse battery"

// admin is the first administrator, by the one-time link.
func (d *desk) admin(t *testing.T) person {
	t.Helper()
	token, err := d.AdminLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := d.person(t)
	if got := p.get(t, WelcomePath(token)); got.status != http.StatusOK {
		t.Fatalf("the link: %d", got.status)
	}
	got := p.post(t, WelcomePath(token), "name", "Rosa", "password", password, "again", password)
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/hires" {
		t.Fatalf("after choosing a password: %d %s %s", got.status, got.header.Get("Location"), got.body)
	}
	return p
}

func TestFirstAdministrator(t *testing.T) {
	d := newDesk(t).serve(t)
	if has, err := d.HasAdmin(t.Context()); has || err != nil {
		t.Fatalf("an administrator before anybody came: %v %v", has, err)
	}
	old, _ := d.AdminLink(t.Context())
	token, _ := d.AdminLink(t.Context())
	p := d.person(t)
	if got := p.get(t, WelcomePath(old)); got.status != http.StatusGone {
		t.Errorf("a link that a newer one replaced: %d", got.status)
	}
	for _, c := range []struct{ name, password, again, want string }{
		{"Rosa", "short", "short", "at least 12"},
		{"Rosa Maria Lopez", "rosa maria lopez", "rosa maria lopez", "must not be your name"},
		{"Rosa", password, password + "x", "not the same"},
		{"  ", password, password, "1 to 64"},
		{"Rosa", strings.Repeat("x", 201), strings.Repeat("x", 201), "at least 12"},
	} {
		got := p.post(t, WelcomePath(token), "name", c.name, "password", c.password, "again", c.again)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, c.want) {
			t.Errorf("%q %q: %d without %q", c.name, c.password, got.status, c.want)
		}
	}
	if got := p.post(t, WelcomePath(token), "name", "Rosa", "password", password, "again", password); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	if got := p.get(t, "/hires"); got.status != http.StatusOK || !strings.Contains(got.body, "No hires yet") {
		t.Errorf("the list: %d", got.status)
	}
	if got := d.person(t).post(t, WelcomePath(token), "name", "Eve", "password", password, "again", password); got.status != http.StatusGone {
		t.Errorf("a link used twice: %d", got.status)
	}
	if has, err := d.HasAdmin(t.Context()); !has || err != nil {
		t.Errorf("no administrator afterwards: %v", err)
	}
}

func TestSession(t *testing.T) {
	d := newDesk(t).serve(t)
	p := d.admin(t)
	other := d.person(t)
	got := other.post(t, "/login", "name", "rosa", "password", password, "next", "/hires?state=ready")
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/hires?state=ready" {
		t.Fatalf("%d %s", got.status, got.header.Get("Location"))
	}
	cookie := got.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q without %s", cookie, want)
		}
	}
	d.clock.pass(29 * time.Minute)
	if got := p.get(t, "/hires"); got.status != http.StatusOK {
		t.Errorf("after 29 minutes: %d", got.status)
	}
	d.clock.pass(29 * time.Minute)
	if got := p.get(t, "/hires"); got.status != http.StatusOK {
		t.Errorf("after 29 minutes more, in use: %d", got.status)
	}
	if got := other.get(t, "/hires"); got.status != http.StatusSeeOther {
		t.Errorf("idle for an hour: %d", got.status)
	}
	for range 30 { // kept in use, until the absolute end
		d.clock.pass(25 * time.Minute)
		got = p.get(t, "/hires")
	}
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/login?next=") {
		t.Errorf("after twelve hours: %d", got.status)
	}
	if got := p.post(t, "/login", "name", "Rosa", "password", password, "next", "//evil.example"); got.header.Get("Location") != "/hires" {
		t.Errorf("sent to %s after the login", got.header.Get("Location"))
	}
	if got := p.post(t, "/logout"); got.status != http.StatusSeeOther {
		t.Errorf("signing out: %d", got.status)
	}
	if got := p.get(t, "/hires"); got.status != http.StatusSeeOther {
		t.Errorf("after signing out: %d", got.status)
	}
}

func TestSecureCookie(t *testing.T) {
	d := newDesk(t)
	d.server.PublicURL = "https://ready.example.com"
	d.serve(t)
	token, _ := d.AdminLink(t.Context())
	got := d.person(t).post(t, WelcomePath(token), "name", "Rosa", "password", password, "again", password)
	if c := got.header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-deskready=") || !strings.Contains(c, "Secure") {
		t.Errorf("cookie %q", c)
	}
	if got.header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS")
	}
}

func TestGuessingPasswords(t *testing.T) {
	d := newDesk(t).serve(t)
	d.admin(t)
	p := d.person(t)
	statuses := map[int]int{}
	for i := range 15 {
		statuses[p.post(t, "/login", "name", "Rosa", "password", fmt.Sprint("guess number ", i)).status]++
	}
	if statuses[http.StatusUnauthorized] != 10 || statuses[http.StatusTooManyRequests] != 5 {
		t.Errorf("15 guesses: %v", statuses)
	}
	if got := p.post(t, "/login", "name", "rosa ", "password", password); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("the right one among guesses: %d", got.status)
	}
	if got := p.post(t, "/login", "name", "Nobody", "password", password); got.status != http.StatusUnauthorized ||
		!strings.Contains(got.body, "Name or password is wrong") {
		t.Errorf("an unknown name: %d", got.status)
	}
	d.clock.pass(15 * time.Minute)
	if got := p.post(t, "/login", "name", "Rosa", "password", password); got.status != http.StatusSeeOther {
		t.Errorf("a quarter of an hour later: %d", got.status)
	}
}

// Every route of the table, by somebody who is not signed in.
func TestNothingWithoutLogin(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Secret Person").enrol(t)
	h.run(t, 0.5)
	p := d.person(t)
	fill := strings.NewReplacer("{id}", h.id, "{report}", "1", "{$}", "", "{secret}", "x", "{token}", "x", "{file}", "x")
	routes := d.server.start().routes()
	open := []string{
		"POST /api/v1/enrol", "POST /api/v1/runs", "POST /api/v1/witness", "POST /api/v1/reports", "GET /.well-known/deskready/trust.json", "GET /healthz",
		"GET /readyz", "GET /static/{file}", "GET /i/{secret}", "GET /i/{secret}/invite.json", "GET /login", "POST /login",
		"GET /welcome/{token}", "POST /welcome/{token}",
	}
	for _, r := range routes {
		method, path, _ := strings.Cut(fill.Replace(r.pattern), " ")
		got := p.do(t, method, path, nil)
		switch {
		case strings.Contains(got.body, "Secret"):
			t.Errorf("%s shows a name to a stranger", r.pattern)
		case slices.Contains(open, r.pattern):
			if r.access != public {
				t.Errorf("%s is not open to hires", r.pattern)
			}
		case method == http.MethodGet && (got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/login?next=")):
			t.Errorf("%s: %d", r.pattern, got.status)
		case method == http.MethodPost && got.status != http.StatusUnauthorized:
			t.Errorf("%s: %d", r.pattern, got.status)
		}
		if csp := got.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "+
			"frame-ancestors 'none'; base-uri 'none'") || got.header.Get("X-Content-Type-Options") != "nosniff" ||
			got.header.Get("Referrer-Policy") != "no-referrer" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", r.pattern, got.header)
		}
	}
	if d.row(t, h.id).State != NotReady {
		t.Error("a stranger changed something")
	}
}

func TestRoles(t *testing.T) {
	d := newDesk(t).serve(t)
	admin := d.admin(t)
	got := admin.post(t, "/account/colleague")
	link := regexp.MustCompile(`/welcome/[A-Za-z0-9_-]+`).FindString(got.body)
	if link == "" {
		t.Fatalf("no link for the colleague: %d", got.status)
	}
	p := d.person(t)
	if got := p.post(t, link, "name", "ROSA", "password", password, "again", password); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a recruiter took the administrator's name: %d", got.status)
	}
	if got := p.post(t, link, "name", "Tom", "password", password, "again", password); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	fill := strings.NewReplacer("{id}", "x", "{report}", "1", "{$}", "", "{secret}", "x", "{token}", "x", "{file}", "x")
	for _, r := range d.server.start().routes() {
		method, path, _ := strings.Cut(fill.Replace(r.pattern), " ")
		if path == "/logout" {
			continue
		}
		got := p.do(t, method, path, nil)
		if (got.status == http.StatusForbidden) != (r.access == adminOnly) {
			t.Errorf("%s by a recruiter: %d", r.pattern, got.status)
		}
	}
	users, _ := d.users(t.Context())
	if got := admin.post(t, "/account/remove", "user", fmt.Sprint(users[1].ID)); got.status != http.StatusOK {
		t.Errorf("removing Tom: %d", got.status)
	}
	if got := p.get(t, "/hires"); got.status != http.StatusSeeOther {
		t.Errorf("Tom is still in: %d", got.status)
	}
	if got := admin.post(t, "/account/remove", "user", fmt.Sprint(users[0].ID)); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the administrator removed herself: %d", got.status)
	}
}

func TestLostPassword(t *testing.T) {
	d := newDesk(t).serve(t)
	p := d.admin(t)
	token, _ := d.AdminLink(t.Context())
	fresh := "another long phrase"
	if got := d.person(t).post(t, WelcomePath(token), "name", "rosa", "password", fresh, "again", fresh); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	if got := p.get(t, "/hires"); got.status != http.StatusSeeOther {
		t.Errorf("the old session lives on: %d", got.status)
	}
	if got := p.post(t, "/login", "name", "Rosa", "password", password); got.status != http.StatusUnauthorized {
		t.Errorf("the old password: %d", got.status)
	}
	if got := p.post(t, "/login", "name", "Rosa", "password", fresh); got.status != http.StatusSeeOther {
		t.Errorf("the new password: %d", got.status)
	}
	if got := p.post(t, "/account/password", "old", password, "password", password, "again", password); got.status != http.StatusUnprocessableEntity {
		t.Errorf("changing it with the wrong one: %d", got.status)
	}
	other := d.person(t)
	other.post(t, "/login", "name", "Rosa", "password", fresh)
	if got := p.post(t, "/account/password", "old", fresh, "password", password, "again", password); got.status != http.StatusOK {
		t.Errorf("changing it: %d", got.status)
	}
	if p.get(t, "/hires").status != http.StatusOK || other.get(t, "/hires").status != http.StatusSeeOther {
		t.Error("changing the password keeps this session and ends the others")
	}
}

// A change of password that cannot tell which session to keep is refused, and does not say that it was done.
func TestPasswordWithoutCookie(t *testing.T) {
	d := newDesk(t).serve(t)
	d.admin(t)
	form := url.Values{"old": {password}, "password": {"another long phrase"}, "again": {"another long phrase"}}
	r := httptest.NewRequestWithContext(context.WithValue(t.Context(), userKey{}, user{ID: 1, Name: "Rosa", Role: roleAdmin}),
		http.MethodPost, "/account/password", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	d.server.start().password(w, r)
	if w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "is changed") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if _, err := d.login(t.Context(), "Rosa", password); err != nil {
		t.Errorf("the old password: %v", err)
	}
}

func TestOtherSites(t *testing.T) {
	d := newDesk(t).serve(t)
	p := d.admin(t)
	h := d.hire(t, "Ana")
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
	} {
		got := p.do(t, http.MethodPost, "/hires/"+h.id+"/revoke", nil, headers...)
		if got.status != http.StatusForbidden {
			t.Errorf("%v: %d", headers, got.status)
		}
	}
	if d.row(t, h.id).State != Invited {
		t.Error("another site took the invite back")
	}
	if got := p.do(t, http.MethodPost, "/hires/"+h.id+"/revoke", nil, "Sec-Fetch-Site", "same-origin"); got.status != http.StatusSeeOther {
		t.Errorf("our own page: %d", got.status)
	}
	if d.row(t, h.id).State != Revoked {
		t.Error("not taken back")
	}
}

func TestHostileNames(t *testing.T) {
	d := newDesk(t)
	hostile := `<script>alert(1)</script>"'><img src=x onerror=alert(2)>` + "\u202e{{.}}"
	d.server.Employer = hostile
	d.serve(t)
	p := d.admin(t)
	got := p.post(t, "/invite", "name", hostile, "policy", "voice", "days", "7")
	send := got.header.Get("Location")
	if got.status != http.StatusSeeOther || !strings.HasSuffix(send, "/send") {
		t.Fatalf("%d %s", got.status, send)
	}
	id := strings.Split(send, "/")[2]
	h := d.hire(t, hostile).enrol(t)
	r := h.report(h.begin(t), 0.5)
	r.Confirmed.Name, r.Machine = hostile, map[string]string{"os": hostile}
	if _, err := h.Deliver(t.Context(), h.sealReport(t, r)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/hires", "/hires/" + id, send, "/hires/" + h.id, d.Link(id), "/hires?q=" + url.QueryEscape(hostile), "/login?next=" + url.QueryEscape(hostile), "/account"} {
		got := p.get(t, path)
		if strings.Contains(got.body, "<script") || strings.Contains(got.body, "<img src=x") || strings.Contains(got.body, "\u202e") {
			t.Errorf("%s shows hostile text as it is", path)
		}
		if strings.HasPrefix(path, "/hires/inv") && !strings.Contains(got.body, "&lt;script&gt;") {
			t.Errorf("%s does not show the name: %d", path, got.status)
		}
	}
}

func TestListOfHires(t *testing.T) {
	d := newDesk(t).serve(t)
	p := d.admin(t)
	ready := d.hire(t, "Zoe Ready").enrol(t)
	ready.run(t, 0.04)
	bad := d.hire(t, "José Núñez").enrol(t)
	bad.run(t, 0.5)
	d.hire(t, "Ivy Invited")
	d.clock.pass(20 * time.Minute)
	list, err := d.Invites(t.Context(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range list {
		names = append(names, i.Person)
	}
	if want := []string{"José Núñez", "Ivy Invited", "Zoe Ready"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	if list[0].Failed != "call.rtt" || list[0].FailedOutcome != "fail" || list[2].Failed != "" {
		t.Errorf("what failed first: %+v", list)
	}
	for query, want := range map[string]string{"": "José Zoe Ivy", "?q=jose": "José", "?q=NUÑ": "José", "?state=ready": "Zoe", "?state=ready&q=jose": "", "?state=nonsense": "José Zoe Ivy",
		"?page=99": "José Zoe Ivy", "?q=%25": "", "?q=%5C": "", "?page=-1": "José Zoe Ivy"} {
		got := p.get(t, "/hires"+query)
		for _, name := range []string{"José", "Zoe", "Ivy"} {
			if got.status != http.StatusOK || strings.Contains(got.body, "<bdi>"+name) != strings.Contains(want, name) {
				t.Errorf("%q: %d, %s: wanted %q", query, got.status, name, want)
			}
		}
	}
	page := p.get(t, "/hires/"+bad.id)
	for _, want := range []string{"José Núñez", "Not ready", "Runs started: 1. Reports sent: 1.", "report.json", "receipt.json", "Run 1 started"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the hire's page lacks %q", want)
		}
	}
	for _, file := range []string{"/reports/2/report.json", "/reports/2/receipt.json", "/invite.json"} {
		got := p.get(t, "/hires/"+bad.id+file)
		if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Disposition"), `attachment; filename="`) || !json.Valid([]byte(got.body)) {
			t.Errorf("%s: %d", file, got.status)
		}
	}
	if got := p.get(t, "/hires/"+ready.id+"/reports/2/report.json"); got.status != http.StatusNotFound {
		t.Errorf("another hire's report under this one: %d", got.status)
	}
}

// A stored report that does not verify any more is not shown, and the page says why.
func TestBrokenReport(t *testing.T) {
	d := newDesk(t).serve(t)
	p := d.admin(t)
	h := d.hire(t, "Ana").enrol(t)
	file, _ := h.run(t, 0.04)
	for language, want := range map[string]string{"en": "This report is not shown", "es": "Este informe no se muestra"} {
		if got := p.get(t, "/hires/"+h.id, "Accept-Language", language); strings.Contains(got.body, want) || !strings.Contains(got.body, "<dd>A1:") {
			t.Errorf("while it is whole: %d", got.status)
		}
	}
	if _, err := d.write.Exec("UPDATE reports SET file = ?", flip(file)); err != nil {
		t.Fatal(err)
	}
	for language, want := range map[string]string{"en": "This report is not shown", "es": "Este informe no se muestra"} {
		got := p.get(t, "/hires/"+h.id, "Accept-Language", language)
		if got.status != http.StatusOK || !strings.Contains(got.body, want) || !strings.Contains(got.body, "<code>signature</code>") ||
			strings.Contains(got.body, "<dd>A1:") || strings.Contains(got.body, "There is nothing to do") {
			t.Errorf("changed on the disk: %d %s", got.status, got.body)
		}
	}
}

func TestPaging(t *testing.T) {
	d := newDesk(t).serve(t)
	p := d.admin(t)
	for i := range 60 {
		d.hire(t, fmt.Sprintf("Hire %02d", i))
		d.clock.pass(time.Second)
	}
	first, second := p.get(t, "/hires"), p.get(t, "/hires?page=2")
	if !strings.Contains(first.body, "Hire 00") || strings.Contains(first.body, "Hire 50") || !strings.Contains(first.body, `rel="next"`) || strings.Contains(first.body, `rel="prev"`) {
		t.Error("the first page is not the first fifty")
	}
	if strings.Contains(second.body, "Hire 49") || !strings.Contains(second.body, "Hire 59") || !strings.Contains(second.body, `rel="prev"`) || strings.Contains(second.body, `rel="next"`) {
		t.Error("the second page is not the rest")
	}
}

func TestLanding(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana")
	p := d.person(t)
	got := p.get(t, d.Link(h.id), "Accept-Language", "es-MX,es;q=0.9,en;q=0.8")
	for _, want := range []string{`lang="es"`, "Hola, Ana", "Clear Voices Ltd", d.server.PublicURL + d.Link(h.id), "invite.json"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the landing page lacks %q", want)
		}
	}
	if got.status != http.StatusOK || strings.Contains(got.body, h.invite.Token) {
		t.Errorf("%d", got.status)
	}
	first, other, _ := strings.Cut(got.body, "<details>") // most hires never saw a terminal
	if strings.Contains(first, "deskready check") || !strings.Contains(first, "<code>"+d.server.PublicURL+d.Link(h.id)+"</code>") || !strings.Contains(other, "deskready check --invite ") {
		t.Errorf("the link to paste does not come before the command:\n%s", got.body)
	}
	for _, path := range []string{"/i/AAAAAAAAAAAAAAAAAAAAAA", "/i/x"} {
		if got := p.get(t, path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	d.clock.pass(8 * 24 * time.Hour)
	if got := p.get(t, d.Link(h.id)); got.status != http.StatusOK || !strings.Contains(got.body, "expired") || strings.Contains(got.body, "deskready check") {
		t.Errorf("the page of an expired invite: %d", got.status)
	}
}

func TestNewInviteForm(t *testing.T) {
	d := newDesk(t).serve(t)
	p := d.admin(t)
	for _, c := range []struct{ name, policy, days, want string }{
		{"", "voice", "7", "Write the name"},
		{strings.Repeat("x", 121), "voice", "7", "at most 120"},
		{"Ana", "other", "7", "Choose a policy"},
		{"Ana", "voice", "0", "between 1 and 90"},
		{"Ana", "voice", fmt.Sprint(int(MaxTTL/(24*time.Hour)) + 1), "between 1 and 90"},
		{"Ana", "voice", "seven", "between 1 and 90"},
	} {
		got := p.post(t, "/invite", "name", c.name, "policy", c.policy, "days", c.days)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, c.want) {
			t.Errorf("%+v: %d", c, got.status)
		}
	}
	got := p.post(t, "/invite", "name", "Ana", "policy", "voice", "days", "3")
	page := p.get(t, got.header.Get("Location"))
	id := strings.Split(got.header.Get("Location"), "/")[2]
	if !strings.Contains(page.body, "Hello Ana,") || !strings.Contains(page.body, d.server.PublicURL+d.Link(id)) {
		t.Error("the message lacks name or link")
	}
	row := d.row(t, id)
	if row.By != "Rosa" || row.Expires.Sub(row.Issued) != 72*time.Hour {
		t.Errorf("%+v", row)
	}
}

// All languages say all, and what the pages say is there.
func TestWordsComplete(t *testing.T) {
	en, err := words.Open("en", Words())
	if err != nil {
		t.Fatal(err)
	}
	read := func(lang string) map[string]string {
		data, err := texts.ReadFile("words/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	names := regexp.MustCompile(`\{[a-z]+\}`)
	english := read("en")
	for _, lang := range words.Languages(Words()) {
		other := read(lang)
		for key, text := range english {
			a, b := names.FindAllString(text, -1), names.FindAllString(other[key], -1)
			slices.Sort(a)
			slices.Sort(b)
			if other[key] == "" || !slices.Equal(slices.Compact(a), slices.Compact(b)) {
				t.Errorf("%s, %s: %q and %q", lang, key, text, other[key])
			}
		}
		if len(other) != len(english) {
			t.Errorf("%d English texts, %d in %s", len(english), len(other), lang)
		}
	}
	files, _ := pageFiles.ReadDir("pages")
	used := regexp.MustCompile(`\.T "([a-z0-9_.]+)"`)
	for _, f := range files {
		data, _ := pageFiles.ReadFile("pages/" + f.Name())
		for _, m := range used.FindAllStringSubmatch(string(data), -1) {
			if !en.Has("desk." + m[1]) {
				t.Errorf("%s says %s, and there is no such text", f.Name(), m[1])
			}
		}
	}
	for _, s := range States() {
		for _, key := range []string{"desk.state.", "desk.next."} {
			if !en.Has(key + string(s)) {
				t.Errorf("no text %s%s", key, s)
			}
		}
	}
}
