package path

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/net/publicsuffix"

	"deskready/checks"
	"deskready/checks/office"
)

// An Office is the office end: its clock, the TLS session as it sees it, and who the hire's provider is. It keeps
// nothing between requests.
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
	LookupAddr func(ctx context.Context, addr string) ([]string, error)
	// Record is told the provider of a run once it is known; it may be nil.
	Record func(run string, seen []checks.Measurement)
}

// lookupLimit is how long the office waits for the names of an address.
const lookupLimit = time.Second

// Handler serves /s/{ticket}/path/: mount it there, or at /s/.
func (o *Office) Handler() http.Handler {
	const at = "/s/{ticket}/path/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+at+"about", o.under(o.about))
	mux.HandleFunc("GET "+at+"clock", o.under(o.clock))
	mux.HandleFunc("GET "+at+"binding", o.under(binding))
	mux.HandleFunc("GET "+at+"isp", o.under(o.isp))
	return mux
}

// under admits a request by its ticket, and answers it with what serve says of it.
func (o *Office) under(serve func(r *http.Request, c office.Claims) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got := o.Now()
		token := r.PathValue("ticket")
		claims, ok := o.Secret.Admit(w, r, token, got)
		if !ok {
			return
		}
		said := serve(r, claims)
		if c, ok := said.(clockReply); ok {
			c.Got, c.Sent = got.UnixNano(), o.Now().UnixNano()
			said = c
		}
		body, err := json.Marshal(said)
		if err != nil {
			http.Error(w, "reply", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(body)))
		office.Sign(w, r, token, http.StatusOK)
		_, _ = w.Write(body) // who is gone does not hear it
	}
}

func (o *Office) about(*http.Request, office.Claims) any {
	a := aboutReply{Version: version, Alternate: o.Alternate, Plain: o.Plain}
	if o.IPv6.IsValid() {
		a.IPv6 = o.IPv6.String()
	}
	return a
}

func (o *Office) clock(*http.Request, office.Claims) any { return clockReply{Version: version} }

// binding is the value by which both ends of a TLS connection know that it is one and the same (RFC 9266).
func binding(r *http.Request, _ office.Claims) any {
	b := bindingReply{Version: version}
	if value, ok := office.Binding(r.TLS); ok {
		b.Binding = base64.StdEncoding.EncodeToString(value)
	}
	return b
}

func (o *Office) isp(r *http.Request, c office.Claims) any {
	reply := ispReply{Version: version}
	ctx, cancel := context.WithTimeout(r.Context(), lookupLimit)
	defer cancel()
	reply.ISP = o.provider(ctx, o.address(r))
	if reply.ISP != "" && o.Record != nil {
		seen := isp.Named("", reply.ISP)
		seen.By = checks.ByCollector
		o.Record(c.Run, []checks.Measurement{seen})
	}
	return reply
}

func (o *Office) address(r *http.Request) netip.Addr {
	if o.Address != nil {
		return o.Address(r).Unmap()
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// provider is the registrable domain under which the address has a name, empty where it has none. The name itself holds
// the address more often than not, and stays here.
func (o *Office) provider(ctx context.Context, addr netip.Addr) string {
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return ""
	}
	lookup := o.LookupAddr
	if lookup == nil {
		lookup = net.DefaultResolver.LookupAddr
	}
	names, err := lookup(ctx, addr.String())
	if err != nil {
		return ""
	}
	for _, name := range names {
		if domain := registrable(name); domain != "" {
			return domain
		}
	}
	return ""
}

// registrable is the part of a name that somebody registered, by the public suffix list; empty where there is none.
func registrable(name string) string {
	const longest = 80
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil || len(domain) > longest || !isDomain(domain) || hasAddress(domain) {
		return ""
	}
	return domain
}

// isDomain accepts letters, digits and hyphens in labels (RFC 1123, section 2.1): the name's owner may have written anything.
func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
				return false
			}
		}
	}
	return strings.Contains(s, ".")
}

// hasAddress tells a registered name that spells an IPv4 address: four numbers between hyphens.
func hasAddress(domain string) bool {
	numbers := 0
	for part := range strings.FieldsFuncSeq(domain, func(r rune) bool { return r == '-' || r == '.' }) {
		if _, err := strconv.Atoi(part); err == nil {
			numbers++
		}
	}
	return numbers >= 4
}
