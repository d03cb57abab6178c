package office

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"
)

// quiet keeps pion off standard error.
func quiet() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

// relayOver runs a TURN and STUN server over both parts for the relay.
func relayOver(t *testing.T, conn net.PacketConn, listen net.Listener) *turn.Server {
	t.Helper()
	at := &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}
	s, err := turn.NewServer(turn.ServerConfig{
		Realm: "deskready", LoggerFactory: quiet(),
		AuthHandler: func(ra *turn.RequestAttributes) (string, []byte, bool) {
			return ra.Username, turn.GenerateAuthKey(ra.Username, "deskready", "password"), ra.Username == "17:run"
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: conn, RelayAddressGenerator: at}},
		ListenerConfigs:   []turn.ListenerConfig{{Listener: listen, RelayAddressGenerator: at}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func calls(t *testing.T, engine webrtc.SettingEngine) *webrtc.API {
	t.Helper()
	engine.LoggerFactory = quiet()
	engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	engine.SetIncludeLoopbackCandidate(true)
	engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	engine.SetRelayAcceptanceMinWait(0)
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithSettingEngine(engine), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
}

func peer(t *testing.T, api *webrtc.API, c webrtc.Configuration) (*webrtc.PeerConnection, *webrtc.TrackLocalStaticRTP) {
	t.Helper()
	pc, err := api.NewPeerConnection(c)
	if err != nil {
		t.Fatal(err)
	}
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "a", "a")
	if err == nil {
		_, err = pc.AddTrack(track)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pc, track
}

// settle makes the description pc's own once all its candidates are known.
func settle(t *testing.T, pc *webrtc.PeerConnection, d webrtc.SessionDescription, err error) webrtc.SessionDescription {
	t.Helper()
	all := webrtc.GatheringCompletePromise(pc)
	if err == nil {
		err = pc.SetLocalDescription(d)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-all
	return *pc.LocalDescription()
}

// call says what part of 50 packets came back from the office, which returns each.
func call(t *testing.T, mux ice.UDPMux, from webrtc.Configuration) int {
	t.Helper()
	var lite webrtc.SettingEngine
	lite.SetLite(true)
	lite.SetICEUDPMux(mux)
	theirs, back := peer(t, calls(t, lite), webrtc.Configuration{})
	defer theirs.Close()
	theirs.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			p, _, err := r.ReadRTP()
			if err != nil || back.WriteRTP(p) != nil {
				return
			}
		}
	})
	ours, track := peer(t, calls(t, webrtc.SettingEngine{}), from)
	defer ours.Close()
	up, came := make(chan struct{}), make(chan uint16, 100)
	ours.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(up)
		}
	})
	ours.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			p, _, err := r.ReadRTP()
			if err != nil {
				return
			}
			came <- p.SequenceNumber
		}
	})
	offer, err := ours.CreateOffer(nil)
	if err := theirs.SetRemoteDescription(settle(t, ours, offer, err)); err != nil {
		t.Fatal(err)
	}
	answer, err := theirs.CreateAnswer(nil)
	if err := ours.SetRemoteDescription(settle(t, theirs, answer, err)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-up:
	case <-time.After(8 * time.Second):
		t.Fatal("the call does not stand")
	}
	seen := map[uint16]bool{}
	for seq := range uint16(50) {
		if err := track.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: seq, Timestamp: uint32(seq) * 960}, Payload: make([]byte, 80)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	for limit := time.After(time.Second); len(seen) < 50; {
		select {
		case seq := <-came:
			seen[seq] = true
		case <-limit:
			return len(seen)
		}
	}
	return len(seen)
}

// TestPeers holds real calls over one UDP and one TCP port: straight, and through the relay on the same ports over UDP, TCP
// and TLS, whose packets come back in by the UDP port. Beside them STUN is asked and the echo answers.
func TestPeers(t *testing.T) {
	p := shared(t)
	web, relay, _ := listening(t, serverConfig(t))
	udp, tcp := p.LocalAddr().String(), web.Addr().String()
	server := relayOver(t, p.Packets(Relay), relay)
	defer server.Close()
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: p.Packets(Media), Logger: quiet().NewLogger("ice")})
	defer mux.Close()
	echo, token := echoing(t, p)
	pings, err := Ping(t.Context(), Ticket{Media: udp, Token: token}, PingOptions{Every: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]string{
		"straight": "",
		"turn-udp": "turn:" + udp + "?transport=udp",
		"turn-tcp": "turn:" + tcp + "?transport=tcp",
	} {
		t.Run(name, func(t *testing.T) {
			var c webrtc.Configuration
			if url != "" {
				c.ICETransportPolicy = webrtc.ICETransportPolicyRelay
				c.ICEServers = []webrtc.ICEServer{{URLs: []string{url}, Username: "17:run", Credential: "password"}}
			}
			if n := call(t, mux, c); n < 48 { // the first ones may come before the far end listens
				t.Errorf("%d of 50 packets came back", n)
			}
		})
	}
	t.Run("stun", func(t *testing.T) { binding(t, udp) })
	for name, next := range map[string][]string{"turn-tls": nil, "turn-tls with ALPN": {"stun.turn"}} {
		t.Run(name, func(t *testing.T) { allocate(t, tcp, next) })
	}
	for _, trip := range pings.Since(time.Time{}) {
		if trip.Fate != Back && trip.Fate != Waiting {
			t.Errorf("probe %d: fate %d", trip.Seq, trip.Fate)
		}
	}
	if seen, ok := echo.Seen("run"); !ok || seen.Received < 50 {
		t.Errorf("the echo saw %+v", seen)
	}
	if p.Strange() != 0 || p.Lost(Media)+p.Lost(Relay)+p.Lost(Probes) != 0 {
		t.Errorf("%d strange packets; lost %d, %d, %d", p.Strange(), p.Lost(Media), p.Lost(Relay), p.Lost(Probes))
	}
}

// binding asks who we are, as STUN does.
func binding(t *testing.T, to string) {
	t.Helper()
	c, err := stun.Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var got error = errors.New("no answer")
	err = c.Do(stun.MustBuild(stun.TransactionID, stun.BindingRequest), func(e stun.Event) {
		var mapped stun.XORMappedAddress
		if got = e.Error; got == nil {
			got = mapped.GetFrom(e.Message)
		}
	})
	if err != nil || got != nil {
		t.Error(err, got)
	}
}

// allocate gets a relay address over TLS, and sends a packet through it to itself.
func allocate(t *testing.T, to string, next []string) {
	t.Helper()
	conn, err := tls.Dial("tcp", to, &tls.Config{InsecureSkipVerify: true, NextProtos: next})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: to, STUNServerAddr: to, Conn: turn.NewSTUNConn(conn),
		Username: "17:run", Password: "password", Realm: "deskready", LoggerFactory: quiet(),
	})
	if err == nil {
		err = c.Listen()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	relay, err := c.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	far, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if _, err := relay.WriteTo([]byte("hello"), far.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	_ = far.SetReadDeadline(time.Now().Add(2 * time.Second))
	if n, _, err := far.ReadFrom(buf); err != nil || string(buf[:n]) != "hello" {
		t.Errorf("%q through the relay, %v", buf[:n], err)
	}
}

func echoing(t *testing.T, p *Port) (*Echo, string) {
	t.Helper()
	e := &Echo{Secret: someSecret(), Now: time.Now}
	done := make(chan error)
	go func() { done <- e.Serve(p.Packets(Probes)) }()
	t.Cleanup(func() {
		_ = p.Packets(Probes).Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return e, e.Secret.Issue("run", time.Now().Add(time.Minute), DefaultCaps())
}

// listening is Split on a loopback port.
func listening(t *testing.T, c *tls.Config) (web, relay, plain net.Listener) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web, relay, plain = Split(l, c)
	t.Cleanup(func() {
		if err := web.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(fmt.Errorf("closing: %w", err))
		}
	})
	return web, relay, plain
}
