package function

import (
	"crypto/tls"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// checkLimits looks at the bounds of requests, at the proxies and at the
// server's certificate.
func (c *Config) checkLimits(fault faultFunc) {
	if c.MaxInFlight < 1 || c.MaxInFlight > 1_000_000 {
		fault("MAX_IN_FLIGHT", "must be from 1 to 1000000")
	}
	if c.MaxMessages < 1 || c.MaxMessages > 1_000_000 {
		fault("MAX_MESSAGES", "must be from 1 to 1000000")
	}
	var err error
	if c.proxies, err = parseNetworks(strings.Split(c.TrustedProxies, ",")); err != nil {
		fault("TRUSTED_PROXIES", "%v", err)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		fault("TLS_CERT", "and TLS_KEY go together")
	} else if c.TLSCert != "" {
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			fault("TLS_CERT", "and TLS_KEY are no pair: %v", err)
		}
	}
}

// checkSuffixes reads the domains that a hub's name may end with. Device tokens
// go to the hub that DPS names, so it has to be one.
func (c *Config) checkSuffixes(fault faultFunc) {
	c.suffixes = []string{".azure-devices.net", ".azure-devices.us", ".azure-devices.cn"}
	for suffix := range strings.SplitSeq(c.HubSuffixes, ",") {
		suffix = strings.ToLower(strings.TrimSpace(suffix))
		switch {
		case suffix == "":
		case !hostName(strings.TrimPrefix(suffix, ".")):
			fault("HUB_SUFFIXES", "%q is no domain, as in .hubs.example", suffix)
		default:
			c.suffixes = append(c.suffixes, suffix)
		}
	}
}

// acceptHub tells whether a host is a hub: a name under one of the domains, or
// one of HUB_SUFFIXES itself where that has no leading dot.
func (c *Config) acceptHub(hub string) bool {
	host := hub
	if name, port, err := net.SplitHostPort(hub); err == nil && port != "" {
		host = name
	}
	host = strings.ToLower(host)
	for _, suffix := range c.suffixes {
		switch {
		case suffix[0] == '.':
			if len(host) > len(suffix) && strings.HasSuffix(host, suffix) {
				return true
			}
		case host == suffix || strings.HasSuffix(host, "."+suffix):
			return true
		}
	}
	return false
}

// ServerTLS gives the plain server's own TLS; nil where it speaks plain HTTP. A
// client's certificate is asked for where the configuration knows a CA, and looked
// at by authorise, so that a wrong one is told what is wrong.
func (c *Config) ServerTLS(now func() time.Time) *tls.Config {
	if c.TLSCert == "" || c.Host != HostServer {
		return nil
	}
	pair := &renewedPair{cert: c.TLSCert, key: c.TLSKey, now: now}
	own := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get, NextProtos: []string{"h2", "http/1.1"}}
	if c.file != nil && c.file.Certificates != nil {
		own.ClientAuth = tls.RequestClientCert
	}
	return own
}

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
	if p.pair != nil && p.now().Sub(p.looked) < time.Minute {
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
