// Package mtls makes a transport speak with a device's certificate. With X.509
// the identity is the connection's, so such a connection is one device's and is
// let go after the call.
package mtls

import (
	"crypto/tls"
	"fmt"
	"net/http"
)

// Presenter is a transport that is not net/http's own and can present a client
// certificate by its own means (a test's in-memory transport).
type Presenter interface {
	WithCertificate(*tls.Certificate) http.RoundTripper
}

// Transport gives a transport like base that presents cert, and a function that
// closes its connections. base itself is not changed.
func Transport(base http.RoundTripper, cert *tls.Certificate) (http.RoundTripper, func(), error) {
	switch base := base.(type) {
	case *http.Transport:
		own := base.Clone()
		if own.TLSClientConfig == nil {
			own.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		own.TLSClientConfig.Certificates = []tls.Certificate{*cert}
		own.DisableKeepAlives = true
		return own, own.CloseIdleConnections, nil
	case Presenter:
		return base.WithCertificate(cert), func() {}, nil
	default:
		return nil, nil, fmt.Errorf("a transport of type %T cannot present a client certificate", base)
	}
}
