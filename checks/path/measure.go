package path

import (
	"context"
	"sync"
	"time"

	"deskready/checks"
)

// seen is all that was seen of the way, before anything is concluded.
type seen struct {
	ticket bool
	named  bool // the office has a name that must be looked up
	route  bool // the system knows a way to the internet or to the office
	facts  facts
	desk   deskSeen
	portal fact[bool]
	dns    fact[dnsSeen]
	nat    fact[natSeen]
	v6     fact[v6Seen]
	mtu    fact[mtuSeen]
	ends   []endSeen
}

const (
	factsTime  = 8 * time.Second // macOS takes so long to tell of its Wi-Fi
	factsQuick = 3 * time.Second
	calm       = 3 * time.Second // for which the endpoints wait, so that they do not disturb the times to the office
	abreastEnd = 8               // endpoints at the same time
	mostEnds   = 100
)

// measure looks at everything at once, each part in its own time, and concludes from what there is when all are done or
// the time is up.
func measure(ctx context.Context, o Options, tell checks.Progress) ([]checks.Measurement, error) {
	bounded, cancel := context.WithTimeout(ctx, whole)
	defer cancel()
	r := &run{options: o, tell: tell, answered: make(chan struct{}), quiet: make(chan struct{})}
	s := r.look(bounded)
	if ctx.Err() != nil {
		return conclude(s), &checks.Problem{Code: checks.CodeInterrupted, Side: checks.SideHire}
	}
	return conclude(s), nil
}

// A run joins the parts that wait for each other.
type run struct {
	options  Options
	answered chan struct{} // closed once about is there
	about    fact[about]
	quiet    chan struct{} // closed once the times to the office are taken

	mu    sync.Mutex
	tell  checks.Progress
	ended int
}

// parts is how many of them tell of their end.
const parts = 7

// look starts all parts, and gathers them.
func (r *run) look(ctx context.Context) seen {
	o := r.options
	s := seen{ticket: o.Ticket != nil}
	if s.ticket {
		host, _ := officeHost(o)
		s.named = isName(host)
	}
	r.begin("path.step.office")
	computer := part(ctx, r, "path.step.names", r.askComputer)
	names := part(ctx, r, "path.step.endpoints", func(ctx context.Context) dnsSeen { return probeDNS(ctx, o) })
	desk, portal := r.visit(ctx)
	nat := part(ctx, r, "path.step.between", func(ctx context.Context) natSeen { return probeNAT(ctx, o, r.known(ctx)) })
	v6 := part(ctx, r, "path.step.between", func(ctx context.Context) v6Seen { return probeIPv6(ctx, o, r.known(ctx)) })
	ends := later(ctx, func(ctx context.Context) ([]endSeen, error) { return r.visitEndpoints(ctx), nil })
	sizes := r.measureMTU(ctx)
	s.desk, s.portal = settle(<-desk), <-portal
	s.dns, s.nat, s.v6, s.mtu = <-names, <-nat, <-v6, <-sizes
	s.ends = (<-ends).value
	c := <-computer
	s.facts, s.route = c.value.facts, c.value.route
	if c.missing != nil {
		s.facts, s.route = nowhere(c.missing), true
		s.facts.proxy.missing = c.missing
	}
	return s
}

// part is one that says when it is over, and what comes next for most runs.
func part[T any](ctx context.Context, r *run, next string, look func(context.Context) T) <-chan fact[T] {
	return later(ctx, func(ctx context.Context) (T, error) {
		defer r.begin(next)
		return look(ctx), nil
	})
}

// begin says what is being done, and how much is over.
func (r *run) begin(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	done := min(float64(r.ended)/parts, 1)
	r.ended++
	left := time.Duration((1 - done) * float64(whole) / 2)
	r.tell(checks.Event{Step: step, Done: done, Left: left.Round(time.Second)})
}

// known waits for the office's first answer.
func (r *run) known(ctx context.Context) func() (about, bool) {
	return func() (about, bool) {
		if r.options.Ticket == nil {
			return about{}, false
		}
		select {
		case <-r.answered:
			return r.about.value, r.about.missing == nil
		case <-ctx.Done():
			return about{}, false
		}
	}
}

// visit talks to the office, and looks for a sign-in page in its place. Without an office both are missing.
func (r *run) visit(ctx context.Context) (<-chan fact[deskSeen], <-chan fact[bool]) {
	o := r.options
	if o.Ticket == nil {
		close(r.quiet)
		p := &checks.Problem{Code: checks.CodeNoCollector, Side: checks.SideUnknown}
		return at(fact[deskSeen]{missing: p}), at(fact[bool]{missing: p})
	}
	desk := part(ctx, r, "path.step.endpoints", func(ctx context.Context) deskSeen {
		defer close(r.quiet)
		return askOffice(ctx, o, func(a fact[about]) {
			r.about = a
			close(r.answered)
		})
	})
	portal := later(ctx, func(ctx context.Context) (bool, error) {
		if _, ok := r.known(ctx)(); !ok && ctx.Err() != nil {
			return false, ctx.Err()
		}
		f := probePortal(ctx, o, r.about)
		if f.missing != nil {
			return false, f.missing
		}
		return f.value, nil
	})
	return desk, portal
}

// at is an answer that is there already.
func at[T any](f fact[T]) <-chan fact[T] {
	c := make(chan fact[T], 1)
	c <- f
	return c
}

// settle spreads the reason why nothing was heard of the office over all that it would have said.
func settle(f fact[deskSeen]) deskSeen {
	if p := f.missing; p != nil {
		return deskSeen{about: fact[about]{missing: p}, binding: fact[bool]{missing: p}, isp: fact[string]{missing: p}}
	}
	return f.value
}

func (r *run) measureMTU(ctx context.Context) <-chan fact[mtuSeen] {
	o := r.options
	if o.Ticket == nil {
		return at(fact[mtuSeen]{missing: &checks.Problem{Code: checks.CodeNoCollector, Side: checks.SideUnknown}})
	}
	return part(ctx, r, "path.step.between", func(ctx context.Context) mtuSeen {
		r.calm(ctx)
		return probeMTU(ctx, o)
	})
}

// calm waits until the times to the office are taken, and no longer than they may take.
func (r *run) calm(ctx context.Context) {
	select {
	case <-r.quiet:
	case <-time.After(calm):
	case <-ctx.Done():
	}
}

// visitEndpoints reaches each endpoint once, several at a time. Those that the time did not suffice for are unknown.
func (r *run) visitEndpoints(ctx context.Context) []endSeen {
	r.calm(ctx)
	most := min(len(r.options.Endpoints), mostEnds)
	list, rest := r.options.Endpoints[:most], r.options.Endpoints[most:]
	type place struct {
		host  string
		port  int
		proto string
	}
	first := map[place]int{} // several profiles may name one
	results := make([]endSeen, len(list))
	gate := make(chan struct{}, abreastEnd)
	var all sync.WaitGroup
	for i, e := range list {
		at := place{e.Host, e.Port, e.Proto}
		if _, known := first[at]; known {
			continue
		}
		first[at] = i
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			results[i] = r.reach(ctx, e)
		})
	}
	all.Wait()
	for i, e := range list {
		same := results[first[place{e.Host, e.Port, e.Proto}]]
		same.at = e
		results[i] = same
	}
	for _, e := range rest {
		results = append(results, endSeen{at: e, unknown: &checks.Problem{Code: checks.CodeNotRun, Detail: "too many endpoints", Side: checks.SideOffice}})
	}
	r.begin("path.step.endpoints")
	return results
}

// reach blames nobody for what the end of the run cut short.
func (r *run) reach(ctx context.Context, e Endpoint) endSeen {
	if ctx.Err() != nil {
		return endSeen{at: e, unknown: reason(ctx.Err())}
	}
	one := probeEndpoint(ctx, r.options, e)
	if ctx.Err() != nil && one.failed != nil {
		return endSeen{at: e, unknown: reason(ctx.Err()), answer: one.answer}
	}
	return one
}

// own is what the computer says of itself.
type own struct {
	facts facts
	route bool
}

// askComputer reads the facts of the way to the office, or to the internet where the office has no address yet.
func (r *run) askComputer(ctx context.Context) own {
	q := asked{env: r.options.Env, limit: factsTime}
	if r.options.Quick {
		q.limit = factsQuick
	}
	route := hasRoute(anywhere4()) || hasRoute(anywhere6())
	if r.options.Ticket != nil {
		host, port := officeHost(r.options)
		if at, ok := lookupPort(ctx, r.options.Resolver, host, port); ok {
			q.remote = at.Addr()
			route = route || hasRoute(at)
		}
	}
	return own{readFacts(ctx, q), route}
}
