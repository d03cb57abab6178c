package path

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"deskready/checks"
)

// dnsSeen is what the system's resolver did.
type dnsSeen struct {
	asked  int       // names that ought to be there
	found  int       // of them
	denied int       // of them: "there is no such name"
	times  []float64 // of every answer, seconds
	silent int       // lookups without an answer
	lie    fact[bool]
}

const (
	lookupPatience = 2500 * time.Millisecond
	coldNames      = 3 // under the office's own name: nobody can have asked for them before
	mostNames      = 6 // of endpoints
	abreast        = 4
)

// lookup resolves a host, or reads it where it is an address. It asks for the name as it stands, without search domains.
func lookup(ctx context.Context, r *net.Resolver, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr.Unmap()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupPatience)
	defer cancel()
	if isName(host) && strings.Contains(host, ".") {
		host = strings.TrimSuffix(host, ".") + "."
	}
	addrs, err := r.LookupNetIP(ctx, "ip", host)
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, err
}

// isName tells names that the network is asked for, from addresses and this computer's own name (RFC 6761, section 6.3).
func isName(host string) bool {
	_, err := netip.ParseAddr(host)
	host = strings.TrimSuffix(host, ".")
	return err != nil && host != "" && host != "localhost" && !strings.HasSuffix(host, ".localhost")
}

// A question is one name to look up.
type question struct {
	name string
	cold bool // made up: that there is no such name is the right answer
}

// questions are the names: the office's and the endpoints', and made-up ones under the office's, which no cache holds.
func questions(o Options) []question {
	var all []question
	if o.Ticket != nil {
		if host, _ := officeHost(o); isName(host) {
			all = append(all, question{name: host})
			for range coldNames {
				all = append(all, question{name: label() + "." + strings.TrimSuffix(host, "."), cold: true})
			}
		}
	}
	seen := map[string]bool{}
	for _, e := range o.Endpoints {
		if isName(e.Host) && !seen[e.Host] && len(seen) < mostNames {
			seen[e.Host] = true
			all = append(all, question{name: e.Host})
		}
	}
	return all
}

// label is a name that nobody has.
func label() string { return "dr-" + strings.ToLower(rand.Text()[:16]) }

// probeDNS looks the names up, a few at a time, and two that nobody has: a resolver that finds one makes addresses up. Names under
// invalid. do not exist (RFC 6761, section 6.4), but the computer's own resolver may know that, and ask nobody.
func probeDNS(ctx context.Context, o Options) dnsSeen {
	type answer struct {
		q    question
		took time.Duration
		err  error
	}
	all := questions(o)
	answers := make(chan answer, len(all))
	gate := make(chan struct{}, abreast)
	for _, q := range all {
		go func() {
			gate <- struct{}{}
			began := time.Now()
			_, err := lookup(ctx, o.Resolver, q.name)
			answers <- answer{q, time.Since(began), err}
			<-gate
		}()
	}
	var seen dnsSeen
	fiction := make(chan error, 1)
	go func() {
		_, err := lookup(ctx, o.Resolver, label()+".com")
		fiction <- err
	}()
	_, err := lookup(ctx, o.Resolver, label()+".invalid")
	other := <-fiction
	for range all {
		a := <-answers
		seen.note(a.q, a.took, a.err)
	}
	switch {
	case err == nil, other == nil:
		seen.lie = fact[bool]{value: true}
	case (isAbsent(err) || isAbsent(other)) && seen.found > 0:
		seen.lie = fact[bool]{value: false}
	default:
		seen.lie = fact[bool]{missing: seen.problem()}
	}
	return seen
}

func (s *dnsSeen) note(q question, took time.Duration, err error) {
	if !q.cold {
		s.asked++
	}
	switch {
	case err == nil, isAbsent(err):
		s.times = append(s.times, took.Seconds())
	default:
		s.silent++
	}
	switch {
	case q.cold:
	case err == nil:
		s.found++
	case isAbsent(err):
		s.denied++
	}
}

// isAbsent tells the answer "there is no such name" from none.
func isAbsent(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e) && e.IsNotFound
}

// problem is why the resolver cannot be judged. Without one name that was found, "no such name" may be what the system
// says when it has no resolver to ask.
func (s *dnsSeen) problem() *checks.Problem {
	if s.asked == 0 {
		return &checks.Problem{Code: codeNoNames, Side: checks.SideUnknown}
	}
	detail := "no answer"
	if s.denied > 0 {
		detail = "no name was found"
	}
	return &checks.Problem{Code: codeDNSDead, Detail: detail, Side: checks.SideLine}
}

// dead says that the resolver was asked for names that are there, and gave none.
func (s *dnsSeen) dead() bool { return s.asked > 0 && s.found == 0 }

// measurement is the median time of a lookup. One without an answer counts with the time it was waited for; where that is
// the median, the figure is a lower bound.
func (s *dnsSeen) measurement() checks.Measurement {
	if s.found == 0 {
		return dns.Missing("", s.problem())
	}
	all := append([]float64(nil), s.times...)
	for range s.silent {
		all = append(all, lookupPatience.Seconds())
	}
	m := dns.Of("", median(all))
	m.Samples = s.times
	m.AtLeast = m.Value >= lookupPatience.Seconds()
	return m
}
