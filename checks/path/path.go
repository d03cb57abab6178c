// Package path looks at the way from the hire's computer to the office and to the services of the job: the link, names,
// what stands in between (sign-in pages, proxies, tunnels, address translation), what the way lets through, and the
// clock. It needs little of the line and runs beside other checks. Both ends of the protocol are here.
//
// What cannot be told without rights, or not honestly, is missing with the reason. Two clocks that differ do not say
// which of them is wrong: a third decides, or nobody does.
package path

import (
	"context"
	"crypto/x509"
	"embed"
	"io/fs"
	"net"
	"net/http"
	"time"

	"deskready/checks"
	"deskready/checks/office"
)

//go:embed words
var words embed.FS

// Options say what is looked at. Zero values stand for the defaults.
type Options struct {
	Ticket *office.Ticket // nil: what needs an office end is missing
	// Transport carries proxy, dialer and TLS pin of the way to the office; it is cloned. nil: the system's roots and no
	// proxy. Its Proxy is asked for the endpoints too; its pin is the office's alone.
	Transport *http.Transport
	Now       func() time.Time    // this computer's wall clock; time.Now
	Env       func(string) string // the environment, for the proxy settings; nil: an empty one
	Endpoints []Endpoint          // what the job needs to reach
	Roots     *x509.CertPool      // who vouches for the endpoints; nil: the system's
	Resolver  *net.Resolver       // nil: the system's
	Quick     bool                // fewer repetitions
}

// An Endpoint is a service that the job needs to reach.
type Endpoint struct {
	Profile string // whose it is, such as "amazon-connect"; may be empty
	Host    string // a name or an address
	Port    int
	Proto   string // tls, tcp, https, stun or udp
	Region  string // where it stands, if the service has several; may be empty
}

// Bounds of time. Every probe has its own, so that one that hangs takes no other along.
const (
	whole = 11 * time.Second // of the check
	spare = time.Second      // to put together what there is
)

func (o Options) withDefaults() Options {
	if o.Transport == nil {
		o.Transport = &http.Transport{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	return o
}

// New is the check of the way to the office and to the endpoints.
func New(o Options) checks.Check {
	o = o.withDefaults()
	texts, err := fs.Sub(words, "words")
	if err != nil {
		panic(err) // only for a path that is no path
	}
	reads := []string{"path.reads.network"}
	if o.Ticket != nil {
		reads = append(reads, "path.reads.office")
	}
	if len(o.Endpoints) > 0 {
		reads = append(reads, "path.reads.endpoints")
	}
	return checks.Check{
		Name:    "path",
		Metrics: metrics(),
		Words:   texts,
		Reads:   reads,
		Limit:   whole + spare,
		Measure: func(ctx context.Context, tell checks.Progress) ([]checks.Measurement, error) {
			return measure(ctx, o, tell)
		},
	}
}
