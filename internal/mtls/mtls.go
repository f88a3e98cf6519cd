package mtls

import (
	"crypto/tls"
	"fmt"
	"net/http"
)

// Transport returns a transport like base that presents cert, and a function
// that closes its connections. base itself is not changed.
func Transport(base http.RoundTripper, cert *tls.Certificate) (transport http.RoundTripper, release func(), err error) {
	shared, ok := base.(*http.Transport)
	if !ok {
		return nil, nil, fmt.Errorf("a %T cannot present a client certificate: want an *http.Transport", base)
	}
	own := shared.Clone()
	if own.TLSClientConfig == nil {
		own.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	own.TLSClientConfig.Certificates = []tls.Certificate{*cert}
	// A resumed session would authenticate the device that began it.
	own.TLSClientConfig.ClientSessionCache = nil
	own.DisableKeepAlives = true
	return own, own.CloseIdleConnections, nil
}
