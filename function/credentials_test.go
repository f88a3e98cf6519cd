package function_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mayfly/emulator"
	"mayfly/function"
)

// service makes a service of the variables that speaks to an emulator over
// sockets, with its log.
func service(t *testing.T, azure *emulator.Emulator, vars ...string) (*function.Service, *bytes.Buffer) {
	t.Helper()
	c, err := function.LoadConfig(append([]string{"ID_SCOPE=" + azure.IDScope(), "AUTH=none"}, vars...))
	if err != nil {
		t.Fatal(err)
	}
	transport := azure.Transport()
	t.Cleanup(transport.CloseIdleConnections)
	log := &bytes.Buffer{}
	return function.New(
		c,
		function.Dependencies{DPS: transport, Hub: transport, Log: slog.New(slog.NewJSONHandler(log, nil))},
	), log
}

// post sends one message of a device and gives the answer.
func post(t *testing.T, s http.Handler, id string) (status int, body string) {
	t.Helper()
	r := httptest.NewRequestWithContext(
		t.Context(),
		http.MethodPost,
		"/api/devices/"+id+"/telemetry",
		strings.NewReader(`{"n":1}`),
	)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	text, _ := io.ReadAll(w.Body)
	return w.Code, string(text)
}

func wantStored(t *testing.T, s http.Handler, id string) {
	t.Helper()
	if status, body := post(t, s, id); status != http.StatusOK {
		t.Errorf("%s: %d %s", id, status, body)
	}
}

func writeFile(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// authority is a CA: its certificate in PEM, and what signs.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T, name string, above *authority) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().
			Add(-time.Hour),
		NotAfter: time.Now().Add(1000 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	parent, signer := template, key
	if above != nil {
		parent, signer = above.cert, above.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (a *authority) keyPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func azureAtOnce(t *testing.T) *emulator.Emulator {
	t.Helper()
	return emulator.Start(t, emulator.Config{AssignAtOnce: true})
}

// Instances of a function share nothing, and all present the same certificate:
// the second one finds the device as the first one has registered it.
func TestCertificatesOfACA(t *testing.T) {
	t.Parallel()
	root := newAuthority(t, "root", nil)
	issuing := newAuthority(t, "issuing", root)
	azure := azureAtOnce(t)
	if err := azure.EnrollCA("factory", root.pem); err != nil {
		t.Fatal(err)
	}
	ca := writeFile(t, "ca.pem", string(issuing.pem)+string(root.pem)+string(issuing.keyPEM(t)))
	for range 3 {
		instance, _ := service(t, azure, "DEVICE_CA=file:"+ca)
		for _, id := range []string{"pump-1", "pump-2"} {
			wantStored(t, instance, id)
			wantStored(t, instance, id)
		}
	}
	registers := 0
	for _, c := range azure.Calls() {
		if c.Op == emulator.OpRegister {
			registers++
		}
		if c.Status != http.StatusNotFound && c.Auth != "x509" || c.Status == http.StatusUnauthorized {
			t.Errorf("%+v", c)
		}
	}
	if registers != 2 {
		t.Errorf("%d registrations of 2 devices by 3 instances", registers)
	}
	for _, e := range azure.Events() {
		if e.AuthMethod != "x509" {
			t.Errorf("event by %s", e.AuthMethod)
		}
	}
}

// A hub that has not heard of a new device yet is given time, with certificates too.
func TestHubThatHearsLate(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"401": 401, "404": 404} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			azure := azureAtOnce(t)
			ca := newAuthority(t, "root", nil)
			if err := azure.EnrollCA("factory", ca.pem); err != nil {
				t.Fatal(err)
			}
			if _, err := azure.AddFault(emulator.Fault{Endpoint: "events", Status: status, Count: 1}); err != nil {
				t.Fatal(err)
			}
			s, _ := service(t, azure, "DEVICE_CA=file:"+writeFile(t, "ca.pem", string(ca.pem)+string(ca.keyPEM(t))))
			wantStored(t, s, "pump-1")
		})
	}
}

func TestCAThatDPSDoesNotKnow(t *testing.T) {
	t.Parallel()
	azure := azureAtOnce(t)
	ca := newAuthority(t, "stranger", nil)
	s, _ := service(t, azure, "DEVICE_CA=file:"+writeFile(t, "ca.pem", string(ca.pem)+string(ca.keyPEM(t))))
	if status, body := post(t, s, "pump-1"); status != http.StatusBadGateway ||
		!strings.Contains(body, "bridge-misconfigured") {
		t.Errorf("%d %s", status, body)
	}
}

// A device with a certificate of its own, one with a key of its own, and one of
// the group, by one configuration.
func TestEachDeviceByItsOwnCredential(t *testing.T) {
	t.Parallel()
	azure := azureAtOnce(t)
	const ownKey, otherKey = "aW5kaXZpZHVhbC1rZXktaW5kaXZpZHVhbC1rZXk=", "b3RoZXIta2V5LW90aGVyLWtleS1vdGhlci1rZXk="
	folder := t.TempDir()
	ca := newAuthority(t, "with-cert", nil) // self-signed: issuer and subject are the device
	if err := os.WriteFile(filepath.Join(folder, "with-cert.pem"), append(ca.pem, ca.keyPEM(t)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, e := range []emulator.Enrollment{
		{RegistrationID: "with-cert", CertificatePEM: ca.pem},
		{RegistrationID: "with-key", PrimaryKey: ownKey},
		{RegistrationID: "with-two-keys", PrimaryKey: otherKey, SecondaryKey: ownKey, DeviceID: "Another-Name"},
	} {
		if err := azure.Enroll(e); err != nil {
			t.Fatal(err)
		}
	}
	keys := writeFile(t, "keys.yaml", "with-key: "+ownKey+"\nwith-two-keys: ["+goodKey+", "+ownKey+"]\n")
	s, _ := service(t, azure, "GROUP_KEY="+azure.GroupKey(), "DEVICE_CERTS="+folder, "DEVICE_KEYS=file:"+keys)
	for _, id := range []string{"with-cert", "with-key", "with-two-keys", "of-the-group"} {
		wantStored(t, s, id)
		wantStored(t, s, id)
	}
	if n := len(azure.Events()); n != 8 {
		t.Errorf("%d events, want 8", n)
	}
}

// The key is rotated in Azure and in its file; the process learns of it when the
// old key is refused.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	azure := azureAtOnce(t)
	file := writeFile(t, "group-key", azure.GroupKey())
	s, _ := service(t, azure, "GROUP_KEY=file:"+file)
	wantStored(t, s, "dev-1")
	if err := azure.RotateGroupKey(goodKey, ""); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(goodKey), 0o600); err != nil {
		t.Fatal(err)
	}
	wantStored(t, s, "dev-2") // new: DPS refuses the old key
	wantStored(t, s, "dev-1") // known: by either key
	wantStored(t, s, "dev-3")
}

func TestKeysThatAreWrong(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "ca", nil)
	other := newAuthority(t, "other", nil)
	for name, v := range map[string]string{
		"DEVICE_KEYS is no YAML":     "DEVICE_KEYS=file:" + writeFile(t, "k", "{{"),
		"DEVICE_KEYS has a bad key":  "DEVICE_KEYS=file:" + writeFile(t, "k", "a: 5\n"),
		"DEVICE_CA has no key":       "DEVICE_CA=file:" + writeFile(t, "k", string(ca.pem)),
		"DEVICE_CA has another key":  "DEVICE_CA=file:" + writeFile(t, "k", string(ca.pem)+string(other.keyPEM(t))),
		"DEVICE_CERTS is no folder":  "DEVICE_CERTS=/no/such/folder",
		"GROUP_KEY's file is absent": "GROUP_KEY=file:/no/such/file",
		"LEAF_LIFETIME is a minute":  "LEAF_LIFETIME=1m",
		"IOTC_KEY_URL is no vault":   "IOTC_KEY_URL=https://example.com/secrets/x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vars := []string{"ID_SCOPE=0ne00123ABC", "AUTH=none", v}
			if variable, _, _ := strings.Cut(v, "="); variable != "GROUP_KEY" && variable != "IOTC_KEY_URL" {
				vars = append(vars, "GROUP_KEY="+goodKey)
			}
			_, err := function.LoadConfig(vars)
			if variable, _, _ := strings.Cut(name, " "); err == nil ||
				!strings.Contains(err.Error(), strings.TrimSuffix(variable, "'s")) {
				t.Errorf("got %v", err)
			}
		})
	}
}
