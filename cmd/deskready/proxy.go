package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// behind takes requests of one proxy alone.
func behind(proxy string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err != nil || host != proxy {
			http.Error(rw, "this collector speaks to its proxy alone", http.StatusForbidden)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// forwarded is whom the proxy speaks for: the last hop that it wrote down itself.
func forwarded(r *http.Request) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	addr, _ := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1])) // not valid: nobody is known
	return addr
}
