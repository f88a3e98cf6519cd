package auth

import (
	"maps"
	"net/http"
	"strings"

	"mayfly/function/internal/httpquery"
)

// carrier is where a request can hold a key.
type carrier int

const (
	carrierNone carrier = iota
	carrierHeader
	carrierBearer
	carrierToken
	carrierPlatform // where Azure Functions looks for its own keys
)

// ShowsCredential tells whether a request shows a key or a token, right or wrong.
func ShowsCredential(r *http.Request) bool {
	_, where := presentedKey(r)
	return where != carrierNone
}

// presentedKey finds the caller's key in the places where senders can put one.
func presentedKey(r *http.Request) (string, carrier) {
	if key := r.Header.Get("X-Api-Key"); key != "" {
		return key, carrierHeader
	}
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		switch scheme, key, _ := strings.Cut(authorization, " "); strings.ToLower(scheme) {
		case "bearer":
			return strings.TrimSpace(key), carrierBearer
		case "token": // InfluxDB's clients
			return strings.TrimSpace(key), carrierToken
		}
		if _, password, ok := r.BasicAuth(); ok {
			return password, carrierHeader
		}
	}
	if key := r.Header.Get("X-Functions-Key"); key != "" {
		return key, carrierPlatform
	}
	if strings.Contains(r.URL.RawQuery, "code=") {
		if key := httpquery.Values(r).Get("code"); key != "" {
			return key, carrierPlatform
		}
	}
	return "", carrierNone
}

// WithoutCredentials gives the headers without the credentials: a
// mapping sees them, and what it makes of them is sent on.
func WithoutCredentials(header http.Header) http.Header {
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
	case "X-Api-Key", "Authorization", "Proxy-Authorization", "X-Functions-Key", "Cookie", "X-Arr-Clientcert",
		"X-Amz-Security-Token", "Ocp-Apim-Subscription-Key", "Cf-Access-Jwt-Assertion", "X-Goog-Iap-Jwt-Assertion":
		return true
	}
	return strings.HasPrefix(name, "X-Ms-Token-") || strings.HasPrefix(name, "X-Amzn-Mtls-") ||
		strings.HasPrefix(name, "X-Amzn-Oidc-")
}
