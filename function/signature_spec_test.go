package function_test

import (
	"net/http"
	"testing"
)

// A source that changes another one of the file has its signature and networks,
// unless it has its own.
func TestSourceInheritsPolicy(t *testing.T) {
	t.Parallel()
	h := newBridge(t, `sources:
- {name: first, `+mapsAll+`, signature: {secrets: [one], header: X-Sig}, allowFrom: [192.0.2.0/24, 198.51.100.0/24]}
- {name: second, from: first}
- {name: third, from: second, signature: {secrets: [three], header: X-Sig}, allowFrom: [198.51.100.0/24]}`)
	for _, tt := range []struct{ name, source, secret, remote, want string }{
		{"inherited signature", "second", "one", "192.0.2.7:1", ok},
		{"inherited, wrong secret", "second", "three", "192.0.2.7:1", unauthorized},
		{"inherited networks", "second", "one", "203.0.113.1:1", forbidden},
		{"own signature", "third", "three", "198.51.100.1:1", ok},
		{"own signature, the secret of the other", "third", "one", "198.51.100.1:1", unauthorized},
		{"own networks", "third", "three", "192.0.2.7:1", forbidden},
	} {
		r := request(t, http.MethodPost, "/api/"+tt.source, `{"id":"d"}`, "X-Sig", sign(tt.secret, `{"id":"d"}`))
		r.RemoteAddr = tt.remote
		if got := h.do(r); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
