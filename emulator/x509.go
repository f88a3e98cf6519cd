package emulator

import (
	"crypto/sha1" //nolint:gosec // Azure shows this thumbprint
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const maxCAGroups = 100 // azure-docs includes/iot-dps-limits.md: enrollment groups

// certificate is what is kept of a device's certificate.
type certificate struct {
	cert   *x509.Certificate
	sha256 string
}

func newCertificate(c *x509.Certificate) *certificate {
	sum := sha256.Sum256(c.Raw)
	return &certificate{cert: c, sha256: strings.ToUpper(hex.EncodeToString(sum[:]))}
}

func parseCertificate(text []byte) (*certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("not a PEM certificate")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	return newCertificate(c), nil
}

func (c *certificate) info() *certificateInfo {
	sum := sha1.Sum(c.cert.Raw) //nolint:gosec // Azure shows this thumbprint
	return &certificateInfo{
		SubjectName: c.cert.Subject.String(), IssuerName: c.cert.Issuer.String(),
		SHA1Thumbprint: strings.ToUpper(hex.EncodeToString(sum[:])), SHA256Thumbprint: c.sha256,
		NotBefore: c.cert.NotBefore.UTC().Format(dpsTime), NotAfter: c.cert.NotAfter.UTC().Format(dpsTime),
		SerialNumber: strings.ToUpper(c.cert.SerialNumber.Text(16)), Version: c.cert.Version,
	}
}

// caGroup is an enrollment group of X.509 devices.
type caGroup struct {
	name     string
	cert     *x509.Certificate
	disabled bool
}

// EnrollCA adds an enrollment group: devices whose certificates lead to this one, which counts as verified.
func (e *Emulator) EnrollCA(name string, certificatePEM []byte) error {
	c, err := parseCertificate(certificatePEM)
	if err != nil {
		return fmt.Errorf("%w: group %s: %w", ErrConfig, name, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.caGroups) >= maxCAGroups {
		return fmt.Errorf("%w: over %d groups", ErrConfig, maxCAGroups)
	}
	e.caGroups = append(e.caGroups, &caGroup{name: name, cert: c.cert})
	return nil
}

// DisableCA disables an X.509 group: its devices are answered disabled.
func (e *Emulator) DisableCA(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, g := range e.caGroups {
		if g.name == name { // the old value may be in use without the lock
			cp := *g
			cp.disabled = true
			e.caGroups[i] = &cp
		}
	}
}

// attestX509 follows azure-docs iot-dps concepts-x509-attestation.md: the individual enrollment first, then the group of
// the nearest signer.
func (c *call) attestX509(id string) (at attestation, r *Refusal) {
	chain := c.r.TLS.PeerCertificates
	leaf := newCertificate(chain[0])
	invalid := refuse(http.StatusUnauthorized, 401002, "Invalid certificate.")
	e := c.e
	e.mu.Lock()
	en := e.enrollments[strings.ToLower(id)]
	groups := append([]*caGroup(nil), e.caGroups...)
	e.mu.Unlock()
	if !strings.EqualFold(leaf.cert.Subject.CommonName, id) {
		c.rec.Note = "the certificate's CN is not the registration id"
		return at, invalid
	}
	if c.now.Before(leaf.cert.NotBefore) || c.now.After(leaf.cert.NotAfter) {
		c.rec.Note = "the certificate is not valid now"
		return at, invalid
	}
	if en != nil {
		if en.cert == nil || en.cert.sha256 != leaf.sha256 {
			c.rec.Note = "the certificate is not that of the enrollment"
			return at, invalid
		}
		return attestation{enrollment: en, cert: leaf, disabled: en.Disabled}, nil
	}
	g := nearest(groups, chain, c.now)
	if g == nil {
		return at, refuse(http.StatusUnauthorized, 401002, "CA certificate not found.")
	}
	return attestation{group: g.name, cert: leaf, disabled: g.disabled}, nil
}

// nearest finds the group whose certificate signs the leaf by the shortest chain that the device has sent.
func nearest(groups []*caGroup, chain []*x509.Certificate, now time.Time) *caGroup {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	var best *caGroup
	length := 0
	for _, g := range groups {
		root := x509.NewCertPool()
		root.AddCert(g.cert)
		paths, err := chain[0].Verify(x509.VerifyOptions{Roots: root, Intermediates: between, CurrentTime: now,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if err != nil {
			continue
		}
		for _, p := range paths {
			if best == nil || len(p) < length {
				best, length = g, len(p)
			}
		}
	}
	return best
}

// authHubX509 holds the certificate of the connection against that of the registration.
func (c *call) authHubX509(id identity) (why string) {
	leaf := newCertificate(c.r.TLS.PeerCertificates[0])
	if c.now.Before(leaf.cert.NotBefore) || c.now.After(leaf.cert.NotAfter) {
		return "the certificate is not valid now"
	}
	switch {
	case id.thumb == "":
		return "the device does not authenticate by certificate"
	case id.thumb == leaf.sha256:
		return ""
	case id.caSigned && strings.EqualFold(leaf.cert.Subject.CommonName, c.device):
		c.e.mu.Lock()
		groups := append([]*caGroup(nil), c.e.caGroups...)
		c.e.mu.Unlock()
		if g := nearest(groups, c.r.TLS.PeerCertificates, c.now); g != nil && g.name == id.group {
			// Whether a hub takes another leaf than the one that DPS has seen is not documented.
			c.lenient("another certificate of the same CA")
			return ""
		}
	}
	return "the certificate is not the device's"
}
