package upstream_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"mayfly/internal/upstream"
)

func TestCause(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	system := func(e syscall.Errno) error { return dial(os.NewSyscallError("connect", e)) }
	verify := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	tests := []struct {
		name      string
		err       error
		want      string
		untrusted bool
		timedOut  bool
	}{
		{"nothing", nil, "", false, false},
		{"something else", errors.New("secret"), "", false, false},
		{"unknown authority", verify(x509.UnknownAuthorityError{}),
			"its TLS certificate is signed by an unknown authority", true, false},
		{"another name", verify(x509.HostnameError{Host: "h", Certificate: &x509.Certificate{}}),
			"its TLS certificate is not for the name h", true, false},
		{"expired", verify(x509.CertificateInvalidError{Reason: x509.Expired}),
			"its TLS certificate has expired or is not valid yet", true, false},
		{"not for servers", verify(x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}),
			"its TLS certificate is not valid: x509: certificate specifies an incompatible key usage", true, false},
		{"no roots", verify(x509.SystemRootsError{}),
			"its TLS certificate cannot be checked: this system has no certificates of authorities", true, false},
		{"another fault of the certificate", verify(errors.New("x")),
			"its TLS certificate is not accepted", true, false},
		{"not TLS", tls.RecordHeaderError{Msg: "x"}, "it does not speak TLS", false, false},
		{"an alert of the other side", &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")},
			"it ended the TLS connection: bad certificate", false, false},
		{"an alert of ours", &net.OpError{Op: "local error", Err: errors.New("tls: no renegotiation")},
			"TLS with it failed: no renegotiation", false, false},
		{"a failure of the handshake", fmt.Errorf("x: %w", errors.New("tls: no common version")),
			"TLS with it failed: no common version", false, false},
		{"no such name", dial(&net.DNSError{Name: "h", IsNotFound: true}), "the name h does not exist", false, false},
		{"a name server that fails", dial(&net.DNSError{Name: "h"}), "the name h cannot be resolved", false, false},
		{"a name server that is slow", dial(&net.DNSError{Name: "h", IsTimeout: true}),
			"the name h cannot be resolved", false, true},
		{"refused", system(syscall.ECONNREFUSED), "it refuses connections", false, false},
		{"reset", system(syscall.ECONNRESET), "the connection ended before the answer", false, false},
		{"broken pipe", system(syscall.EPIPE), "the connection ended before the answer", false, false},
		{"EOF", io.EOF, "the connection ended before the answer", false, false},
		{"unexpected EOF", io.ErrUnexpectedEOF, "the connection ended before the answer", false, false},
		{"no route", system(syscall.EHOSTUNREACH), "there is no route to it", false, false},
		{"no network", system(syscall.ENETUNREACH), "there is no route to it", false, false},
		{"deadline", fmt.Errorf("no answer: %w", context.DeadlineExceeded), "it did not answer in time", false, true},
		{"nobody waits", context.Canceled, "it did not answer in time", false, true},
		{"a proxy", &net.OpError{Op: "proxyconnect", Err: system(syscall.ECONNREFUSED)},
			"the proxy in between failed: it refuses connections", false, false},
		{"a proxy, somehow", &net.OpError{Op: "proxyconnect", Err: errors.New("x")},
			"the proxy in between failed", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := upstream.Cause(tt.err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := upstream.UntrustedCertificate(tt.err); got != tt.untrusted {
				t.Errorf("untrusted: %v", got)
			}
			if got := upstream.TimedOut(tt.err); got != tt.timedOut {
				t.Errorf("timed out: %v", got)
			}
		})
	}
}
