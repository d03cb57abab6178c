package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// ownCertificate loads the collector's self-made certificate, and makes it on first use. Nobody vouches for it: invites
// carry the digest of its key, so it must stay the same for as long as an invite lives.
func ownCertificate(dir, host string, random io.Reader, now time.Time) (tls.Certificate, error) {
	path := filepath.Join(dir, "tls.pem")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = makeCertificate(host, random, now); err == nil {
			err = writeFile(path, text) // created 0600
		}
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("the collector's certificate: %w", err)
	}
	cert, err := tls.X509KeyPair(text, text)
	if err != nil {
		return cert, fmt.Errorf("reading %s: %w", path, err)
	}
	if cert.Leaf == nil {
		cert.Leaf, err = x509.ParseCertificate(cert.Certificate[0])
	}
	return cert, err
}

func makeCertificate(host string, random io.Reader, now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "deskready collector"},
		NotBefore:    now.Add(-24 * time.Hour), // clocks of hires go wrong
		NotAfter:     now.AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(random, &template, &template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}
