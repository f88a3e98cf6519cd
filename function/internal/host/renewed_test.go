package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A renewed certificate is taken within a minute, and one that is half written not
// at all.
func TestRenewedCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	now := time.Unix(1_800_000_000, 0)
	write := func(serial int64, modified time.Time) {
		t.Helper()
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: now.AddDate(1, 0, 0)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		pkcs8, _ := x509.MarshalPKCS8PrivateKey(key)
		for file, block := range map[string]*pem.Block{
			certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: pkcs8},
		} {
			if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chtimes(certFile, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	get := RenewedCertificate(certFile, keyFile, func() time.Time { return now })
	if _, err := get(nil); err == nil {
		t.Error("there is a certificate without a file")
	}
	step := func(what string, after time.Duration, want int64) {
		t.Helper()
		now = now.Add(after)
		pair, err := get(nil)
		if err != nil {
			t.Fatal(what, err)
		}
		cert, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil || cert.SerialNumber.Int64() != want {
			t.Errorf("%s: certificate %v, %v, want %d", what, cert.SerialNumber, err, want)
		}
	}
	write(1, now)
	step("first", 0, 1)
	write(2, now.Add(time.Second))
	step("renewed, within the minute", renewedPause-1, 1)
	step("renewed, after the minute", 1, 2)
	if err := os.WriteFile(certFile, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	step("half written", renewedPause, 2)
	write(3, now.Add(time.Hour))
	step("whole again", renewedPause, 3)
	write(4, now.Add(time.Hour-renewedPause)) // with the time of the one before
	step("unchanged by its time", renewedPause, 3)
}
