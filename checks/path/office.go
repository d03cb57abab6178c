package path

import (
	"net/http"
	"net/netip"
	"time"

	"deskready/checks/office"
)

// An Office is the office end: its clock, the TLS session as it sees it, and who the hire's provider is.
type Office struct {
	Secret office.Secret
	Now    func() time.Time // the wall clock

	// Address is who asks, where a proxy stands before this office; nil: the connection's other end.
	Address func(r *http.Request) netip.Addr
	// Alternate is a second UDP port of this host on which ServeAlternate answers; 0: none. Without it, address translation is
	// told apart only by the STUN servers among the endpoints.
	Alternate int
	IPv6      netip.AddrPort // by which IPv6 reaches the office's web port; the zero value: not known
	Plain     int            // the TCP port of this host on which Hello answers without TLS; 0: nowhere
	// LookupAddr finds the names of an address; nil: the system's resolver. Only the registrable domain of what it finds
	// leaves the office.
	LookupAddr func(r *http.Request, addr netip.Addr) ([]string, error)
}

// Handler serves /s/{ticket}/path/: mount it there, or at /s/.
func (o *Office) Handler() http.Handler {
	const at = "/s/{ticket}/path/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+at+"about", http.NotFound)
	return mux
}
