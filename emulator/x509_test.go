package emulator_test

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
	"os"
	"path/filepath"
	"testing"
	"time"

	"mayfly/emulator"
)

// issue returns a certificate that is signed by parent, or self-signed.
func issue(tb testing.TB, cn string, parent *tls.Certificate, ca bool) *tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: cn},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: ca,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	signer, by := tmpl, any(key)
	out := &tls.Certificate{PrivateKey: key}
	if parent != nil {
		if signer, err = x509.ParseCertificate(parent.Certificate[0]); err != nil {
			tb.Fatal(err)
		}
		by = parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, signer, &key.PublicKey, by)
	if err != nil {
		tb.Fatal(err)
	}
	out.Certificate = [][]byte{der}
	if parent != nil {
		out.Certificate = append(out.Certificate, parent.Certificate...)
	}
	return out
}

func pemOf(c *tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
}

func TestX509(t *testing.T) {
	t.Parallel()
	root, other, off := issue(t, "root", nil, true), issue(t, "other", nil, true), issue(t, "off", nil, true)
	between := issue(t, "between", root, true)
	own := issue(t, "own-1", nil, false)
	for name, tc := range map[string]struct {
		id      string
		cert    *tls.Certificate
		status  int
		message string
		end     string
		group   string
	}{
		"leaf of the group":       {"dev-1", issue(t, "dev-1", root, false), 202, "", "assigned", "roots"},
		"through an intermediate": {"dev-1", issue(t, "dev-1", between, false), 202, "", "assigned", "roots"},
		"individual, self-signed": {"own-1", own, 202, "", "assigned", ""},
		"individual, another's":   {"own-1", issue(t, "own-1", root, false), 401, "Invalid certificate.", "", ""},
		"unknown CA":              {"dev-1", issue(t, "dev-1", other, false), 401, "CA certificate not found.", "", ""},
		"CN of another":           {"dev-1", issue(t, "dev-2", root, false), 401, "Invalid certificate.", "", ""},
		"intermediate was not sent": {"dev-1",
			&tls.Certificate{Certificate: issue(t, "dev-1", between, false).Certificate[:1]},
			401, "CA certificate not found.", "", ""},
		"group disabled":              {"off-1", issue(t, "off-1", off, false), 202, "", "disabled", ""},
		"no certificate and no token": {"dev-1", nil, 401, "Unauthorized", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEmulator(t, emulator.Config{Enrollments: []emulator.Enrollment{{RegistrationID: "own-1",
				CertificatePEM: pemOf(own)}}})
			if err := e.EnrollCA("roots", pemOf(root)); err != nil {
				t.Fatal(err)
			}
			if tc.end == "disabled" {
				ca := &tls.Certificate{Certificate: tc.cert.Certificate[1:]}
				if err := e.EnrollCA("off", pemOf(ca)); err != nil {
					t.Fatal(err)
				}
				e.DisableCA("off")
			}
			rt := e.RoundTripper()
			if tc.cert != nil {
				var err error
				if rt, err = e.RoundTripperWith(*tc.cert); err != nil {
					t.Fatal(err)
				}
			}
			d := newDevice(t, e, tc.id)
			d.http.Transport = rt
			call := func(method, path, body string) answer {
				return d.must(d.do(method, dpsHost+"0ne00000001/registrations/"+tc.id+path+"?api-version=2021-10-01",
					map[string]string{"Content-Type": "application/json"}, body))
			}
			a := call("PUT", "/register", d.body())
			if a.status != tc.status || tc.message != "" && a.get(t, "message") != tc.message {
				t.Fatalf("%d %s (%s)", a.status, a.body, e.Calls()[0].Note)
			}
			if tc.end == "" {
				return
			}
			a = call("GET", "/operations/"+a.get(t, "operationId"), "")
			if a.get(t, "status") != tc.end || a.get(t, "registrationState.x509.enrollmentGroupId") != tc.group {
				t.Errorf("%s", a.body)
			}
			if tc.end != "assigned" {
				return
			}
			post := func() int {
				return d.must(d.do("POST",
					"https://"+emulator.DefaultHub+"/devices/"+tc.id+"/messages/events?api-version=1", nil,
					"{}")).status
			}
			if s := post(); s != 204 || e.Events()[0].AuthMethod != "x509" {
				t.Errorf("hub: %d", s)
			}
			fresh, err := e.RoundTripperWith(*issue(t, tc.id, root, false))
			if err != nil {
				t.Fatal(err)
			}
			d.http.Transport = fresh
			if s, want := post(), map[bool]int{true: 204, false: 401}[tc.group != ""]; s != want {
				t.Errorf("hub, another leaf: %d, want %d", s, want)
			}
			d.http.Transport = e.RoundTripper()
			if a := d.send("{}"); a.status != 401 {
				t.Errorf("a token for an X.509 device: %d", a.status)
			}
		})
	}
}

func TestX509OverTLS(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Config{})
	root := issue(t, "root", nil, true)
	if err := e.EnrollCA("roots", pemOf(root)); err != nil {
		t.Fatal(err)
	}
	tr := e.Transport()
	t.Cleanup(tr.CloseIdleConnections)
	tr.TLSClientConfig.Certificates = []tls.Certificate{*issue(t, "dev-1", root, false)}
	d := newDevice(t, e, "dev-1")
	d.http.Transport = tr
	a := d.must(d.do(http.MethodPut, dpsHost+"0ne00000001/registrations/dev-1/register?api-version=2021-06-01",
		map[string]string{"Content-Type": "application/json"}, d.body()))
	if a.status != 202 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	a = d.must(d.do("POST", "https://"+emulator.DefaultHub+"/devices/dev-1/messages/events?api-version=1", nil, "{}"))
	if a.status != 204 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestCADirKeepsCA(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ca")
	first := newEmulator(t, emulator.Config{CADir: dir}).CAPEM()
	if len(first) == 0 || string(newEmulator(t, emulator.Config{CADir: dir}).CAPEM()) != string(first) {
		t.Error("the CA changed")
	}
	info, err := os.Stat(filepath.Join(dir, "ca-key.pem"))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("key file: %v %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newEmulator(t, emulator.Config{CADir: dir}).Listen(t.Context()); err == nil {
		t.Error("an invalid CA was accepted")
	}
}
