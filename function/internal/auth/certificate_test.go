package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mayfly/function/internal/auth"
	"mayfly/function/internal/auth/policy"
	"mayfly/internal/secret"
)

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, from time.Time) *authority {
	t.Helper()
	a := &authority{}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(
			1,
		), Subject: pkix.Name{CommonName: "ca"}, NotBefore: from, NotAfter: from.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.cert, _ = x509.ParseCertificate(der)
	return a
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

func (a *authority) issue(t *testing.T, name string, until time.Time) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: a.cert.NotBefore, NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	return cert
}

// A certificate that was good is remembered for a minute, and no longer than it is
// valid.
func TestCertificateIsRemembered(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	ours, theirs := newAuthority(t, now.Add(-time.Hour)), newAuthority(t, now.Add(-time.Hour))
	file := filepath.Join(t.TempDir(), "ca.pem")
	write := func(a *authority) {
		if err := os.WriteFile(file, a.pem(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(ours)
	clock := func() time.Time { return now }
	a := auth.New(&auth.Options{
		Mode: policy.ModeKeys, Certificates: &policy.CertificateSpec{CA: secret.NewText("file:" + file)},
		Secrets: &secret.Loader{Now: clock}, Now: clock,
	})
	good := func(cert *x509.Certificate) bool {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/telemetry", http.NoBody)
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}
		c, err := a.Authenticate(r, "telemetry")
		return c != nil && err == nil
	}
	long, short := ours.issue(t, "long", now.Add(time.Hour)), ours.issue(t, "short", now.Add(10*time.Second))
	another := theirs.issue(t, "another", now.Add(time.Hour))
	step := func(what string, after time.Duration, cert *x509.Certificate, want bool) {
		t.Helper()
		now = now.Add(after)
		if good(cert) != want {
			t.Errorf("%s: want %v", what, want)
		}
	}
	step("first", 0, long, true)
	step("to its last second", 0, short, true)
	step("to its last second, remembered", 10*time.Second-1, short, true)
	step("after that", time.Second+1, short, false)
	write(theirs)
	step("another CA's, which makes the file be read again", 6*time.Second, another, false)
	step("another CA's", 0, another, true)
	step("within the minute", 43*time.Second-1, long, true)
	step("after the minute", 1, long, false)
}
