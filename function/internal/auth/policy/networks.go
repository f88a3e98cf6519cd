package policy

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"mayfly/transform/message"
)

// Networks is a list of address ranges.
type Networks []netip.Prefix

// ParseNetworks reads addresses and ranges.
func ParseNetworks(list []string) (Networks, error) {
	var out Networks
	for _, text := range list {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if addr, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, errors.New(
				message.Quote(text) + " is neither an address nor a range, as in 192.0.2.7 or 192.0.2.0/24",
			)
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}

// Contain tells whether an address is in one of the ranges.
func (n Networks) Contain(addr netip.Addr) bool {
	return slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// ParseAddr reads an address with or without a port; the zero one is none.
func ParseAddr(text string) netip.Addr {
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
