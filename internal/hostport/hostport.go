package hostport

import (
	"net"
	"strings"
)

// IsLoopback reports whether a host name or address, as Host returns it, is this machine's own.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Host removes the port and the brackets of an IPv6 address from a Host header and turns the rest into lower case.
// It is empty for what is not a host with an optional port: a port is a number, and only addresses have brackets.
func Host(header string) string {
	host, port := header, ""
	if strings.HasPrefix(header, "[") {
		address, rest, closed := strings.Cut(header[1:], "]")
		if !closed || !strings.Contains(address, ":") || net.ParseIP(address) == nil || rest != "" && rest[0] != ':' {
			return ""
		}
		host, port = address, strings.TrimPrefix(rest, ":")
	} else if h, p, err := net.SplitHostPort(header); err == nil {
		host, port = h, p
	}
	if strings.Trim(port, "0123456789") != "" || len(port) > len("65535") {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
