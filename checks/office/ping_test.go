package office

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"deskready/checks"
)

func try(t *testing.T, p *Pinger, size int) Trip {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	trip, _ := p.Try(ctx, size)
	return trip
}

// TestPing runs its parts side by side, for most of their time is waiting.
func TestPing(t *testing.T) {
	noLeaks(t)
	for name, part := range map[string]func(*testing.T){
		"fates":    pingFates,
		"lost":     pingLost,
		"silence":  pingSilence,
		"forged":   pingForged,
		"over":     pingOver,
		"families": pingFamilies,
		"problems": pingProblems,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t)
		})
	}
}

// between is a line that a test decides about, packet by packet.
type between struct {
	t    *testing.T
	near *net.UDPConn // hires dial it
	far  *net.UDPConn
	from atomic.Pointer[netip.AddrPort]
	up   func(seq uint32, b []byte, pass func([]byte))
	down func(seq uint32, b []byte, pass func([]byte))
}

func lineTo(t *testing.T, office net.Addr, up, down func(seq uint32, b []byte, pass func([]byte))) *between {
	t.Helper()
	near, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	l := &between{t: t, near: near, far: dialed(t, office), up: up, down: down}
	t.Cleanup(func() { _ = near.Close() })
	go l.pump(l.near, l.up, func(b []byte) { _, _ = l.far.Write(b) })
	go l.pump(l.far, l.down, func(b []byte) {
		if to := l.from.Load(); to != nil {
			_, _ = near.WriteToUDPAddrPort(b, *to)
		}
	})
	return l
}

func (l *between) pump(c *net.UDPConn, decide func(uint32, []byte, func([]byte)), pass func([]byte)) {
	buf := make([]byte, maxPacket)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if c == l.near {
			l.from.Store(&from)
		}
		b := append([]byte(nil), buf[:n]...)
		seq := uint32(b[atSeq+2])<<8 | uint32(b[atSeq+3])
		if decide == nil {
			pass(b)
		} else {
			decide(seq, b, pass)
		}
	}
}

func (l *between) ticket(token string) Ticket {
	return Ticket{Media: l.near.LocalAddr().String(), Token: token}
}

// eventually waits for what comes with the next packets.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 500 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal(what + " does not come")
}

// pingFates: what is lost on which way is told exactly; delays, doubles and late ones are found.
func pingFates(t *testing.T) {
	p := opened(t)
	_, token := echoing(t, p)
	const held = 150 * time.Millisecond
	late := func(d time.Duration, b []byte, pass func([]byte)) { time.AfterFunc(d, func() { pass(b) }) }
	l := lineTo(t, p.LocalAddr(), func(seq uint32, b []byte, pass func([]byte)) {
		switch {
		case seq%10 == 3: // lost
		case seq%10 == 5:
			pass(b)
			pass(b)
		case seq%10 == 8:
			late(held, b, pass)
		default:
			pass(b)
		}
	}, func(seq uint32, b []byte, pass func([]byte)) {
		switch {
		case seq%10 == 4: // lost
		case seq%10 == 6:
			pass(b)
			pass(b)
		case seq%10 == 9:
			late(held, b, pass)
		default:
			pass(b)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	pings, err := Ping(ctx, l.ticket(token), PingOptions{Every: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the fiftieth probe", func() bool { return len(pings.Since(began)) >= 50 })
	if pings.Silence() != nil {
		t.Errorf("silence: %v", pings.Silence())
	}
	middle := pings.Since(began)[25].Sent
	time.Sleep(patience + 500*time.Millisecond)
	ended := time.Now()
	cancel()
	<-pings.Done()
	if d := time.Since(ended); d > 100*time.Millisecond {
		t.Errorf("ended after %v", d)
	}
	trips := pings.Since(began)[:50]
	if got := pings.Since(middle); got[0].Seq != 25 || !got[0].Sent.Equal(middle) {
		t.Errorf("since the middle: %d", got[0].Seq)
	}
	base := trips[0].Office - trips[0].Sent.Sub(began)
	for i, one := range trips {
		want, twice := Back, 0
		switch i % 10 {
		case 3:
			want = LostUp
		case 4:
			want = LostDown
		case 6:
			twice = 1
		}
		if one.Seq != uint32(i) || one.Fate != want || one.Twice != twice || one.Size != defaultSize {
			t.Errorf("%+v, want fate %d", one, want)
		}
		if one.Fate != Back {
			continue
		}
		slow, up := i%10 == 8 || i%10 == 9, i%10 == 8
		if slow != (one.RTT >= held) || one.RTT > 2*held {
			t.Errorf("%d: RTT %v", i, one.RTT)
		}
		// The office's clock tells which way was slow.
		if way := one.Office - one.Sent.Sub(began) - base; (way > held/2) != up {
			t.Errorf("%d: %v on the way up, more than the first", i, way)
		}
	}
	for i := 1; i < len(trips); i++ {
		if d := trips[i].Sent.Sub(trips[i-1].Sent) - trips[i].Late + trips[i-1].Late%(20*time.Millisecond); d > time.Millisecond && d < 19*time.Millisecond {
			t.Errorf("%d was due %v after the one before", i, d)
		}
	}
}

// pingLost: with no later answer nobody knows the way.
func pingLost(t *testing.T) {
	p := opened(t)
	_, token := echoing(t, p)
	drop := func(seq uint32, b []byte, pass func([]byte)) {
		if seq < 5 {
			pass(b)
		}
	}
	l := lineTo(t, p.LocalAddr(), nil, drop)
	pings, err := Ping(t.Context(), l.ticket(token), PingOptions{Every: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the tenth", func() bool { return len(pings.Since(time.Time{})) > 10 })
	if got := pings.Since(time.Time{}); got[4].Fate != Back || got[5].Fate != Waiting {
		t.Errorf("%+v", got[4:6])
	}
	eventually(t, "the loss", func() bool { return pings.Since(time.Time{})[5].Fate == Lost })
	if pings.Silence() != nil {
		t.Error("something came back")
	}
}

func pingSilence(t *testing.T) {
	nobody, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	blocked := nobody.LocalAddr().String()
	closed, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := closed.LocalAddr().String()
	_ = closed.Close()
	defer nobody.Close()
	token := someSecret().Issue("run", time.Now().Add(time.Minute), DefaultCaps())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	list := map[checks.Problem]*Pinger{}
	for at, want := range map[string]checks.Problem{
		blocked: {Code: CodeUDP, Detail: "no answer", Side: checks.SideLine},
		refused: {Code: CodeUDP, Detail: "port refused", Side: checks.SideUnknown},
	} {
		if list[want], err = Ping(ctx, Ticket{Media: at, Token: token}, PingOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(silentAfter / 4)
	for want, pings := range list {
		if pings.Silence() != nil {
			t.Errorf("too early to say %v", want)
		}
	}
	time.Sleep(silentAfter)
	for want, pings := range list {
		if got := pings.Silence(); got == nil || *got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	cancel()
	for _, pings := range list {
		<-pings.Done()
		if _, err := pings.Try(t.Context(), 100); err == nil {
			t.Error("sent after the end")
		}
	}
}

// pingForged: what a stranger sends back is not believed.
func pingForged(t *testing.T) {
	p := opened(t)
	_, token := echoing(t, p)
	l := lineTo(t, p.LocalAddr(), nil, func(seq uint32, b []byte, pass func([]byte)) {
		b[atTime+7] ^= 1
		pass(b)
		pass([]byte("e"))
		pass(make([]byte, 100))
	})
	pings, err := Ping(t.Context(), l.ticket(token), PingOptions{Every: -1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if trip, err := pings.Try(ctx, 100); !errors.Is(err, context.DeadlineExceeded) || trip.Fate != Waiting {
		t.Errorf("%+v, %v", trip, err)
	}
}

// pingOver: with its ticket a Pinger ends, which is no loss.
func pingOver(t *testing.T) {
	p := opened(t)
	e, _ := echoing(t, p)
	token := e.Secret.Issue("run", time.Now().Add(lastSecond+time.Second), DefaultCaps()) // in whole seconds, rounded down
	pings, err := Ping(t.Context(), Ticket{Media: p.LocalAddr().String(), Token: token}, PingOptions{})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(lastSecond + 1500*time.Millisecond)
	list := pings.Since(time.Time{})
	for _, trip := range list {
		if trip.Fate != Back {
			t.Errorf("%+v", trip)
		}
	}
	if n := len(list); n == 0 || n > 25 {
		t.Errorf("%d probes", n)
	}
	_, err = pings.Try(t.Context(), 100)
	if problem := (*checks.Problem)(nil); !errors.As(err, &problem) || problem.Code != CodeExpired {
		t.Errorf("tried with %v", err)
	}
	if pings.Busy() {
		t.Error("the office is said to be busy")
	}
}

// pingFamilies: an address that leads nowhere does not hide the one that answers.
func pingFamilies(t *testing.T) {
	six, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Fatal(err)
	}
	defer six.Close()
	four, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: six.LocalAddr().(*net.UDPAddr).Port})
	if err != nil {
		t.Fatal(err)
	}
	both := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.2")}, nil
	}
	_, port, _ := net.SplitHostPort(six.LocalAddr().String())
	for _, c := range []struct {
		name     string
		answers  net.PacketConn
		overhead int
	}{{"four", four, 28}, {"none", nil, 28}, {"six", six, 48}} {
		name := c.name
		secret := someSecret()
		done := make(chan error, 1)
		done <- nil
		if c.answers != nil {
			<-done
			e := &Echo{Secret: secret, Now: time.Now}
			go func() { done <- e.Serve(c.answers) }()
		}
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		pings, err := Ping(ctx, Ticket{Media: "office.example:" + port, Token: secret.Issue("r", time.Now().Add(time.Minute), Caps{})},
			PingOptions{Resolve: both, Every: -1})
		if err != nil {
			t.Fatal(name, err)
		}
		if d := time.Since(began); d > raceLength+200*time.Millisecond || c.answers != nil && d > raceLength/2 {
			t.Errorf("%s: after %v", name, d)
		}
		if pings.Overhead() != c.overhead {
			t.Errorf("%s: overhead %d", name, pings.Overhead())
		}
		if c.answers != nil && try(t, pings, 100).Fate != Back {
			t.Errorf("%s: no answer", name)
		}
		cancel()
		<-pings.Done()
		if c.answers != nil {
			_ = c.answers.Close()
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func pingProblems(t *testing.T) {
	token := someSecret().Issue("run", time.Now().Add(time.Minute), DefaultCaps())
	nowhere := func(context.Context, string) ([]netip.Addr, error) { return nil, &net.DNSError{Name: "secret.example"} }
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		at   Ticket
		code string
	}{
		"no ticket":  {t.Context(), Ticket{Media: "127.0.0.1:9"}, CodeForged},
		"no address": {t.Context(), Ticket{Media: "127.0.0.1:99999", Token: token}, CodeForged},
		"no name":    {t.Context(), Ticket{Media: "office.example:9", Token: token}, checks.CodeNoNetwork},
		"ended":      {ended, Ticket{Media: "127.0.0.1:9", Token: token}, checks.CodeInterrupted},
	} {
		_, err := Ping(c.ctx, c.at, PingOptions{Resolve: nowhere})
		if p := (*checks.Problem)(nil); !errors.As(err, &p) || p.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}
