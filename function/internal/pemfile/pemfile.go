package pemfile

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
)

// Bounds of what a client shows.
const (
	MaxCertificate = 16 << 10
	MaxChain       = 8
)

// ParsePair reads certificates and a private key out of one PEM text. Its errors
// quote nothing.
func ParsePair(text []byte) (tls.Certificate, error) {
	var certs, keys []byte
	for rest := text; ; {
		block, next := pem.Decode(rest)
		if block == nil {
			break
		}
		if rest = next; block.Type == "CERTIFICATE" {
			certs = append(certs, pem.EncodeToMemory(block)...)
		} else {
			keys = append(keys, pem.EncodeToMemory(block)...)
		}
	}
	if len(certs) == 0 || len(keys) == 0 {
		return tls.Certificate{}, errors.New("want PEM with a certificate and its private key")
	}
	pair, err := tls.X509KeyPair(certs, keys)
	if err != nil {
		return tls.Certificate{}, errors.New(
			"the certificate and the private key do not go together, or cannot be read",
		)
	}
	return pair, nil
}

// ParseCAs reads the certificates of those whose word is taken.
func ParseCAs(text string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	n := 0
	for rest := []byte(text); ; n++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("want PEM certificates only")
		}
		pool.AddCert(cert)
	}
	if n == 0 {
		return nil, errors.New("want PEM certificates")
	}
	return pool, nil
}

// ParseChain reads PEM certificates, the holder's first.
func ParseChain(text string) ([]*x509.Certificate, error) {
	if len(text) > MaxCertificate {
		return nil, errors.New("too long")
	}
	var chain []*x509.Certificate
	for rest := []byte(strings.TrimSpace(text)); len(rest) > 0 && len(chain) < MaxChain; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, errors.New("no certificate")
	}
	return chain, nil
}
