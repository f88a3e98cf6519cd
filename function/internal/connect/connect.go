package connect

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"mayfly/function/internal/config"
	"mayfly/function/internal/host"
	"mayfly/function/internal/platform"
)

// Transports makes the connections out: one pool for DPS, one for the hubs. With
// SAS the token is the request's, so all devices share the hub pool; it is let
// go when idle, and HUB_IDLE_TIMEOUT=0 lets go after every send.
func Transports(c *config.Config) (toDPS, toHub *http.Transport) {
	toDPS = transport()
	toDPS.IdleConnTimeout = 10 * time.Second
	toDPS.MaxConnsPerHost = 32 // a cold fleet must not storm DPS
	toHub = transport()
	toHub.IdleConnTimeout = c.HubIdleTimeout
	toHub.DisableKeepAlives = c.HubIdleTimeout == 0
	toHub.MaxIdleConnsPerHost = 64
	return toDPS, toHub
}

// toQueue makes the connections to a queue: with DURABLE=always each request waits for a call of its own.
func toQueue() *http.Transport {
	t := transport()
	t.IdleConnTimeout = time.Minute
	t.MaxIdleConnsPerHost = 64
	return t
}

// Receiver makes the connections to the receiver of telemetry about the bridge.
func Receiver() *http.Transport {
	t := transport()
	t.IdleConnTimeout = time.Minute // exports come every few seconds
	t.MaxConnsPerHost = 4           // one for each signal, and one that hangs for each
	return t
}

func transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: dialer.DialContext,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			ClientSessionCache: tls.NewLRUClientSessionCache(64),
		},
		TLSHandshakeTimeout:    5 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// ServerTLS is what the plain server speaks TLS with; nil where it speaks plain
// HTTP. A client's certificate is asked for where the configuration knows a CA, and
// checked when the caller is authenticated, so that a wrong one is told what is
// wrong.
func ServerTLS(c *config.Config, now func() time.Time) *tls.Config {
	if c.TLSCert == "" || c.Host != platform.Server {
		return nil
	}
	own := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: host.RenewedCertificate(c.TLSCert, c.TLSKey, now),
		NextProtos:     []string{"http/1.1"},
	}
	if c.Certificates != nil {
		own.ClientAuth = tls.RequestClientCert
	}
	return own
}
