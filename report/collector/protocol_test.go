package collector

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskready/checks"
	"deskready/report"
	"deskready/report/seal"
	"deskready/report/verify"
)

// Both ends, from the link in the mail to a receipt that anybody can verify.
func TestWholeWay(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana Pérez")
	got, err := FetchInvite(t.Context(), h.HTTP, d.server.PublicURL+d.Link(h.id))
	if err != nil || !bytes.Equal(got, h.sealed) {
		t.Fatalf("the invite file from the link: %v", err)
	}
	if state := d.row(t, h.id).State; state != Opened {
		t.Errorf("state %s after the link was opened", state)
	}
	h.enrol(t).enrol(t) // a lost answer is asked for again
	first := h.begin(t)
	if first.Attempt != 1 || first.Previous != "" || first.Ticket != "ticket-for-"+first.ID || !first.Now.Equal(d.clock.now()) {
		t.Errorf("first run %+v", first)
	}
	run := h.begin(t)
	d.clock.pass(3 * time.Minute)
	file := h.sealReport(t, h.report(run, 0.04))
	receipt, err := h.Deliver(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	trust := d.Trust()
	o := verify.File(file, verify.Options{Trust: &trust, Receipt: receipt, Now: d.clock.now})
	if len(o.Reasons) > 0 || o.Verdict != report.Ready || o.Assurance != report.A1 || o.Receipt == nil || o.Receipt.Invite != h.id {
		t.Errorf("verified from outside: %+v", o)
	}
	row := d.row(t, h.id)
	if row.State != Ready || row.Started != 2 || row.Submitted != 1 || row.Assurance != report.A1 || row.Person != "Ana Pérez" {
		t.Errorf("row %+v", row)
	}
	if next := h.begin(t); next.Previous != report.Digest(file) || next.Attempt != 3 {
		t.Errorf("the next run %+v does not follow %s", next, report.Digest(file))
	}
}

func TestSameReportManyTimes(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	file := h.sealReport(t, h.report(h.begin(t), 0.04))
	receipts := make([][]byte, 20)
	var wg sync.WaitGroup
	for i := range receipts {
		wg.Go(func() {
			var err error
			if receipts[i], err = h.Deliver(t.Context(), file); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, r := range receipts {
		if len(r) == 0 || !bytes.Equal(r, receipts[0]) {
			t.Fatal("receipts of one report differ")
		}
	}
	if row := d.row(t, h.id); row.Submitted != 1 {
		t.Errorf("%d reports stored", row.Submitted)
	}
	d.clock.pass(30 * 24 * time.Hour)
	if again, err := h.Deliver(t.Context(), file); err != nil || !bytes.Equal(again, receipts[0]) {
		t.Errorf("after the invite expired: %v", err)
	}
}

func refusedAs(t *testing.T, what string, err error, status int, reason Reason) {
	t.Helper()
	no, ok := errors.AsType[*RefusedError](err)
	if !ok || no.Status != status || no.Reason != reason {
		t.Errorf("%s: %v, want %d %s", what, err, status, reason)
	}
}

func TestEnrolRefused(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	other := h
	other.Key = newKey(t)
	refusedAs(t, "a second key", other.Enrol(t.Context(), h.invite), http.StatusConflict, ReasonEnrolled)
	_, err := other.Begin(t.Context(), h.invite)
	refusedAs(t, "a run by a second key", err, http.StatusForbidden, ReasonKey)

	fresh := d.hire(t, "Ben")
	stolen := fresh.invite
	stolen.Token = h.invite.Token
	refusedAs(t, "another invite's token", fresh.Enrol(t.Context(), stolen), http.StatusForbidden, ReasonToken)
	stolen.ID = "inv_nothing"
	refusedAs(t, "no such invite", fresh.Enrol(t.Context(), stolen), http.StatusNotFound, ReasonInvite)
	stolen = fresh.invite
	stolen.Collector = "https://other.example"
	refusedAs(t, "another collector", fresh.Enrol(t.Context(), stolen), http.StatusUnprocessableEntity, ReasonAudience)

	if err := d.Revoke(t.Context(), fresh.id); err != nil {
		t.Fatal(err)
	}
	refusedAs(t, "revoked", fresh.Enrol(t.Context(), fresh.invite), http.StatusGone, ReasonRevoked)
	_, err = FetchInvite(t.Context(), fresh.HTTP, d.server.PublicURL+d.Link(fresh.id))
	refusedAs(t, "the file of a revoked invite", err, http.StatusGone, ReasonRevoked)
	d.clock.pass(DefaultTTL)
	_, err = h.Begin(t.Context(), h.invite)
	refusedAs(t, "a run after the invite expired", err, http.StatusGone, ReasonExpired)
}

func TestRunsPerDay(t *testing.T) {
	d := newDesk(t)
	d.server.Limits.Runs = 3
	d.serve(t)
	h := d.hire(t, "Ana").enrol(t)
	for range 3 {
		h.begin(t)
	}
	_, err := h.Begin(t.Context(), h.invite)
	later, ok := errors.AsType[*LaterError](err)
	if !ok || later.Status != http.StatusTooManyRequests || later.Reason != ReasonRuns || later.Wait != 24*time.Hour {
		t.Errorf("the fourth run: %v (%+v)", err, later)
	}
	d.clock.pass(24*time.Hour + time.Second)
	if run := h.begin(t); run.Attempt != 4 {
		t.Errorf("the next day: %+v", run)
	}
}

func TestDeliverRefused(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	other := d.hire(t, "Ben").enrol(t)
	thief := h
	thief.Key = newKey(t)
	file, _ := h.run(t, 0.04)
	var spent report.Report
	{
		o := verify.File(file, verify.Options{})
		spent = o.Report
		spent.Seconds = 31
	}
	changed := func(do func(r *report.Report)) []byte {
		r := h.report(h.begin(t), 0.04)
		do(&r)
		return h.sealReport(t, r)
	}
	whole := changed(func(*report.Report) {})
	for _, c := range []struct {
		name   string
		file   []byte
		status int
		reason Reason
	}{
		{"another report of a spent nonce", h.sealReport(t, spent), http.StatusConflict, ReasonSpent},
		{"a nonce never given", changed(func(r *report.Report) { r.Nonce = "AAAAAAAAAAAAAAAAAAAAAA" }), 422, ReasonNonce},
		{"another hire's nonce", changed(func(r *report.Report) { r.Nonce = other.begin(t).Nonce }), 422, ReasonNonce},
		{"another attempt", changed(func(r *report.Report) { r.Attempt += 5 }), 422, ReasonRun},
		{"another run", changed(func(r *report.Report) { r.Run = "run_other" }), 422, ReasonRun},
		{"another report before it", changed(func(r *report.Report) { r.Previous = "sha256:00" }), 422, ReasonRun},
		{"a key that is not enrolled", thief.sealReport(t, h.report(h.begin(t), 0.04)), http.StatusForbidden, ReasonKey},
		{"tampered", bytes.Replace(whole, []byte(`"sig":"`), []byte(`"sig":"AA`), 1), 422, ReasonMalformed},
		{"a payload changed", flip(whole), 422, ReasonSignature},
		{"duplicate key", bytes.Replace(whole, []byte(`{"mediaType"`), []byte(`{"mediaType":"x","mediaType"`), 1), 422, ReasonMalformed},
		{"not JSON", []byte("hello"), 422, ReasonMalformed},
		{"empty", nil, 422, ReasonMalformed},
		{"the invite instead", h.sealed, 422, ReasonMalformed},
		{"no invite inside", changed(func(r *report.Report) { r.Invite = nil }), 422, ReasonInviteInside},
		{"too large", bytes.Repeat([]byte("x"), 1<<20+1), http.StatusRequestEntityTooLarge, ReasonTooLarge},
		{"offline that is not marked", changed(func(r *report.Report) { r.Nonce = h.invite.Nonce }), 422, ReasonRun},
	} {
		_, err := h.Deliver(t.Context(), c.file)
		refusedAs(t, c.name, err, c.status, c.reason)
	}
	if row := d.row(t, h.id); row.Submitted != 1 {
		t.Errorf("%d reports were stored, and one was good", row.Submitted)
	}
	if _, err := h.Deliver(t.Context(), whole); err != nil {
		t.Errorf("the good one, after all that was refused: %v", err)
	}
}

// flip changes a figure inside the payload, and keeps the signature.
func flip(file []byte) []byte {
	e, err := seal.Read(file)
	if err != nil {
		panic(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	other := bytes.Replace(e.Unverified(), []byte(`"value":0.04`), []byte(`"value":0.03`), 1)
	return bytes.Replace(file, []byte(b64(e.Unverified())), []byte(b64(other)), 1)
}

// A collector takes no report under an invite that another one sealed, whoever signed the rest.
func TestForeignInvite(t *testing.T) {
	d, foreign := newDesk(t).serve(t), newDesk(t)
	foreign.server.PublicURL = d.server.PublicURL
	h := foreign.hire(t, "Ana")
	_, err := h.Deliver(t.Context(), h.sealReport(t, h.report(Run{ID: "run_x", Nonce: h.invite.Nonce, Now: d.clock.now()}, 0.04)))
	refusedAs(t, "another collector's invite", err, 422, ReasonUntrusted)
}

func TestMediaTypes(t *testing.T) {
	d := newDesk(t).serve(t)
	for _, c := range []struct {
		kind, encoding string
		status         int
	}{
		{"text/plain", "", http.StatusUnsupportedMediaType},
		{"", "", http.StatusUnsupportedMediaType},
		{"application/json", "gzip", http.StatusUnsupportedMediaType},
		{"application/json; charset=utf-8", "", http.StatusUnprocessableEntity}, // read, and no report
	} {
		for _, path := range []string{"/api/v1/reports", "/api/v1/runs", "/api/v1/enrol"} {
			req, _ := http.NewRequest(http.MethodPost, d.web.URL+path, strings.NewReader("{}"))
			req.Header.Set("Content-Type", c.kind)
			req.Header.Set("Content-Encoding", c.encoding)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != c.status || resp.Header.Get("Content-Type") != problemType {
				t.Errorf("%s as %q %q: %d %s", path, c.kind, c.encoding, resp.StatusCode, resp.Header.Get("Content-Type"))
			}
		}
	}
}

// How far a report is believed, by when it came.
func TestAssurance(t *testing.T) {
	for _, c := range []struct {
		name    string
		offline bool
		enrol   time.Duration // after the invite
		began   time.Duration // after the invite, by the hire's clock; online: after the nonce
		arrives time.Duration // after the invite; online: after the nonce
		want    report.Assurance
		fresh   bool // says the receipt
	}{
		{"run and delivered", false, 0, 0, 5 * time.Minute, report.A1, true},
		{"at the edge", false, 0, 0, freshness, report.A1, true},
		{"queued for a day", false, 0, 0, 24 * time.Hour, report.A0, false},
		{"a clock that is a little slow", false, 0, -10 * time.Minute, 5 * time.Minute, report.A1, true},
		{"results of an earlier run", false, 0, -11 * time.Minute, 5 * time.Minute, report.A0, false},
		{"results of the day before", false, 0, -23 * time.Hour, 5 * time.Minute, report.A0, false},
		{"a clock that is years slow", false, 0, -7 * 365 * 24 * time.Hour, 5 * time.Minute, report.A0, false},
		{"a clock that is years fast", false, 0, 9 * 365 * 24 * time.Hour, 5 * time.Minute, report.A0, false},
		{"offline, a clock that is years slow", true, time.Minute, -7 * 365 * 24 * time.Hour, time.Hour, report.A0, false},
		{"offline, a clock that is years fast", true, time.Minute, 9 * 365 * 24 * time.Hour, time.Hour, report.A0, false},
		{"offline, enrolled before", true, time.Minute, 2 * time.Minute, time.Hour, report.A1, true},
		{"offline, enrolled to deliver", true, 30 * time.Minute, 2 * time.Minute, time.Hour, report.A0, true},
		{"offline, a day later", true, time.Minute, 2 * time.Minute, 24 * time.Hour, report.A0, false},
	} {
		d := newDesk(t).serve(t)
		h := d.hire(t, "Ana")
		d.clock.pass(c.enrol)
		h.enrol(t)
		r := report.Report{}
		if c.offline {
			r = h.report(Run{ID: "run_offline", Nonce: h.invite.Nonce, Now: h.invite.Issued.Add(c.began)}, 0.04)
			r.Offline = true
		} else {
			r = h.report(h.begin(t), 0.04)
			r.Began = r.Began.Add(c.began)
		}
		d.clock.pass(c.arrives - c.enrol)
		file := h.sealReport(t, r)
		receipt, err := h.Deliver(t.Context(), file)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		says, err := verify.Receipt(receipt, file, d.key.Public())
		if fresh := slices.Contains(says.Properties, "DESKREADY_FRESH"); err != nil || says.Assurance != c.want || fresh != c.fresh {
			t.Errorf("%s: the receipt says %+v: %v", c.name, says, err)
		}
		if row := d.row(t, h.id); row.Assurance != c.want {
			t.Errorf("%s: %s, want %s", c.name, row.Assurance, c.want)
		}
		if c.offline {
			r.Seconds = 29
			_, err := h.Deliver(t.Context(), h.sealReport(t, r))
			refusedAs(t, c.name+": a second offline report", err, http.StatusConflict, ReasonSpent)
		}
	}
}

// A wrong clock is forgiven, and nothing else is with it.
func TestWrongClockForgivesNothingElse(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	for _, c := range []struct {
		name   string
		do     func(r *report.Report)
		reason Reason
	}{
		{"nothing else", func(*report.Report) {}, ""},
		{"a verdict of his own", func(r *report.Report) { r.Verdict = report.NotReady }, ReasonVerdict},
		{"another audience", func(r *report.Report) { r.Audience = "https://other.example" }, ReasonAudience},
		{"a run of minus an hour", func(r *report.Report) { r.Seconds = -3600 }, ReasonLate},
		{"a run of a million years", func(r *report.Report) { r.Seconds = 3e13 }, ReasonLate},
	} {
		r := h.report(h.begin(t), 0.04)
		r.Began = time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
		c.do(&r)
		file, err := seal.Seal(h.Key, seal.InToto, unchecked(t, r, h))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = h.Deliver(t.Context(), file); c.reason != "" {
			refusedAs(t, c.name, err, http.StatusUnprocessableEntity, c.reason)
		} else if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := h.Deliver(t.Context(), flipYear(file)); c.reason == "" {
			refusedAs(t, "tampered with", err, http.StatusUnprocessableEntity, ReasonSignature)
		}
	}
	row := d.row(t, h.id)
	if row.Submitted != 1 || row.Assurance != report.A0 || row.State != Ready {
		t.Errorf("%+v", row)
	}
	page := d.admin(t).get(t, "/hires/"+h.id)
	if !strings.Contains(page.body, "whose clock is wrong") || !strings.Contains(page.body, "Delay of the line") || strings.Contains(page.body, "is not shown") {
		t.Errorf("the page of such a report: %s", page.body)
	}
	late := h.report(h.begin(t), 0.04)
	late.Began = time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	d.clock.pass(DefaultTTL + time.Hour)
	_, err := h.Deliver(t.Context(), h.sealReport(t, late))
	refusedAs(t, "after the invite expired by our clock", err, http.StatusGone, ReasonExpired)
}

// flipYear changes when a run began, and keeps the signature.
func flipYear(file []byte) []byte {
	e, err := seal.Read(file)
	if err != nil {
		panic(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	other := bytes.Replace(e.Unverified(), []byte(`"began":"2019`), []byte(`"began":"2018`), 1)
	return bytes.Replace(file, []byte(b64(e.Unverified())), []byte(b64(other)), 1)
}

// A run begun in time may arrive a little after the invite expired; one that was kept back may not.
func TestLateDelivery(t *testing.T) {
	for _, c := range []struct {
		wait time.Duration
		good bool
	}{{freshness - time.Minute, true}, {freshness + time.Minute, false}} {
		d := newDesk(t).serve(t)
		h := d.hire(t, "Ana").enrol(t)
		d.clock.pass(DefaultTTL - 10*time.Minute)
		file := h.sealReport(t, h.report(h.begin(t), 0.04))
		d.clock.pass(c.wait)
		_, err := h.Deliver(t.Context(), file)
		if c.good && err != nil {
			t.Errorf("%s after the run began: %v", c.wait, err)
		} else if !c.good {
			refusedAs(t, "kept back", err, http.StatusGone, ReasonExpired)
		}
	}
}

// An older attempt that comes late is kept, and does not push out the newer one.
func TestOlderAttemptComesLate(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	late := h.sealReport(t, h.report(h.begin(t), 0.5))
	h.run(t, 0.04)
	if _, err := h.Deliver(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	if row := d.row(t, h.id); row.State != Ready || row.Submitted != 2 {
		t.Errorf("%+v", row)
	}
}

// What the collector measured itself goes into the report under its own seal, and nothing else passes for it.
func TestWitness(t *testing.T) {
	d := newDesk(t)
	delay := checks.Metric{ID: "call.rtt", Unit: checks.Seconds}.Of("", 0.02)
	delay.By = checks.ByCollector
	asked := ""
	d.server.Witness = func(run string) []checks.Measurement { asked = run; return []checks.Measurement{delay} }
	d.serve(t)
	h, other := d.hire(t, "Ana").enrol(t), d.hire(t, "Ben").enrol(t)
	run := h.begin(t)
	_, _, err := other.Witness(t.Context(), other.invite, run.Nonce)
	refusedAs(t, "another hire's run", err, http.StatusUnprocessableEntity, ReasonNonce)
	sealed, w, err := h.Witness(t.Context(), h.invite, run.Nonce)
	if err != nil || asked != run.ID || len(w.Measurements) != 1 || w.Measurements[0].Value != 0.02 {
		t.Fatalf("asked about %q: %+v, %v", asked, w, err)
	}
	r := h.report(run, 0.04)
	r.Results[0].Measurements = append(r.Results[0].Measurements, delay)
	p := policy()
	r.Findings = p.Judge(r.Results)
	r.Witness = sealed
	receipt, err := h.Deliver(t.Context(), h.sealReport(t, r))
	if err != nil {
		t.Fatal(err)
	}
	if row := d.row(t, h.id); row.Assurance != report.A2 {
		t.Errorf("assurance %s", row.Assurance)
	}
	trust := d.Trust()
	if o := verify.File(h.sealReport(t, r), verify.Options{Trust: &trust, Receipt: receipt}); o.Assurance != report.A2 {
		t.Errorf("from outside: %+v", o)
	}
	_, _, err = h.Witness(t.Context(), h.invite, run.Nonce)
	refusedAs(t, "after the report", err, http.StatusConflict, ReasonSpent)

	// The hire seals a witness of his own.
	run = h.begin(t)
	r.Run, r.Nonce, r.Attempt, r.Previous = run.ID, run.Nonce, run.Attempt, run.Previous
	if r.Witness, err = verify.SealWitness(verify.Witness{Invite: h.id, Nonce: run.Nonce, Collector: r.Audience, At: run.Now,
		Measurements: []checks.Measurement{delay}}, h.Key); err != nil {
		t.Fatal(err)
	}
	payload, err := seal.Seal(h.Key, seal.InToto, unchecked(t, r, h))
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Deliver(t.Context(), payload)
	refusedAs(t, "a witness of the hire's own", err, http.StatusUnprocessableEntity, ReasonUntrusted)
}

// A witness that says only what was missing makes nothing A2.
func TestWitnessWithoutValue(t *testing.T) {
	metric := checks.Metric{ID: "call.rtt", Unit: checks.Seconds}
	value, missing := metric.Of("", 0.02), metric.Missing("up", &checks.Problem{Code: "too_slow", Side: "line"})
	value.By, missing.By = checks.ByCollector, checks.ByCollector
	for name, c := range map[string]struct {
		saw  []checks.Measurement
		want report.Assurance
	}{
		"nothing but what is missing": {[]checks.Measurement{missing}, report.A1},
		"one value":                   {[]checks.Measurement{missing, value}, report.A2},
	} {
		d := newDesk(t)
		d.server.Witness = func(string) []checks.Measurement { return c.saw }
		d.serve(t)
		h := d.hire(t, "Ana").enrol(t)
		run := h.begin(t)
		sealed, w, err := h.Witness(t.Context(), h.invite, run.Nonce)
		if err != nil || len(w.Measurements) != len(c.saw) {
			t.Fatalf("%s: %v %+v", name, err, w)
		}
		r := h.report(run, 0.04)
		r.Results[0].Measurements = append(r.Results[0].Measurements, w.Measurements...)
		p := policy()
		r.Findings, r.Witness = p.Judge(r.Results), sealed
		r.Verdict = report.Decide(r.Findings)
		file := h.sealReport(t, r)
		receipt, err := h.Deliver(t.Context(), file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		says, err := verify.Receipt(receipt, file, d.key.Public())
		if err != nil || says.Assurance != c.want || slices.Contains(says.Properties, "DESKREADY_NETWORK_WITNESSED") != (c.want == report.A2) {
			t.Errorf("%s: %+v, %v", name, says, err)
		}
	}
}

// unchecked is the payload of a report as a dishonest program would write it.
func unchecked(t *testing.T, r report.Report, h hire) []byte {
	t.Helper()
	r.Version, r.Key = report.Version, h.Key.Public().PEM()
	predicate, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := seal.Statement{
		Subject:       []seal.Subject{{Name: "invite:" + h.id, Digest: map[string]string{"sha256": strings.TrimPrefix(report.Digest(h.sealed), "sha256:")}}},
		PredicateType: report.PredicateType, Predicate: predicate,
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// Whoever signs it: figures that do not give the verdict are refused.
func TestVerdictIsRecomputed(t *testing.T) {
	d := newDesk(t).serve(t)
	h := d.hire(t, "Ana").enrol(t)
	for name, lie := range map[string]func(r *report.Report){
		"verdict":  func(r *report.Report) { r.Verdict = report.Ready },
		"findings": func(r *report.Report) { r.Findings[0].Outcome = report.Pass },
		"both":     func(r *report.Report) { r.Verdict, r.Findings[0].Outcome = report.Ready, report.Pass },
	} {
		r := h.report(h.begin(t), 0.5)
		lie(&r)
		file, err := seal.Seal(h.Key, seal.InToto, unchecked(t, r, h))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Deliver(t.Context(), file)
		refusedAs(t, name, err, http.StatusUnprocessableEntity, ReasonVerdict)
	}
	// The verdict under a softer policy than the invite's.
	r := h.report(h.begin(t), 0.5)
	soft := policy()
	most := 9.0
	soft.Rules[0].Require.Max = &most
	compiled, err := soft.Compile()
	if err != nil {
		t.Fatal(err)
	}
	r.Policy = report.PolicyRef{Name: soft.Name, Digest: report.Digest(compiled), Compiled: compiled}
	r.Findings = soft.Judge(r.Results)
	r.Verdict = report.Decide(r.Findings)
	file, err := seal.Seal(h.Key, seal.InToto, unchecked(t, r, h))
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Deliver(t.Context(), file)
	refusedAs(t, "a softer policy", err, http.StatusUnprocessableEntity, ReasonPolicy)
}
