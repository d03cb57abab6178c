package call

import (
	"io"
	"net"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// quiet keeps pion from writing on standard error, whatever the environment asks of it.
type quiet struct{}

func (quiet) NewLogger(scope string) logging.LeveledLogger {
	return logging.NewDefaultLeveledLoggerForScope(scope, logging.LogLevelDisabled, io.Discard)
}

const (
	opusType  = 111 // as browsers number it
	keepAlive = 2 * time.Second
	maxChecks = 25 // ICE checks, one each 200 ms
)

func opus() webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
}

// newPeer makes one end of a call over one connection. There are no interceptors: retransmission would hide loss, and what RTCP
// reports say is told by the payload, more exactly. name and password are the ICE credentials; empty ones are made by pion.
func newPeer(conn net.PacketConn, lite bool, name, password string) (*webrtc.PeerConnection, error) {
	var media webrtc.MediaEngine
	codec := webrtc.RTPCodecParameters{RTPCodecCapability: opus(), PayloadType: opusType}
	if err := media.RegisterCodec(codec, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	var s webrtc.SettingEngine
	s.LoggerFactory = quiet{}
	s.SetICEUDPMux(port{conn})
	s.SetIncludeLoopbackCandidate(true)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetHostAcceptanceMinWait(0)
	s.SetPrflxAcceptanceMinWait(0)
	s.SetICETimeouts(0, 0, keepAlive) // how long silence may last is ours to say
	s.SetICEMaxBindingRequests(maxChecks)
	s.DisableActiveTCP(true)
	// A packet that comes twice is a fault of the line to be counted. Those of others do not pass SRTP's authentication.
	s.DisableSRTPReplayProtection(true)
	if s.SetLite(lite); name != "" {
		s.SetICECredentials(name, password)
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(&media), webrtc.WithInterceptorRegistry(&interceptor.Registry{}), webrtc.WithSettingEngine(s))
	return api.NewPeerConnection(webrtc.Configuration{})
}

// newTrack is what is sent.
func newTrack() (*webrtc.TrackLocalStaticRTP, error) {
	return webrtc.NewTrackLocalStaticRTP(opus(), "call", "deskready")
}
