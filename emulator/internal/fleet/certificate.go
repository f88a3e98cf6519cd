package fleet

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"
	"time"
)

// Certificate is a device's certificate.
type Certificate struct {
	*x509.Certificate
	Thumbprint string // SHA-256, in upper-case hexadecimal
}

// NewCertificate computes the thumbprint.
func NewCertificate(c *x509.Certificate) *Certificate {
	sum := sha256.Sum256(c.Raw)
	return &Certificate{c, strings.ToUpper(hex.EncodeToString(sum[:]))}
}

// ValidAt reports whether the certificate has begun and has not ended.
func (c *Certificate) ValidAt(t time.Time) bool {
	return !t.Before(c.NotBefore) && !t.After(c.NotAfter)
}

// Names reports whether the certificate's common name is an id.
func (c *Certificate) Names(id string) bool { return strings.EqualFold(c.Subject.CommonName, id) }

func parseCertificate(text []byte) (*Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("not a PEM certificate")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	return NewCertificate(c), nil
}

// CAGroup is an enrollment group of X.509 devices.
type CAGroup struct {
	Name     string
	Cert     *x509.Certificate
	Disabled bool
}

// NearestGroup finds the group whose certificate signs the first certificate of chain over the shortest path that the
// rest of the chain allows.
func (f *Fleet) NearestGroup(chain []*x509.Certificate, now time.Time) (CAGroup, bool) {
	f.mu.Lock()
	groups := append([]CAGroup(nil), f.caGroups...)
	f.mu.Unlock()
	intermediates := x509.NewCertPool()
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	var nearest CAGroup
	length := 0
	for _, g := range groups {
		root := x509.NewCertPool()
		root.AddCert(g.Cert)
		paths, err := chain[0].Verify(x509.VerifyOptions{Roots: root, Intermediates: intermediates, CurrentTime: now,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if err != nil {
			continue
		}
		for _, p := range paths {
			if length == 0 || len(p) < length {
				nearest, length = g, len(p)
			}
		}
	}
	return nearest, length > 0
}
