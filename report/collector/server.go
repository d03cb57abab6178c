// Package collector is the receiving server, and the hire's end of the same protocol (Client).
//
// A recruiter makes invites; the hire's program enrols its key, asks for the nonce of each run, and delivers sealed
// reports; the collector verifies and judges each again, stores the bytes as they came, and answers with a sealed
// receipt. Recruiters read the reports on pages behind a login. Everything works without JavaScript.
package collector

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"deskready/checks"
	"deskready/checks/words"
	"deskready/report"
)

//go:embed words/*.json
var texts embed.FS

// Words are the texts of the recruiters' pages and of the hire's landing page.
func Words() fs.FS {
	sub, err := fs.Sub(texts, "words")
	if err != nil {
		return texts // cannot be: the name is valid
	}
	return sub
}

// A Server answers hires' programs, hires' browsers and recruiters.
type Server struct {
	Store       *Store
	Book        func(lang string) words.Book             // any language asked for; what is not there is answered in English
	PublicURL   string                                   // as reports name their audience, such as https://ready.example.com
	Pin         string                                   // of the TLS key, where the certificate is of the collector's own making
	Employer    string                                   // who asks, on new invites
	Keep        int                                      // days from the receipt of a report until it is erased, on new invites; 0: no date is promised
	Policies    func(name string) (report.Policy, error) // for the form of new invites
	PolicyNames []string                                 // that the form offers
	Ticket      func(run string, until time.Time) string // opens the office ends for one run
	Media       int                                      // port of this host where the office ends take UDP and TURN; 0: nowhere
	Witness     func(run string) []checks.Measurement    // what the office ends saw of a run, By the collector; nil: no witness
	Office      http.Handler                             // mounted at /s/; nil: none
	Address     func(r *http.Request) netip.Addr         // who asks, behind a proxy; nil: the connection's other end
	Limits      Limits                                   // zero: the defaults
	Now         func() time.Time
	Log         *slog.Logger
	Version     string
	Program     string // URL where hires get deskready, shown on their page; empty: the page says to ask the employer
}

// Timeouts of the server. Requests outside the office ends have a deadline of their own besides.
const (
	headerTimeout  = 5 * time.Second
	requestTimeout = 30 * time.Second
	idleTimeout    = 60 * time.Second
	maxHeader      = 16 << 10
)

// HTTPServer is the server with its timeouts; the address is the caller's. Reading and writing have no limit of their
// own there, because a slow line's throughput test may take long: Handler sets one on every other request.
func (s *Server) HTTPServer() *http.Server {
	return &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug), // handshakes of scanners
	}
}

// access says who may use a route.
type access int

const (
	public    access = iota // anybody: limited in rate
	signedIn                // whoever has a session; browsers are sent to the login
	adminOnly               // administrators
)

// route is one line of the table that the handler is made of, and that tests go through.
type route struct {
	pattern string
	access  access
	serve   http.HandlerFunc
}

// running is a server at work: what must be shared between requests.
type running struct {
	*Server
	audience string
	limits   Limits
	requests *limiter
	logins   *limiter // by name and network
	names    *limiter // by name: many networks together
	inFlight chan struct{}
	hashing  chan struct{} // passwords at the same time: each takes 19 MiB
	pages    pageSet
}

func (s *Server) start() *running {
	l := s.Limits.orDefault()
	audience, err := baseURL(s.PublicURL)
	if err == nil {
		err = s.Store.calls(audience)
	}
	if err != nil {
		s.Log.Error("trust.json is not up to date", "error", err.Error())
	}
	return &running{
		Server:   s,
		audience: audience,
		limits:   l,
		requests: newLimiter(s.Now, l.Requests, time.Minute),
		logins:   newLimiter(s.Now, l.Logins, 15*time.Minute),
		names:    newLimiter(s.Now, 10*l.Logins, 15*time.Minute),
		inFlight: make(chan struct{}, l.InFlight),
		hashing:  make(chan struct{}, 4),
		pages:    newPageSet(),
	}
}

// Handler serves everything. Server must not be changed afterwards.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	run := s.start()
	for _, r := range run.routes() {
		mux.Handle(r.pattern, run.guard(r))
	}
	mux.Handle("/", run.guard(route{access: public, serve: run.notFound}))
	protection := http.NewCrossOriginProtection()
	_ = protection.AddTrustedOrigin(s.PublicURL) // a bad one is refused when invites are made
	protection.SetDenyHandler(http.HandlerFunc(run.crossOrigin))
	ours := run.bounded(protection.Handler(mux))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Office != nil && strings.HasPrefix(r.URL.Path, "/s/") {
			s.Office.ServeHTTP(w, r)
			return
		}
		ours.ServeHTTP(w, r)
	})
}

func (s *running) routes() []route {
	return append(s.apiRoutes(), s.pageRoutes()...)
}

// bounded sets the headers that every answer has, and the time that a request has.
func (s *running) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "+
			"frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if s.secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		control := http.NewResponseController(w)
		until := time.Now().Add(requestTimeout)
		_ = control.SetReadDeadline(until) // recorders of tests have none
		_ = control.SetWriteDeadline(until)
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// secure says whether the outside reaches us by TLS.
func (s *Server) secure() bool { return strings.HasPrefix(s.PublicURL, "https://") }

// guard holds a request against the access of its route. Whoever is signed in is not limited in rate.
func (s *running) guard(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		who, err := s.whoAsks(req)
		if err != nil {
			s.failed(w, req, err)
			return
		}
		if who.ID == 0 {
			if wait, ok := s.requests.allow(s.network(req)); !ok {
				no := refuse(http.StatusTooManyRequests, ReasonRate, "too many requests from this network")
				no.wait = wait
				s.failed(w, req, no)
				return
			}
		}
		switch {
		case r.access > public && who.ID == 0:
			s.toLogin(w, req)
		case r.access == adminOnly && !who.Admin():
			s.failed(w, req, refuse(http.StatusForbidden, ReasonAdmin, "an administrator can do this"))
		default:
			r.serve(w, req.WithContext(context.WithValue(req.Context(), userKey{}, who)))
		}
	})
}

type userKey struct{}

// signed is who is signed in; its zero value is nobody.
func signed(r *http.Request) user {
	u, _ := r.Context().Value(userKey{}).(user)
	return u
}

// crossOrigin answers what another site sent with the visitor's browser.
func (s *running) crossOrigin(w http.ResponseWriter, r *http.Request) {
	s.failed(w, r, refuse(http.StatusForbidden, ReasonOrigin, "this was sent by another site"))
}

func (s *running) notFound(w http.ResponseWriter, r *http.Request) {
	s.failed(w, r, refuse(http.StatusNotFound, ReasonNotFound, "there is nothing here"))
}

// failed answers with a problem to programs and with a page to people.
func (s *running) failed(w http.ResponseWriter, r *http.Request, err error) {
	if forPrograms(r) {
		s.answerError(w, r, err)
		return
	}
	s.errorPage(w, r, err)
}

// forPrograms tells what programs ask from what people do.
func forPrograms(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/.well-known/") ||
		strings.HasSuffix(r.URL.Path, "/invite.json") && !strings.Contains(r.Header.Get("Accept"), "text/html")
}
