package emulator

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
	"sync"
	"time"
)

const (
	caFile, caKeyFile = "ca.pem", "ca-key.pem"
	caLifetime        = 10 * 365 * 24 * time.Hour
	// Apple's verifiers refuse a server certificate of more than 825 days.
	leafLifetime = 800 * 24 * time.Hour
)

// authority is the emulator's own CA. It is made when it is first asked for.
type authority struct {
	dir  string
	once sync.Once
	err  error
	pem  []byte
	leaf tls.Certificate
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// CAPEM returns the certificate that clients have to trust; nil when CADir cannot be used.
func (e *Emulator) CAPEM() []byte {
	if e.authority() != nil {
		return nil
	}
	return append([]byte(nil), e.tls.pem...)
}

func (e *Emulator) authority() error {
	a := &e.tls
	a.once.Do(func() { a.err = a.make(append([]string{"localhost", e.cfg.BlobHost}, e.cfg.Names...)) })
	return a.err
}

func (a *authority) make(names []string) error {
	if err := a.load(); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	for _, tld := range []string{"net", "us", "cn"} {
		names = append(names, "*.azure-devices."+tld, "*.azure-devices-provisioning."+tld, "global.azure-devices-provisioning."+tld)
	}
	ips := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			ips = append(ips, ip)
		}
	}
	now := time.Now() // certificates are held against the true time, whatever the emulator's clock says
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial(),
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

// load takes the CA from its folder or makes one, and writes it there.
func (a *authority) load() error {
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
	now := time.Now()
	tmpl := &x509.Certificate{
		SerialNumber: serial(),
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

func (a *authority) use(pair tls.Certificate) (err error) {
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

func (a *authority) save() error {
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

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return big.NewInt(1)
	}
	return n
}
