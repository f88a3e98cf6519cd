package function

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"mayfly/internal/cache"
	"mayfly/internal/secret"
)

// certificates knows the holders of client certificates. The chain, the dates
// and the use are checked here on every host, whoever ended the TLS connection.
type certificates struct {
	*grant
	ca   *secret.Value[*x509.CertPool]
	alb  bool
	good *cache.Cache[verified]
}

const (
	mostCertificate = 16 << 10
	mostChain       = 8
)

func newCertificates(s *certificateSpec, l *secret.Loader) *certificates {
	if s == nil {
		return nil
	}
	name := cmp.Or(s.Name, "certificate")
	ref, _ := secret.Parse(s.CA.Reveal()) // checked
	return &certificates{grant: newGrant(&s.May, name, "{cn}"), ca: secret.NewValue(l, ref, parseCAs), alb: s.ALB, good: cache.New[verified](mostTokens, 0)}
}

// parseCAs reads the certificates of those whose word is taken.
func parseCAs(text string) (*x509.CertPool, error) {
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

// certificateCaller finds whose certificate a request came with; nil when there
// is none.
func (s *Service) certificateCaller(r *http.Request) (*caller, error) {
	if s.certificates == nil {
		return nil, nil
	}
	chain, err := s.presentedChain(r)
	if err != nil {
		return nil, unauthenticated("the certificate cannot be read")
	}
	if len(chain) == 0 {
		return nil, nil
	}
	c := s.certificates
	sum := sha256.Sum256(chain[0].Raw)
	key, now := string(sum[:]), s.now()
	if g, ok := c.good.Get(key); ok && now.Before(g.until) && now.Before(g.expires) {
		return g.caller, nil
	}
	roots, err := c.ca.Get(r.Context())
	if err != nil {
		return nil, err
	}
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		c.ca.Refresh(r.Context()) // the CA may have been replaced
		return nil, unauthenticated("the certificate is not one of ours, or not at this time")
	}
	name := chain[0].Subject.CommonName
	found := c.holder(name, func(string) string { return name })
	c.good.Set(key, verified{found, chain[0].NotAfter, now.Add(tokenMemory)})
	return found, nil
}

// presentedChain gives the certificate of the request, and what came with it.
// TLS that ends here and API Gateway's event (lambda_event.go) give it in r.TLS;
// headers count only where the host is known to write them itself.
func (s *Service) presentedChain(r *http.Request) ([]*x509.Certificate, error) {
	switch {
	case r.TLS != nil && len(r.TLS.PeerCertificates) > 0:
		return r.TLS.PeerCertificates[:min(len(r.TLS.PeerCertificates), mostChain)], nil
	case s.config.Host == HostFunctions && first(r.Header["X-Arr-Clientcert"]) != "":
		// Base64 of the DER (App Service, "Configure TLS mutual authentication").
		text := first(r.Header["X-Arr-Clientcert"])
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(text) > mostCertificate {
			return nil, errors.New("no base64")
		}
		cert, err := x509.ParseCertificate(der)
		return []*x509.Certificate{cert}, err
	case s.config.Host == HostLambda && s.certificates.alb:
		text := cmp.Or(first(r.Header["X-Amzn-Mtls-Clientcert-Leaf"]), first(r.Header["X-Amzn-Mtls-Clientcert"]))
		if text == "" {
			return nil, nil
		}
		plain, err := url.PathUnescape(text)
		if err != nil {
			return nil, err
		}
		return parseChain(plain)
	}
	return nil, nil
}

// parseChain reads PEM certificates, the holder's first.
func parseChain(text string) ([]*x509.Certificate, error) {
	if len(text) > mostCertificate {
		return nil, errors.New("too long")
	}
	var chain []*x509.Certificate
	for rest := []byte(strings.TrimSpace(text)); len(rest) > 0 && len(chain) < mostChain; {
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
