package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"deskready/report/collector"
)

// place is where a collector can be reached. It lies in the data folder, so that invites made beside a running
// collector name the right address.
type place struct {
	URL      string `json:"url"`
	Pin      string `json:"pin,omitzero"`
	Employer string `json:"employer"`
	Keep     *int   `json:"keep,omitzero"` // days; nil: never said, so the usual
}

// keep is for how many days reports under new invites are kept; 0: no date is promised.
func (p place) keep() int {
	if p.Keep == nil {
		return collector.DefaultKeep
	}
	return *p.Keep
}

// settle decides how the collector can be reached, and writes it down for those who make invites.
func (o serveOptions) settle(dir string, addr net.Addr, random io.Reader, now time.Time) (place, *tls.Config, error) {
	at, tlsConfig, err := o.place(dir, addr, random, now)
	if err == nil {
		err = o.keepPlace(dir, &at)
	}
	return at, tlsConfig, err
}

// place decides how the collector can be reached and by which certificate.
func (o serveOptions) place(dir string, addr net.Addr, random io.Reader, now time.Time) (place, *tls.Config, error) {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return place{}, nil, err
	}
	ip := net.ParseIP(host)
	plain := o.behindProxy != "" || o.tlsCert == "" && ip.IsLoopback()
	u, err := o.address(ip, host, port, plain)
	if err != nil {
		return place{}, nil, err
	}
	at := place{URL: u.Scheme + "://" + u.Host}
	if plain {
		return at, nil, nil
	}
	cert, err := o.certificate(dir, u.Hostname(), random, now)
	if err != nil {
		return at, nil, err
	}
	if o.tlsCert == "" {
		at.Pin = keyPin(cert.Leaf.RawSubjectPublicKeyInfo)
	}
	return at, serverTLS(cert), nil
}

// address is the one that invites name.
func (o serveOptions) address(ip net.IP, host, port string, plain bool) (*url.URL, error) {
	public := o.publicURL
	if public == "" {
		if ip.IsUnspecified() || o.behindProxy != "" {
			return nil, usage("add --public-url https://NAME:"+port, "invites must name an address that hires can reach, and %s is none", net.JoinHostPort(host, port))
		}
		public = map[bool]string{true: "http", false: "https"}[plain] + "://" + net.JoinHostPort(host, port)
	}
	u, err := url.Parse(public)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, usage("write it like https://desk.example.com", "--public-url %s is no address", public)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil:
		return nil, usage("write it like https://desk.example.com", "--public-url %s names more than a server", public)
	case !plain && u.Scheme == "http":
		return nil, usage("write https:// in --public-url, or listen on a loopback address", "this collector would speak TLS, and %s says it does not", public)
	}
	return u, nil
}

func placeFile(dir string) string { return filepath.Join(dir, "place.json") }

func (o serveOptions) keepPlace(dir string, at *place) error {
	before, _ := readPlace(dir) // none on the first start
	at.Employer, at.Keep = o.employer, before.Keep
	if o.keepSaid || at.Keep == nil {
		at.Keep = &o.keep
	}
	if at.Employer == "" {
		at.Employer = before.Employer
	}
	if at.Employer == "" {
		u, err := url.Parse(at.URL)
		if err != nil {
			return err
		}
		at.Employer = u.Host
	}
	data, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return writeFile(placeFile(dir), data)
}

func readPlace(dir string) (place, error) {
	data, err := os.ReadFile(placeFile(dir))
	if err != nil {
		return place{}, err
	}
	var at place
	return at, json.Unmarshal(data, &at)
}
