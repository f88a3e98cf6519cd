package emulator

import (
	"net"
	"slices"
	"strings"
)

// hostKind says what stands behind a host name.
type hostKind int

const (
	hostOther hostKind = iota
	hostDPS
	hostHub
	hostBlob
	hostLoopback // tools and people that use the address itself: the path tells
)

// kindOfHost knows the host names of the public, the US Government and the China cloud (azure-docs iot-dps
// concepts-service.md; Intune's US Government endpoint list; azure-docs private-DNS table).
func kindOfHost(host, blobHost string) hostKind {
	if host == blobHost {
		return hostBlob
	}
	name, domain, ok := strings.Cut(host, ".")
	if ok && name != "" {
		switch domain {
		case "azure-devices-provisioning.net", "azure-devices-provisioning.us", "azure-devices-provisioning.cn":
			return hostDPS
		case "azure-devices.net", "azure-devices.us", "azure-devices.cn":
			return hostHub
		}
	}
	if isLoopback(host) {
		return hostLoopback
	}
	return hostOther
}

// kindOf is kindOfHost with the names of this emulator.
func (e *Emulator) kindOf(host string) hostKind {
	kind := kindOfHost(host, e.cfg.BlobHost)
	if kind == hostOther && slices.ContainsFunc(e.cfg.Names, func(n string) bool { return strings.EqualFold(n, host) }) {
		return hostLoopback
	}
	return kind
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// hostOnly takes the port off a Host header and lowers it.
func hostOnly(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = h
	}
	return strings.ToLower(strings.TrimSuffix(hostport, "."))
}
