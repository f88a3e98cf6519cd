package egress

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// maxProxies is far more than the environment names: one per scheme.
const maxProxies = 8

// proxies knows the addresses of the proxies that were chosen: they are the operator's, and may be in a private
// network.
type proxies struct {
	of func(*http.Request) (*url.URL, error) // the environment's

	mu    sync.Mutex
	addrs []string
}

// choose gives the proxy of a request.
func (p *proxies) choose(r *http.Request) (*url.URL, error) {
	if err := checkHost(r.URL.Hostname()); err != nil {
		return nil, err
	}
	proxy, err := p.of(r)
	if err != nil || proxy == nil {
		return nil, err
	}
	// Nobody reaches the proxy's own address as a host of its own: that would go around the check.
	addr := address(proxy)
	if address(r.URL) == addr {
		return nil, ErrNotPublic
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.addrs, addr) && len(p.addrs) < maxProxies {
		p.addrs = append(p.addrs, addr)
	}
	return proxy, nil
}

func (p *proxies) has(addr string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.addrs, addr)
}

// address gives host and port of a URL as a transport dials them.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
