package httpsend_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"mayfly/httpsend"
)

// IoT Hub asks for a device's certificate by TLS renegotiation on some paths
// (azure-iot-sdk-c issue 694, pull requests 2032 and 2057). Go's server cannot
// renegotiate, so the hub is one in Node.
func TestRenegotiation(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("takes Node")
	} else if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name        string
		times       int // that the hub renegotiates
		certificate string
		stored      bool
	}{
		{"once", 1, "dev-1", true},
		{"once, with the certificate of another device", 1, "dev-2", false},
		{"twice", 2, "dev-1", false},
		{"a device with a key", 1, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hub, roots := renegotiatingHub(t, node, tt.times)
			client := &httpsend.Client{Tries: 1, Transport: &http.Transport{
				TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			}}
			target := httpsend.Target{Hub: hub, DeviceID: "dev-1", Key: key(t)}
			if tt.certificate != "" {
				certificate := selfSigned(t, tt.certificate)
				target.Key, target.Certificate = httpsend.Key{}, &certificate
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err := client.Send(ctx, target, httpsend.Event{Body: []byte(`{"n":1}`)})
			if (err == nil) != tt.stored {
				t.Errorf("got %v", err)
			}
		})
	}
}

// renegotiatingHub starts a hub in Node and returns its address and its CA.
func renegotiatingHub(t *testing.T, node string, times int) (host string, roots *x509.CertPool) {
	t.Helper()
	certificate := selfSigned(t, "localhost")
	roots = x509.NewCertPool()
	roots.AddCert(certificate.Leaf)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	hub := exec.CommandContext(ctx, node, "testdata/renegotiate.js", strconv.Itoa(times))
	hub.Stderr = os.Stderr
	in, err := hub.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := hub.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer cancel()
		_ = in.Close() // then it ends by itself
		_ = hub.Wait()
	})
	secret, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range []pem.Block{
		{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}, {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := pem.Encode(in, &block); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(in, "\n\n"); err != nil {
		t.Fatal(err)
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "localhost:" + strings.TrimSpace(port), roots
}

// selfSigned makes a certificate for a device or a host.
func selfSigned(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
