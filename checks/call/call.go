// Package call measures what a call would be like: a real WebRTC call of fifty small packets a second each way between the hire
// and the office, counted at both ends. Both ends are here.
//
// The call goes the way a softphone's goes: ICE, DTLS and SRTP over UDP, or over a TURN relay where UDP is blocked. Nothing is
// sent twice: a retransmission (RTP NACK) would hide what the line lost. Each packet says when it was sent, how late its sender
// was with it, and which packets of the other direction have come; after the call each end tells the other over HTTPS what it
// sent and when what arrived. So both ends know both directions, to the last packet.
//
// A second call, which Sampler makes, stands while the bandwidth check fills the line: that is when calls die.
package call

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

//go:embed words
var words embed.FS

// Options say which office is called, and for how long. Zero values stand for the defaults.
type Options struct {
	Ticket *office.Ticket // nil: there is no office, and nothing can be measured
	// Transport carries dialer, proxy and TLS pin; it is cloned. nil: the system's roots and no proxy.
	Transport *http.Transport

	Length  time.Duration // of the idle call; 20 s, or 8 s with Quick
	Soak    time.Duration // a long call in place of the idle one, judged in windows of 15 s; at most an hour
	Sampler *Sampler      // what the call during the load saw; nil: loaded figures are missing
	Quick   bool
	LowData bool // the short call: 100 kB each way
}

const (
	mostSoak = time.Hour
	mostIdle = time.Minute
)

func (o Options) withDefaults() Options {
	if o.Length <= 0 {
		o.Length = 20 * time.Second
		if o.Quick || o.LowData {
			o.Length = 8 * time.Second
		}
	}
	o.Length = min(o.Length, mostIdle)
	o.Soak = min(max(o.Soak, 0), mostSoak)
	if o.Transport == nil {
		o.Transport = &http.Transport{}
	}
	return o
}

// talk is how long the call lasts.
func (o Options) talk() time.Duration {
	if o.Soak > 0 {
		return o.Soak
	}
	return o.Length
}

// New is the check of calls.
func New(o Options) checks.Check {
	o = o.withDefaults()
	texts, err := fs.Sub(words, "words")
	if err != nil {
		panic(err) // only for a path that is no path
	}
	return checks.Check{
		Name:    "call",
		Metrics: metrics(),
		Words:   texts,
		Reads:   []string{"call.reads"},
		Limit:   o.talk() + 90*time.Second,
		Alone:   true,
		Measure: func(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
			return measure(ctx, o, tell)
		},
	}
}
