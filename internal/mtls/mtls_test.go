package mtls_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"mayfly/internal/mtls"
)

type other struct{ http.RoundTripper }

func TestTransport(t *testing.T) {
	t.Parallel()
	cert := &tls.Certificate{Certificate: [][]byte{{1}}}
	bases := map[string]*http.Transport{
		"without a configuration": {},
		"with HTTP/2":             http.DefaultTransport.(*http.Transport).Clone(),
		"with one": {TLSClientConfig: &tls.Config{
			ServerName: "x", NextProtos: []string{"h2"}, ClientSessionCache: tls.NewLRUClientSessionCache(1),
		}},
	}
	for name, base := range bases {
		serverName := ""
		if base.TLSClientConfig != nil {
			serverName = base.TLSClientConfig.ServerName
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, release, err := mtls.Transport(base, cert)
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			own := rt.(*http.Transport)
			config := own.TLSClientConfig
			request := &tls.CertificateRequestInfo{AcceptableCAs: [][]byte{[]byte("another")}}
			if got, err := config.GetClientCertificate(request); got != cert || err != nil {
				t.Errorf("certificate %v, %v", got, err)
			}
			if config.Renegotiation != tls.RenegotiateOnceAsClient || own.ForceAttemptHTTP2 ||
				len(own.TLSNextProto) != 0 || own.Protocols.HTTP2() || len(config.NextProtos) != 0 {
				t.Error("the server may not ask for the certificate by renegotiation")
			}
			if config.ClientSessionCache != nil || !own.DisableKeepAlives {
				t.Error("a session or a connection of one device may serve another")
			}
			if base.TLSClientConfig != nil && (base.TLSClientConfig.GetClientCertificate != nil ||
				base.TLSClientConfig.Renegotiation != tls.RenegotiateNever) || base.DisableKeepAlives {
				t.Error("the transport that all devices share is changed")
			}
			if config.ServerName != serverName {
				t.Errorf("the server's name is %q, want %q", config.ServerName, serverName)
			}
		})
	}
}

func TestTransportOfAnotherType(t *testing.T) {
	t.Parallel()
	_, _, err := mtls.Transport(other{}, &tls.Certificate{})
	if err == nil || !strings.Contains(err.Error(), "mtls_test.other") {
		t.Errorf("got %v", err)
	}
}
