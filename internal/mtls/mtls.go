// Package mtls makes a transport speak with a device's certificate. With X.509
// the identity is the connection's, so such a connection is one device's and is
// let go after the call.
package mtls

import (
	"crypto/tls"
	"fmt"
	"net/http"
)

// Transport gives a transport like base that presents cert, and a function that
// closes its connections. base itself is not changed.
func Transport(base http.RoundTripper, cert *tls.Certificate) (http.RoundTripper, func(), error) {
	shared, ok := base.(*http.Transport)
	if !ok {
		return nil, nil, fmt.Errorf("a transport of type %T cannot present a client certificate: want *http.Transport", base)
	}
	own := shared.Clone()
	if own.TLSClientConfig == nil {
		own.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	own.TLSClientConfig.Certificates = []tls.Certificate{*cert}
	// A resumed session would speak as the device that began it.
	own.TLSClientConfig.ClientSessionCache = nil
	own.DisableKeepAlives = true
	return own, own.CloseIdleConnections, nil
}
