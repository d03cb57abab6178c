package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/spf13/cobra"

	"deskready/checks"
	"deskready/checks/all"
	"deskready/checks/office"
	"deskready/checks/words"
	"deskready/report"
	"deskready/report/collector"
	"deskready/report/policies"
)

type serveOptions struct {
	listen, publicURL, data string
	employer                string
	tlsCert, tlsKey         string
	behindProxy             string
	media                   string
	exact                   bool
	keep                    int
	keepSaid                bool // else as before
}

func (w *world) serveCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Receive reports: the collector, with its pages for recruiters",
		Long: `Serves invites, receives reports and shows them to recruiters. Needs no configuration: everything lies in one folder.
On this computer's own address it speaks plain HTTP; on any other it speaks TLS with a certificate of its own making,
which invites pin, or with --tls-cert and --tls-key; behind a proxy (--behind-proxy ADDRESS) it speaks plain HTTP to that
proxy alone. Prints its address, and once the link for the first administrator.

Test calls and echoes come by UDP to the same port number: let it through the firewall. The next UDP port, if it is let
through too, tells kinds of address translation apart.

Invites promise until when a report is kept (--keep), and this program keeps that promise while it runs: it erases each
report in time, and then the hire's name. What invites promised before stays as it was promised; backups are yours to
delete.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.keepSaid = cmd.Flags().Changed("keep")
			return w.serve(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8440", "`ADDRESS` to listen on")
	f.StringVar(&o.publicURL, "public-url", "", "address (`URL`) by which hires reach this collector")
	f.StringVar(&o.data, "data", "", "data folder (`DIR`)")
	f.StringVar(&o.employer, "employer", "", "who asks: the `NAME` that hires see")
	f.IntVar(&o.keep, "keep", collector.DefaultKeep, "`DAYS` for which a report is kept, as new invites promise; 0: it is not erased by itself")
	f.StringVar(&o.tlsCert, "tls-cert", "", "certificate (PEM `FILE`)")
	f.StringVar(&o.tlsKey, "tls-key", "", "its key (PEM `FILE`)")
	f.StringVar(&o.behindProxy, "behind-proxy", "", "`ADDRESS` of the proxy that speaks TLS for this collector")
	f.StringVar(&o.media, "media", "", "`ADDRESS` for test calls, by UDP and TCP (default: as --listen; behind a proxy: none)")
	f.BoolVar(&o.exact, "exact", false, "let runs measure with check --exact, which takes many bytes")
	_ = f.MarkHidden("exact") // there is such a flag: it was defined on the line before
	cmd.AddCommand(w.backupCommand(), w.restoreCommand(), w.adminLinkCommand())
	return cmd
}

func (w *world) dataFolder(dir string) (string, error) {
	switch {
	case dir != "":
		return filepath.Abs(dir)
	case w.data != "":
		return w.data, nil
	}
	return "", usage("add --data DIR", "there is no folder for the collector's data: this account has no home")
}

// alone keeps a second collector off a data folder: it would give out another address.
func alone(dir string) (unlock func(), err error) {
	lock := flock.New(filepath.Join(dir, "serve.lock"))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking the data folder: %w", err)
	}
	if !held {
		return nil, &fault{exit: exitUnexpected, code: "busy", what: "another collector serves the data folder " + dir, hint: "stop it first, or give this one a folder of its own with --data"}
	}
	return func() { _ = lock.Unlock() }, nil // the system unlocks it in any case when the program ends
}

// openStore opens a collector that is there: only serve makes one.
func (w *world) openStore(ctx context.Context, dir string) (*collector.Store, string, error) {
	dir, err := w.dataFolder(dir)
	if err != nil {
		return nil, "", err
	}
	if _, err := os.Stat(placeFile(dir)); err != nil {
		return nil, "", &fault{exit: exitUnreadable, code: "unreadable", what: "there is no collector in " + dir, hint: "name its data folder with --data, or start one: deskready serve --data " + dir}
	}
	return w.makeStore(ctx, dir)
}

func (w *world) makeStore(ctx context.Context, dir string) (*collector.Store, string, error) {
	dir, err := w.dataFolder(dir)
	if err != nil {
		return nil, "", err
	}
	store, err := collector.Open(ctx, dir, w.rand, w.now)
	if err != nil {
		return nil, "", &fault{exit: exitUnexpected, code: "store", what: "opening the data folder " + dir + ": " + err.Error(), hint: "the folder must be yours, on a local disk with room; deskready serve restore brings back a backup"}
	}
	return store, dir, nil
}

func (w *world) serve(ctx context.Context, o serveOptions) (err error) {
	if err := o.contradictions(); err != nil {
		return err
	}
	store, dir, err := w.makeStore(ctx, o.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	unlock, err := alone(dir)
	if err != nil {
		return err
	}
	defer unlock()
	listener, packets, err := o.openPorts()
	if err != nil {
		return err
	}
	defer listener.Close()
	at, tlsConfig, err := o.settle(dir, listener.Addr(), w.rand, w.now())
	if err != nil {
		return err
	}
	p := sharePorts(listener, packets, tlsConfig)
	p.public, p.bare = o.mediaPort(at, packets), at.barePort(tlsConfig)
	defer p.close()
	server, ends, err := w.server(store, dir, at, o.caps())
	if err != nil {
		return err
	}
	web := o.httpServer(server, ends, &p)
	if err := w.announce(ctx, store, at); err != nil {
		return err
	}
	defer erasing(ctx, server)()
	ends.serve(ctx, p)
	return serveUntil(ctx, web, p.web)
}

// erasing keeps the promise of the invites beside all else; stop waits until the store is left alone.
func erasing(ctx context.Context, server *collector.Server) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	work.Go(func() { server.KeepErasing(ctx) })
	return func() { cancel(); work.Wait() }
}

// caps are what one run may use of the office ends.
func (o serveOptions) caps() office.Caps {
	c := office.DefaultCaps()
	if o.exact {
		c.Bytes, c.Seconds = 100<<30, 3600
	}
	return c
}

func (o serveOptions) httpServer(server *collector.Server, ends officeEnds, p *ports) *http.Server {
	if o.behindProxy != "" {
		server.Address = forwarded
	}
	ends.join(server, p)
	s := server.HTTPServer()
	s.ConnContext = office.Connected
	if o.behindProxy != "" {
		s.Handler = behind(o.behindProxy, s.Handler)
	}
	return s
}

// announce prints the address, and the link for an administrator while there is none.
func (w *world) announce(ctx context.Context, store *collector.Store, at place) error {
	fmt.Fprintln(w.stdout, at.URL)
	has, err := store.HasAdmin(ctx)
	if err != nil || has {
		return err
	}
	return w.adminLink(ctx, store, at)
}

// adminLink prints the one-time link of an administrator: the first one, or one who lost the password.
func (w *world) adminLink(ctx context.Context, store *collector.Store, at place) error {
	link, err := store.AdminLink(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(w.stdout, at.URL+collector.WelcomePath(link))
	b, err := w.book("", w.list(all.Options{}))
	if err != nil {
		return err
	}
	w.say("%s", b.Text("cmd.admin_link"))
	return nil
}

// serveUntil serves until ctx ends, and then lets what is under way come to its end.
func serveUntil(ctx context.Context, s *http.Server, l net.Listener) error {
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(drain); err != nil {
		return s.Close()
	}
	return nil
}

// server joins the collector, which knows no check, with the office ends, which know no report.
func (w *world) server(store *collector.Store, dir string, at place, caps office.Caps) (*collector.Server, officeEnds, error) {
	list := w.list(all.Options{})
	metrics := catalogueMetrics(list)
	secret := office.Secret(store.TicketSecret())
	log := slog.New(slog.NewTextHandler(w.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	seen := &witnesses{metrics: metrics}
	names := policies.Names()
	own, err := filepath.Glob(filepath.Join(dir, "policies", "*.yaml"))
	if err != nil {
		return nil, officeEnds{}, err
	}
	for _, f := range own {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".yaml"))
	}
	return &collector.Server{
		Store: store, PublicURL: at.URL, Pin: at.Pin, Employer: at.Employer, Keep: at.keep(),
		Book: func(lang string) words.Book {
			b, err := words.Open(lang, w.sources(list)...)
			if err != nil {
				b, _ = words.Open(words.Fallback, w.sources(list)...) // embedded, and tested
			}
			return b
		},
		PolicyNames: names,
		Policies: func(name string) (report.Policy, error) {
			return collectorPolicy(dir, name, metrics, nil)
		},
		Witness: seen.of,
		Ticket:  func(run string, until time.Time) string { return secret.Issue(run, until, caps) },
		Now:     w.now, Log: log, Version: w.version,
	}, w.officeEnds(secret, seen, log), nil
}

// collectorPolicy finds a policy among those shipped and those in the data folder's policies.
func collectorPolicy(dir, name string, metrics []checks.Metric, roles []string) (report.Policy, error) {
	file := filepath.Join(dir, "policies", filepath.Base(name)+".yaml")
	if _, err := os.Stat(file); err == nil {
		name = file
	}
	return loadPolicy(name, metrics, roles)
}

// contradictions are settings of which one would be without effect.
func (o serveOptions) contradictions() error {
	if _, _, err := net.SplitHostPort(o.listen); err != nil {
		return usage("write it like 127.0.0.1:8440", "--listen %s is no address with a port", o.listen)
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return usage("give both --tls-cert and --tls-key", "a certificate needs its key, and a key its certificate")
	}
	if o.keep < 0 || o.keep > report.MaxKeep {
		return usage(fmt.Sprintf("--keep takes 1 to %d days, or 0: not erased by itself", report.MaxKeep), "reports cannot be kept for %d days", o.keep)
	}
	if o.behindProxy == "" {
		return nil
	}
	if o.tlsCert != "" {
		return usage("leave out --tls-cert: the proxy speaks TLS", "--behind-proxy and --tls-cert do not go together")
	}
	if _, err := netip.ParseAddr(o.behindProxy); err != nil {
		return usage("write it like --behind-proxy 10.0.0.5", "--behind-proxy %s is no address", o.behindProxy)
	}
	return nil
}

// certificate is the operator's, or one of our own making.
func (o serveOptions) certificate(dir, host string, random io.Reader, now time.Time) (tls.Certificate, error) {
	if o.tlsCert == "" {
		return ownCertificate(dir, host, random, now)
	}
	cert, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey)
	if err != nil {
		return cert, &fault{exit: exitUnreadable, code: "tls", what: "reading the certificate: " + err.Error(), hint: "give both --tls-cert and --tls-key, as PEM files"}
	}
	return cert, nil
}

// serverTLS speaks HTTP/1.1 alone: the measurement of the line needs connections of its own.
func serverTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}
}
