package call

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"deskready/checks/office"
)

// knock sends a request as anybody may.
func knock(t *testing.T, ticket *office.Ticket, what, body string) *http.Response {
	t.Helper()
	resp, err := http.Post(ticket.At("call"+what), "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

// TestOfficeRefuses: whatever is sent, the office answers with one reason.
func TestOfficeRefuses(t *testing.T) {
	s := serve(t, Limits{PerTicket: 1, Starts: 3})
	p := dialled(t, s.ticket)
	stranger := s.issue(s.address)
	stranger.Token = testSecret().Issue("other", time.Now().Add(time.Minute), office.DefaultCaps())
	forged, expired := s.issue(s.address), s.issue(s.address)
	forged.Token = "x"
	expired.Token = testSecret().Issue("run", time.Now().Add(-time.Minute), office.DefaultCaps())
	good := `{"version":1,"sdp":"m=audio 9 UDP/TLS/RTP/SAVPF 111"}`
	for name, c := range map[string]struct {
		ticket     *office.Ticket
		what, body string
		status     int
		code       string
	}{
		"forged":           {forged, "", good, 401, office.CodeForged},
		"expired":          {expired, "", good, 403, office.CodeExpired},
		"no JSON":          {stranger, "", "x", 400, office.CodeRefused},
		"two keys":         {stranger, "", `{"version":1,"version":1,"sdp":"m=audio "}`, 400, office.CodeRefused},
		"other version":    {stranger, "", `{"version":2,"sdp":"m=audio "}`, 400, office.CodeRefused},
		"video":            {stranger, "", `{"version":1,"sdp":"m=audio 9\nm=video 9"}`, 400, office.CodeRefused},
		"no description":   {stranger, "", good, 400, office.CodeRefused},
		"too long":         {stranger, "", `{"version":1,"sdp":"` + strings.Repeat("a", maxSignal) + `"}`, 413, office.CodeRefused},
		"one too many":     {s.ticket, "", good, 503, office.CodeBusy},
		"another's call":   {stranger, "/" + p.id + "/stop", "", 404, office.CodeRefused},
		"no call":          {s.ticket, "/ABC/stop", "", 404, office.CodeRefused},
		"account too long": {s.ticket, "/" + p.id + "/account", strings.Repeat(" ", maxAccount+1), 413, office.CodeRefused},
		"account":          {s.ticket, "/" + p.id + "/account", `{"version":1,"last":true,"entries":[{"stage":"x","first":0,"sent":1}]}`, 400, office.CodeRefused},
	} {
		resp := knock(t, c.ticket, c.what, c.body)
		if got := resp.Header.Get(office.ProblemHeader); resp.StatusCode != c.status || got != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, resp.StatusCode, got, c.status, c.code)
		}
	}
	p.desk.hangUp(t.Context(), p.id)
	for n := 0; ; n++ {
		resp := knock(t, s.ticket, "", good)
		if resp.Header.Get(office.ProblemHeader) == office.CodeSpent {
			break
		}
		if n > 3 {
			t.Fatal("a ticket begins as many calls as it likes")
		}
	}
}

// TestLiar: what the hire cannot prove did not arrive, and a delay that is hidden in the echoes comes out.
func TestLiar(t *testing.T) {
	l := newLedger()
	const n = 300
	var numbers []arrival
	for i := range uint32(n) {
		p, _ := l.depart(idle, time.Duration(i)*interval)
		numbers = append(numbers, arrival{i, time.Duration(i)*interval + 30*time.Millisecond})
		if i%3 != 0 { // one in three never came: the echo is a guess
			l.hear(echo{idle, i, uint32(p.token >> 32), 0}, p.sent+30*time.Millisecond, p.sent, l.now())
		} else {
			l.hear(echo{idle, i, uint32(p.token>>32) + 1, 0}, p.sent+30*time.Millisecond, p.sent, l.now())
		}
	}
	claims := entry{Stage: "idle", Got: packArrivals(numbers), Proof: make([]byte, proofSize)}
	if got := unique(l.outgoing(idle, 0, n, &claims)); got != n*2/3 {
		t.Errorf("%d of %d are believed without proof", got, n)
	}
	only := slices.DeleteFunc(slices.Clone(numbers), func(a arrival) bool { return a.seq%3 == 0 })
	claims.Got = packArrivals(numbers)
	claims.Proof = proof(idle, numbersOf(only), func(_ int, seq uint32) uint64 { return l.token(idle, seq) })
	if got := unique(l.outgoing(idle, 0, n, &claims)); got != n*2/3 {
		t.Errorf("%d of %d are believed by another's proof", got, n)
	}
	claims.Proof = proof(idle, numbersOf(numbers), func(_ int, seq uint32) uint64 { return l.token(idle, seq) })
	if got := unique(l.outgoing(idle, 0, n, &claims)); got != n*2/3 {
		t.Errorf("%d of %d are believed without echoes, on a line that lost none of them", got, n)
	}
	claims.Sent = n // of which none came
	if got := unique(l.outgoing(idle, 0, n, &claims)); got != n {
		t.Errorf("%d of %d are believed with proof, on a line that lost most echoes", got, n)
	}
}

func numbersOf(list []arrival) []uint32 { return numbers(list) }

// TestHiddenDelay: a hire that says nothing of packets that were late, or that it held their echoes, gains nothing.
func TestHiddenDelay(t *testing.T) {
	const n, lateBy = 300, 400 * time.Millisecond
	for name, c := range map[string]struct {
		echoes bool
		hold   time.Duration // claimed, of the delay
	}{
		"silent": {echoes: false},
		"held":   {echoes: true, hold: lateBy},
	} {
		l := newLedger()
		var claims []arrival
		for i := range uint32(n) {
			due := time.Duration(i) * interval
			p, _ := l.depart(idle, due)
			l.out[idle].sent[i].at = due
			there := due + 20*time.Millisecond
			claims = append(claims, arrival{i, there})
			switch late := i >= n/2; {
			case !late:
				l.hear(echo{idle, i, uint32(p.token >> 32), 0}, there, there-interval, due+40*time.Millisecond)
			case c.echoes:
				l.hear(echo{idle, i, uint32(p.token >> 32), c.hold}, there+c.hold, there+c.hold-interval, due+40*time.Millisecond+lateBy)
			}
		}
		e := entry{Stage: "idle", Got: packArrivals(claims)}
		e.Proof = proof(idle, numbers(claims), func(_ int, seq uint32) uint64 { return l.token(idle, seq) })
		q := calm(l.outgoing(idle, 0, n, &e)).quality()
		if q.loss < 0.4 && q.late < 0.4 {
			t.Errorf("%s: %.2f lost, %.2f late: half the packets were %v late", name, q.loss, q.late, lateBy)
		}
	}
}

// TestHiddenEnd: who says it sent less than the time allows hides the end of the call.
func TestHiddenEnd(t *testing.T) {
	l := newLedger()
	for i := range uint32(500) {
		l.depart(idle, 0)
		if i < 250 {
			l.arrive(payload{stage: idle, seq: i, sent: time.Duration(i) * interval}, time.Duration(i)*interval)
		}
	}
	c := &held{talk: &talk{ledger: l}, told: map[stage]entry{idle: {Stage: "idle", Sent: 250}}}
	c.stopped()
	if q := c.rest(idle, nil).up.quality(); q.why != whyGarbled {
		t.Errorf("250 of about 500 packets are all there are: %q, %.2f lost", q.why, q.loss)
	}
	c.told[idle] = entry{Stage: "idle", Sent: 495}
	c.balance(entry{Stage: "idle", Sent: 440}, true, nil) // having seen what arrived
	if q := c.rest(idle, nil).up.quality(); q.lost != 245 {
		t.Errorf("%d lost of 495", q.lost)
	}
}

// TestFlood: a call takes no more packets than a call has, and packets of nobody are dropped.
func TestFlood(t *testing.T) {
	x := newExchange(nil, 200)
	l := x.open("name")
	from := origin{relay: &relay{exchange: x, port: 1}}
	if !l.adopt(from) {
		t.Fatal("not adopted")
	}
	x.froms[from] = l
	b := make([]byte, 100)
	b[0] = 128
	now := time.Now()
	for range 10_000 {
		x.take(b, from, now)
		x.take(b, origin{}, now)
	}
	if n := len(l.packets); n != 200 {
		t.Errorf("%d packets taken at once, the limit is 200 a second", n)
	}
	for i := range 100 {
		l.adopt(origin{relay: &relay{exchange: x, port: i}})
	}
	if n := len(l.origins); n != maxOrigins {
		t.Errorf("%d origins of one call", n)
	}
}
