package function

import (
	"net/http"
	"net/url"
	"strings"
)

// parseQuery reads the query. A semicolon is a character like any other there: every
// DTMI has one, and few senders encode it.
func parseQuery(r *http.Request) (url.Values, error) {
	return url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B"))
}

// queryValues gives what of the query can be read.
func queryValues(r *http.Request) url.Values {
	values, _ := parseQuery(r)
	return values
}
