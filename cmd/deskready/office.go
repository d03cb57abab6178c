package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"deskready/checks/bandwidth"
	"deskready/checks/call"
	"deskready/checks/office"
	"deskready/checks/path"
	"deskready/report/collector"
)

// ports are the sockets of a collector: pages, measurements by HTTP, and TURN share the TCP port; STUN, TURN, calls and
// echoes share the UDP port of the same number.
type ports struct {
	web, relay, plain net.Listener
	away              net.Listener   // the TCP port beside a UDP port of its own, where relay then is; nil: there is none
	onlyUDP           bool           // that TCP port is somebody else's
	packets           *office.Port   // nil: no UDP here
	alternate         net.PacketConn // the next UDP port, which tells kinds of address translation apart; may be nil
	public            int            // the port by which hires reach packets and relay; 0: they cannot
	bare              int            // the port by which hires reach plain; 0: they cannot
}

const noMedia = "none"

// sharePorts shares the sockets out. Without TLS, what is plain is the web.
func sharePorts(listener net.Listener, packets net.PacketConn, t *tls.Config) ports {
	var p ports
	p.web, p.relay, p.plain = office.Split(listener, t)
	if packets == nil {
		return p
	}
	p.packets = office.Share(packets)
	at := packets.LocalAddr().(*net.UDPAddr) // of net.ListenPacket("udp")
	p.moveRelay(listener, at, t)
	if at.Port < 65535 {
		next := *at
		next.Port++
		if c, err := net.ListenUDP("udp", &next); err == nil { // somebody else's, perhaps: then it goes without
			p.alternate = c
		}
	}
	return p
}

// moveRelay puts TURN over TCP and TLS to the port number of UDP, where hires look for it: --media may have named another.
// What is no TURN there is dropped.
func (p *ports) moveRelay(listener net.Listener, at *net.UDPAddr, t *tls.Config) {
	if listener.Addr().(*net.TCPAddr).Port == at.Port { // of net.Listen("tcp")
		return
	}
	l, err := net.Listen("tcp", at.String())
	if err != nil { // a proxy may have it
		p.onlyUDP = true
		return
	}
	_ = p.relay.Close() // turns its clients away
	p.away, p.relay, _ = office.Split(l, t)
}

func (p ports) close() {
	_ = p.web.Close() // closes the TCP port, whatever serves it
	if p.away != nil {
		_ = p.away.Close()
	}
	if p.packets != nil {
		_ = p.packets.Close()
	}
	if p.alternate != nil {
		_ = p.alternate.Close()
	}
}

// openPorts listens. Behind a proxy, which passes HTTP alone, UDP and TURN have no place unless --media names one.
func (o serveOptions) openPorts() (net.Listener, net.PacketConn, error) {
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return nil, nil, &fault{exit: exitUnexpected, code: "listen", what: "listening on " + o.listen + ": " + err.Error(), hint: "choose another address with --listen"}
	}
	at := o.media
	switch {
	case at == noMedia, at == "" && o.behindProxy != "":
		return listener, nil, nil
	case at == "":
		at = listener.Addr().String()
	}
	packets, err := net.ListenPacket("udp", at)
	if err != nil {
		_ = listener.Close() // the first error counts
		return nil, nil, &fault{exit: exitUnexpected, code: "listen", what: "listening on UDP " + at + ": " + err.Error(), hint: "choose another address with --media, or --media none: then no test call is made"}
	}
	return listener, packets, nil
}

// mediaPort is the port of UDP as hires reach it: the one of the public address, unless --media names another.
func (o serveOptions) mediaPort(at place, packets net.PacketConn) int {
	if packets == nil {
		return 0
	}
	if o.media != "" {
		return packets.LocalAddr().(*net.UDPAddr).Port // of net.ListenPacket("udp")
	}
	return at.port()
}

// port is the TCP port by which hires reach the collector.
func (p place) port() int {
	u, err := url.Parse(p.URL)
	if err != nil {
		return 0
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		return port
	}
	return map[string]int{"http": 80, "https": 443}[u.Scheme]
}

// barePort is the one by which hires reach what speaks no TLS; 0 where all of the port does not.
func (p place) barePort(t *tls.Config) int {
	if t == nil {
		return 0
	}
	return p.port()
}

// officeEnds are the collector's halves of the measurements.
type officeEnds struct {
	bandwidth *bandwidth.Office
	call      *call.Office
	path      *path.Office
	echo      *office.Echo
	log       *slog.Logger
}

func (w *world) officeEnds(secret office.Secret, seen *witnesses, log *slog.Logger) officeEnds {
	return officeEnds{
		bandwidth: &bandwidth.Office{Secret: secret, Now: w.now, Record: seen.record},
		call:      &call.Office{Secret: secret, Now: w.now, Record: seen.record},
		path:      &path.Office{Secret: secret, Now: w.now, Record: seen.record},
		echo:      &office.Echo{Secret: secret, Now: w.now},
		log:       log,
	}
}

// bodyTime is how long what a request brings along may take, unless an office end allows more to whom it knows: net/http
// waits for it even after a refusal, and else for ever.
const bodyTime = 15 * time.Second

// handler is what the collector mounts at /s/.
func (e officeEnds) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/s/{ticket}/speedtest/", e.bandwidth.Handler())
	mux.Handle("/s/{ticket}/call", e.call.Handler())
	mux.Handle("/s/{ticket}/call/", e.call.Handler())
	mux.Handle("/s/{ticket}/path/", e.path.Handler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
		mux.ServeHTTP(w, r)
	})
}

// serve serves what is no HTTP, until ctx ends.
func (e officeEnds) serve(ctx context.Context, p ports) {
	report := func(what string, err error) {
		if err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
			e.log.Error(what+" has ended", "error", err.Error())
		}
	}
	go func() { report("the plain port", plainServer(e.log).Serve(p.plain)) }()
	if p.packets == nil {
		return
	}
	if p.onlyUDP {
		e.log.Warn("the TCP port of --media is taken: hires whose networks block UDP cannot make the test call", "address", p.packets.LocalAddr().String())
	}
	go func() { report("the echo", e.echo.Serve(p.packets.Packets(office.Probes))) }()
	go func() {
		report("the test call", e.call.Serve(ctx, p.packets.Packets(office.Media), p.packets.Packets(office.Relay), p.relay))
	}()
	if p.alternate != nil {
		go func() { report("the second port", path.ServeAlternate(p.alternate)) }()
	}
}

// plainServer answers what comes without TLS to a port that speaks it: the question whether a sign-in page stands in
// between, and nothing else.
func plainServer(log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           path.Hello(),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, IdleTimeout: 5 * time.Second,
		MaxHeaderBytes: 4 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// join gives the server its office ends, and shares the ports out.
func (e officeEnds) join(server *collector.Server, p *ports) {
	if p.packets != nil {
		e.call.Dropped = func() uint64 { return p.packets.Lost(office.Media) }
	}
	if p.alternate != nil {
		e.path.Alternate = p.alternate.LocalAddr().(*net.UDPAddr).Port // of net.ListenPacket("udp")
	}
	e.path.Address, e.path.Plain = server.Address, p.bare
	server.Office, server.Media = e.handler(), p.public
}
