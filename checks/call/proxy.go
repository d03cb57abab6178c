package call

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// proxy is the one that HTTPS takes on its way to the office, of whatever kind; nil for none.
func (d *desk) proxy() *url.URL {
	if d.lines.Proxy == nil {
		return nil
	}
	req, err := http.NewRequest(http.MethodGet, d.ticket.Base, nil)
	if err != nil {
		return nil
	}
	through, err := d.lines.Proxy(req)
	if err != nil {
		return nil
	}
	return through
}

var errProxy = errors.New("the proxy opens no way")

// tunnel asks an HTTP proxy for a connection to the office's media (RFC 9110, section 9.3.6), as browsers do for TURN.
func (d *desk) tunnel(ctx context.Context, proxy *url.URL, dial func(context.Context, string, string) (net.Conn, error)) (net.Conn, error) {
	if proxy.Scheme != "http" && proxy.Scheme != "" { // SOCKS, or a proxy that speaks TLS itself: browsers make no TURN of these
		return nil, errProxy
	}
	address := proxy.Host
	if proxy.Port() == "" {
		address = net.JoinHostPort(proxy.Hostname(), "80")
	}
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: d.ticket.Media}, Host: d.ticket.Media, Header: http.Header{}}
	if u := proxy.User; u != nil {
		password, _ := u.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = connect(conn, req)
	if !stop() || err != nil {
		_ = conn.Close()
		return nil, errors.Join(errProxy, err)
	}
	return conn, nil
}

// connect leaves what follows the reply's head in the connection: it is read byte by byte.
func connect(conn net.Conn, req *http.Request) error {
	if err := req.Write(conn); err != nil {
		return err
	}
	const longest = 8 << 10
	head := bufio.NewReaderSize(&slowly{conn: conn, left: longest}, 16)
	resp, err := http.ReadResponse(head, req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || head.Buffered() > 0 {
		return errProxy
	}
	return nil
}

// slowly reads one byte at a time, and so many at most.
type slowly struct {
	conn net.Conn
	left int
}

func (s *slowly) Read(b []byte) (int, error) {
	if s.left == 0 || len(b) == 0 {
		return 0, errProxy
	}
	s.left--
	return s.conn.Read(b[:1])
}
