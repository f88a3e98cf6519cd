package wire

import (
	"net"
	"strings"
)

// HostKind says which service a host name belongs to.
type HostKind int

// The kinds of hosts.
const (
	HostOther HostKind = iota
	HostDPS
	HostHub
	HostBlob
	HostLoopback // called by address: the path tells which service is meant
)

// KindOfHost classifies the host names of the public, the US Government and the China cloud (azure-docs iot-dps
// concepts-service.md; Intune's US Government endpoint list; azure-docs private-DNS table). The host is in lower case.
func KindOfHost(host, blobHost string) HostKind {
	if host == blobHost {
		return HostBlob
	}
	name, domain, ok := strings.Cut(host, ".")
	if ok && name != "" {
		switch domain {
		case "azure-devices-provisioning.net", "azure-devices-provisioning.us", "azure-devices-provisioning.cn":
			return HostDPS
		case "azure-devices.net", "azure-devices.us", "azure-devices.cn":
			return HostHub
		}
	}
	if IsLoopback(host) {
		return HostLoopback
	}
	return HostOther
}

// IsHub reports whether a host name, in any case, is that of an IoT hub.
func IsHub(host string) bool { return KindOfHost(strings.ToLower(host), "") == HostHub }

// IsLoopback reports whether a host name or address, as HostOnly returns it, is this machine's own.
func IsLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// HostOnly removes the port and the brackets of an IPv6 address from a Host header and turns the rest into lower case.
// It is empty for what is not a host with an optional port: a port is a number, and only addresses have brackets.
func HostOnly(hostport string) string {
	host, port := hostport, ""
	if strings.HasPrefix(hostport, "[") {
		address, rest, closed := strings.Cut(hostport[1:], "]")
		if !closed || !strings.Contains(address, ":") || net.ParseIP(address) == nil || rest != "" && rest[0] != ':' {
			return ""
		}
		host, port = address, strings.TrimPrefix(rest, ":")
	} else if h, p, err := net.SplitHostPort(hostport); err == nil {
		host, port = h, p
	}
	if strings.Trim(port, "0123456789") != "" || len(port) > len("65535") {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
