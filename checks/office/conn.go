package office

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// peeked is a connection of which one byte has been looked at.
type peeked struct {
	net.Conn
	first [1]byte
	held  bool // first is still to be read
}

// peek is called before anything is read.
func (p *peeked) peek() (byte, error) {
	_, err := io.ReadFull(p.Conn, p.first[:])
	p.held = err == nil
	return p.first[0], err
}

func (p *peeked) Read(b []byte) (int, error) {
	if !p.held || len(b) == 0 {
		return p.Conn.Read(b)
	}
	p.held = false
	b[0] = p.first[0]
	return 1, nil
}

// CloseWrite lets net/http end a connection so that its last answer is read.
func (p *peeked) CloseWrite() error {
	if c, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// NetConn is what lies beneath, as that of *tls.Conn is.
func (p *peeked) NetConn() net.Conn { return p.Conn }

// secure is a connection inside of TLS. net/http asks it for its state and sets Request.TLS.
type secure struct {
	*peeked
	tls *tls.Conn
}

func (s secure) ConnectionState() tls.ConnectionState { return s.tls.ConnectionState() }

// relayed is a connection to the relay, which has no deadlines of its own.
type relayed struct {
	net.Conn
	free func()
}

func (r *relayed) Read(b []byte) (int, error) {
	_ = r.SetReadDeadline(time.Now().Add(relayIdle))
	return r.Conn.Read(b)
}

func (r *relayed) Write(b []byte) (int, error) {
	_ = r.SetWriteDeadline(time.Now().Add(relayWrite))
	return r.Conn.Write(b)
}

func (r *relayed) Close() error {
	r.free()
	return r.Conn.Close()
}

// NetConn is what lies beneath.
func (r *relayed) NetConn() net.Conn { return r.Conn }

type tcpKey struct{}

// Connected is for http.Server.ConnContext: it lets TCP find the connection of a request.
func Connected(ctx context.Context, c net.Conn) context.Context {
	for {
		if t, ok := c.(*net.TCPConn); ok {
			return context.WithValue(ctx, tcpKey{}, t)
		}
		under, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return ctx
		}
		c = under.NetConn()
	}
}

// TCP is the TCP connection of a request, from its context, for what the system knows of it: nil where Connected was not
// asked. Nobody may read from it or write to it.
func TCP(ctx context.Context) *net.TCPConn {
	t, _ := ctx.Value(tcpKey{}).(*net.TCPConn)
	return t
}

const bindingSize = 32

// Binding is the value that names one TLS connection, the same at both of its ends, and another for each end's when
// somebody on the way opens TLS: tls-exporter of RFC 9266. There is none without TLS, nor in TLS 1.2 without the extended
// master secret (RFC 7627).
func Binding(s *tls.ConnectionState) ([]byte, bool) {
	if s == nil || !s.HandshakeComplete {
		return nil, false
	}
	b, err := s.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, bindingSize)
	return b, err == nil
}
