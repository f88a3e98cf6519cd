package function

import (
	"maps"
	"net/http"
	"strings"
)

// Auth says who checks the callers.
type Auth string

// The ways of checking.
const (
	AuthKeys     Auth = "keys"     // Mayfly: keys, tokens, certificates
	AuthPlatform Auth = "platform" // the host or what stands in front of it
	AuthNone     Auth = "none"     // nobody
)

// carrier is where a request can hold a key.
type carrier int

const (
	carrierNone carrier = iota
	carrierHeader
	carrierBearer
	carrierPlatform // where Azure Functions looks for its own keys
)

// authorise finds out who calls. The caller is nil where somebody else checks.
func (s *Service) authorise(r *http.Request) (*caller, error) {
	switch s.config.Auth {
	case AuthKeys:
	case AuthPlatform:
		return s.platformCaller(r), nil
	default:
		return nil, nil
	}
	key, where := presentedKey(r)
	var c *caller
	var err error
	switch {
	case where == carrierBearer && s.tokens != nil && isToken(key):
		c, err = s.tokens.caller(r.Context(), key, s.now())
	case where == carrierHeader || where == carrierBearer:
		c = byKey(s.config.callerKeys, key, s.now())
	default:
		if c, err = s.certificateCaller(r); c == nil && err == nil && where == carrierPlatform {
			c = byKey(s.config.callerKeys, key, s.now())
		}
	}
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, unauthenticated("no known key")
	}
	if wait := take(c.bucket, s.now(), 1); wait > 0 {
		return nil, slowDown("the caller", wait)
	}
	return c, nil
}

// platformCaller names, for the log, whom App Service has let in. Its headers
// are taken off on every other host.
func (s *Service) platformCaller(r *http.Request) *caller {
	if s.config.Host != HostFunctions {
		return nil
	}
	name := r.Header["X-Ms-Client-Principal-Name"]
	if len(name) == 0 || !printable(name[0]) {
		return nil
	}
	return &caller{name: name[0]}
}

// presentedKey finds the caller's key in the places where senders can put one.
func presentedKey(r *http.Request) (string, carrier) {
	if key := first(r.Header["X-Api-Key"]); key != "" {
		return key, carrierHeader
	}
	if authorization := first(r.Header["Authorization"]); authorization != "" {
		if scheme, key, _ := strings.Cut(authorization, " "); strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(key), carrierBearer
		}
		if _, password, ok := r.BasicAuth(); ok {
			return password, carrierHeader
		}
	}
	if key := first(r.Header["X-Functions-Key"]); key != "" {
		return key, carrierPlatform
	}
	if strings.Contains(r.URL.RawQuery, "code=") {
		if key := query(r).Get("code"); key != "" {
			return key, carrierPlatform
		}
	}
	return "", carrierNone
}

// withoutCredentials gives the headers without those that only the door needs: a
// mapping sees them, and what it makes of them is sent on.
func withoutCredentials(header http.Header) http.Header {
	out := header
	for name := range header {
		if !credential(name) {
			continue
		}
		if len(out) == len(header) {
			out = maps.Clone(header)
		}
		delete(out, name)
	}
	return out
}

func credential(name string) bool {
	switch name {
	case "X-Api-Key", "Authorization", "Proxy-Authorization", "X-Functions-Key", "Cookie", "X-Arr-Clientcert":
		return true
	}
	return strings.HasPrefix(name, "X-Ms-Token-") || strings.HasPrefix(name, "X-Amzn-Mtls-")
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
