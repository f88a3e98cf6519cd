package auth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"mayfly/function/internal/auth/policy"
)

// Network returns the network that a request came from: the address of an IPv4
// client, and the /64 of an IPv6 client, who has all of its addresses. It is the zero
// prefix where the address is not known.
func (a *Authenticator) Network(r *http.Request) netip.Prefix {
	addr := a.clientAddr(r)
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	network, _ := addr.Prefix(bits) // zero where there is no address
	return network
}

// clientAddr finds the address that a request came from. X-Forwarded-For is read
// from its end, and only as far as each who wrote to it is a proxy that the
// operator has named: all before that is the client's own claim.
func (a *Authenticator) clientAddr(r *http.Request) netip.Addr {
	addr := policy.ParseAddr(r.RemoteAddr)
	if !a.proxies.Contain(addr) {
		return addr
	}
	hops := r.Header.Values("X-Forwarded-For")
	for _, hop := range slices.Backward(hops) {
		for line := hop; line != ""; {
			at := strings.LastIndexByte(line, ',')
			addr = policy.ParseAddr(strings.TrimSpace(line[at+1:]))
			if !a.proxies.Contain(addr) {
				return addr // also where it is no address, which no list contains
			}
			line = line[:max(at, 0)]
		}
	}
	return addr
}
