package egress

import (
	"net/netip"
	"sync"
)

// special gives the networks that no public service is in, beside what netip knows (IANA's registries of
// special-purpose addresses), and Azure's platform address, which answers to every virtual machine (azure-docs,
// virtual-network/what-is-ip-address-168-63-129-16.md).
var special = sync.OnceValue(func() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"), // carriers' own; Alibaba's metadata service
		netip.MustParsePrefix("168.63.129.16/32"),
		netip.MustParsePrefix("192.0.0.0/24"), // Oracle's metadata service
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("240.0.0.0/4"), // with the broadcast address
		netip.MustParsePrefix("64:ff9b:1::/48"),
		netip.MustParsePrefix("100::/64"),
		netip.MustParsePrefix("2001::/23"), // Teredo and others
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("fec0::/10"),
	}
})

// embedding is a prefix of IPv6 addresses that stand for an IPv4 address, and where that begins in them.
type embedding struct {
	prefix netip.Prefix
	at     int
}

var embeddings = sync.OnceValue(func() []embedding {
	return []embedding{
		{netip.MustParsePrefix("64:ff9b::/96"), 12}, // NAT64 (RFC 6052)
		{netip.MustParsePrefix("2002::/16"), 2},     // 6to4 (RFC 3056)
		{netip.MustParsePrefix("::/96"), 12},        // IPv4-compatible (RFC 4291, section 2.5.5.1)
	}
})

// IsPublic reports whether an address is one of the public internet: not this machine's, not one of a private network,
// not link-local (where clouds have their metadata services), and not special in another way.
func IsPublic(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() || !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range special() {
		if p.Contains(ip) {
			return false
		}
	}
	for _, e := range embeddings() {
		if e.prefix.Contains(ip) {
			bytes := ip.As16()
			inner, _ := netip.AddrFromSlice(bytes[e.at : e.at+4])
			return IsPublic(inner)
		}
	}
	return true
}
