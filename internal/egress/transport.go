package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// ErrNotPublic is the cause of a connection that was not made, because its address is not public.
var ErrNotPublic = errors.New("the address is not public")

const (
	dialTimeout = 5 * time.Second
	maxIdle     = 16
	idleTimeout = 30 * time.Second
)

// Options say what a transport may reach.
type Options struct {
	Private  bool // every address, and not only public ones
	MaxConns int  // per host; 0: no bound
}

// Transport makes a transport that only connects to public addresses, unless o allows others. It goes through the proxy
// of the environment where that is set; then the proxy decides what can be reached, and host names that are addresses
// are checked all the same.
func Transport(o Options) *http.Transport {
	t := &http.Transport{
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(16),
		},
		TLSHandshakeTimeout:    dialTimeout,
		MaxIdleConnsPerHost:    maxIdle,
		MaxConnsPerHost:        o.MaxConns,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: 64 << 10,
	}
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	if o.Private {
		t.Proxy, t.DialContext = http.ProxyFromEnvironment, dialer.DialContext
		return t
	}
	guard(t, dialer, http.ProxyFromEnvironment)
	return t
}

// guard has a transport connect to public addresses, and to the proxies that of gives.
func guard(t *http.Transport, dialer *net.Dialer, of func(*http.Request) (*url.URL, error)) {
	guarded := *dialer
	guarded.Control = control
	proxies := &proxies{of: of}
	t.Proxy = proxies.choose
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if proxies.has(addr) {
			return dialer.DialContext(ctx, network, addr)
		}
		return guarded.DialContext(ctx, network, addr)
	}
}

// control refuses an address that is not public. It sees what the name was resolved to.
func control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !IsPublic(at.Addr()) {
		return ErrNotPublic
	}
	return nil
}

// checkHost refuses a host that is an address which is not public.
func checkHost(host string) error {
	if ip, err := netip.ParseAddr(host); err == nil && !IsPublic(ip) {
		return fmt.Errorf("%s: %w", host, ErrNotPublic)
	}
	return nil
}
