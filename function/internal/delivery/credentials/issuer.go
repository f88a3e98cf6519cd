package credentials

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"mayfly/function/internal/pemfile"
	"mayfly/internal/cache"
)

// issuer makes short-lived device certificates under a CA that is enrolled in
// DPS. DPS and hub hold a device to the very certificate that it registered
// with, so all instances must present the same one: key, serial number, dates
// and signature follow from the CA's key, the device and the time window, and
// nothing needs to be kept or shared.
type issuer struct {
	chain  [][]byte // the CA and what is above it, DER
	ca     *x509.Certificate
	signer crypto.Signer
	seed   []byte
	life   time.Duration
	leaves *cache.Cache[issued]
}

type issued struct {
	window int64
	cert   *tls.Certificate
}

const (
	maxLeaves = 10_000
	// A leaf is valid from somewhat before its window to somewhat after it, for
	// clocks that differ (azure-docs, iot-hub/troubleshoot-error-codes.md: 5 min).
	leafSlack = 15 * time.Minute
)

// parseIssuer reads a CA in PEM: its certificate first, then those above it, and
// its private key anywhere.
func parseIssuer(text string, life time.Duration) (*issuer, error) {
	pair, err := pemfile.ParsePair([]byte(text))
	if err != nil {
		return nil, err
	}
	ca, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, errors.New("the first certificate cannot be read")
	}
	if !ca.IsCA {
		return nil, errors.New("the first certificate is not a CA's")
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the private key cannot sign")
	}
	secret, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return nil, errors.New("the private key cannot be used")
	}
	seed := sha256.Sum256(secret)
	return &issuer{
		chain:  pair.Certificate,
		ca:     ca,
		signer: signer,
		seed:   seed[:],
		life:   life,
		leaves: cache.New[issued](maxLeaves, 0),
	}, nil
}

// leaf gives the certificate of a device: CN is the registration id, as DPS
// wants it (azure-docs, iot-dps/concepts-x509-attestation.md).
func (i *issuer) leaf(id string, now time.Time) (*tls.Certificate, error) {
	window := now.Unix() / int64(i.life/time.Second)
	if have, ok := i.leaves.Get(id); ok && have.window == window {
		return have.cert, nil
	}
	begin := time.Unix(window*int64(i.life/time.Second), 0).UTC()
	key, serial, err := i.derive(id, window)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: id},
		NotBefore:    begin.Add(-leafSlack),
		NotAfter:     begin.Add(i.life + leafSlack),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if template.NotAfter.After(i.ca.NotAfter) {
		template.NotAfter = i.ca.NotAfter
	}
	// Without a source of randomness ECDSA signs as RFC 6979 says: the same input
	// gives the same certificate.
	der, err := x509.CreateCertificate(nil, template, i.ca, key.Public(), i.signer)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate for %s: %w", id, err)
	}
	cert := &tls.Certificate{Certificate: append([][]byte{der}, i.chain...), PrivateKey: key}
	i.leaves.Set(id, issued{window, cert})
	return cert, nil
}

// derive makes the P-256 key and the serial number of a device and a window.
func (i *issuer) derive(id string, window int64) (*ecdsa.PrivateKey, *big.Int, error) {
	for n := range 16 { // one in 2^32 texts is no key of the curve
		info := "mayfly leaf " + strconv.FormatInt(window, 10) + " " + strconv.Itoa(n) + " " + id
		bytes, err := hkdf.Key(sha256.New, i.seed, nil, info, 32+16)
		if err != nil {
			return nil, nil, err
		}
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes[:32])
		if err != nil {
			continue
		}
		bytes[32] &= 0x7f // positive
		bytes[47] |= 1    // not zero
		return key, new(big.Int).SetBytes(bytes[32:]), nil
	}
	return nil, nil, errors.New("no key can be derived")
}
