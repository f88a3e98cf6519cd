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
	// Whatever authorities a server says it trusts: a list that lacks the device's is
	// no reason to come without a certificate.
	own.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return cert, nil
	}
	// IoT Hub asks for the certificate by renegotiation on some paths
	// (azure-iot-sdk-c issue 694), which HTTP/2 does not have.
	own.TLSClientConfig.Renegotiation = tls.RenegotiateOnceAsClient
	own.TLSClientConfig.NextProtos = nil
	own.TLSNextProto, own.ForceAttemptHTTP2 = map[string]func(string, *tls.Conn) http.RoundTripper{}, false
	own.Protocols = new(http.Protocols)
	own.Protocols.SetHTTP1(true)
	// A resumed session would authenticate the device that began it.
	own.TLSClientConfig.ClientSessionCache = nil
	own.DisableKeepAlives = true
	return own, own.CloseIdleConnections, nil
}
