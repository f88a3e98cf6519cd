package function

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Auth says who checks the callers.
type Auth string

// The ways of checking.
const (
	AuthKeys     Auth = "keys"     // Mayfly, by API_KEYS
	AuthPlatform Auth = "platform" // the host or what stands in front of it
	AuthNone     Auth = "none"     // nobody
)

// Caller is somebody who holds a key. Mayfly knows the key's hash only.
type Caller struct {
	Name    string
	keyHash [sha256.Size]byte
}

// authorise finds out who calls. The name is empty where somebody else checks.
func (s *Service) authorise(r *http.Request) (caller string, err error) {
	if s.config.Auth != AuthKeys {
		return "", nil
	}
	key := presentedKey(r)
	sum := sha256.Sum256([]byte(key))
	found := -1
	for i := range s.config.Callers { // all of them, so that time tells nothing
		if subtle.ConstantTimeCompare(sum[:], s.config.Callers[i].keyHash[:]) == 1 {
			found = i
		}
	}
	if key == "" || found < 0 {
		return "", &refusal{code: codeUnauthenticated, detail: "send a key that this bridge knows, as x-api-key or Authorization: Bearer"}
	}
	return s.config.Callers[found].Name, nil
}

// presentedKey finds the caller's key in the places where senders can put one.
func presentedKey(r *http.Request) string {
	if key := r.Header.Get("X-Api-Key"); key != "" {
		return key
	}
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return strings.TrimSpace(key)
	}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	if key := r.Header.Get("X-Functions-Key"); key != "" {
		return key
	}
	return r.URL.Query().Get("code")
}
