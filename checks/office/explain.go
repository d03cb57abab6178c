package office

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"deskready/checks"
)

// Why is what an error means for a report: that the run was stopped, where ctx has ended, and else what Explain says.
func Why(ctx context.Context, err error) *checks.Problem {
	if ctx.Err() != nil {
		return &checks.Problem{Code: checks.CodeInterrupted, Side: checks.SideHire}
	}
	return Explain(err)
}

// Explain says what a failed exchange with an office end means. Details are fixed words: the errors of the system hold
// addresses, which do not belong in a report.
func Explain(err error) *checks.Problem {
	var known *checks.Problem
	var name *net.DNSError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &name):
		return &checks.Problem{Code: checks.CodeNoNetwork, Detail: "name lookup", Side: checks.SideLine}
	case errors.Is(err, context.Canceled):
		return &checks.Problem{Code: checks.CodeInterrupted, Side: checks.SideHire}
	case errors.Is(err, errRefused):
		return &checks.Problem{Code: CodeRefused, Detail: "connection refused", Side: checks.SideOffice}
	case unreachable(err):
		return &checks.Problem{Code: checks.CodeNoNetwork, Detail: "no route", Side: checks.SideLine}
	case isTimeout(err):
		return &checks.Problem{Code: checks.CodeTimeout, Detail: "no answer", Side: checks.SideUnknown}
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch): // no TLS where the office speaks it
		return &checks.Problem{Code: CodePortal, Detail: "no TLS", Side: checks.SideLine}
	case untrusted(err):
		return &checks.Problem{Code: CodeUntrusted, Side: checks.SideLine}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errReset),
		errors.Is(err, errAborted), errors.Is(err, net.ErrClosed):
		return &checks.Problem{Code: CodeLost, Side: checks.SideLine}
	}
	// What net/http says of replies that are no HTTP has no type. An operation on the network that failed in any
	// other way is a lost connection.
	var op *net.OpError
	if errors.As(err, &op) && !strings.Contains(err.Error(), "malformed HTTP") {
		return &checks.Problem{Code: CodeLost, Detail: "network error", Side: checks.SideLine}
	}
	return &checks.Problem{Code: CodeGarbled, Side: checks.SideUnknown}
}

func unreachable(err error) bool {
	return errors.Is(err, errNoNet) || errors.Is(err, errNoHost) ||
		errors.Is(err, errNetDown) || errors.Is(err, errNoAddr)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// ErrPin is what a TLS configuration that pins the office's key says of any other key.
var ErrPin = errors.New("the certificate is not the pinned one")

func untrusted(err error) bool {
	var (
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	return errors.Is(err, ErrPin) || errors.As(err, &verify) || errors.As(err, &unknown) ||
		errors.As(err, &host) || errors.As(err, &invalid)
}
