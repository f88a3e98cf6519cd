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
		"with one": {TLSClientConfig: &tls.Config{
			ServerName: "x", ClientSessionCache: tls.NewLRUClientSessionCache(1),
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
			if len(config.Certificates) != 1 || config.Certificates[0].Certificate[0][0] != 1 {
				t.Errorf("certificates %v", config.Certificates)
			}
			if config.ClientSessionCache != nil || !own.DisableKeepAlives {
				t.Error("a session or a connection of one device may serve another")
			}
			if base.TLSClientConfig != nil && len(base.TLSClientConfig.Certificates) != 0 || base.DisableKeepAlives {
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
