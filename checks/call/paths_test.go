package call

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/pion/turn/v5"

	"deskready/checks"
	"deskready/checks/office"
)

// TestPaths: what a network blocks decides how the call goes, soon, and the best way that is left is taken.
func TestPaths(t *testing.T) {
	t.Parallel()
	s := serve(t, Limits{})
	for name, c := range map[string]struct {
		noUDP, noPlain bool
		want           string
	}{
		"open":    {want: byUDP},
		"no UDP":  {noUDP: true, want: byTurnTCP},
		"no TURN": {noPlain: true, want: byUDP},
	} {
		line := impair(t, s.address)
		line.noUDP.Store(c.noUDP)
		line.noPlain.Store(c.noPlain)
		began := time.Now()
		p := dialled(t, s.issue(line.address))
		if p.way.name != c.want {
			t.Errorf("%s: the call went by %s, want %s", name, p.way.name, c.want)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: %v to set up", name, took)
		}
		time.Sleep(time.Second)
		seen, err := p.finishing(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if j := seen[idle].judge(); j.up.lost != 0 || j.down.lost != 0 || j.up.sent < 20 || j.down.sent < 20 {
			t.Errorf("%s: %d of %d lost up, %d of %d down", name, j.up.lost, j.up.sent, j.down.lost, j.down.sent)
		}
	}
}

// TestRelayUDP: a relay over UDP carries a call.
func TestRelayUDP(t *testing.T) {
	t.Parallel()
	s := serve(t, Limits{})
	d := newDesk(Options{Ticket: s.ticket}.withDefaults())
	defer d.close()
	p, _, err := lift(t.Context(), d, []string{byUDP})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if p.way.name != byTurnUDP {
		t.Errorf("the call went by %s", p.way.name)
	}
}

// TestTLS: where only TLS passes, the call goes inside it, under the same trust as HTTPS.
func TestTLS(t *testing.T) {
	t.Parallel()
	o := &Office{Secret: testSecret(), Now: time.Now}
	srv := httptest.NewUnstartedServer(o.Handler())
	srv.StartTLS()
	config := srv.TLS.Clone()
	pool := srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	srv.Close()
	l, u := listenBoth(t)
	web, relay, _ := office.Split(l, config)
	port := office.Share(u)
	srv = &httptest.Server{Listener: web, Config: &http.Server{Handler: o.Handler()}}
	srv.Start()
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = o.Serve(ctx, port.Packets(office.Media), port.Packets(office.Relay), relay)
	}()
	defer func() {
		cancel()
		<-served
		port.Close()
	}()
	line := impair(t, l.Addr().String())
	line.noUDP.Store(true)
	line.noPlain.Store(true)
	ticket := &office.Ticket{Base: "https://" + line.address, Media: line.address,
		Token: testSecret().Issue("run", time.Now().Add(time.Minute), office.DefaultCaps())}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com"}}
	got := run(t, Options{Ticket: ticket, Transport: transport, Length: 2 * time.Second})
	if m := got["call.path"]; m.Text != byTurnTLS {
		t.Errorf("path %+v", m)
	}
	if m := got["call.loss_up"]; m.Missing == nil && m.Value != 0 {
		t.Errorf("loss %+v", m)
	}
	bad := &http.Transport{TLSClientConfig: &tls.Config{ServerName: "example.com"}}
	d := newDesk(Options{Ticket: ticket, Transport: bad})
	if c, err := d.dialTCP(ctx, l.Addr().(*net.TCPAddr).AddrPort(), true); err == nil {
		c.Close()
		t.Error("a certificate of nobody's was trusted")
	}
	for _, other := range []error{nil, office.ErrPin} { // a certificate of the office's own making, whose key the invite names
		d := newDesk(Options{Ticket: ticket, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true,
			VerifyConnection: func(tls.ConnectionState) error { return other }}}})
		c, err := d.dialTCP(ctx, l.Addr().(*net.TCPAddr).AddrPort(), true)
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, other) {
			t.Errorf("pinned: %v, want %v", err, other)
		}
	}
}

// TestNoPath: where nothing passes, it is said soon, and who is to blame.
func TestNoPath(t *testing.T) {
	t.Parallel()
	s := serve(t, Limits{})
	line := impair(t, s.address)
	line.noUDP.Store(true)
	line.noPlain.Store(true)
	began := time.Now()
	got := run(t, Options{Ticket: s.issue(line.address), Length: 2 * time.Second})
	if p := got["call.mos"].Missing; p == nil || p.Code != CodeNoPath || p.Side != checks.SideLine {
		t.Errorf("%+v", got["call.mos"])
	}
	if took := time.Since(began); took > 3*wayLimit {
		t.Errorf("took %v", took)
	}
	none := s.issue(line.address)
	none.Media = ""
	if p := run(t, Options{Ticket: none})["call.path"].Missing; p == nil || p.Code != CodeNoMedia || p.Side != checks.SideOffice {
		t.Errorf("without media: %v", p)
	}
	if p := run(t, Options{})["call.path"].Missing; p == nil || p.Code != checks.CodeNoCollector {
		t.Errorf("without a ticket: %v", p)
	}
}

// TestRelayOnly: the relay leads to the office and nowhere else, and only those who have a call there get one.
func TestRelayOnly(t *testing.T) {
	s := serve(t, Limits{})
	p := dialled(t, s.ticket)
	victim, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	ask := func(user, password string) (net.PacketConn, *turn.Client, error) {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c, err := turn.NewClient(&turn.ClientConfig{TURNServerAddr: s.address, Conn: conn, Username: user, Password: password,
			Realm: relayRealm, LoggerFactory: quiet{}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			c.Close()
			conn.Close()
		})
		if err := c.Listen(); err != nil {
			t.Fatal(err)
		}
		relay, err := c.Allocate()
		if err == nil {
			t.Cleanup(func() { relay.Close() })
		}
		return relay, c, err
	}
	for name, c := range map[string][2]string{
		"no call":        {"ABCD", relayKey(s.ticket.Token, "ABCD")},
		"other password": {p.id, relayKey(s.ticket.Token, "other")},
		"other ticket":   {p.id, relayKey("other", p.id)},
	} {
		if _, _, err := ask(c[0], c[1]); err == nil {
			t.Errorf("%s: got a relay", name)
		}
	}
	relay, client, err := ask(p.id, relayKey(s.ticket.Token, p.id))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.CreatePermission(victim.LocalAddr()); err == nil {
		t.Error("permission to reach another address")
	}
	if _, err := relay.WriteTo([]byte("hello"), victim.LocalAddr()); err == nil {
		t.Error("wrote to another address")
	}
	victim.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, from, err := victim.ReadFrom(make([]byte, 100)); err == nil {
		t.Errorf("%d bytes from %v reached another address", n, from)
	}
	w := &way{byTurnUDP, relay, officePeer(), func() {}}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := probe(ctx, w); err != nil {
		t.Errorf("the office itself: %v", err)
	}
	for range 2 {
		ask(p.id, relayKey(s.ticket.Token, p.id))
	}
	if _, _, err := ask(p.id, relayKey(s.ticket.Token, p.id)); err == nil {
		if _, _, err := ask(p.id, relayKey(s.ticket.Token, p.id)); err == nil {
			t.Error("as many relays as one likes")
		}
	}
}

// TestStops: told to stop at any moment, a call ends within a second.
func TestStops(t *testing.T) {
	t.Parallel()
	s := serve(t, Limits{PerTicket: 50})
	dead := impair(t, s.address)
	dead.noUDP.Store(true)
	dead.noPlain.Store(true)
	for name, ticket := range map[string]*office.Ticket{"open": s.ticket, "dead": s.issue(dead.address)} {
		for _, after := range []time.Duration{0, 5 * time.Millisecond, 100 * time.Millisecond, 1500 * time.Millisecond} {
			for _, soak := range []time.Duration{0, time.Minute} {
				t.Run(fmt.Sprint(name, after, soak), func(t *testing.T) {
					t.Parallel()
					stops(t, Options{Ticket: ticket, Soak: soak}, after)
				})
			}
		}
	}
}

func stops(t *testing.T, o Options, after time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	began := time.Now()
	for result := range checks.Run(ctx, time.Now, []checks.Check{New(o)}, nil) {
		for _, m := range result.Measurements {
			if p := m.Missing; p != nil && p.Code == checks.CodeInternal {
				t.Errorf("%s is missing by a fault of ours: %v", m.Metric, p)
			}
		}
	}
	if took := time.Since(began) - after; took > 3*time.Second {
		t.Errorf("it ended %v later", took)
	}
}

// TestVanish: a hire that is gone without a word leaves nothing behind, and nothing is said of its line.
func TestVanish(t *testing.T) {
	s := serve(t, Limits{Silence: time.Second, PerTicket: 3})
	before := runtime.NumGoroutine()
	var gone []*phone
	for range 3 {
		p := dialled(t, s.ticket)
		gone = append(gone, p)
		conn, err := net.Dial("udp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		lost, err := turn.NewClient(&turn.ClientConfig{TURNServerAddr: s.address, Conn: oneWay{conn}, Username: p.id,
			Password: relayKey(s.ticket.Token, p.id), Realm: relayRealm, LoggerFactory: quiet{}})
		if err != nil {
			t.Fatal(err)
		}
		lost.Listen()
		relay, err := lost.Allocate()
		if err != nil {
			t.Fatal(err)
		}
		lost.Close()
		conn.Close() // and nobody tells the office
		relay.Close()
	}
	time.Sleep(1800 * time.Millisecond)
	for _, p := range gone {
		p.close()
		p.desk.close()
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		s.Office.mu.Lock()
		left := len(s.Office.calls)
		s.Office.exchange.mu.Lock()
		left += len(s.Office.exchange.lines) + len(s.Office.exchange.froms) + len(s.Office.exchange.relay)
		s.Office.exchange.mu.Unlock()
		s.Office.mu.Unlock()
		now := runtime.NumGoroutine()
		if left == 0 && now <= before+2 {
			break
		}
		if time.Now().After(deadline) {
			b := make([]byte, 1<<20)
			t.Fatalf("%d left, %d goroutines, %d before:\n%s", left, now, before, b[:runtime.Stack(b, true)])
		}
		time.Sleep(50 * time.Millisecond)
	}
	if m := s.witness(); len(m) > 0 {
		t.Errorf("the office says %+v", m)
	}
}
