package lab

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"time"
)

// What stands between a hire and the office, and should not. Each of these serves until its listener is closed, and
// returns at once.

// PortalPage is what a Portal answers.
const PortalPage = "<!DOCTYPE html><html><head><title>Welcome to the hotel</title></head><body><form>Room <input name=room></form></body></html>"

// Portal is a captive portal: it answers every HTTP request with 200 and a page. Of TLS it understands nothing.
func Portal(l net.Listener) {
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, PortalPage)
	})}
	go srv.Serve(l)
}

// Hole takes connections and whatever comes over them, and never answers.
func Hole(l net.Listener) {
	go each(l, func(c net.Conn) { io.Copy(io.Discard, c) })
}

// Interceptor names the issuer of the certificates that Intercept makes.
const Interceptor = "Lab Inspection"

// Intercept is a proxy that reads along: it ends TLS with a certificate of its own making for whatever name the client
// asked for, and goes on to the upstream (host:port) over TLS, whose certificate it takes as it is. It serves
// connections that were turned to it (transparent) as well as CONNECT, and passes on what is not TLS. It answers
// the certificate of its authority, which a company puts into its computers.
func Intercept(l net.Listener, upstream string) (caPEM []byte, err error) {
	ca, err := certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: Interceptor + " CA", Organization: []string{Interceptor}},
		IsCA:    true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{NextProtos: []string{"http/1.1"}, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return leaf(hello, ca)
	}}
	go each(l, func(c net.Conn) {
		if err := intercept(c, config, upstream); err != nil {
			return // the client or the upstream left: there is nobody to tell
		}
	})
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Certificate[0]}), nil
}

// each serves every connection of the listener, and closes it after.
func each(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}

// ahead is a connection of which the first bytes have been read.
type ahead struct {
	net.Conn
	r *bufio.Reader
}

func (a ahead) Read(b []byte) (int, error) { return a.r.Read(b) }

func intercept(c net.Conn, config *tls.Config, upstream string) error {
	client := ahead{c, bufio.NewReader(c)}
	first, err := client.r.Peek(1)
	if err != nil {
		return err
	}
	if first[0] == 'C' {
		if _, err := http.ReadRequest(client.r); err != nil {
			return err
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			return err
		}
		if first, err = client.r.Peek(1); err != nil {
			return err
		}
	}
	const handshake = 22 // the type of TLS's first record (RFC 8446, 5.1)
	if first[0] != handshake {
		far, err := net.DialTimeout("tcp", upstream, 10*time.Second)
		if err != nil {
			return err
		}
		return join(client, far)
	}
	near := tls.Server(client, config)
	if err := near.Handshake(); err != nil {
		return err
	}
	far, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", upstream,
		&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}, ServerName: near.ConnectionState().ServerName})
	if err != nil {
		return err
	}
	return join(near, far)
}

// join carries bytes both ways until either end is done, and closes both.
func join(a, b net.Conn) error {
	done := make(chan error, 2)
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		go func() {
			_, err := io.Copy(pair[0], pair[1])
			done <- err
		}()
	}
	err := <-done
	a.Close()
	b.Close()
	return err
}

// leaf is a certificate for the name that the client asked for, or else for the address that it dialled.
func leaf(hello *tls.ClientHelloInfo, ca *tls.Certificate) (*tls.Certificate, error) {
	of := &x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if name := strings.TrimSuffix(hello.ServerName, "."); name != "" {
		of.DNSNames = []string{name}
	} else if host, _, err := net.SplitHostPort(hello.Conn.LocalAddr().String()); err == nil {
		of.IPAddresses = []net.IP{net.ParseIP(host)}
	}
	return certificate(of, ca)
}

// certificate fills in what every certificate needs, and signs it by the authority, or by itself.
func certificate(of *x509.Certificate, by *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if of.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	of.NotBefore, of.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	parent, signer := of, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, of, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	read, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	chain := [][]byte{der}
	if by != nil {
		chain = append(chain, by.Certificate...)
	}
	return &tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: read}, nil
}
