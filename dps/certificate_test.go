package dps_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"

	"mayfly/emulator"
)

// azureWithCertificate starts an emulator that accepts the certificate of one
// device, which a CA has issued.
func azureWithCertificate(ctx context.Context, id string) (*emulator.Emulator, *tls.Certificate, error) {
	ca, err := issue("factory", nil)
	if err != nil {
		return nil, nil, err
	}
	device, err := issue(id, ca)
	if err != nil {
		return nil, nil, err
	}
	azure, err := emulator.New(emulator.Config{AssignAtOnce: true})
	if err != nil {
		return nil, nil, err
	}
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Certificate[0]})
	if err := azure.EnrollCA("factory", root); err != nil {
		return nil, nil, err
	}
	return azure, device, azure.Listen(ctx)
}

// issue makes a certificate of a CA, or a CA's own.
func issue(name string, ca *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: ca == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	out := &tls.Certificate{PrivateKey: key}
	parent, signer := template, any(key)
	if ca != nil {
		if parent, err = x509.ParseCertificate(ca.Certificate[0]); err != nil {
			return nil, err
		}
		signer = ca.PrivateKey
		out.Certificate = ca.Certificate
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	out.Certificate = append([][]byte{der}, out.Certificate...)
	return out, nil
}
