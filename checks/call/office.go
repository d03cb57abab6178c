package call

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pion/turn/v5"

	"deskready/checks"
	"deskready/checks/office"
)

// An Office is the office end: it answers calls and says what it saw of them itself.
type Office struct {
	Secret office.Secret
	Now    func() time.Time // the wall clock, for the expiry of tickets
	Limits Limits

	// Dropped is how many packets for media the office itself has dropped so far, under a flood or because it was too busy;
	// nil: it cannot tell.
	Dropped func() uint64

	// Record is told at the end of each call that was long enough to say anything; it may be nil. A run makes two calls, one
	// under load and one without: whoever keeps them must merge by metric.
	Record func(run string, seen []checks.Measurement)

	setup sync.Once
	pulse pulse

	mu       sync.Mutex
	exchange *exchange        // while Serve runs
	calls    map[string]*held // by ID
	used     map[string]usage // by ticket, until it expires
}

// Limits bound what calls may take of the office. Zero values stand for DefaultLimits.
type Limits struct {
	Calls     int           // at once
	PerTicket int           // at once: a run's two calls may overlap for a moment
	Starts    int           // calls that a ticket may begin
	Length    time.Duration // of a call
	Silence   time.Duration // without a packet or a request for so long, a call is over
	Rate      int           // packets a second that a call may send; it needs 50, and more after a jam
}

// DefaultLimits fit the default Options of the other end.
func DefaultLimits() Limits {
	return Limits{Calls: 200, PerTicket: 2, Starts: 24, Length: 65 * time.Minute, Silence: 10 * time.Second, Rate: 200}
}

// usage is what is remembered of a ticket.
type usage struct {
	starts int
	until  time.Time
}

func (o *Office) begin() {
	o.setup.Do(func() {
		d := DefaultLimits()
		o.calls, o.used = map[string]*held{}, map[string]usage{}
		for _, n := range []struct{ v, d *int }{
			{&o.Limits.Calls, &d.Calls}, {&o.Limits.PerTicket, &d.PerTicket}, {&o.Limits.Starts, &d.Starts}, {&o.Limits.Rate, &d.Rate},
		} {
			if *n.v <= 0 {
				*n.v = *n.d
			}
		}
		if o.Limits.Length <= 0 {
			o.Limits.Length = d.Length
		}
		if o.Limits.Silence <= 0 {
			o.Limits.Silence = d.Silence
		}
	})
}

// Serve answers calls until ctx ends: ICE-lite on media, TURN and STUN on relayPackets (UDP) and relayStreams (TCP or TLS), each of
// which may be nil. It closes them.
func (o *Office) Serve(ctx context.Context, media, relayPackets net.PacketConn, relayStreams net.Listener) error {
	o.begin()
	x := newExchange(media, o.Limits.Rate)
	stopRelay, err := o.serveRelay(x, relayPackets, relayStreams)
	if err != nil {
		return err
	}
	o.mu.Lock()
	o.exchange = x
	o.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go o.pulse.beat(ctx, o.Dropped)
	go o.sweep(ctx)
	stop := context.AfterFunc(ctx, func() { _ = media.Close() })
	defer stop()
	err = x.serve()
	o.mu.Lock()
	o.exchange = nil
	var all []*held
	for _, c := range o.calls {
		all = append(all, c)
	}
	o.mu.Unlock()
	for _, c := range all {
		o.end(c)
	}
	stopRelay()
	if ctx.Err() != nil {
		return nil
	}
	return errors.Join(err, net.ErrClosed)
}

// sweep ends calls whose other end is gone, and those that last too long.
func (o *Office) sweep(ctx context.Context) {
	ticker := time.NewTicker(min(time.Second, o.Limits.Silence/4))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		var over []*held
		o.mu.Lock()
		for _, c := range o.calls {
			if c.over(o.Limits) {
				over = append(over, c)
			}
		}
		now := o.Now()
		for id, u := range o.used {
			if u.until.Before(now) {
				delete(o.used, id)
			}
		}
		o.mu.Unlock()
		for _, c := range over {
			o.end(c)
		}
	}
}

// admit reserves a place for a call, or says why there is none.
func (o *Office) admit(claims office.Claims) (*exchange, office.Refusal) {
	o.mu.Lock()
	defer o.mu.Unlock()
	u := o.used[claims.ID]
	switch {
	case o.exchange == nil:
		return nil, office.Refusal{Status: http.StatusServiceUnavailable, Code: office.CodeRefused}
	case u.starts >= o.Limits.Starts:
		return nil, office.Refusal{Status: http.StatusTooManyRequests, Code: office.CodeSpent}
	case o.full(claims.ID):
		return nil, busy()
	}
	u.starts, u.until = u.starts+1, claims.Until
	o.used[claims.ID] = u
	return o.exchange, office.Refusal{}
}

func busy() office.Refusal {
	return office.Refusal{Status: http.StatusServiceUnavailable, Code: office.CodeBusy, Retry: 2 * time.Second}
}

// full says whether no more calls can be taken, of this ticket or at all. The caller holds the lock.
func (o *Office) full(ticket string) bool {
	mine := 0
	for _, c := range o.calls {
		if c.claims.ID == ticket {
			mine++
		}
	}
	return len(o.calls) >= o.Limits.Calls || mine >= o.Limits.PerTicket
}

// keep puts a call among those that are held.
func (o *Office) keep(c *held) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.exchange != c.line.exchange || o.full(c.claims.ID) {
		return false
	}
	o.calls[c.id] = c
	return true
}

// find is the call of that ID, if it is the ticket's.
func (o *Office) find(id, ticket string) *held {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.calls[id]; c != nil && c.claims.ID == ticket {
		return c
	}
	return nil
}

// end ends a call, once, and tells what was seen of it.
func (o *Office) end(c *held) {
	o.mu.Lock()
	mine := o.calls[c.id] == c
	delete(o.calls, c.id)
	o.mu.Unlock()
	if !mine {
		return
	}
	c.talk.close()
	_ = c.line.Close()
	if seen := c.seen(o.pulse.since(c.talk.ledger.began)); o.Record != nil && len(seen) > 0 {
		o.Record(c.claims.Run, seen)
	}
}

// relayUser gives the relay's password of a call that is under way.
func (o *Office) relayUser(ask *turn.RequestAttributes) (string, []byte, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.calls[ask.Username]
	if c == nil {
		return "", nil, false
	}
	return c.id, turn.GenerateAuthKey(ask.Username, relayRealm, relayKey(c.token, c.id)), true
}

// relayQuota lets a call try each way through the relay, and one once more.
func (o *Office) relayQuota(name, _ string, _ net.Addr) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.calls[name]
	return c != nil && c.relays < 4
}

func (o *Office) relays(name string, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.calls[name]; c != nil {
		c.relays += n
	}
}

// newID names a call: letters and digits, 130 bits.
func newID() string { return rand.Text() }
