package wire

import (
	"strings"

	"mayfly/internal/hostport"
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
func IsLoopback(host string) bool { return hostport.IsLoopback(host) }

// HostOnly is the host of a Host header, in lower case; empty for what is none.
func HostOnly(header string) string { return hostport.Host(header) }
