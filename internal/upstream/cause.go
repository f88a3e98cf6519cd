package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// Cause says in a few words why a call got no answer, for the one who has to act:
// the name that cannot be resolved, the certificate that is not trusted. It is
// empty where it is not known. It shows no address and nothing of a request.
func Cause(err error) string {
	if err == nil {
		return ""
	}
	if proxy, ok := errors.AsType[*net.OpError](err); ok && proxy.Op == "proxyconnect" {
		return strings.TrimSuffix("the proxy in between failed: "+Cause(proxy.Err), ": ")
	}
	for _, explain := range []func(error) string{certificateCause, handshakeCause, networkCause} {
		if text := explain(err); text != "" {
			return text
		}
	}
	return ""
}

// UntrustedCertificate reports whether a call failed because the service's
// certificate was not accepted: a second try would end the same way.
func UntrustedCertificate(err error) bool { return certificateCause(err) != "" }

func certificateCause(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its TLS certificate is signed by an unknown authority"
	}
	if wrong, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its TLS certificate is not for the name " + Text(wrong.Host)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return "its TLS certificate has expired or is not valid yet"
		}
		return "its TLS certificate is not valid: " + Text(invalid.Error())
	}
	if _, ok := errors.AsType[x509.SystemRootsError](err); ok {
		return "its TLS certificate cannot be checked: this system has no certificates of authorities"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its TLS certificate is not accepted"
	}
	return ""
}

func handshakeCause(err error) string {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "it does not speak TLS"
	}
	// Package tls does not export its alerts of TCP connections.
	if alert, ok := errors.AsType[*net.OpError](err); ok {
		switch alert.Op {
		case "remote error":
			return "it ended the TLS connection: " + alertText(alert.Err)
		case "local error":
			return "TLS with it failed: " + alertText(alert.Err)
		}
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.HasPrefix(e.Error(), "tls: ") || strings.Contains(e.Error(), "TLS handshake timeout") {
			return "TLS with it failed: " + Text(strings.TrimPrefix(e.Error(), "tls: "))
		}
	}
	return ""
}

func alertText(err error) string { return Text(strings.TrimPrefix(err.Error(), "tls: ")) }

func networkCause(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		name := Text(dns.Name)
		if dns.IsNotFound {
			return "the name " + name + " does not exist"
		}
		return "the name " + name + " cannot be resolved"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "it refuses connections"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection ended before the answer"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no route to it"
	case TimedOut(err):
		return "it did not answer in time"
	}
	return ""
}

// TimedOut reports whether a call failed because it took too long, or nobody waited
// for it any more.
func TimedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
