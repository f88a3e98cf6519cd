package function_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/function"
)

// clientCA issues certificates.
type clientCA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newClientCA(t *testing.T, name string) *clientCA {
	t.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().
			Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	return &clientCA{cert, key}
}

func (a *clientCA) issue(t *testing.T, name string, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(
			2,
		), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func pemOf(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func (a *clientCA) file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, []byte(pemOf(a.cert.Raw)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A certificate is shown in a different place on each host, and counts only in
// that host's own.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ca, other := newClientCA(t, "ours"), newClientCA(t, "ours")
	dev := ca.issue(t, "dev-1", nil).Leaf
	const azure, lambda = "FUNCTIONS_CUSTOMHANDLER_PORT=7000", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"
	b64 := base64.StdEncoding.EncodeToString
	for name, tt := range map[string]struct {
		cert *x509.Certificate
		env  string
		want string
		put  func(r *http.Request, c *x509.Certificate)
	}{
		"server":            {dev, "", ok, inTLS},
		"other's device":    {ca.issue(t, "dev-2", nil).Leaf, "", forbidden, inTLS},
		"no name":           {ca.issue(t, "", nil).Leaf, "", forbidden, inTLS},
		"a glob for a name": {ca.issue(t, "*", nil).Leaf, "", forbidden, inTLS},
		"another CA's":      {other.issue(t, "dev-1", nil).Leaf, "", unauthorized, inTLS},
		"expired": {ca.issue(t, "dev-1",
			func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }).Leaf, "", unauthorized, inTLS},
		"not yet": {
			ca.issue(t, "dev-1", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }).Leaf,
			"", unauthorized, inTLS,
		},
		"a server's": {ca.issue(t, "dev-1",
			func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }).Leaf, "",
			unauthorized, inTLS},
		"Azure's header":  {dev, azure, ok, inHeader("X-Arr-Clientcert", b64(dev.Raw))},
		"Azure's, broken": {dev, azure, unauthorized, inHeader("X-Arr-Clientcert", "MIIB")},
		"Azure's, another CA's": {dev, azure, unauthorized,
			inHeader("X-Arr-Clientcert", b64(other.issue(t, "dev-1", nil).Leaf.Raw))},
		"Azure's elsewhere": {dev, "", unauthorized, inHeader("X-Arr-Clientcert", b64(dev.Raw))},
		"Azure's on Lambda": {dev, lambda, unauthorized, inHeader("X-Arr-Clientcert", b64(dev.Raw))},
		"load balancer": {dev, lambda, ok,
			inHeader("X-Amzn-Mtls-Clientcert-Leaf", url.PathEscape(pemOf(dev.Raw)))},
		"balancer's on Azure": {dev, azure, unauthorized,
			inHeader("X-Amzn-Mtls-Clientcert-Leaf", url.PathEscape(pemOf(dev.Raw)))},
		"balancer's elsewhere": {dev, "", unauthorized,
			inHeader("X-Amzn-Mtls-Clientcert-Leaf", url.PathEscape(pemOf(dev.Raw)))},
	} {
		h := newBridge(t, `certificates: {ca: "file:`+ca.file(t)+`", alb: true}`, tt.env)
		r := request(t, http.MethodPost, "/api/telemetry", native)
		tt.put(r, tt.cert)
		if got := h.do(r); got != tt.want {
			t.Errorf("%s: %s, want %s\n%s", name, got, tt.want, h.log.String())
		}
	}
}

func inTLS(r *http.Request, c *x509.Certificate) {
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}}
}

func inHeader(name, value string) func(*http.Request, *x509.Certificate) {
	return func(r *http.Request, _ *x509.Certificate) { r.Header.Set(name, value) }
}

// API Gateway's certificate comes in the event. The balancer's header is believed
// from a balancer only.
func TestClientCertificatesOfLambda(t *testing.T) {
	t.Parallel()
	ca := newClientCA(t, "ours")
	leaf := pemOf(ca.issue(t, "dev-1", nil).Leaf.Raw)
	h := newBridge(t, `certificates: {ca: "file:`+ca.file(t)+`", alb: true}`, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1")
	handler := function.NewLambdaHandler(h.service, slog.New(slog.DiscardHandler))
	type object = map[string]any
	balancer := object{"x-amzn-mtls-clientcert-leaf": url.PathEscape(leaf), "content-type": "application/json"}
	v2 := object{"method": "POST", "sourceIp": "192.0.2.1"}
	for name, tt := range map[string]struct {
		event object
		want  float64
	}{
		"HTTP API": {object{"version": "2.0", "rawPath": "/api/telemetry",
			"body": native, "requestContext": object{"http": v2,
				"authentication": object{"clientCert": object{"clientCertPem": leaf}}}}, 200},
		"REST API": {object{"httpMethod": "POST", "path": "/api/telemetry", "body": native,
			"requestContext": object{"identity": object{"clientCert": object{"clientCertPem": leaf}}}}, 200},
		"balancer": {object{"httpMethod": "POST", "path": "/api/telemetry",
			"body": native, "headers": balancer, "requestContext": object{"elb": object{}}}, 200},
		"balancer's header through an HTTP API": {object{"version": "2.0", "rawPath": "/api/telemetry",
			"body": native, "headers": balancer, "requestContext": object{"http": v2}}, 401},
		"balancer's header through a REST API": {object{"httpMethod": "POST", "path": "/api/telemetry",
			"body": native, "headers": balancer, "requestContext": object{}}, 401},
		"not PEM": {object{"version": "2.0", "rawPath": "/api/telemetry", "body": native,
			"requestContext": object{"http": v2,
				"authentication": object{"clientCert": object{"clientCertPem": "x"}}}}, 401},
	} {
		event, _ := json.Marshal(tt.event)
		answer, err := handler.Invoke(t.Context(), event)
		var got struct{ StatusCode float64 }
		_ = json.Unmarshal(answer, &got)
		if err != nil || got.StatusCode != tt.want {
			t.Errorf("%s: %s, %v, want %v", name, answer, err, tt.want)
		}
	}
}

// The plain server speaks TLS and asks for a certificate, which it judges itself.
func TestClientCertificatesOfServer(t *testing.T) {
	t.Parallel()
	ca := newClientCA(t, "ours")
	own := ca.issue(
		t,
		"localhost",
		func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
	)
	dir := t.TempDir()
	key, _ := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	for name, text := range map[string]string{"cert.pem": pemOf(own.Certificate[0]),
		"key.pem": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	vars := []string{
		"ID_SCOPE=0ne1",
		"GROUP_KEY=" + goodKey,
		"AUTH=keys",
		"TLS_CERT=" + filepath.Join(dir, "cert.pem"),
		"TLS_KEY=" + filepath.Join(dir, "key.pem"),
	}
	h := newBridge(t, `certificates: {ca: "file:`+ca.file(t)+`"}`)
	path := filepath.Join(dir, "mayfly.yaml")
	if err := os.WriteFile(path, []byte(`certificates: {ca: "file:`+ca.file(t)+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := function.LoadConfig(append(vars, "CONFIG="+path))
	if err != nil {
		t.Fatal(err)
	}
	addr := serve(t, function.ServeOptions{Addr: "127.0.0.1:0", TLS: function.ServerTLS(config, time.Now)}, h.service)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	for name, tt := range map[string]struct {
		certs  []tls.Certificate
		oldest uint16
		want   int
	}{
		"its own":        {[]tls.Certificate{ca.issue(t, "dev-1", nil)}, tls.VersionTLS12, 200},
		"another's":      {[]tls.Certificate{ca.issue(t, "dev-2", nil)}, tls.VersionTLS12, 403},
		"another CA's":   {[]tls.Certificate{newClientCA(t, "x").issue(t, "dev-1", nil)}, tls.VersionTLS12, 401},
		"none":           {nil, tls.VersionTLS12, 401},
		"an old TLS 1.1": {nil, tls.VersionTLS11, 0},
	} {
		own := &tls.Config{RootCAs: roots, Certificates: tt.certs, MinVersion: tt.oldest}
		if tt.want == 0 {
			own.MaxVersion = tt.oldest
		}
		transport := &http.Transport{TLSClientConfig: own, ForceAttemptHTTP2: true}
		res, err := (&http.Client{Transport: transport}).Post(
			"https://"+addr+"/api/telemetry",
			"application/json",
			strings.NewReader(native),
		)
		got := 0
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			got = res.StatusCode
			if res.ProtoMajor != 1 || res.TLS.NegotiatedProtocol == "h2" {
				t.Errorf("%s: %s is spoken", name, res.Proto)
			}
		}
		transport.CloseIdleConnections()
		if got != tt.want {
			t.Errorf("%s: %d, %v, want %d", name, got, err, tt.want)
		}
	}
}

// serve runs a plain server until the test ends.
func serve(t *testing.T, o function.ServeOptions, h http.Handler) (addr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	o.Log, o.Ready = slog.New(slog.DiscardHandler), func(a net.Addr) { ready <- a }
	go func() { ended <- function.Serve(ctx, o, h) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case a := <-ready:
		return a.String()
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
		return ""
	}
}
