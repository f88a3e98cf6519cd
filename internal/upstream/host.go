package upstream

import (
	"strconv"
	"strings"
)

// The longest host name and label in bytes (RFC 1035, section 2.3.4).
const (
	maxHost  = 253
	maxLabel = 63
)

// ValidHost reports whether host is a host name or an IPv4 address, with an
// optional port, and nothing that could change the meaning of a URL: the next
// call carries a device's token there.
func ValidHost(host string) bool {
	name, port, hasPort := strings.Cut(host, ":")
	if hasPort {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	if len(name) > maxHost {
		return false
	}
	label := 0
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
			if label++; label > maxLabel {
				return false
			}
		case c == '.' && label > 0:
			label = 0
		default:
			return false
		}
	}
	return label > 0
}
