package auth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"mayfly/function/internal/auth/policy"
)

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
