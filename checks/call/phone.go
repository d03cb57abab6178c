package call

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"deskready/checks"
)

// A phone is the hire's end of a call that stands.
type phone struct {
	desk   *desk
	talk   *talk
	id     string
	way    *way
	setup  time.Duration // from lifting the phone to the office's first packet
	stage  *atomic.Uint32
	pulse  *pulse
	finish context.CancelFunc // of the pulse
}

const (
	answerLimit = 5 * time.Second // for ICE, DTLS and the first packet over a way that works
	lingerLeast = 250 * time.Millisecond
	lingerMost  = 2 * time.Second
)

// Codes of problems of calls alone.
const (
	CodeNoPath  = "call_no_path"  // none of the ways to the office's media works, though its web server answers
	CodeNoMedia = "call_no_media" // the office takes no media at all
)

// ring calls the office. Where a way looks good and carries no call all the same, the next one is tried.
func ring(ctx context.Context, o Options, d *desk) (*phone, error) {
	if d.ticket.Media == "" {
		return nil, &checks.Problem{Code: CodeNoMedia, Side: checks.SideOffice}
	}
	began := time.Now()
	var bad []string
	for {
		p, name, err := lift(ctx, d, bad)
		if err == nil {
			d.mu.Lock()
			p.setup = time.Since(began) - d.waited
			d.mu.Unlock()
			return p, nil
		}
		if ctx.Err() != nil || name == "" {
			return nil, err
		}
		bad = append(bad, name)
	}
}

// lift makes one attempt. With an error it names the way that looked good, if it got that far.
func lift(ctx context.Context, d *desk, bad []string) (_ *phone, name string, err error) {
	s := newSocket()
	peer, err := newPeer(s, false, "", "")
	if err != nil {
		return nil, "", err
	}
	now := &atomic.Uint32{}
	t, err := newTalk(peer, &s.stamps, func(*ledger) stage { return stage(now.Load()) })
	if err != nil {
		_ = peer.Close()
		return nil, "", err
	}
	t.ledger.trusts = true
	p := &phone{desk: d, talk: t, stage: now, pulse: &pulse{}}
	defer func() {
		if err != nil {
			p.vanish(ctx)
			p.close()
		}
	}()
	took, err := p.signal(ctx)
	if err != nil {
		return nil, "", err
	}
	list, err := d.openers(ctx, p.id, bad)
	if err != nil {
		return nil, "", err
	}
	if p.way, err = race(ctx, list); err != nil {
		return nil, "", err
	}
	s.attach(p.way.conn, p.way.to)
	if err := p.connect(ctx, took); err != nil {
		return nil, p.way.name, err
	}
	beat, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.finish = stop
	go p.pulse.beat(beat, nil)
	return p, p.way.name, nil
}

// signal exchanges session descriptions with the office.
func (p *phone) signal(ctx context.Context) (answer, error) {
	local, err := p.talk.peer.CreateOffer(nil)
	if err != nil {
		return answer{}, err
	}
	if err := p.talk.peer.SetLocalDescription(local); err != nil {
		return answer{}, err
	}
	took, err := p.desk.ring(ctx, offer{Version: signalVersion, SDP: local.SDP})
	p.id = took.ID
	return took, err
}

// connect waits until the office is heard.
func (p *phone) connect(ctx context.Context, took answer) error {
	peer := p.talk.peer
	if err := peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: took.SDP}); err != nil {
		return garbled("answer")
	}
	candidate := webrtc.ICECandidateInit{Candidate: "candidate:1 1 udp 2130706431 192.0.2.1 9 typ host"}
	if err := peer.AddICECandidate(candidate); err != nil {
		return err
	}
	select {
	case <-p.talk.heard:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(answerLimit):
		return &checks.Problem{Code: CodeNoPath, Detail: "no media over " + p.way.name, Side: checks.SideLine}
	}
}

// enter begins a stage of the call.
func (p *phone) enter(s stage) { p.stage.Store(uint32(s)) }

// finishing ends the call and gives both directions of each stage. Where the office can no longer be asked, what is known here
// comes with the problem.
func (p *phone) finishing(ctx context.Context) (map[stage]sides, error) {
	out, err := p.settleAll(ctx)
	p.desk.hangUp(ctx, p.id)
	return out, err
}

func (p *phone) settleAll(ctx context.Context) (map[stage]sides, error) {
	l := p.talk.ledger
	p.enter(rest) // and the office follows; what is sent now carries the last echoes
	wait(ctx, p.linger())
	sent, err := p.desk.silence(ctx, p.id)
	if err != nil {
		return nil, err
	}
	wait(ctx, lingerLeast)
	p.talk.muted.Store(true)
	stalls := p.pulse.since(l.began)
	mine := account{Version: accountVersion, Last: true}
	for s := idle; s < stages; s++ {
		if l.count(s) > 0 {
			mine.Entries = append(mine.Entries, l.entry(s, l.settled(s), 0, stalls))
		}
	}
	told, err := p.desk.account(ctx, p.id, mine)
	if err != nil {
		return nil, err
	}
	out := map[stage]sides{}
	for _, e := range mine.Entries {
		s := stageOf(e.Stage)
		theirs, ok := told[s]
		if !ok || theirs.First != e.First || sent[s] < e.First {
			return nil, garbled("account")
		}
		out[s] = sides{
			up:   l.outgoing(s, e.First, e.Sent, &theirs),
			down: l.incoming(s, e.First, sent[s]-e.First, stalls),
		}
	}
	return out, nil
}

// linger is how long the last packets may still be on their way.
func (p *phone) linger() time.Duration {
	return min(max(lingerLeast, 2*p.talk.ledger.lastTrip()), lingerMost)
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// close gives everything back.
func (p *phone) close() {
	if p.finish != nil {
		p.finish()
	}
	p.talk.close()
	if p.way != nil {
		p.way.close()
	}
}
