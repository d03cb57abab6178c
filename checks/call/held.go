package call

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/pion/webrtc/v4"

	"deskready/checks"
	"deskready/checks/office"
)

// held is a call as the office holds it.
type held struct {
	id     string
	token  string
	claims office.Claims
	began  time.Time
	line   *line
	talk   *talk
	relays int // allocations; under Office.mu

	mu      sync.Mutex
	touched time.Time        // the last request
	sent    map[stage]uint32 // by us, when it was told to stop
	told    map[stage]entry  // the hire's last account, by stage
	long    *soaking         // of a long call
}

// longestGap is what a long call lives through: a router that starts again is what it is to find out.
const longestGap = 2 * time.Minute

// over says whether the other end is gone, or has called for long enough.
func (c *held) over(l Limits) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := l.Silence
	if c.long != nil {
		most = max(most, longestGap)
	}
	return min(time.Since(c.touched), c.line.quiet()) > most || time.Since(c.began) > l.Length
}

// Handler serves /s/{ticket}/call and below: mount it there, or at /s/.
func (o *Office) Handler() http.Handler {
	o.begin()
	const at = "/s/{ticket}/call"
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+at, o.ring)
	mux.HandleFunc("POST "+at+"/{id}/stop", o.under(o.stop))
	mux.HandleFunc("POST "+at+"/{id}/account", o.under(o.account))
	mux.HandleFunc("POST "+at+"/{id}/end", o.under(o.hangUp))
	return mux
}

// patience is how long a request's body may take.
const patience = 15 * time.Second

func read(w http.ResponseWriter, r *http.Request, most int64) ([]byte, bool) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(patience))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err == nil {
		return body, true
	}
	status := http.StatusBadRequest
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		status = http.StatusRequestEntityTooLarge
	}
	office.Refusal{Status: status, Code: office.CodeRefused}.Refuse(w, r, r.PathValue("ticket"))
	return nil, false
}

func reply(w http.ResponseWriter, r *http.Request, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "reply", http.StatusInternalServerError)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience))
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	office.Sign(w, r, r.PathValue("ticket"), http.StatusOK)
	_, _ = w.Write(body)
}

// ring answers an offer.
func (o *Office) ring(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("ticket")
	claims, ok := o.Secret.Admit(w, r, token, o.Now())
	if !ok {
		return
	}
	body, ok := read(w, r, maxSignal)
	if !ok {
		return
	}
	ask, err := parseOffer(body)
	if err != nil {
		office.Refusal{Status: http.StatusBadRequest, Code: office.CodeRefused}.Refuse(w, r, token)
		return
	}
	x, refusal := o.admit(claims)
	if x == nil {
		refusal.Refuse(w, r, token)
		return
	}
	c := &held{id: newID(), token: token, claims: claims, began: time.Now(), touched: time.Now(),
		told: map[stage]entry{}}
	c.line = x.open(c.id)
	take, err := c.pickUp(ask)
	switch {
	case err != nil:
		c.abandon()
		office.Refusal{Status: http.StatusBadRequest, Code: office.CodeRefused}.Refuse(w, r, token)
		return
	case !o.keep(c): // others were quicker
		c.abandon()
		busy().Refuse(w, r, token)
		return
	}
	reply(w, r, take)
}

// pickUp makes the office's end of the call.
func (c *held) pickUp(ask offer) (answer, error) {
	peer, err := newPeer(c.line, true, c.id, newID())
	if err != nil {
		return answer{}, err
	}
	if c.talk, err = newTalk(peer, &c.line.stamps, (*ledger).farStage); err != nil {
		_ = peer.Close()
		return answer{}, err
	}
	if err := peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: ask.SDP}); err != nil {
		return answer{}, err
	}
	local, err := peer.CreateAnswer(nil)
	if err != nil {
		return answer{}, err
	}
	return answer{Version: signalVersion, ID: c.id, SDP: local.SDP}, peer.SetLocalDescription(local)
}

func (c *held) abandon() {
	if c.talk != nil {
		c.talk.close()
	}
	_ = c.line.Close()
}

// under finds the call of a request. A call that goes on when its ticket has expired may still be ended and accounted for.
func (o *Office) under(serve func(http.ResponseWriter, *http.Request, *held)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := r.PathValue("ticket")
		claims, err := o.Secret.Check(token, o.Now())
		c := o.find(r.PathValue("id"), claims.ID)
		if c == nil || err != nil && !errors.Is(err, office.ErrExpired) {
			if _, ok := o.Secret.Admit(w, r, token, o.Now()); ok {
				office.Refusal{Status: http.StatusNotFound, Code: office.CodeRefused}.Refuse(w, r, token)
			}
			return
		}
		c.mu.Lock()
		c.touched = time.Now()
		c.mu.Unlock()
		serve(w, r, c)
	}
}

// stop makes the office silent, and tells how much it said.
func (o *Office) stop(w http.ResponseWriter, r *http.Request, c *held) {
	c.talk.muted.Store(true)
	reply(w, r, c.stopped())
}

// stopped counts once: what is sent later is not the hire's to receive.
func (c *held) stopped() counted {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent == nil {
		c.sent = map[stage]uint32{}
		for s := idle; s < stages; s++ {
			c.sent[s] = c.talk.ledger.count(s)
		}
	}
	out := counted{Version: signalVersion, Sent: map[string]uint32{}}
	for s, n := range c.sent {
		out.Sent[s.String()] = n
	}
	return out
}

// account takes the hire's account and gives the office's own, of the same packets.
func (o *Office) account(w http.ResponseWriter, r *http.Request, c *held) {
	body, ok := read(w, r, maxAccount)
	if !ok {
		return
	}
	theirs, err := parseAccount(body)
	if err != nil {
		office.Refusal{Status: http.StatusBadRequest, Code: office.CodeRefused}.Refuse(w, r, r.PathValue("ticket"))
		return
	}
	stalls := o.pulse.since(c.talk.ledger.began)
	mine := account{Version: accountVersion, Last: theirs.Last}
	for _, e := range theirs.Entries {
		mine.Entries = append(mine.Entries, c.balance(e, theirs.Last, stalls))
	}
	reply(w, r, mine)
}

// balance answers one entry of the hire's with the office's. Of a long call it settles the window: it is judged, and forgotten.
func (c *held) balance(e entry, last bool, stalls []span) entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, l := stageOf(e.Stage), c.talk.ledger
	if last {
		if _, told := c.told[s]; !told { // who has seen ours cannot think of another one
			c.told[s] = e
		}
		return l.entry(s, e.First, 0, stalls)
	}
	mine := l.entry(s, e.First, perWindowSent, stalls)
	if s != idle || e.Sent != perWindowSent || uint64(l.count(s)) < uint64(e.First)+uint64(perWindowSent) {
		return mine // no window is over
	}
	if c.long == nil {
		c.long = newSoaking()
	}
	for first := l.settled(s); first < e.First; first += perWindowSent { // windows of which the hire could not tell
		c.long.add(turned(l.window(s, first, perWindowSent, nil, stalls)))
		l.settle(s, first+perWindowSent)
	}
	if l.settled(s) <= e.First {
		c.long.add(turned(l.window(s, e.First, perWindowSent, &e, stalls)))
		l.settle(s, e.First+perWindowSent)
	}
	return mine
}

// turned gives the directions the hire's names: what comes in at the office goes up.
func turned(s sides) sides { return sides{up: s.down, down: s.up} }

// hangUp ends the call at once.
func (o *Office) hangUp(w http.ResponseWriter, r *http.Request, c *held) {
	o.end(c)
	reply(w, r, counted{Version: signalVersion, Sent: map[string]uint32{}})
}

// leastWitness of a stage without load make a witness: four seconds. A hire cannot hang up as soon as a moment was good.
const leastWitness = 200

// seen is what the office itself saw of a call that is over. What the hire says of it counts where it comes with proof. Of a call
// that broke off without the hire's account there is nothing to say: nobody knows whether the line, the program or the hire ended it.
func (c *held) seen(stalls []span) []checks.Measurement {
	c.stopped()
	c.mu.Lock()
	defer c.mu.Unlock()
	t := teller{by: checks.ByCollector}
	_, quiet := c.told[idle]
	s := c.rest(idle, stalls)
	switch {
	case c.long != nil:
		if quiet {
			c.long.add(s)
		}
		t.soaked(c.long)
	case quiet && s.up.sent >= leastWitness:
		t.quiet(s)
	}
	_, down := c.told[download]
	_, up := c.told[upload]
	if down && up {
		t.loaded(map[stage]sides{download: c.rest(download, stalls), upload: c.rest(upload, stalls)})
	}
	return t.out
}

// rest is what was not settled of a stage. Both ends send at one pace: a hire that says it sent much less than the office hides
// what was lost at the end, or slept; either way nothing can be said of the line.
func (c *held) rest(s stage, stalls []span) sides {
	l := c.talk.ledger
	first := l.settled(s)
	mine := max(c.sent[s], first) - first
	up := l.incoming(s, first, 0, stalls)
	up.sent = up.reported()
	var theirs *entry
	if e, ok := c.told[s]; ok && e.First == first {
		theirs = &e
		if up.sent = max(up.sent, e.Sent); up.sent+2*uint32(perSecond)+mine/10 < mine {
			up.sent = mostPackets + 1 // what quality calls garbled
		}
	}
	return sides{up: up, down: l.outgoing(s, first, mine, theirs)}
}
