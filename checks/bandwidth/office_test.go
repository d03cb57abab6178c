package bandwidth

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

// serve asks an office end without a network.
func serve(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func TestOfficeShape(t *testing.T) {
	o := &Office{Secret: someSecret(), Now: time.Now}
	h := o.Handler()
	at := "/s/" + o.Secret.Issue("r", time.Now().Add(time.Minute), office.DefaultCaps()) + "/speedtest/"
	for _, c := range []struct {
		method, path, body string
		status             int
		reply              string
	}{
		{"GET", at + "latency.txt", "", 200, "test=test\n"},
		{"POST", at + "upload.php", "0123456789", 200, "size=10"},
		{"GET", at + "random350x350.jpg", "", 200, ""},
		{"GET", at + "random351x351.jpg", "", 404, ""},
		{"GET", at + "random350x350.jpgx", "", 404, ""},
		{"GET", at + "random0350x0350.jpg", "", 404, ""},
		{"GET", at + "upload.php", "", 404, ""},
		{"GET", "/s/nonsense/speedtest/latency.txt", "", 401, "ticket_refused\n"},
		{"GET", "/speedtest/latency.txt", "", 404, ""},
		{"POST", at + "upload.php", strings.Repeat("x", 9<<20), 413, "office_refused\n"},
	} {
		w := serve(h, c.method, c.path, c.body)
		if w.Code != c.status || c.reply != "" && w.Body.String() != c.reply {
			t.Errorf("%s %s: %d %.40q", c.method, c.path[max(0, len(c.path)-30):], w.Code, w.Body)
		}
	}
	for side, size := range sizes() {
		w := serve(h, "GET", fmt.Sprintf("%srandom%dx%d.jpg", at, side, side), "")
		if int64(w.Body.Len()) != size || w.Header().Get("Content-Length") != fmt.Sprint(size) {
			t.Errorf("random%d: %d bytes, Content-Length %s, want %d", side, w.Body.Len(), w.Header().Get("Content-Length"), size)
		}
	}
}

func TestOfficeCaps(t *testing.T) {
	o := &Office{Secret: someSecret(), Now: time.Now}
	h := o.Handler()
	at := "/s/" + o.Secret.Issue("r", time.Now().Add(time.Minute), office.Caps{Bytes: 600e3, Seconds: 9}) + "/speedtest/"
	for n, want := range []int{200, 200, 429, 429} {
		if w := serve(h, "GET", at+"random350x350.jpg", ""); w.Code != want {
			t.Errorf("picture %d: %d, want %d", n, w.Code, want)
		}
	}
	if w := serve(h, "POST", at+"upload.php", strings.Repeat("x", 100e3)); w.Code != 200 {
		t.Errorf("an upload that fits: %d", w.Code)
	}
	serve(h, "POST", at+"begin", "") // a new session is no new ticket
	if w := serve(h, "POST", at+"upload.php", strings.Repeat("x", 100e3)); w.Code != 429 {
		t.Errorf("an upload that does not fit: %d", w.Code)
	}
}

// TestOfficeQueue: one at a time, who came first is next, who went away loses the turn, and what was seen is recorded.
func TestOfficeQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended []string
		o := &Office{Secret: someSecret(), Now: time.Now, Record: func(run string, ms []checks.Measurement) {
			ended = append(ended, fmt.Sprintf("%s:%d", run, len(ms)))
		}}
		h := o.Handler()
		tokens := map[string]string{}
		for _, run := range []string{"a", "b", "c"} {
			tokens[run] = o.Secret.Issue(run, time.Now().Add(time.Hour), office.DefaultCaps())
		}
		want := func(status int, run, method, what string) {
			t.Helper()
			w := serve(h, method, "/s/"+tokens[run]+"/speedtest/"+what, "")
			if w.Code != status {
				t.Errorf("%s %s: %d, want %d", run, what, w.Code, status)
			}
			if w.Code == 503 && (w.Header().Get("Retry-After") != "2" || w.Header().Get(office.ProblemHeader) != office.CodeBusy) {
				t.Errorf("%s %s: busy without saying when to come again: %v", run, what, w.Header())
			}
		}
		want(200, "a", "POST", "begin")
		want(503, "b", "POST", "begin")
		time.Sleep(time.Second)
		want(503, "c", "POST", "begin")
		want(503, "b", "GET", "latency.txt")
		for range 12 {
			want(200, "a", "GET", "random350x350.jpg")
			time.Sleep(250 * time.Millisecond)
		}
		want(503, "b", "POST", "begin")
		want(503, "c", "POST", "begin")
		want(200, "a", "POST", "end")
		if !slices.Equal(ended, []string{"a:1"}) {
			t.Errorf("recorded %v", ended)
		}
		want(503, "c", "POST", "begin") // b came first
		want(200, "b", "POST", "begin")
		want(503, "a", "POST", "begin")
		time.Sleep(7 * time.Second)     // b is idle and loses the turn; c and a have not come again
		want(200, "a", "POST", "begin") // so who comes now is next
		time.Sleep(2 * time.Minute)     // all timers are over
	})
}

// TestOfficeSessionEnds: a slow upload is cut with its session.
func TestOfficeSessionEnds(t *testing.T) {
	o := &Office{Secret: someSecret(), Now: time.Now, Limits: Limits{Session: 500 * time.Millisecond}}
	srv := httptest.NewServer(o.Handler())
	defer srv.Close()
	token := o.Secret.Issue("r", time.Now().Add(time.Minute), office.DefaultCaps())
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	began := time.Now()
	fmt.Fprintf(c, "POST /s/%s/speedtest/upload.php HTTP/1.1\r\nHost: office\r\nContent-Length: 1000\r\n\r\nslow", token)
	c.SetDeadline(began.Add(10 * time.Second))
	answer, _ := io.ReadAll(c) // until the other end hangs up
	if strings.Contains(string(answer), "size=") {
		t.Errorf("answered %q", answer)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("held for %v", took)
	}
}

// TestQueueAtBothEnds: the second run waits its turn, tells so, and then measures.
func TestQueueAtBothEnds(t *testing.T) {
	o := newOffice(t, &Office{Limits: Limits{Idle: 1500 * time.Millisecond}, Secret: testSecret()})
	other := testSecret().Issue("other", time.Now().Add(time.Minute), office.DefaultCaps())
	resp, err := (&http.Transport{}).RoundTrip(httptest.NewRequest("POST", o.Ticket.Base+"/s/"+other+"/speedtest/begin", nil))
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	queued := false
	got := run(t.Context(), t, o, func(e checks.Event) { queued = queued || e.Step == "bandwidth.step.queue" })
	for _, id := range everything {
		if m := got[id]; m.Missing != nil {
			t.Errorf("%s is missing: %v", id, m.Missing)
		}
	}
	if !queued {
		t.Error("the wait was not told")
	}
}

// TestBusyForGood: the wait is bounded.
func TestBusyForGood(t *testing.T) {
	t.Parallel()
	secret := testSecret()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.Split(r.URL.Path, "/")[2]
		office.Refusal{Status: 503, Code: office.CodeBusy, Retry: time.Second}.Refuse(w, r, token)
	}))
	t.Cleanup(srv.Close)
	o := against(srv.URL, secret.Issue("r", time.Now().Add(time.Minute), office.DefaultCaps()))
	o.Queue = 2 * time.Second
	faulty(t, o, office.CodeBusy, checks.SideOffice, everything, 10*time.Second)
}

func testSecret() office.Secret { return []byte(strings.Repeat("k", 32)) }

func FuzzCounts(f *testing.F) {
	for _, seed := range []string{
		`{"version":1,"tick":0.05,"up":{"bytes":3,"span":0.1,"ticks":[1,2]},"down":{"bytes":0,"span":0,"ticks":[]}}`,
		`{"version":1,"tick":0.05,"up":{"bytes":-3,"span":1e300,"ticks":[-1,-2]},"down":{}}`,
		`{"version":1,"tick":0.05,"up":{"bytes":0,"span":0,"ticks":[]},"down":{"bytes":0,"span":0,"ticks":[]},"kernel":{"min_rtt":0.02,"sent":9,"again":3}}`,
		`{"version":1,"tick":0.05,"up":{"bytes":0,"span":0,"ticks":[]},"down":{"bytes":0,"span":0,"ticks":[]},"kernel":{"min_rtt":-1,"sent":9,"again":30}}`,
		`{"version":1,"version":1}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCounts(data)
		if err != nil {
			return
		}
		if k := c.Kernel; k != nil && !(k.MinRTT >= 0 && k.again().Value >= 0 && k.again().Value <= 1) {
			t.Errorf("%q makes %+v", data, k)
		}
		for _, one := range []tally{c.Up, c.Down} {
			if rate, ok := one.throughput(true); ok && !(rate.rate >= 0 && rate.rate < 1e18) {
				t.Errorf("%q gives a rate of %g", data, rate.rate)
			}
		}
	})
}

func FuzzSize(f *testing.F) {
	for _, seed := range []string{"size=10", "size=-1", "size=", "size=99999999999999999999", "<html>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, reply string) {
		if n, err := parseSize(reply); err == nil && n <= 0 {
			t.Errorf("%q is %d bytes", reply, n)
		}
	})
}
