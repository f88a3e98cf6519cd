package auth

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"

	"mayfly/function/internal/auth/policy"
	"mayfly/function/internal/pemfile"
	"mayfly/function/internal/platform"
	"mayfly/internal/cache"
	"mayfly/internal/secret"
)

// certificates knows the holders of client certificates. The chain, the dates
// and the use are checked here on every host, whoever ended the TLS connection.
type certificates struct {
	*policy.Permission
	ca   *secret.Value[*x509.CertPool]
	alb  bool
	good *cache.Cache[remembered]
}

func newCertificates(s *policy.CertificateSpec, l *secret.Loader) *certificates {
	if s == nil {
		return nil
	}
	name := cmp.Or(s.Name, "certificate")
	ref, _ := secret.Parse(s.CA.Reveal()) // checked
	return &certificates{
		Permission: policy.NewPermission(&s.May, name, "{cn}"),
		ca:         secret.NewValue(l, ref, pemfile.ParseCAs),
		alb:        s.ALB,
		good:       cache.New[remembered](maxTokens, 0),
	}
}

// certificateCaller finds whose certificate a request came with; nil when there
// is none.
func (a *Authenticator) certificateCaller(r *http.Request) (*policy.Caller, error) {
	if a.certificates == nil {
		return nil, nil
	}
	chain, err := a.presentedChain(r)
	if err != nil {
		return nil, policy.Unauthenticated("the certificate cannot be read")
	}
	if len(chain) == 0 {
		return nil, nil
	}
	c := a.certificates
	sum := sha256.Sum256(chain[0].Raw)
	key, now := string(sum[:]), a.now()
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
		Roots: roots, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		c.ca.Refresh(r.Context()) // the CA may have been replaced
		return nil, policy.Unauthenticated("the certificate is not one of ours, or not at this time")
	}
	name := chain[0].Subject.CommonName
	found := c.Holder(name, func(string) string { return name })
	c.good.Set(key, remembered{found, chain[0].NotAfter, now.Add(tokenMemory)})
	return found, nil
}

// presentedChain gives the certificate of the request, and what came with it.
// TLS that ends here and API Gateway's event (lambda_event.go) give it in r.TLS;
// headers count only where the host is known to write them itself.
func (a *Authenticator) presentedChain(r *http.Request) ([]*x509.Certificate, error) {
	switch {
	case r.TLS != nil && len(r.TLS.PeerCertificates) > 0:
		return r.TLS.PeerCertificates[:min(len(r.TLS.PeerCertificates), pemfile.MaxChain)], nil
	case a.host == platform.Functions && r.Header.Get("X-Arr-Clientcert") != "":
		// Base64 of the DER (App Service, "Configure TLS mutual authentication").
		text := r.Header.Get("X-Arr-Clientcert")
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(text) > pemfile.MaxCertificate {
			return nil, errors.New("no base64")
		}
		cert, err := x509.ParseCertificate(der)
		return []*x509.Certificate{cert}, err
	case a.host == platform.Lambda && a.certificates.alb:
		text := cmp.Or(r.Header.Get("X-Amzn-Mtls-Clientcert-Leaf"), r.Header.Get("X-Amzn-Mtls-Clientcert"))
		if text == "" {
			return nil, nil
		}
		plain, err := url.PathUnescape(text)
		if err != nil {
			return nil, err
		}
		return pemfile.ParseChain(plain)
	}
	return nil, nil
}
