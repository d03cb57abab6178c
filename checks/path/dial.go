package path

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// resolve is how other parts of the program look names up for this check.
func (o Options) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	return lookup(ctx, o.Resolver, host)
}

// A won connection, and how long it alone took.
type won struct {
	conn net.Conn
	took time.Duration
	err  error
}

// race connects to the first address that answers. The next one is tried beside it after a moment (RFC 8305), so that an
// IPv6 that leads nowhere costs only that.
func race(ctx context.Context, addrs []netip.Addr, port int) (net.Conn, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, tcpPatience)
	defer cancel()
	addrs = alternating(addrs)
	results := make(chan won, len(addrs))
	for i, a := range addrs {
		go func() {
			select {
			case <-ctx.Done():
				results <- won{err: ctx.Err()}
				return
			case <-time.After(time.Duration(i) * stagger):
			}
			began := time.Now()
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", netip.AddrPortFrom(a, uint16(port)).String())
			results <- won{conn, time.Since(began), err}
		}()
	}
	var first error
	for n := range addrs {
		r := <-results
		if r.err == nil {
			cancel()
			go discard(results, len(addrs)-n-1)
			return r.conn, r.took, nil
		}
		if first == nil {
			first = r.err
		}
	}
	return nil, 0, first
}

// discard closes the connections that came second.
func discard(results <-chan won, left int) {
	for range left {
		if r := <-results; r.conn != nil {
			_ = r.conn.Close()
		}
	}
}

// alternating takes the families in turn, IPv6 first as browsers do.
func alternating(addrs []netip.Addr) []netip.Addr {
	var four, six, out []netip.Addr
	for _, a := range addrs {
		if a.Is4() {
			four = append(four, a)
		} else {
			six = append(six, a)
		}
	}
	for len(out) < mostAddrs && len(four)+len(six) > 0 {
		if len(six) > 0 {
			out, six = append(out, six[0]), six[1:]
		}
		if len(four) > 0 && len(out) < mostAddrs {
			out, four = append(out, four[0]), four[1:]
		}
	}
	return out
}
