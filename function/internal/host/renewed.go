package host

import (
	"crypto/tls"
	"os"
	"sync"
	"time"
)

// RenewedCertificate makes a tls.Config's GetCertificate of a certificate and a key
// that something renews on disk: both are read again when the certificate has
// changed.
func RenewedCertificate(cert, key string, now func() time.Time) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return (&renewedPair{cert: cert, key: key, now: now}).get
}

// renewedPause is how long a certificate is used before its file is looked at again.
const renewedPause = time.Minute

// renewedPair is a certificate that something renews on disk.
type renewedPair struct {
	cert, key string
	now       func() time.Time

	mu       sync.Mutex
	pair     *tls.Certificate
	modified time.Time
	looked   time.Time
}

func (p *renewedPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pair != nil && p.now().Sub(p.looked) < renewedPause {
		return p.pair, nil
	}
	p.looked = p.now()
	info, err := os.Stat(p.cert)
	if err == nil && p.pair != nil && info.ModTime().Equal(p.modified) {
		return p.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		if p.pair != nil {
			return p.pair, nil // half written; the old one may still do
		}
		return nil, err
	}
	p.pair = &pair
	if info != nil {
		p.modified = info.ModTime()
	}
	return p.pair, nil
}
