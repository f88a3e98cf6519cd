package listen

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	caFile, caKeyFile = "ca.pem", "ca-key.pem"
	caLifetime        = 10 * 365 * 24 * time.Hour
	// Apple's verifiers refuse a server certificate that is valid for more than 825 days.
	leafLifetime = 800 * 24 * time.Hour
)

// Authority is the emulator's own CA. It is loaded or created when it is first needed.
type Authority struct {
	dir   string
	names []string

	once sync.Once
	err  error
	pem  []byte
	leaf tls.Certificate
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority returns a CA whose server certificate is valid for Azure's names, localhost, and names. It is kept in
// dir unless that is empty.
func NewAuthority(dir string, names []string) *Authority {
	return &Authority{dir: dir, names: append([]string{"localhost"}, names...)}
}

// PEM returns the certificate that clients have to trust, or why there is none.
func (a *Authority) PEM() ([]byte, error) {
	if err := a.ready(); err != nil {
		return nil, err
	}
	return slices.Clone(a.pem), nil
}

// Leaf returns the certificate of the HTTPS server.
func (a *Authority) Leaf() (tls.Certificate, error) {
	err := a.ready()
	return a.leaf, err
}

func (a *Authority) ready() error {
	a.once.Do(func() { a.err = a.issue() })
	return a.err
}

// issue makes the server certificate. Certificates are checked against the true time, whatever the emulator's clock
// shows.
func (a *Authority) issue() error {
	now := time.Now()
	if err := a.load(now); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	names := slices.Clone(a.names)
	for _, tld := range []string{"net", "us", "cn"} {
		names = append(names, "*.azure-devices."+tld, "*.azure-devices-provisioning."+tld,
			"global.azure-devices-provisioning."+tld)
	}
	ips := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			ips = append(ips, ip)
		}
	}
	number, err := serial()
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: number,
		Subject:      pkix.Name{CommonName: "Mayfly emulator"},
		NotBefore:    now.Add(-24 * time.Hour), NotAfter: now.Add(leafLifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: names, IPAddresses: ips,
	}, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return err
	}
	a.leaf = tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}
	return nil
}

// load reads the CA from its folder, or creates one and writes it there.
func (a *Authority) load(now time.Time) error {
	if a.dir != "" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(a.dir, caFile), filepath.Join(a.dir, caKeyFile))
		if err == nil {
			return a.use(pair)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("emulator: CA in %s: %w", a.dir, err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	number, err := serial()
	if err != nil {
		return err
	}
	tmpl := &x509.Certificate{
		SerialNumber: number,
		Subject:      pkix.Name{CommonName: "Mayfly emulator CA", Organization: []string{"for tests only"}},
		NotBefore:    now.Add(-48 * time.Hour), NotAfter: now.Add(caLifetime),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true, MaxPathLen: 1,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return err
	}
	if err := a.use(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}); err != nil || a.dir == "" {
		return err
	}
	return a.save()
}

func (a *Authority) use(pair tls.Certificate) (err error) {
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return errors.New("emulator: CA: want an ECDSA key")
	}
	if a.cert, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
		return err
	}
	a.key, a.pem = key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
	return nil
}

func (a *Authority) save() error {
	der, err := x509.MarshalECPrivateKey(a.key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return fmt.Errorf("emulator: CA: %w", err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(filepath.Join(a.dir, caKeyFile), keyPEM, 0o600); err != nil {
		return fmt.Errorf("emulator: CA: %w", err)
	}
	if err := os.WriteFile(filepath.Join(a.dir, caFile), a.pem, 0o644); err != nil { //nolint:gosec // the public half
		return fmt.Errorf("emulator: CA: %w", err)
	}
	return nil
}

func serial() (*big.Int, error) { return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) }
