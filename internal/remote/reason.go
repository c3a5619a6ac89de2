package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"syscall"
)

// reason says in words of our own why there was no answer. The error itself is
// not quoted and not wrapped: a transport may put into it what was sent, and
// net/http does so with the beginning of an answer that it cannot read, which may
// be a token that was issued a moment ago.
func reason(err error) string {
	for _, known := range reasons {
		if known.is(err) {
			return known.text
		}
	}
	return "the request failed before there was an answer"
}

// reasons are in order: what is more particular comes first.
var reasons = []struct {
	text string
	is   func(error) bool
}{
	{"no answer in time", isTimeout},
	{"the name of the host was not found", isA[*net.DNSError]},
	{"TLS failed: the certificate is not one that is trusted here", isCertificate},
	{"TLS failed", isTLS},
	{"the connection was refused", isOneOf(syscall.ECONNREFUSED)},
	{"the host cannot be reached", isOneOf(syscall.EHOSTUNREACH, syscall.ENETUNREACH)},
	{"what came is no HTTP answer", isNoHTTP},
	{"the connection broke off", isOneOf(io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed)},
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

func isCertificate(err error) bool {
	return isA[*tls.CertificateVerificationError](err) || isA[x509.UnknownAuthorityError](err) || isA[x509.HostnameError](err) ||
		isA[x509.CertificateInvalidError](err)
}

func isTLS(err error) bool {
	return isA[tls.RecordHeaderError](err) || isA[tls.AlertError](err) || errors.Is(err, http.ErrSchemeMismatch)
}

// isNoHTTP looks at the text, as net/http has no type for it that others may
// name.
func isNoHTTP(err error) bool {
	return isA[textproto.ProtocolError](err) || strings.Contains(err.Error(), "malformed HTTP")
}

func isA[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

func isOneOf(targets ...error) func(error) bool {
	return func(err error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
}
