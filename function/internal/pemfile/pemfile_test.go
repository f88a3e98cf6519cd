package pemfile_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"mayfly/function/internal/pemfile"
)

// pair gives a certificate and its key in PEM.
func pair(t testing.TB) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "d"}, NotAfter: time.Unix(1<<32, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

func TestParseChain(t *testing.T) {
	t.Parallel()
	cert, key := pair(t)
	padded := func(size int) string { return string(cert) + strings.Repeat("\n", size-len(cert)) }
	for name, tt := range map[string]struct {
		text string
		want int // certificates; 0: an error
	}{
		"one":           {string(cert), 1},
		"eight":         {strings.Repeat(string(cert), 8), 8},
		"nine, cut off": {strings.Repeat(string(cert), 9), 8},
		"16 KiB":        {padded(16 << 10), 1},
		"a byte more":   {padded(16<<10 + 1), 0},
		"a key":         {string(key), 0},
		"nothing":       {" \n", 0},
		"not PEM":       {"text", 0},
		"broken":        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0},
	} {
		if chain, err := pemfile.ParseChain(tt.text); len(chain) != tt.want || (err == nil) != (tt.want > 0) {
			t.Errorf("%s: %d certificates, %v, want %d", name, len(chain), err, tt.want)
		}
	}
}

func TestParsePair(t *testing.T) {
	t.Parallel()
	cert, key := pair(t)
	_, other := pair(t)
	for name, tt := range map[string]struct {
		text []byte
		want bool
	}{
		"certificate and key": {append(bytes.Clone(cert), key...), true},
		"key and certificate": {append(bytes.Clone(key), cert...), true},
		"another's key":       {append(bytes.Clone(cert), other...), false},
		"no key":              {cert, false},
		"no certificate":      {key, false},
		"nothing":             {nil, false},
	} {
		if _, err := pemfile.ParsePair(tt.text); (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseCAs(t *testing.T) {
	t.Parallel()
	cert, key := pair(t)
	for name, tt := range map[string]struct {
		text string
		want bool
	}{
		"two":               {string(cert) + string(cert), true},
		"a key beside":      {string(cert) + string(key), false},
		"nothing":           {"", false},
		"text around it":    {"ours:\n" + string(cert) + "end", true},
		"broken in the end": {string(cert) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", false},
	} {
		if _, err := pemfile.ParseCAs(tt.text); (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No text makes a parser panic, or a chain that is too long.
func FuzzParseChain(f *testing.F) {
	cert, key := pair(f)
	f.Add(string(cert) + string(key))
	f.Fuzz(func(t *testing.T, text string) {
		chain, err := pemfile.ParseChain(text)
		if (err == nil) != (len(chain) > 0) || len(chain) > pemfile.MaxChain {
			t.Errorf("%d certificates, %v", len(chain), err)
		}
		_, _ = pemfile.ParseCAs(text)
		_, _ = pemfile.ParsePair([]byte(text))
	})
}
