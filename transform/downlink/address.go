package downlink

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// parseAddress reads the address of a cloud.
func parseAddress(text string, plainHTTP bool) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("is not an address, as in https://eu1.cloud.thethings.network")
	case u.User != nil:
		return nil, errors.New("must not hold a user or a password: the key goes into key")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("must not hold a query or a fragment")
	case u.Scheme == "http" && !plainHTTP && !isLoopback(u.Hostname()):
		return nil, errors.New("must begin with https://, since a key goes there; plainHTTP: true allows http://")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must begin with https://")
	case dotted(u.Path):
		return nil, errors.New("must not hold . or .. in its path")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, nil
}

// isLoopback knows the names of this machine.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

var (
	errElsewhere = errors.New("downlink.push.url gave a URL that does not begin with the address of the source")
	errPath      = errors.New("downlink.push.url gave something that is neither a path nor a URL")
)

// below gives the URL that a text names below an address: a path that is added to it, or a whole URL that has to begin
// with it. Scheme, host and port are always those of the address, whatever the text says.
func below(to *url.URL, text string) (string, error) {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f || text[i] == '\\' {
			return "", errPath
		}
	}
	whole := !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//")
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Fragment != "" || u.Opaque != "":
		return "", errPath
	case whole && (u.Host == "" || u.Scheme == ""):
		return "", errPath
	case whole && (u.User != nil || u.Scheme != to.Scheme || hostPort(u) != hostPort(to)):
		return "", errElsewhere
	case dotted(u.Path):
		return "", errPath
	}
	path := u.EscapedPath()
	if base := to.EscapedPath(); path != base && !strings.HasPrefix(path, base+"/") {
		if whole {
			return "", errElsewhere
		}
		path = base + path
	}
	full := to.Scheme + "://" + to.Host + path
	if u.RawQuery != "" {
		full += "?" + u.RawQuery
	}
	return full, nil
}

// hostPort gives host and port in one form.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// dotted tells whether a path, as it is read behind its escapes, has a segment that leads elsewhere. Some servers take
// a backslash for a slash.
func dotted(path string) bool {
	for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." || strings.HasPrefix(segment, "..;") {
			return true
		}
	}
	return false
}
