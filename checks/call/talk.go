package call

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// A talk is one end of a call that is being set up or under way: it sends a packet every 20 ms and notes what comes.
type talk struct {
	peer   *webrtc.PeerConnection
	track  *webrtc.TrackLocalStaticRTP
	ledger *ledger
	stamps *stamps
	heard  chan struct{} // closed at the first packet of the other end
	stop   context.CancelFunc
	muted  atomic.Bool
	stage  func() stage // that of the next packet

	mu   sync.Mutex
	over bool
	work sync.WaitGroup
}

// lostBeat is how late a sender may be and still catch up. One that slept does not send what it missed.
const lostBeat = time.Second

func newTalk(peer *webrtc.PeerConnection, s *stamps, next func(*ledger) stage) (*talk, error) {
	track, err := newTrack()
	if err != nil {
		return nil, err
	}
	t := &talk{peer: peer, track: track, ledger: newLedger(), stamps: s, heard: make(chan struct{})}
	t.stage = func() stage { return next(t.ledger) }
	sender, err := peer.AddTrack(track)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background()) // ended by close
	t.stop = cancel
	peer.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { t.spawn(func() { t.receive(remote) }) })
	var once sync.Once
	peer.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { t.spawn(func() { t.send(ctx) }) })
		}
	})
	t.spawn(func() { drain(sender) })
	return t, nil
}

// drain reads RTCP, of which there is none, until the call ends: pion would keep it.
func drain(sender *webrtc.RTPSender) {
	b := make([]byte, maxPacket)
	for {
		if _, _, err := sender.Read(b); err != nil {
			return
		}
	}
}

// send keeps to a schedule that is laid down at the beginning: a late packet does not delay those after it.
func (t *talk) send(ctx context.Context) {
	var p rtp.Packet
	p.Version, p.PayloadType = 2, opusType
	var body [payloadSize]byte
	p.Payload = body[:]
	timer := time.NewTimer(0)
	defer timer.Stop()
	for due := t.ledger.now(); ; due += interval {
		timer.Reset(due - t.ledger.now())
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if now := t.ledger.now(); now-due > lostBeat {
			due = now
		}
		if t.muted.Load() {
			continue
		}
		out, ok := t.ledger.depart(t.stage(), due)
		if !ok {
			continue
		}
		out.put(&body)
		p.SequenceNumber++
		p.Timestamp += 960       // of 48 kHz
		_ = t.track.WriteRTP(&p) // one that cannot be sent is lost
	}
}

func (t *talk) receive(remote *webrtc.TrackRemote) {
	var once sync.Once
	b := make([]byte, maxPacket)
	var p rtp.Packet
	for {
		n, _, err := remote.Read(b)
		if err != nil {
			return
		}
		if p.Unmarshal(b[:n]) != nil {
			continue
		}
		in, err := parsePayload(p.Payload)
		if err != nil {
			continue
		}
		t.ledger.arrive(in, t.stamps.of(p.SequenceNumber).Sub(t.ledger.began))
		once.Do(func() { close(t.heard) })
	}
}

// spawn runs part of the call beside the others, unless the call is over.
func (t *talk) spawn(part func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.over {
		t.work.Go(part)
	}
}

// close ends the call and waits until nothing of it runs any more.
func (t *talk) close() {
	t.mu.Lock()
	t.over = true
	t.mu.Unlock()
	t.stop()
	_ = t.peer.GracefulClose()
	t.work.Wait()
}
