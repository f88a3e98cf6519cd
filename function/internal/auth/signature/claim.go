package signature

import (
	"net/http"
	"strconv"
	"time"
)

// scheme finds a request's signature, and what it was made of.
type scheme interface {
	// shown tells whether a request has a signature, before its body is read.
	Shown(r *http.Request) bool
	// claim reads what the request claims; false where it has no signature. The
	// codes are those of which one has to be right.
	claim(r *http.Request, body []byte) (claim, bool)
	// Covers tells whether nobody but the signer can change a part of the request beside
	// the body.
	Covers(p Part, name string) bool
	// code makes what is right for a secret.
	code(key []byte, signed []byte) []byte
}

// Part is a part of a request beside its body.
type Part string

// The parts, as mappings name them.
const (
	PartMethod  Part = "method"
	PartPath    Part = "path"
	PartQuery   Part = "query"   // one parameter; all where the name is empty
	PartHeaders Part = "headers" // one header, by its name in any case; all where it is empty
)

// claim is what a request says of its signature.
type claim struct {
	codes  [][]byte
	signed []byte
	time   time.Time
	timed  bool // the scheme has a time; a zero one could not be read
}

// signedTime reads the time of a signature: RFC 3339, or seconds or milliseconds
// since 1970.
func signedTime(text string) time.Time {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		if n > 100_000_000_000 { // the year 5138 in seconds, 1973 in milliseconds
			return time.UnixMilli(n)
		}
		return time.Unix(n, 0)
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
