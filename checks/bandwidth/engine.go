package bandwidth

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/showwin/speedtest-go/speedtest"
)

type (
	tlsConn  = *tls.Conn
	tlsState = tls.ConnectionState
	dialer   = func(ctx context.Context, network, address string) (net.Conn, error)
)

// borrowed guards http.DefaultClient, which is itself a mutable variable of another package: the one exception to the
// rule that there are none here.
var borrowed sync.Mutex

// releaseDefaultClient undoes what importing speedtest-go does: it puts a transport of its own into http.DefaultClient,
// which the whole process shares. Only that transport is taken out again.
//
// This file is the one place outside main that names http.DefaultClient.
func releaseDefaultClient() {
	borrowed.Lock()
	defer borrowed.Unlock()
	if _, theirs := http.DefaultClient.Transport.(*speedtest.Speedtest); theirs {
		http.DefaultClient.Transport = nil
	}
}

// newEngine is a speedtest-go client whose requests all go through a transport of ours. Each phase gets its own: the
// library keeps the handlers of earlier tests, even of those that were stopped, until Reset, and a test that is
// abandoned still switches its client off when its time is over.
func newEngine(through http.RoundTripper, connections int, length time.Duration) *speedtest.Speedtest {
	borrowed.Lock()
	defer borrowed.Unlock()
	before := http.DefaultClient.Transport
	if _, theirs := before.(*speedtest.Speedtest); theirs {
		before = nil
	}
	defer func() { http.DefaultClient.Transport = before }() // speedtest.New has taken it over again
	client := &http.Client{
		Transport:     through,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	engine := speedtest.New(
		speedtest.WithUserConfig(&speedtest.UserConfig{MaxConnections: connections, PingMode: speedtest.HTTP}),
		speedtest.WithDoer(client), // last: WithUserConfig would put its transport into the client
	)
	engine.SetCaptureTime(length)
	engine.SetRateCaptureFrequency(2 * length) // never: its own opinion on when a rate is steady would end the transfer
	return engine
}

// server is a target as speedtest-go sees it.
func server(engine *speedtest.Speedtest, url string) *speedtest.Server {
	return &speedtest.Server{ID: "0", URL: url, Context: engine}
}

// dropping makes connections whose unsent bytes are thrown away on close (SO_LINGER 0): what an upload has left in the
// buffers of the system would otherwise keep a slow line busy for many seconds after its end.
func dropping(dial dialer, patience time.Duration) dialer {
	if dial == nil {
		dial = (&net.Dialer{Timeout: patience}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if t, ok := c.(*net.TCPConn); ok && err == nil {
			_ = t.SetLinger(0) // a courtesy: where it cannot be, the measurement is no worse
			return wide{c}, nil
		}
		return c, err
	}
}
