package httpquery

import (
	"net/http"
	"net/url"
	"strings"
)

// Parse reads the query. A semicolon is a character like any other there: every
// DTMI has one, and few senders encode it.
func Parse(r *http.Request) (url.Values, error) {
	return url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B"))
}

// Values gives what of the query can be read.
func Values(r *http.Request) url.Values {
	values, _ := Parse(r)
	return values
}
