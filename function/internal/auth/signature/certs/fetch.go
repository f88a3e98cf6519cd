package certs

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	maxURL   = 512
	maxBytes = 64 << 10
	maxChain = 8
	minRSA   = 2048
	maxRSA   = 8192
)

var errTooMany = errors.New("too many certificates were asked for in this minute")

// checkURL refuses a URL that is not of a configured host.
func (s *Store) checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxURL || u.Scheme != "https" || u.User != nil || u.Fragment != "" ||
		u.Opaque != "" || u.Port() != "" && u.Port() != "443" ||
		!slices.ContainsFunc(s.o.Hosts, func(host string) bool { return strings.EqualFold(host, u.Hostname()) }) {
		return Refused("the certificate is not at a host that this source's certificates are fetched from")
	}
	return nil
}

// fetch asks a URL for a certificate. An entry without a key says why it is not taken; the error is that of a server
// that may have it the next time.
func (s *Store) fetch(ctx context.Context, address string) (*entry, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := s.o.Transport.RoundTrip(req) // a transport: redirects are not followed
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	now := s.o.Now()
	refused := func(why string) (*entry, error) { return &entry{tried: now, refused: Refused(why)}, nil }
	switch {
	case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
		return nil, errors.New("the server of the certificate answers " + res.Status)
	case res.StatusCode != http.StatusOK:
		return refused("there is no certificate at that URL")
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxBytes+1))
	if err != nil {
		return nil, err
	}
	chain, err := parse(text)
	if err != nil {
		return refused("what is at that URL is not a certificate")
	}
	var roots *x509.CertPool
	if s.o.Roots != nil {
		if roots, err = s.o.Roots(ctx); err != nil {
			return nil, err
		}
	}
	leaf, between := chain[0], x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	key, isRSA := leaf.PublicKey.(*rsa.PublicKey)
	switch {
	case !isRSA || key.N.BitLen() < minRSA || key.N.BitLen() > maxRSA:
		return refused("the certificate has no RSA key of 2048 bits or more")
	case !isOf(&leaf.Subject, s.o.Subject):
		return refused("the certificate is another one's")
	case now.Before(leaf.NotBefore) || now.After(leaf.NotAfter):
		return refused("the certificate is not good at this time")
	}
	found, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return refused("the certificate does not chain to one that is trusted")
	}
	e := &entry{key: key, from: leaf.NotBefore, to: leaf.NotAfter, fetched: now, tried: now}
	for _, c := range found[0] {
		if c.NotBefore.After(e.from) {
			e.from = c.NotBefore
		}
		if c.NotAfter.Before(e.to) {
			e.to = c.NotAfter
		}
	}
	return e, nil
}

// parse reads a certificate, as PEM or DER, and those that it chains to.
func parse(text []byte) ([]*x509.Certificate, error) {
	if len(text) > maxBytes {
		return nil, errors.New("too large")
	}
	if !bytes.Contains(text, []byte("-----BEGIN")) {
		c, err := x509.ParseCertificate(text)
		return []*x509.Certificate{c}, err
	}
	var chain []*x509.Certificate
	for rest := text; len(chain) < maxChain; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, errors.New("no certificate")
	}
	return chain, nil
}

// isOf tells whether a subject is the one that is wanted.
func isOf(subject *pkix.Name, want map[string]string) bool {
	for name, value := range want {
		has := subject.Organization
		switch name {
		case "CN":
			has = []string{subject.CommonName}
		case "OU":
			has = subject.OrganizationalUnit
		}
		if !slices.Contains(has, value) {
			return false
		}
	}
	return true
}

// ParseRoots reads the certificates that others must chain to, as PEM.
func ParseRoots(text string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(text)) {
		return nil, errors.New("has no certificate in PEM")
	}
	return pool, nil
}
