package credentials

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/internal/secret"
)

// authority gives a CA's certificate and its key in PEM.
func authority(t testing.TB, isCA bool, until time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(
			1,
		), Subject: pkix.Name{CommonName: "ca"}, NotBefore: until.AddDate(-10, 0, 0), NotAfter: until,
		IsCA: isCA, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(key)
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
}

// A leaf is the same for all instances within its window, and good a quarter of an
// hour before and after it, but never longer than its CA.
func TestLeaf(t *testing.T) {
	t.Parallel()
	begin := time.Unix(0, 0).Add(20_000 * 24 * time.Hour).UTC()
	const day, slack = 24 * time.Hour, 15 * time.Minute
	text := authority(t, true, begin.Add(day+time.Hour))
	for name, tt := range map[string]struct {
		at                  time.Duration
		notBefore, notAfter time.Duration
	}{
		"at the begin":           {0, -slack, day + slack},
		"at the end":             {day - time.Second, -slack, day + slack},
		"in the window before":   {-time.Second, -day - slack, slack},
		"the CA ends before":     {day, day - slack, day + time.Hour},
		"in the middle, as ever": {12 * time.Hour, -slack, day + slack},
	} {
		first, err := parseIssuer(string(text), day)
		if err != nil {
			t.Fatal(err)
		}
		second, _ := parseIssuer(string(text), day)
		if _, err := second.leaf("d", begin.Add(-3*day)); err != nil { // one of another window
			t.Fatal(err)
		}
		a, errA := first.leaf("d", begin.Add(tt.at))
		b, errB := second.leaf("d", begin.Add(tt.at))
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if !bytes.Equal(a.Certificate[0], b.Certificate[0]) {
			t.Errorf("%s: two instances differ", name)
		}
		cert, _ := x509.ParseCertificate(a.Certificate[0])
		if !cert.NotBefore.Equal(begin.Add(tt.notBefore)) || !cert.NotAfter.Equal(begin.Add(tt.notAfter)) {
			t.Errorf("%s: from %s to %s", name, cert.NotBefore.Sub(begin), cert.NotAfter.Sub(begin))
		}
		if other, _ := first.leaf("e", begin.Add(tt.at)); bytes.Equal(other.Certificate[0], a.Certificate[0]) {
			t.Errorf("%s: two devices have one certificate", name)
		}
	}
}

// A device's own certificate is read again when its file has changed, and no file is
// too large.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	set := New(&Options{Folder: folder}, &secret.Loader{Now: time.Now})
	file := filepath.Join(folder, "d.pem")
	modified := time.Unix(1_800_000_000, 0)
	write := func(text []byte, at time.Time) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	serial := func() []byte {
		d, err := set.Device(t.Context(), "d")
		if err != nil || d.Certificate == nil {
			t.Fatal(d, err)
		}
		return d.Certificate.Certificate[0]
	}
	text := authority(t, false, modified)
	write(append(text, bytes.Repeat([]byte("\n"), 256<<10-len(text))...), modified)
	first := serial()
	write(authority(t, false, modified), modified)
	if !bytes.Equal(serial(), first) {
		t.Error("a file that has not changed was read again")
	}
	write(authority(t, false, modified), modified.Add(time.Second))
	if bytes.Equal(serial(), first) {
		t.Error("a file that has changed was not read again")
	}
	write(append(text, bytes.Repeat([]byte("\n"), 256<<10+1-len(text))...), modified.Add(time.Minute))
	if _, err := set.Device(t.Context(), "d"); err == nil {
		t.Error("a file of more than 256 KiB was read")
	}
}

func TestCheckKeys(t *testing.T) {
	t.Parallel()
	const key = "bWF5Zmx5LWVtdWxhdG9yLWRldmVsb3BtZW50LWdyb3VwLWtleQ=="
	for name, tt := range map[string]struct {
		text string
		want bool
	}{
		"one key":     {"a: " + key, true},
		"two keys":    {"a: [" + key + ", " + key + "]", true},
		"three keys":  {"a: [" + strings.Repeat(key+", ", 2) + key + "]", false},
		"JSON":        {`{"a":"` + key + `","b":["` + key + `"]}`, true},
		"not base64":  {"a: '?'", false},
		"a number":    {"a: 5", false},
		"a list":      {"[" + key + "]", false},
		"not YAML":    {"{{", false},
		"an object":   {"a: {primary: " + key + "}", false},
		"no devices":  {"{}", true},
		"a null key":  {"a:", false},
		"two of many": {"a: " + key + "\nb: 5", false},
	} {
		if err := CheckKeys(tt.text); (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckCA(t *testing.T) {
	t.Parallel()
	until := time.Unix(1<<32, 0)
	ca, other := authority(t, true, until), authority(t, true, until)
	const mark = "-----BEGIN PRIVATE"
	certOf := func(text []byte) []byte {
		cert, _, _ := bytes.Cut(text, []byte(mark))
		return cert
	}
	keyOf := func(text []byte) []byte {
		_, key, _ := bytes.Cut(text, []byte(mark))
		return append([]byte(mark), key...)
	}
	for name, tt := range map[string]struct {
		text []byte
		want bool
	}{
		"a CA":                 {ca, true},
		"with one above":       {append(bytes.Clone(ca), certOf(other)...), true},
		"not a CA":             {authority(t, false, until), false},
		"no key":               {certOf(ca), false},
		"no certificate":       {keyOf(ca), false},
		"another's key":        {append(bytes.Clone(certOf(ca)), keyOf(other)...), false},
		"the other CA's first": {append(bytes.Clone(certOf(other)), ca...), false},
		"nothing":              {nil, false},
	} {
		if err := CheckCA(string(tt.text)); (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
