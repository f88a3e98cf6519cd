package origin

import (
	"net"
	"net/http"

	"mayfly/function/internal/problem"
	"mayfly/internal/hostport"
)

// Guard decides by the headers in which browsers say whence a request comes.
type Guard struct {
	// Open means that nobody checks the callers.
	Open bool

	same http.CrossOriginProtection
}

// Check refuses what a page of another origin sends through somebody's browser:
// without a preflight it can send text, and reach a bridge on the reader's own machine
// or with the reader's certificate or cookie. Browsers say whence a request comes in
// Sec-Fetch-Site and Origin; what has neither does not come from one.
//
// Any method counts as one that changes something: sources take messages by GET, too.
func (g *Guard) Check(r *http.Request) error {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return nil
	}
	sent := r.WithContext(r.Context())
	sent.Method = http.MethodPost
	if err := g.same.Check(sent); err != nil {
		return crossOrigin(err)
	}
	if g.Open && onLoopback(r) && !hostport.IsLoopback(hostport.Host(r.Host)) {
		return crossOrigin(nil) // a page whose name was made to resolve to this machine
	}
	return nil
}

func crossOrigin(cause error) error {
	return &problem.Error{
		Code:   problem.CrossOrigin,
		Detail: "a browser sends this for a page of another origin; send it from a program",
		Cause:  cause,
	}
}

// onLoopback tells whether a request came to an address that only this machine has.
func onLoopback(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}
