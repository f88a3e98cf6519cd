package function_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mayfly/emulator"
	"mayfly/function"
)

// brokenServices are transports to services that give no answer, by what is wrong
// with them.
func brokenServices(t *testing.T) map[string]*http.Transport {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	strict := httptest.NewUnstartedServer(http.NotFoundHandler())
	strict.Config.ErrorLog = log.New(io.Discard, "", 0)
	strict.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool(),
	}
	strict.StartTLS()
	t.Cleanup(strict.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()

	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	to := func(address string, roots *x509.CertPool) *http.Transport {
		own := &http.Transport{
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			},
		}
		t.Cleanup(own.CloseIdleConnections)
		return own
	}
	at := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	unresolved := func(notFound bool) *http.Transport {
		return &http.Transport{DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
			name, _, _ := net.SplitHostPort(address)
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Name: name, Err: "x", IsNotFound: notFound}}
		}}
	}
	picky := to(at(strict), trusted)
	trusted.AddCert(strict.Certificate())
	picky.TLSClientConfig.ServerName = "example.com"
	stranger := to(at(server), x509.NewCertPool())
	stranger.TLSClientConfig.ServerName = "example.com"
	return map[string]*http.Transport{
		"its TLS certificate is signed by an unknown authority": stranger,
		"its TLS certificate is not for the name":               to(at(server), trusted),
		"it ended the TLS connection: ":                         picky,
		"it does not speak TLS":                                 to(at(plain), trusted),
		"it refuses connections":                                to(at(closed), trusted),
		"does not exist":                                        unresolved(true),
		"cannot be resolved":                                    unresolved(false),
	}
}

// A service that cannot be reached is told by its name and with the cause: a hub's
// failure is the hub's, and DPS's is DPS's.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	for cause, broken := range brokenServices(t) {
		for _, service := range []string{"hub", "dps"} {
			for _, credential := range []string{"key", "certificate"} {
				if credential == "certificate" && !strings.Contains(cause, "TLS") ||
					service == "dps" && !strings.Contains(cause, "certificate") {
					continue // the same for both; DPS is tried for long
				}
				t.Run(service+" "+credential+" "+cause, func(t *testing.T) {
					t.Parallel()
					azure := azureAtOnce(t)
					body, logged := answerOf(t, azure, service, credential, broken)
					code := service + "-unreachable"
					if !strings.Contains(body, `"code":"`+code+`"`) || !strings.Contains(body, cause) ||
						!strings.Contains(body, `"retryable":true`) ||
						!strings.Contains(body, `"service":"`+service+`"`) {
						t.Errorf("answer %s", body)
					}
					once := strings.Contains(body, "tries: 1:")
					if strings.Contains(cause, "certificate") && service == "hub" && !once {
						t.Errorf("a second try is no use: %s", body)
					}
					if !strings.Contains(logged, code) || !strings.Contains(logged, cause) {
						t.Errorf("log %s", logged)
					}
				})
			}
		}
	}
}

// answerOf sends a message where one service is broken, and returns the answer and
// the log.
func answerOf(t *testing.T, azure *emulator.Emulator, service, credential string, broken *http.Transport) (
	body, logged string,
) {
	t.Helper()
	vars := []string{"ID_SCOPE=" + azure.IDScope(), "AUTH=none", "REQUEST_TIMEOUT=5m"}
	if credential == "key" {
		vars = append(vars, "GROUP_KEY="+azure.GroupKey())
	} else {
		ca := newAuthority(t, "root", nil)
		if err := azure.EnrollCA("factory", ca.pem); err != nil {
			t.Fatal(err)
		}
		vars = append(vars, "DEVICE_CA=file:"+writeFile(t, "ca.pem", string(ca.pem)+string(ca.keyPEM(t))))
	}
	c, err := function.LoadConfig(vars)
	if err != nil {
		t.Fatal(err)
	}
	works := azure.Transport()
	t.Cleanup(works.CloseIdleConnections)
	var log strings.Builder
	dependencies := function.Dependencies{DPS: works, Hub: works, Log: slog.New(slog.NewJSONHandler(&log, nil))}
	if service == "hub" {
		dependencies.Hub = broken
	} else {
		dependencies.DPS = broken
	}
	_, body = post(t, function.New(c, dependencies), "pump-1")
	return body, log.String()
}
